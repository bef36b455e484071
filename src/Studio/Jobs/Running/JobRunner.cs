using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Studio.Api;
using Studio.Cli;
using Studio.Hosting;
using Studio.Jobs.Data;

namespace Studio.Jobs.Running;

/// <summary>Runs a job whose turn has come: from its row to its kind's work and back.</summary>
internal sealed class JobRunner(
    IDbContextFactory<JobDb> databases, IEnumerable<IJobKind> kinds, JobDevice device, JobEvents events, JobHistory history, JobLimits limits, StudioFolders folders, TimeProvider time, ILogger<JobRunner> log)
{
    private readonly ConcurrentDictionary<string, LiveJob> _live = new(StringComparer.Ordinal); // bounded by what may run at once
    private readonly ConcurrentDictionary<string, long> _noted = new(StringComparer.Ordinal); // as _live
    private readonly ConcurrentDictionary<string, byte> _running = new(StringComparer.Ordinal); // as _live, from before a job's row is read
    private volatile bool _isStopping;

    public LiveJob? Find(string id) => _live.GetValueOrDefault(id);

    public JobLog LogOf(string id) => Find(id)?.Log ?? new(folders.Jobs, id, limits, time);

    /// <summary>From now on a cancelled token means that the server stops.</summary>
    public void BeginStop()
    {
        _isStopping = true;
        foreach (var job in _live.Values) job.IsServerStopping = true;
    }

    /// <param name="isRecovering">It was running when the server was killed.</param>
    /// <exception cref="OperationCanceledException">The server stops; the job goes on after its next start.</exception>
    public async Task RunAsync(string id, bool isRecovering, CancellationToken ct)
    {
        if (_isStopping) throw new OperationCanceledException("the server stops", ct);
        if (!_running.TryAdd(id, 0)) return; // it runs already
        try
        {
            if (await BeginAsync(id).ConfigureAwait(false) is var (job, wasCutOff)) await RunAsync(job, isRecovering || wasCutOff, ct).ConfigureAwait(false);
        }
        finally
        {
            _ = _running.TryRemove(id, out _);
        }
    }

    private async Task RunAsync(Job job, bool isRecovering, CancellationToken ct)
    {
        var live = new LiveJob(job.Id, job.OwnerId, job.OwnerName, LogOf(job.Id), time, Note) { IsCancelRequested = job.IsCancelRequested, IsServerStopping = _isStopping };
        _live[job.Id] = live;
        events.Tell(job.Id, job.OwnerId);
        var outcome = new Outcome(JobState.Finished, null, null);
        try
        {
            if (isRecovering) live.Log.Add($"goes on after the server's stop (attempt {job.Attempts})");
            else live.Log.Add(job.Attempts == 1 ? "begins" : $"begins again (attempt {job.Attempts})");
            if (job.IsCancelRequested) throw new OperationCanceledException(ct);
            var kind = kinds.FirstOrDefault(k => k.Name == job.Kind) ?? throw new JobFailedException($"this server knows no jobs of the kind '{job.Kind}' any more");
            using var request = JsonDocument.Parse(job.RequestJson);
            var result = await kind.RunAsync(new(live, device, request.RootElement, job.Attempts, isRecovering), ct).ConfigureAwait(false);
            outcome = outcome with { Result = result };
        }
        catch (OperationCanceledException) when (live.IsCancelRequested || ct.IsCancellationRequested || _isStopping)
        {
            outcome = new(_isStopping && !await IsCancelRequestedAsync(live).ConfigureAwait(false) ? JobState.Queued : JobState.Cancelled, null, null);
        }
        catch (Exception e)
        {
            outcome = new(JobState.Failed, Explain(job, e), null);
        }

        await EndAsync(job, live, outcome).ConfigureAwait(false);
        // Thrown, it is kept in Quartz's store and begun again at the next start.
        if (outcome.State == JobState.Queued) throw new OperationCanceledException("the server stops", ct);
    }

    private string Explain(Job job, Exception e)
    {
        if (e is JobFailedException or RequestException) return e.Message;
        if (CommandLine.Explain(e) is { } message) return message;
        log.LogError(e, "job {Id} of the kind {Kind} failed", job.Id, job.Kind);
        return "an internal error; the server's log has the details";
    }

    /// <returns>The job as it is begun, and whether it was cut off; null where there is nothing to run any more.</returns>
    private async Task<(Job Job, bool WasCutOff)?> BeginAsync(string id)
    {
        var db = await databases.CreateDbContextAsync().ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            while (await db.Jobs.AsNoTracking().FirstOrDefaultAsync(j => j.Id == id && (j.State == JobState.Queued || j.State == JobState.Running)).ConfigureAwait(false) is { } job)
            {
                var (before, now) = (job.State, time.GetUtcNow());
                // Only if nobody cancelled it in between.
                var taken = await db.Jobs.Where(j => j.Id == id && j.State == before).ExecuteUpdateAsync(s => s
                    .SetProperty(j => j.State, JobState.Running).SetProperty(j => j.StartedAt, now).SetProperty(j => j.WasCutOff, false).SetProperty(j => j.Attempts, j => j.Attempts + 1)).ConfigureAwait(false);
                if (taken == 0) continue;
                job.Attempts++;
                return (job, job.WasCutOff || before == JobState.Running);
            }
        }

        return null;
    }

    private async Task<bool> IsCancelRequestedAsync(LiveJob live)
    {
        if (live.IsCancelRequested) return true;
        var db = await databases.CreateDbContextAsync().ConfigureAwait(false);
        await using (db.ConfigureAwait(false)) return await db.Jobs.AnyAsync(j => j.Id == live.Id && j.IsCancelRequested).ConfigureAwait(false);
    }

    private async Task EndAsync(Job job, LiveJob live, Outcome outcome)
    {
        live.Log.Add(outcome.State switch
        {
            JobState.Finished => "finished",
            JobState.Cancelled => "cancelled",
            JobState.Queued => "interrupted: the server stops, and the job goes on when it starts again",
            _ => $"failed: {outcome.Error}",
        });
        var progress = live.Progress;
        var isOver = outcome.State != JobState.Queued;
        var now = time.GetUtcNow();
        var (done, total) = outcome.State == JobState.Finished && progress.Total > 0 ? (progress.Total, progress.Total) : (progress.Done, progress.Total);
        var error = outcome.Error is { Length: > JobLimits.MaxMessage } longer ? longer[..JobLimits.MaxMessage] : outcome.Error;
        var db = await databases.CreateDbContextAsync().ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            _ = await db.Jobs.Where(j => j.Id == job.Id).ExecuteUpdateAsync(s => s
                .SetProperty(j => j.State, outcome.State).SetProperty(j => j.WasCutOff, !isOver)
                .SetProperty(j => j.EndedAt, isOver ? now : null).SetProperty(j => j.Error, error).SetProperty(j => j.ResultPath, outcome.Result)
                .SetProperty(j => j.Done, done).SetProperty(j => j.Total, total).SetProperty(j => j.Message, progress.Message).SetProperty(j => j.SecondsLeft, (double?)null)).ConfigureAwait(false);
        }

        _ = _live.TryRemove(job.Id, out _);
        _ = _noted.TryRemove(job.Id, out _);
        if (isOver) await history.TrimAsync(CancellationToken.None).ConfigureAwait(false);
        events.Tell(job.Id, job.OwnerId);
    }

    /// <summary>Tells pages, and the database at most once an interval: after a crash the page still knows about how far it was.</summary>
    private void Note(LiveJob live)
    {
        events.TellSoon(live.Id, live.OwnerId);
        var now = time.GetTimestamp();
        var last = _noted.GetOrAdd(live.Id, 0);
        if ((last != 0 && time.GetElapsedTime(last, now) < limits.NoteInterval) || !_noted.TryUpdate(live.Id, now, last)) return;
        _ = SaveAsync(live);
    }

    private async Task SaveAsync(LiveJob live)
    {
        try
        {
            var progress = live.Progress;
            var db = await databases.CreateDbContextAsync().ConfigureAwait(false);
            await using (db.ConfigureAwait(false))
            {
                _ = await db.Jobs.Where(j => j.Id == live.Id && j.State == JobState.Running).ExecuteUpdateAsync(s => s
                    .SetProperty(j => j.Done, progress.Done).SetProperty(j => j.Total, progress.Total)
                    .SetProperty(j => j.Message, progress.Message).SetProperty(j => j.SecondsLeft, progress.SecondsLeft)).ConfigureAwait(false);
            }
        }
        catch (Exception e)
        {
            log.LogWarning(e, "the progress of job {Id} could not be noted", live.Id); // the next note tries again
        }
    }

    private sealed record Outcome(JobState State, string? Error, string? Result);
}
