using Microsoft.EntityFrameworkCore;
using Studio.Api;
using Studio.Data;
using Studio.Hosting;
using Studio.Library.Uploads;

namespace Studio.Library;

/// <summary>At the start and then every so often: ends what expired, goes on with what was left undone, removes files that no row names.</summary>
internal sealed class LibraryCleanup(
    UploadStore uploads, IDbContextFactory<StudioDb> databases, StudioFolders folders, LibraryLimits limits, TimeProvider time, ILogger<LibraryCleanup> log) : BackgroundService
{
    /// <summary>One round.</summary>
    internal async Task RunAsync(CancellationToken ct)
    {
        var expired = await uploads.ExpireAsync(ct).ConfigureAwait(false);
        await uploads.ResumeChecksAsync(ct).ConfigureAwait(false);
        var orphans = await RemoveOrphansAsync(ct).ConfigureAwait(false);
        if (expired + orphans > 0) log.LogInformation("Removed {Expired} expired uploads and {Orphans} files without a row", expired, orphans);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The server answers first.
        await Task.Yield();
        try
        {
            await RepeatAsync(stoppingToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The server stops; what is left waits for the next start.
        }
    }

    private async Task RepeatAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(limits.CleanupInterval, time);
        do
        {
            try
            {
                await RunAsync(stoppingToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or RequestException or DbUpdateException or Microsoft.Data.Sqlite.SqliteException)
            {
                log.LogWarning(e, "A round of cleaning up failed; the next one tries again");
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
    }

    private async Task<int> RemoveOrphansAsync(CancellationToken ct)
    {
        var removed = 0;
        var before = (time.GetUtcNow() - limits.OrphanAge).UtcDateTime;
        var db = await databases.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            foreach (var file in new DirectoryInfo(folders.Uploads).EnumerateFiles("*.part").Where(f => f.LastWriteTimeUtc < before))
            {
                var id = Path.GetFileNameWithoutExtension(file.Name);
                if (!Ids.IsValid(id) || await db.Uploads.AnyAsync(u => u.Id == id, ct).ConfigureAwait(false)) continue;
                file.Delete();
                removed++;
            }

            // A video's identifier was its upload's: while that row is there, the check that goes on decides about the file.
            foreach (var file in new DirectoryInfo(folders.Videos).EnumerateFiles().Where(f => f.LastWriteTimeUtc < before))
            {
                if (!await IsOrphanAsync(db, Path.GetFileNameWithoutExtension(file.Name), ct).ConfigureAwait(false)) continue;
                file.Delete();
                removed++;
            }

            foreach (var folder in new DirectoryInfo(folders.Thumbnails).EnumerateDirectories().Where(f => f.LastWriteTimeUtc < before))
            {
                if (!await IsOrphanAsync(db, folder.Name[..Math.Min(32, folder.Name.Length)], ct).ConfigureAwait(false)) continue;
                folder.Delete(recursive: true);
                removed++;
            }
        }

        return removed;
    }

    /// <summary>Only what has the form of our own names is ever removed.</summary>
    private static async Task<bool> IsOrphanAsync(StudioDb db, string id, CancellationToken ct) =>
        Ids.IsValid(id) && !await db.Videos.AnyAsync(v => v.Id == id, ct).ConfigureAwait(false) && !await db.Uploads.AnyAsync(u => u.Id == id, ct).ConfigureAwait(false);
}
