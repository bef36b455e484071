using System.Text.Json;
using Studio.Accounts;
using Studio.Api;
using Studio.Jobs.Data;
using Studio.Security;

namespace Studio.Jobs;

/// <param name="Kind">One of the kinds that listJobKinds names.</param>
/// <param name="Request">What the kind asks for.</param>
/// <param name="Priority">low, normal (the default) or high.</param>
public sealed record StartJob(string Kind, JsonElement Request, JobPriority Priority = JobPriority.Normal);

/// <param name="Priority">low, normal or high.</param>
public sealed record ChangeJob(JobPriority Priority);

/// <summary>Jobs over HTTP.</summary>
internal static class JobsApi
{
    public static IEndpointRouteBuilder MapJobsApi(this IEndpointRouteBuilder endpoints)
    {
        var group = endpoints.MapGroup("/api/v1").WithTags("Jobs");
        MapReading(group);
        MapChanges(group);
        return endpoints;
    }

    private static void MapReading(RouteGroupBuilder group)
    {
        _ = group.MapGet("/job-kinds", (HttpContext http, JobService jobs) => TypedResults.Ok(jobs.Kinds(CurrentUser.From(http.User))))
            .RequireAuthorization(Policies.Read).WithName("listJobKinds").WithSummary("Kinds of work that can be started as jobs");
        _ = group.MapGet("/jobs", async (
                    HttpContext http, JobService jobs, CancellationToken ct, string? show = null, string? kind = null, bool mine = false, int page = 1, int size = Paging.DefaultSize) =>
                TypedResults.Ok(await jobs.ListAsync(CurrentUser.From(http.User), new(Filter(show), kind, mine), page, size, ct)))
            .RequireAuthorization(Policies.Read).WithName("listJobs")
            .WithSummary("One's own jobs, an administrator's everybody's: running ones, then waiting ones in their order, then ended ones; show is all, queued, running or ended");
        _ = group.MapGet("/jobs/{id}", async (HttpContext http, JobService jobs, string id, CancellationToken ct) => TypedResults.Ok(await jobs.GetAsync(CurrentUser.From(http.User), id, ct)))
            .RequireAuthorization(Policies.Read).WithName("getJob").WithSummary("A job: its state, how far it is, what came of it");
        _ = group.MapGet("/jobs/{id}/log", async (HttpContext http, JobService jobs, string id, CancellationToken ct, int lines = 500) =>
                TypedResults.Ok(await jobs.LogAsync(CurrentUser.From(http.User), id, lines, ct)))
            .RequireAuthorization(Policies.Read).WithName("getJobLog").WithSummary("The latest lines of a job's log, also while it runs");
        _ = group.MapGet("/jobs/{id}/events", JobFollowers.StreamAsync)
            .RequireAuthorization(Policies.Read).WithName("watchJob").WithSummary("A job whenever it moves, as server-sent events, until it has ended");
    }

    private static void MapChanges(RouteGroupBuilder group)
    {
        _ = group.MapPost("/jobs", async (HttpContext http, JobService jobs, StartJob body, CancellationToken ct) =>
            {
                var job = await jobs.StartAsync(CurrentUser.From(http.User), body.Kind, body.Request, body.Priority, ct);
                return TypedResults.Accepted($"/api/v1/jobs/{job.Id}", job);
            })
            .RequireAuthorization(Policies.Write).WithMetadata(new RateAttribute(RateClass.Ask)).WithName("startJob").WithSummary("Put a job into the queue").ProducesProblem(StatusCodes.Status409Conflict);
        _ = group.MapPatch("/jobs/{id}", async (HttpContext http, JobService jobs, string id, ChangeJob body, CancellationToken ct) =>
                TypedResults.Ok(await jobs.SetPriorityAsync(CurrentUser.From(http.User), id, body.Priority, ct)))
            .RequireAuthorization(Policies.Write).WithName("changeJob").WithSummary("Give a waiting job another priority").ProducesProblem(StatusCodes.Status409Conflict);
        _ = group.MapPost("/jobs/{id}/cancel", async (HttpContext http, JobService jobs, string id, CancellationToken ct) =>
                TypedResults.Ok(await jobs.CancelAsync(CurrentUser.From(http.User), id, ct)))
            .RequireAuthorization(Policies.Write).WithName("cancelJob").WithSummary("Take a job out of the queue, or stop it").ProducesProblem(StatusCodes.Status409Conflict);
        _ = group.MapPost("/jobs/{id}/retry", async (HttpContext http, JobService jobs, string id, CancellationToken ct) =>
                TypedResults.Ok(await jobs.RetryAsync(CurrentUser.From(http.User), id, ct)))
            .RequireAuthorization(Policies.Write).WithMetadata(new RateAttribute(RateClass.Ask)).WithName("retryJob")
            .WithSummary("Put a job that failed or was cancelled into the queue again; it goes on from what it has kept").ProducesProblem(StatusCodes.Status409Conflict);
        _ = group.MapDelete("/jobs/{id}", async (HttpContext http, JobService jobs, string id, CancellationToken ct) =>
            {
                await jobs.DeleteAsync(CurrentUser.From(http.User), id, ct);
                return TypedResults.NoContent();
            })
            .RequireAuthorization(Policies.Write).WithName("deleteJob").WithSummary("Forget an ended job and its log; what came of it stays").ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static JobFilter Filter(string? show) => string.IsNullOrEmpty(show) ? JobFilter.All
        : Enum.GetNames<JobFilter>().FirstOrDefault(n => n.Equals(show, StringComparison.OrdinalIgnoreCase)) is { } name ? Enum.Parse<JobFilter>(name)
        : throw RequestException.Invalid($"show is '{show}'; use all, queued, running or ended");
}
