using System.Text;
using Studio.Accounts;
using Studio.Api;

namespace Studio.Jobs.Trainings;

/// <summary>Trainings and recipes over HTTP.</summary>
internal static class TrainingsApi
{
    public static IEndpointRouteBuilder MapTrainingsApi(this IEndpointRouteBuilder endpoints)
    {
        var group = endpoints.MapGroup("/api/v1").WithTags("Trainings");
        _ = group.MapGet("/trainings", (TrainingRuns runs, int page = 1, int size = Paging.DefaultSize) =>
            {
                var (skip, take) = Paging.Check(page, size);
                var all = runs.List();
                return TypedResults.Ok(new Paged<TrainingRunView>([.. all.Skip(skip).Take(take)], all.Count, page, size));
            })
            .RequireAuthorization(Policies.Read).WithName("listTrainings").WithSummary("Trainings of the data folder, jobs' and commands', the latest change first");
        _ = group.MapGet("/trainings/{name}", (TrainingRuns runs, string name) => TypedResults.Ok(runs.Get(name)))
            .RequireAuthorization(Policies.Read).WithName("getTraining").WithSummary("How far a training is");
        _ = group.MapGet("/trainings/{name}/curve", (TrainingRuns runs, string name) => TypedResults.Ok(runs.Curve(name)))
            .RequireAuthorization(Policies.Read).WithName("getTrainingCurve").WithSummary("Loss, gradient norm, learning rates and speed over the updates, as at most 2000 points");
        _ = group.MapGet("/trainings/{name}/curve.csv", (TrainingRuns runs, string name) =>
                TypedResults.File(Encoding.UTF8.GetBytes(TrainingRuns.Csv(runs.Curve(name))), "text/csv", $"{name}.csv"))
            .RequireAuthorization(Policies.Read).WithName("getTrainingCurveCsv").WithSummary("A training's curve as CSV").Produces(StatusCodes.Status200OK, contentType: "text/csv");
        _ = group.MapGet("/recipes", (RecipeFiles recipes) => TypedResults.Ok(recipes.List()))
            .RequireAuthorization(Policies.Read).WithName("listRecipes").WithSummary("Recipes by which a training can be started");
        return endpoints;
    }
}
