using Studio.Accounts;
using Studio.Api;
using Studio.Benchmarks.Records;
using Studio.Benchmarks.Running;
using Studio.Boards;
using Studio.Security;

namespace Studio.Evaluations;

/// <param name="Run">Task, data and setting.</param>
/// <param name="Again">A new run even where a finished one has the same settings and data.</param>
/// <param name="SkipMissing">Run although videos are missing.</param>
/// <param name="Note">Kept with the run.</param>
public sealed record StartEvalRun(EvalRequest Run, bool Again = false, bool SkipMissing = false, string? Note = null);

/// <param name="Run">Task, data, and what all settings have in common.</param>
/// <param name="Grid">What is varied: every combination of its values is run.</param>
/// <param name="Again">New runs even where finished ones have the same settings and data.</param>
/// <param name="SkipMissing">Run although videos are missing.</param>
/// <param name="Note">Kept with the runs.</param>
public sealed record StartEvalSweep(EvalRequest Run, SweepGrid Grid, bool Again = false, bool SkipMissing = false, string? Note = null);

/// <summary>Evaluations over HTTP.</summary>
internal static class EvaluationsApi
{
    public static IEndpointRouteBuilder MapEvaluations(this IEndpointRouteBuilder endpoints)
    {
        var group = endpoints.MapGroup("/api/v1/eval").WithTags("Evaluations");
        MapReading(group);
        MapChanges(group);
        return endpoints;
    }

    private static void MapReading(RouteGroupBuilder group)
    {
        _ = group.MapGet("/tasks", () => TypedResults.Ok(EvaluationService.Tasks))
            .RequireAuthorization(Policies.Read).WithName("listEvalTasks").WithSummary("Tasks that can be evaluated, those that need no files first");
        _ = group.MapGet("/runs", async (
                    EvaluationService runs, CancellationToken ct, string? task = null, string? model = null, string? state = null, string? sweep = null, string? source = null, string? q = null,
                    int page = 1, int size = Paging.DefaultSize) =>
                TypedResults.Ok(await runs.ListAsync(new() { Task = task, Model = model, State = State(state), SweepId = sweep, Source = source, Text = q }, page, size, ct)))
            .RequireAuthorization(Policies.Read).WithName("listEvalRuns").WithSummary("Recorded runs, newest first; state is open (also interrupted or cancelled), running, finished or failed");
        _ = group.MapGet("/runs/{id}", async (EvaluationService runs, string id, CancellationToken ct) => TypedResults.Ok(await runs.GetAsync(id, ct)))
            .RequireAuthorization(Policies.Read).WithName("getEvalRun").WithSummary("A run with its settings, its numbers and what it was made with");
        _ = group.MapGet("/runs/{id}/samples", async (
                    EvaluationService runs, string id, string[] group, CancellationToken ct, string? show = null, string? q = null, int page = 1, int size = Paging.DefaultSize) =>
                TypedResults.Ok(await runs.SamplesAsync(id, show, group, q, page, size, ct)))
            .RequireAuthorization(Policies.Read).WithName("listEvalSamples")
            .WithSummary("A run's answers in order, also while it runs; show is all, wrong, right or failed; group is label:value and may stand several times; q is part of document, question or answer");
        _ = group.MapGet("/runs/{id}/samples/{ordinal:int}", async (EvaluationService runs, string id, int ordinal, CancellationToken ct) => TypedResults.Ok(await runs.SampleAsync(id, ordinal, ct)))
            .RequireAuthorization(Policies.Read).WithName("getEvalSample").WithSummary("An answer with its prompt, truth, score, timings, tokens by stage and what is left of the needle");
    }

    private static void MapChanges(RouteGroupBuilder group)
    {
        _ = group.MapPost("/estimates", async (HttpContext http, EvaluationService runs, StartEvalSweep body, CancellationToken ct) =>
                TypedResults.Ok(await runs.EstimateAsync(CurrentUser.From(http.User), Request(body.Run, body.Grid, body.Again, body.SkipMissing, body.Note), ct)))
            .RequireAuthorization(Policies.Write).WithMetadata(new RateAttribute(RateClass.Ask)).WithName("estimateEval").WithSummary("What an evaluation may cost: questions, time, memory; nothing is run");
        _ = group.MapPost("/runs", async (HttpContext http, EvaluationService runs, StartEvalRun body, CancellationToken ct) =>
            {
                var job = await runs.StartAsync(CurrentUser.From(http.User), Request(body.Run, null, body.Again, body.SkipMissing, body.Note), ct: ct);
                return TypedResults.Accepted($"/api/v1/jobs/{job.Id}", job);
            })
            .RequireAuthorization(Policies.Write).WithMetadata(new RateAttribute(RateClass.Ask)).WithName("startEvalRun").WithSummary("Put an evaluation into the queue of jobs");
        _ = group.MapPost("/sweeps", async (HttpContext http, EvaluationService runs, StartEvalSweep body, CancellationToken ct) =>
            {
                var job = await runs.StartAsync(CurrentUser.From(http.User), Request(body.Run, body.Grid, body.Again, body.SkipMissing, body.Note), ct: ct);
                return TypedResults.Accepted($"/api/v1/jobs/{job.Id}", job);
            })
            .RequireAuthorization(Policies.Write).WithMetadata(new RateAttribute(RateClass.Ask)).WithName("startEvalSweep").WithSummary("Put an evaluation of every combination of settings into the queue of jobs");
        _ = group.MapPost("/runs/{id}/rerun", async (HttpContext http, EvaluationService runs, string id, CancellationToken ct) =>
            {
                var job = await runs.RerunAsync(CurrentUser.From(http.User), id, ct);
                return TypedResults.Accepted($"/api/v1/jobs/{job.Id}", job);
            })
            .RequireAuthorization(Policies.Write).WithMetadata(new RateAttribute(RateClass.Ask)).WithName("rerunEval").WithSummary("Run again what a run was asked for, as a new run")
            .ProducesProblem(StatusCodes.Status409Conflict);
        _ = group.MapDelete("/runs/{id}", async (HttpContext http, ResultsService results, string id, CancellationToken ct) =>
            {
                await results.DeleteAsync(CurrentUser.From(http.User), id, ct);
                return TypedResults.NoContent();
            })
            .RequireAuthorization(Policies.Write).WithName("deleteEvalRun").WithSummary("Remove a run with its answers and the links to it").ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static EvaluationRequest Request(EvalRequest run, SweepGrid? grid, bool again, bool skipMissing, string? note) =>
        new() { Run = run ?? throw RequestException.Invalid("the body names no run"), Grid = grid, Again = again, SkipMissing = skipMissing, Note = note ?? "" };

    private static RunState? State(string? state) => string.IsNullOrEmpty(state) ? null
        : Enum.GetNames<RunState>().FirstOrDefault(n => n.Equals(state, StringComparison.OrdinalIgnoreCase)) is { } name ? Enum.Parse<RunState>(name)
        : throw RequestException.Invalid($"state is '{state}'; use open, running, finished or failed");
}
