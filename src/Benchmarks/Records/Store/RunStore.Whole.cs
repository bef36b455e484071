using System.Data;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Studio.Benchmarks.Storage;

namespace Studio.Benchmarks.Records.Store;

/// <summary>Runs as a whole, and the database as a whole.</summary>
public sealed partial class RunStore
{
    /// <summary>Samples written at once.</summary>
    private const int Batch = 500;

    /// <summary>The identifier that begins so.</summary>
    /// <exception cref="KeyNotFoundException">There is no such run.</exception>
    /// <exception cref="ArgumentException">Several begin so; the message names some.</exception>
    public async Task<string> ResolveAsync(string prefix, CancellationToken ct)
    {
        if (string.IsNullOrWhiteSpace(prefix)) throw new ArgumentException($"'{prefix}' is no run; give its identifier or the beginning of it, which `eval list` shows.", nameof(prefix));
        var wanted = prefix.Trim().ToLowerInvariant();
        var found = await ReadAsync(db => db.Runs.Where(r => r.Id.StartsWith(wanted)).OrderBy(r => r.Id).Select(r => r.Id).Take(4).ToListAsync(ct), ct).ConfigureAwait(false);
        return found switch
        {
            [] => throw Missing(prefix),
            [var one] => one,
            _ when found.Contains(wanted) => wanted,
            _ => throw new ArgumentException($"Several runs begin with '{prefix}': {string.Join(", ", found.Take(3))}{(found.Count > 3 ? ", …" : "")}. Give more of the identifier."),
        };
    }

    /// <summary>Writes a run with its samples, whole or not at all.</summary>
    /// <returns>The run that is there already; null where it was written.</returns>
    /// <exception cref="InvalidDataException">Another run has its identifier.</exception>
    public Task<Run?> ImportAsync(Run run, IReadOnlyList<Sample> samples, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(samples);
        return WriteAsync(
            async db =>
            {
                var there = await db.Runs.AsNoTracking().FirstOrDefaultAsync(r => r.Id == run.Id || (r.Key == run.Key && r.Source == run.Source && r.Source != "studio"), ct).ConfigureAwait(false);
                if (there is not null)
                {
                    if (there.Key == run.Key && await db.Samples.CountAsync(s => s.RunId == there.Id, ct).ConfigureAwait(false) == samples.Count) return there;
                    throw new InvalidDataException($"There is another run {there.Id} with other samples; delete it first (`eval delete {there.Id}`), or keep it.");
                }

                _ = db.Runs.Add(run);
                _ = await db.SaveChangesAsync(ct).ConfigureAwait(false);
                foreach (var batch in samples.Chunk(Batch))
                {
                    db.Samples.AddRange(batch);
                    _ = await db.SaveChangesAsync(ct).ConfigureAwait(false);
                    db.ChangeTracker.Clear();
                }

                return (Run?)null;
            },
            IsolationLevel.Serializable,
            ct);
    }

    /// <summary>
    /// A copy of the whole database as a SQLite file, made while others read and write: all of it as it was at one moment. The file can be
    /// named as the results database. On PostgreSQL, too: it is copied out.
    /// </summary>
    /// <param name="file">Is not there yet.</param>
    /// <exception cref="IOException">It is there, or cannot be written.</exception>
    public async Task<int> BackupAsync(string file, CancellationToken ct)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(file);
        var full = Path.GetFullPath(file);
        if (File.Exists(full)) throw new IOException($"{full} is there already; name another file for the backup.");
        _ = Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        // Beside it and moved into place: a backup that was cut short is none.
        var part = $"{full}.{Guid.NewGuid():N}.part";
        try
        {
            if (Target.IsPostgres) await CopyAsync(part, ct).ConfigureAwait(false);
            else _ = await ReadAsync(db => db.Database.ExecuteSqlAsync($"VACUUM INTO {part}", ct), ct).ConfigureAwait(false);
            File.Move(part, full, overwrite: false);
        }
        finally
        {
            foreach (var left in new[] { part, part + "-wal", part + "-shm", part + "-journal", part + ".upgrade" }) File.Delete(left);
        }

        using var copy = await ConnectAsync(ResultsTarget.File(full), _time, ct).ConfigureAwait(false);
        return (await copy.ListAsync(new RunFilter { Take = 0 }, ct).ConfigureAwait(false)).Total;
    }

    /// <summary>One snapshot, run by run, sample by sample.</summary>
    private async Task CopyAsync(string file, CancellationToken ct)
    {
        using (var copy = await ConnectAsync(ResultsTarget.File(file), _time, ct).ConfigureAwait(false))
        {
            _ = await ReadAsync(
                async db =>
                {
                    var snapshot = await db.Database.BeginTransactionAsync(IsolationLevel.RepeatableRead, ct).ConfigureAwait(false);
                    await using (snapshot.ConfigureAwait(false))
                    {
                        var into = new RunsDb(copy._options);
                        await using (into.ConfigureAwait(false))
                        {
                            var writing = await into.Database.BeginTransactionAsync(IsolationLevel.Serializable, ct).ConfigureAwait(false);
                            await using (writing.ConfigureAwait(false))
                            {
                                await PourAsync(db.Runs.OrderBy(r => r.Id), into, ct).ConfigureAwait(false);
                                await PourAsync(db.Samples.OrderBy(s => s.RunId).ThenBy(s => s.Ordinal), into, ct).ConfigureAwait(false);
                                await PourAsync(db.SweepRuns.OrderBy(s => s.SweepId).ThenBy(s => s.RunId), into, ct).ConfigureAwait(false);
                                await writing.CommitAsync(ct).ConfigureAwait(false);
                            }
                        }
                    }

                    return true;
                },
                ct).ConfigureAwait(false);
        }

        // The file alone is the backup: what is still beside it goes into it.
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder(SqliteSetup.ConnectionString(file)) { Pooling = false }.ToString());
        await using (connection.ConfigureAwait(false))
        {
            await connection.OpenAsync(ct).ConfigureAwait(false);
            var command = connection.CreateCommand();
            await using (command.ConfigureAwait(false))
            {
                command.CommandText = "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode=DELETE;";
                _ = await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
            }
        }
    }

    private static async Task PourAsync<T>(IQueryable<T> rows, RunsDb into, CancellationToken ct)
        where T : class
    {
        var waiting = 0;
        await foreach (var row in rows.AsNoTracking().AsAsyncEnumerable().WithCancellation(ct).ConfigureAwait(false))
        {
            _ = into.Add(row);
            if (++waiting % Batch != 0) continue;
            _ = await into.SaveChangesAsync(ct).ConfigureAwait(false);
            into.ChangeTracker.Clear();
        }

        _ = await into.SaveChangesAsync(ct).ConfigureAwait(false);
        into.ChangeTracker.Clear();
    }
}
