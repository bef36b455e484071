using Studio.Accounts;
using Studio.Api;
using Studio.Benchmarks.Evaluation.Data;
using Studio.Benchmarks.Evaluation.Tasks;
using Studio.Benchmarks.Records;
using Studio.Jobs;
using Studio.Jobs.Data;

namespace Studio.Evaluations;

/// <summary>Evaluations for pages and API: tasks, starting, and what is recorded. Everybody who may read sees every run: boards are a team's.</summary>
internal sealed class EvaluationService(IRunStore store, JobService jobs, EvaluationEstimates estimates)
{
    private static readonly string[] s_ready = [new WorldSet().Name, new NiahSingle().Name, new NiahMulti().Name];

    /// <summary>Those that need no files first, then the official ones, then one's own set.</summary>
    public static IReadOnlyList<EvalTaskView> Tasks { get; } =
    [
        .. s_ready.Select(TaskCatalog.Get).Select(View),
        .. TaskCatalog.All.Where(t => !s_ready.Contains(t.Name)).Select(View),
        new(EvalDataSource.Custom, "Own set: CSV or JSONL of video, question, options, answer", false, [], true, false, false, false, 0, 0, 1, 1),
    ];

    public Task<EvaluationEstimate> EstimateAsync(CurrentUser user, EvaluationRequest request, CancellationToken ct) => Task.Run(() => estimates.Of(user, request), ct);

    /// <exception cref="RequestException">400, 403, 429: the message names the value.</exception>
    public Task<JobView> StartAsync(CurrentUser user, EvaluationRequest request, JobPriority priority = JobPriority.Normal, CancellationToken ct = default) =>
        jobs.StartAsync(user, EvaluationKind.KindName, EvaluationKind.Ask(request), priority, ct);

    /// <summary>Asks again for what a run was asked for, as a new run.</summary>
    /// <exception cref="RequestException">404; 400: it was imported.</exception>
    public async Task<JobView> RerunAsync(CurrentUser user, string id, CancellationToken ct)
    {
        var run = await FindAsync(id, ct).ConfigureAwait(false);
        if (run.Source != "studio") throw RequestException.Invalid($"run {run.Id} was imported from {run.Source}; it can only be run again there");
        return await StartAsync(user, new() { Run = EvalRequest.FromJson(run.Given), Again = true, SkipMissing = true, Note = run.Note }, ct: ct).ConfigureAwait(false);
    }

    public async Task<Paged<EvalRunView>> ListAsync(RunFilter filter, int page, int size, CancellationToken ct)
    {
        var (skip, take) = Paging.Check(page, size);
        var (runs, total) = await store.ListAsync(filter with { Skip = skip, Take = take }, ct).ConfigureAwait(false);
        return new([.. runs.Select(r => EvalRunView.Of(r, isWhole: false))], total, page, size);
    }

    /// <exception cref="RequestException">404.</exception>
    public async Task<EvalRunView> GetAsync(string id, CancellationToken ct) => EvalRunView.Of(await FindAsync(id, ct).ConfigureAwait(false), isWhole: true);

    /// <summary>Samples in order of their place in the data.</summary>
    /// <param name="show">all, failed, wrong or right.</param>
    /// <exception cref="RequestException">404, 400.</exception>
    public async Task<Paged<EvalSampleView>> SamplesAsync(string id, string? show, int page, int size, CancellationToken ct)
    {
        var (skip, take) = Paging.Check(page, size);
        Func<Sample, bool> fits = string.IsNullOrEmpty(show) ? _ => true : show.ToLowerInvariant() switch
        {
            "all" => _ => true,
            "failed" => s => s.ErrorClass is not null,
            "wrong" => s => s.Corrected < 1,
            "right" => s => s.Corrected >= 1,
            _ => throw RequestException.Invalid($"show is '{show}'; use all, failed, wrong or right"),
        };
        var run = await FindAsync(id, ct).ConfigureAwait(false);
        var (samples, total) = (new List<EvalSampleView>(), 0); // one page
        await foreach (var sample in store.SamplesAsync(run.Id, ct).ConfigureAwait(false))
        {
            if (!fits(sample)) continue;
            if (total >= skip && samples.Count < take) samples.Add(EvalSampleView.Of(sample));
            total++;
        }

        return new(samples, total, page, size);
    }

    /// <exception cref="RequestException">404; 403: it is somebody else's; 409: it is being worked on.</exception>
    public async Task DeleteAsync(CurrentUser user, string id, CancellationToken ct)
    {
        var run = await FindAsync(id, ct).ConfigureAwait(false);
        if (!user.IsAdmin && !(user.CanWrite && user.Id == run.OwnerId)) throw RequestException.Forbidden($"run {run.Id} is {(run.OwnerName.Length > 0 ? $"{run.OwnerName}'s" : "of the command line")}; its owner or an administrator can delete it");
        if (run.State == RunState.Running) throw RequestException.Conflict("it is under way; cancel its job first");
        try
        {
            await store.DeleteAsync(run.Id, ct).ConfigureAwait(false);
        }
        catch (KeyNotFoundException)
        {
            // Somebody else was faster.
        }
    }

    private static EvalTaskView View(Benchmarks.Evaluation.EvalTask task)
    {
        var isReady = s_ready.Contains(task.Name);
        return new(
            task.Name, task.Title, isReady, isReady ? [] : [.. task.Files.Select(f => f.File)], !isReady, task.NeedsJudge, task is NeedleTask, task is NiahMulti, task.Limits.MaxFrames,
            task.Limits.MaxNewTokens, task.PromptVersion, task.ScorerVersion);
    }

    private async Task<Run> FindAsync(string id, CancellationToken ct)
    {
        try
        {
            return await store.GetAsync(id, ct).ConfigureAwait(false);
        }
        catch (KeyNotFoundException)
        {
            throw RequestException.NotFound("run", id);
        }
    }
}
