using Studio.Accounts;
using Studio.Api;
using Studio.Benchmarks.Evaluation.Data;
using Studio.Benchmarks.Evaluation.Tasks;
using Studio.Benchmarks.Records;
using Studio.Boards;
using Studio.Jobs;
using Studio.Jobs.Data;

namespace Studio.Evaluations;

/// <summary>Evaluations for pages and API: tasks, starting, and what is recorded. Everybody who may read sees every run: boards are a team's.</summary>
internal sealed class EvaluationService(IRunStore store, JobService jobs, EvaluationEstimates estimates, ResultsService results)
{
    private static readonly string[] s_ready = [new WorldSet().Name, new NiahSingle().Name, new NiahMulti().Name];

    /// <summary>Those that need no files first, then the official ones, then one's own set.</summary>
    public static IReadOnlyList<EvalTaskView> Tasks { get; } =
    [
        .. s_ready.Select(TaskCatalog.Get).Select(View),
        .. TaskCatalog.All.Where(t => !s_ready.Contains(t.Name)).Select(View),
        new(EvalDataSource.Custom, "Own set: CSV or JSONL of video, question, options, answer", false, [], true, false, false, false, null, 0, 0, 1, 1),
    ];

    public Task<EvaluationEstimate> EstimateAsync(CurrentUser user, EvaluationRequest request, CancellationToken ct) => estimates.OfAsync(user, request, ct);

    /// <exception cref="RequestException">400, 403, 429: the message names the value.</exception>
    public Task<JobView> StartAsync(CurrentUser user, EvaluationRequest request, JobPriority priority = JobPriority.Normal, CancellationToken ct = default) =>
        jobs.StartAsync(user, EvaluationKind.KindName, EvaluationKind.Ask(request), priority, ct);

    /// <summary>Asks again for what a run was asked for, as a new run.</summary>
    /// <exception cref="RequestException">404; 409: it was imported.</exception>
    public async Task<JobView> RerunAsync(CurrentUser user, string id, CancellationToken ct)
    {
        var run = await results.GetAsync(id, ct).ConfigureAwait(false);
        if (run.Source != "studio") throw RequestException.Conflict($"run '{run.Id}' was imported from {run.Source}; it can be run again there only");
        // Videos that were missing are missing again: as then, their samples fail.
        return await StartAsync(user, new() { Run = EvalRequest.FromJson(run.Given), Again = true, SkipMissing = true, Note = run.Note }, ct: ct).ConfigureAwait(false);
    }

    public async Task<Paged<EvalRunView>> ListAsync(RunFilter filter, int page, int size, CancellationToken ct)
    {
        var (skip, take) = Paging.Check(page, size);
        var (runs, total) = await store.ListAsync(filter with { Skip = skip, Take = take }, ct).ConfigureAwait(false);
        return new([.. runs.Select(r => EvalRunView.Of(r, isWhole: false))], total, page, size);
    }

    /// <exception cref="RequestException">404.</exception>
    public async Task<EvalRunView> GetAsync(string id, CancellationToken ct) => EvalRunView.Of(await results.GetAsync(id, ct).ConfigureAwait(false), isWhole: true);

    /// <summary>Samples in order of their place in the data, also while the run is under way.</summary>
    /// <param name="show">all, wrong, right or failed.</param>
    /// <param name="groups">"label:value", all of which a sample has.</param>
    /// <exception cref="RequestException">404, 400.</exception>
    public async Task<Paged<EvalSampleView>> SamplesAsync(string id, string? show, IReadOnlyList<string> groups, string? text, int page, int size, CancellationToken ct)
    {
        var wanted = string.IsNullOrEmpty(show) ? SampleShow.All
            : Enum.GetNames<SampleShow>().FirstOrDefault(n => n.Equals(show, StringComparison.OrdinalIgnoreCase)) is { } name ? Enum.Parse<SampleShow>(name)
            : throw RequestException.Invalid($"show is '{show}'; use all, wrong, right or failed");
        var labels = groups.Select(g => SampleLabel.TryParse(g) ?? throw RequestException.Invalid($"group is '{g}'; write it as label:value, for instance frames:64")).ToList();
        var run = await results.GetAsync(id, ct).ConfigureAwait(false);
        var found = await results.SamplesAsync(run.Id, new(wanted, labels, text), page, size, ct).ConfigureAwait(false);
        return new([.. found.Items.Select(EvalSampleView.Of)], found.Total, page, size);
    }

    /// <exception cref="RequestException">404.</exception>
    public async Task<EvalSampleView> SampleAsync(string id, int ordinal, CancellationToken ct) => EvalSampleView.Of(await results.SampleAsync(id, ordinal, ct).ConfigureAwait(false));

    private static EvalTaskView View(Benchmarks.Evaluation.EvalTask task)
    {
        var isReady = s_ready.Contains(task.Name);
        return new(
            task.Name, task.Title, isReady, isReady ? [] : [.. task.Files.Select(f => f.File)], !isReady, task.NeedsJudge, task is NeedleTask, task is NiahMulti, isReady && task is NeedleTask ? new(DrawnGrid.Lengths, DrawnGrid.Depths, DrawnGrid.Hops, DrawnGrid.PerCell) : null, task.Limits.MaxFrames,
            task.Limits.MaxNewTokens, task.PromptVersion, task.ScorerVersion);
    }
}
