using System.Text.Json;
using Studio.Accounts;
using Studio.Api;
using Studio.Benchmarks.Records;
using Studio.Evaluations;
using Studio.Jobs;

namespace Studio.Boards;

/// <summary>Runs as the queue of jobs knows them.</summary>
public sealed class RunJobs(JobService jobs)
{
    /// <summary>Jobs that are looked through: running, waiting and the latest ended ones.</summary>
    public const int MaxLooked = Paging.MaxSize;

    /// <summary>The jobs behind runs, by run; only those that the user may see. A job is known by the page it leads to.</summary>
    public async Task<IReadOnlyDictionary<string, string>> OfAsync(CurrentUser user, IReadOnlyList<RunLine> runs, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(runs);
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        if (runs.Count == 0) return found;
        var listed = await jobs.ListAsync(user, new(JobFilter.All), 1, MaxLooked, ct).ConfigureAwait(false);
        foreach (var run in runs)
        {
            var job = listed.Items.FirstOrDefault(j => Leads(j.ResultPath, run) || Leads(j.LivePath, run) || (run.State is RunState.Running or RunState.Open && j.IsOpen && Asks(j, run)));
            if (job is not null) found[run.Id] = job.Id;
        }

        return found;
    }

    /// <summary>A job that has no result yet is known by what it was asked for.</summary>
    private static bool Asks(JobView job, RunLine run)
    {
        if (job.Kind != EvaluationKind.KindName || !job.Request.TryGetProperty("run", out var asked)) return false;
        try
        {
            return EvalRequest.FromJson(asked.GetRawText()).ToJson() == run.Given;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static bool Leads(string? path, RunLine run) =>
        path is not null && (path.Contains($"results/{run.Id}", StringComparison.Ordinal) || (run.SweepId is { } sweep && path.Contains(sweep, StringComparison.Ordinal)));
}
