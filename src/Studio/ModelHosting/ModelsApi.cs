using Studio.Accounts;
using Studio.Api;

namespace Studio.ModelHosting;

/// <param name="HubId">OWNER/NAME, or a published model's short name.</param>
/// <param name="Name">Name to use; NAME in lower case by default.</param>
/// <param name="Revision">Branch, tag or commit; main by default.</param>
public sealed record PullModel(string HubId, string? Name, string? Revision);

/// <param name="FreedBytes">Bytes of files deleted; 0 for a folder that was only recorded.</param>
public sealed record RemovedModel(string Name, long FreedBytes);

/// <summary>Models over HTTP.</summary>
internal static class ModelsApi
{
    public static IEndpointRouteBuilder MapModelsApi(this IEndpointRouteBuilder endpoints)
    {
        var group = endpoints.MapGroup("/api/v1").WithTags("Models");
        MapModels(group);
        MapTasks(group);
        return endpoints;
    }

    private static void MapModels(RouteGroupBuilder group)
    {
        _ = group.MapGet("/models", async (ModelHost models, CancellationToken ct, int page = 1, int size = Paging.DefaultSize) =>
            {
                var (skip, take) = Paging.Check(page, size);
                var all = await models.ListAsync(ct);
                return TypedResults.Ok(new Paged<ModelCard>([.. all.Skip(skip).Take(take)], all.Count, page, size));
            })
            .RequireAuthorization(Policies.Read).WithName("listModels").WithSummary("Installed models");
        _ = group.MapGet("/models/{name}", async (ModelHost models, string name, CancellationToken ct) => TypedResults.Ok(await models.GetAsync(name, ct)))
            .RequireAuthorization(Policies.Read).WithName("getModel").WithSummary("A model's card and whether it is loaded");
        _ = group.MapPost("/models/{name}/load", async (HttpContext http, ModelHost models, string name, CancellationToken ct) =>
            {
                await models.LoadAsync(CurrentUser.From(http.User), name, ct);
                return TypedResults.Ok(await models.GetAsync(name, ct));
            })
            .RequireAuthorization(Policies.Admin).WithName("loadModel").WithSummary("Bring a model into memory; waits its turn in the line");
        _ = group.MapPost("/models/{name}/unload", async (HttpContext http, ModelHost models, string name, CancellationToken ct) =>
            {
                await models.UnloadAsync(CurrentUser.From(http.User), name, ct);
                return TypedResults.Ok(await models.GetAsync(name, ct));
            })
            .RequireAuthorization(Policies.Admin).WithName("unloadModel").WithSummary("Give a model's memory back");
        _ = group.MapPost("/models/{name}/verify", (ModelHost models, string name) => TypedResults.Accepted("/api/v1/model-tasks", models.StartVerify(name)))
            .RequireAuthorization(Policies.Admin).WithName("verifyModel")
            .WithSummary("Begin to compare a model's files with what was recorded").ProducesProblem(StatusCodes.Status409Conflict);
        _ = group.MapDelete("/models/{name}", async (HttpContext http, ModelHost models, string name, CancellationToken ct) =>
                TypedResults.Ok(new RemovedModel(name, await models.RemoveAsync(CurrentUser.From(http.User), name, ct))))
            .RequireAuthorization(Policies.Admin).WithName("removeModel")
            .WithSummary("Forget a model and delete the files that were pulled").ProducesProblem(StatusCodes.Status409Conflict);
        _ = group.MapGet("/model-memory", (ModelHost models) => TypedResults.Ok(models.Memory))
            .RequireAuthorization(Policies.Read).WithName("getModelMemory").WithSummary("What models and their caches hold");
        _ = group.MapGet("/published-models", async (ModelHost models, CancellationToken ct) => TypedResults.Ok(await models.PublishedAsync(ct)))
            .RequireAuthorization(Policies.Read).WithName("listPublishedModels").WithSummary("Published models that can be pulled");
    }

    private static void MapTasks(RouteGroupBuilder group)
    {
        _ = group.MapPost("/model-tasks/pull", (ModelHost models, PullModel body) =>
                TypedResults.Accepted("/api/v1/model-tasks", models.StartPull(body.HubId, body.Name, body.Revision ?? "main")))
            .RequireAuthorization(Policies.Admin).WithName("pullModel")
            .WithSummary("Begin to pull a model; begun again, it goes on where it stopped").ProducesProblem(StatusCodes.Status409Conflict);
        _ = group.MapGet("/model-tasks", (ModelHost models) => TypedResults.Ok(models.Tasks))
            .RequireAuthorization(Policies.Read).WithName("listModelTasks").WithSummary("Pulls and checks that run, and the last that ended");
        _ = group.MapGet("/model-tasks/{id}", (ModelHost models, string id) => TypedResults.Ok(models.Tasks.FirstOrDefault(t => t.Id == id) ?? throw RequestException.NotFound("task", id)))
            .RequireAuthorization(Policies.Read).WithName("getModelTask").WithSummary("How far a pull or check is");
        _ = group.MapDelete("/model-tasks/{id}", (ModelHost models, string id) =>
            {
                models.CancelTask(id);
                return TypedResults.NoContent();
            })
            .RequireAuthorization(Policies.Admin).WithName("cancelModelTask").WithSummary("Cancel a pull or check; what was downloaded stays for the next");
    }
}
