using System.Text.Json;
using Studio.Accounts;
using Studio.Api;
using Studio.Benchmarks.Records;
using Studio.Jobs;
using Studio.Jobs.Data;

namespace Studio.Boards;

/// <summary>Runs as the queue of jobs knows them.</summary>
public sealed class RunJobs(JobService jobs)
{
    /// <summary>Jobs that are looked through: running, waiting and the latest ended ones.</summary>
    public const int MaxLooked = Paging.MaxSize;

    /// <summary>Name of the kind of jobs that evaluates.</summary>
    public const string KindName = "evaluation";

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

    /// <summary>Asks for a run again, as it was given.</summary>
    /// <returns>The job.</returns>
    /// <exception cref="RequestException">It was not made here, or the user may not start jobs.</exception>
    public async Task<string> RerunAsync(CurrentUser user, Run run, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(run);
        if (run.Source != "studio") throw RequestException.Conflict($"run '{run.Id}' was imported from {run.Source}; it can be run again there only");
        // Videos that were missing are missing again: as then, their samples fail.
        var request = JsonSerializer.SerializeToElement(new { run = JsonElement.Parse(run.Given), again = true, skipMissing = true });
        return (await jobs.StartAsync(user, KindName, request, JobPriority.Normal, ct).ConfigureAwait(false)).Id;
    }

    /// <summary>A job that has no result yet is known by what it was asked for.</summary>
    private static bool Asks(JobView job, RunLine run)
    {
        if (job.Kind != KindName || !job.Request.TryGetProperty("run", out var asked)) return false;
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
