using Microsoft.EntityFrameworkCore;
using Studio.Hosting;
using Studio.Jobs.Data;

namespace Studio.Jobs.Running;

/// <summary>Keeps the ended jobs to their bound.</summary>
internal sealed class JobHistory(IDbContextFactory<JobDb> databases, JobLimits limits, StudioFolders folders, TimeProvider time, ILogger<JobHistory> log)
{
    /// <summary>Removes the jobs that ended longest ago beyond <see cref="JobLimits.MaxEnded"/>, with their logs.</summary>
    public async Task TrimAsync(CancellationToken ct)
    {
        var db = await databases.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            var old = await db.Jobs.Where(j => j.State == JobState.Finished || j.State == JobState.Failed || j.State == JobState.Cancelled)
                .OrderByDescending(j => j.EndedAt).ThenByDescending(j => j.Id).Skip(limits.MaxEnded).Select(j => j.Id).ToListAsync(ct).ConfigureAwait(false);
            await RemoveAsync(db, old, ct).ConfigureAwait(false);
        }
    }

    public async Task RemoveAsync(JobDb db, IReadOnlyList<string> ids, CancellationToken ct)
    {
        if (ids.Count == 0) return;
        _ = await db.Jobs.Where(j => ids.Contains(j.Id)).ExecuteDeleteAsync(ct).ConfigureAwait(false);
        foreach (var id in ids)
        {
            try
            {
                new JobLog(folders.Jobs, id, limits, time).Delete();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                log.LogWarning("the log of job {Id} is still there: {Reason}", id, e.Message);
            }
        }
    }
}
