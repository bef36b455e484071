using Microsoft.EntityFrameworkCore;

namespace Studio.Benchmarks.Records.Store;

/// <summary>Versions of the schema: forward only, each applied whole or not at all.</summary>
internal static class Schema
{
    /// <summary>Brings the database to this program's version; one that is there already is only looked at.</summary>
    /// <exception cref="InvalidDataException">It was written by a newer program.</exception>
    public static async Task UpgradeAsync(RunsDb db, ResultsTarget target, CancellationToken ct)
    {
        if (await IsCurrentAsync(db, target, ct).ConfigureAwait(false)) return;
        if (target.IsPostgres)
        {
            await db.Database.MigrateAsync(ct).ConfigureAwait(false);
            return;
        }

        // The lock of a process that was killed while it migrated would stay in the table for ever; this one is the system's and ends with its holder.
        using var guard = await GuardAsync(target.Connection + ".upgrade", ct).ConfigureAwait(false);
        if (await IsCurrentAsync(db, target, ct).ConfigureAwait(false)) return;
        _ = await db.Database.ExecuteSqlRawAsync("DROP TABLE IF EXISTS \"__EFMigrationsLock\"", ct).ConfigureAwait(false);
        await db.Database.MigrateAsync(ct).ConfigureAwait(false);
    }

    private static async Task<bool> IsCurrentAsync(RunsDb db, ResultsTarget target, CancellationToken ct)
    {
        var known = db.Database.GetMigrations().ToHashSet(StringComparer.Ordinal);
        var applied = (await db.Database.GetAppliedMigrationsAsync(ct).ConfigureAwait(false)).ToList();
        if (applied.Find(m => !known.Contains(m)) is { } newer)
        {
            throw new InvalidDataException($"The results database ({target.Shown}) was written by a newer version of the studio: it has the schema '{newer}', this program knows up to '{known.Max(StringComparer.Ordinal)}'. Update the studio, or name another database with {ResultsTarget.Variable}.");
        }

        return applied.Count == known.Count;
    }

    private static async Task<FileStream> GuardAsync(string file, CancellationToken ct)
    {
        while (true)
        {
            try
            {
                return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (File.Exists(file))
            {
                await Task.Delay(50, ct).ConfigureAwait(false); // another process upgrades: seconds at most
            }
        }
    }
}
