using System.Data;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Studio.Benchmarks.Storage;

namespace Studio.Benchmarks.Records.Store;

/// <summary>
/// The results database on SQLite or PostgreSQL. Writers of this process take turns; between processes a write begins as one and waits for the
/// others, so no lock error reaches a caller. Readers never wait.
/// </summary>
public sealed partial class RunStore : IRunStore, IDisposable
{
    /// <summary>Samples of one page of a stream.</summary>
    public const int PageSize = 200;

    /// <summary>Writes at once on PostgreSQL; SQLite has one writer.</summary>
    private const int PostgresWriters = 8;

    /// <summary>Seconds of one try; then cancellation is looked at, and it goes on.</summary>
    private const int TryPatience = 1;

    /// <summary>How long another program may hold the database before a caller is told.</summary>
    internal static TimeSpan Patience { get; } = TimeSpan.FromMinutes(5);

    private readonly DbContextOptions<RunsDb> _options;
    private readonly TimeProvider _time;
    private readonly WriteLane _lane;

    private RunStore(ResultsTarget target, TimeProvider time)
    {
        Target = target;
        _time = time;
        _options = Options(target);
        _lane = new(target.IsPostgres ? PostgresWriters : 1);
    }

    public ResultsTarget Target { get; }

    /// <summary>Opens the database; makes it where there is none, and brings an older one to this version.</summary>
    /// <exception cref="InvalidDataException">It is none, or a newer program's.</exception>
    /// <exception cref="IOException">It cannot be reached.</exception>
    public static async Task<RunStore> ConnectAsync(ResultsTarget target, TimeProvider time, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(time);
        SqliteNative.Init();
        if (!target.IsPostgres) _ = Directory.CreateDirectory(Path.GetDirectoryName(target.Connection)!);
        var store = new RunStore(target, time);
        try
        {
            _ = await store.ReadAsync(
                async db =>
                {
                    await Schema.UpgradeAsync(db, target, ct).ConfigureAwait(false);
                    return true;
                },
                ct).ConfigureAwait(false);
            return store;
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _lane.Dispose();
        if (Target.IsPostgres) return;
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection(SqliteSetup.ConnectionString(Target.Connection, TryPatience));
        Microsoft.Data.Sqlite.SqliteConnection.ClearPool(connection);
    }

    public Task<Run> OpenAsync(Run fresh, bool again, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(fresh);
        // Serializable: of two that ask for the same at once, the second finds the first's run.
        return WriteAsync(
            async db =>
            {
                var same = await db.Runs.AsNoTracking().Where(r => r.Key == fresh.Key && r.Source == fresh.Source).OrderByDescending(r => r.Id).ToListAsync(ct).ConfigureAwait(false);
                if (same.Find(r => r.State != RunState.Finished) is { } unfinished) return unfinished;
                if (!again && same.Count > 0) return same[0];
                _ = db.Runs.Add(fresh);
                _ = await db.SaveChangesAsync(ct).ConfigureAwait(false);
                return fresh;
            },
            IsolationLevel.Serializable,
            ct);
    }

    public async Task JoinSweepAsync(string sweepId, string runId, CancellationToken ct)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(sweepId);
        try
        {
            _ = await WriteAsync(
                async db =>
                {
                    if (await db.SweepRuns.AnyAsync(s => s.SweepId == sweepId && s.RunId == runId, ct).ConfigureAwait(false)) return false;
                    _ = db.SweepRuns.Add(new() { SweepId = sweepId, RunId = runId });
                    _ = await db.SaveChangesAsync(ct).ConfigureAwait(false);
                    return true;
                },
                IsolationLevel.ReadCommitted,
                ct).ConfigureAwait(false);
        }
        catch (IOException e) when (Contention.IsDuplicate(e))
        {
            // another shard of the sweep was first
        }
        catch (IOException e) when (Contention.IsOrphan(e))
        {
            throw Missing(runId);
        }
    }

    public Task<IReadOnlySet<int>> RecordedAsync(string runId, CancellationToken ct) => ReadAsync<IReadOnlySet<int>>(
        async db => (await db.Samples.Where(s => s.RunId == runId).Select(s => s.Ordinal).ToListAsync(ct).ConfigureAwait(false)).ToHashSet(),
        ct);

    public async Task<bool> AddAsync(Sample sample, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(sample);
        try
        {
            return await WriteAsync(
                async db =>
                {
                    if (await db.Samples.AnyAsync(s => s.RunId == sample.RunId && s.Ordinal == sample.Ordinal, ct).ConfigureAwait(false)) return false;
                    _ = db.Samples.Add(sample);
                    _ = await db.SaveChangesAsync(ct).ConfigureAwait(false);
                    return true;
                },
                IsolationLevel.ReadCommitted,
                ct).ConfigureAwait(false);
        }
        catch (IOException e) when (Contention.IsDuplicate(e))
        {
            return false; // another process recorded it between the look and the write
        }
        catch (IOException e) when (Contention.IsOrphan(e))
        {
            throw Missing(sample.RunId);
        }
    }

    public Task<int> ForgetFailedAsync(string runId, CancellationToken ct) => WriteAsync(
        db => db.Samples.Where(s => s.RunId == runId && s.ErrorClass != null).ExecuteDeleteAsync(ct),
        IsolationLevel.ReadCommitted,
        ct);

    public async Task SetStateAsync(string runId, RunState state, string? reason, CancellationToken ct)
    {
        var changed = await WriteAsync(
            db => db.Runs.Where(r => r.Id == runId).ExecuteUpdateAsync(u => u.SetProperty(r => r.State, state).SetProperty(r => r.Error, reason), ct),
            IsolationLevel.ReadCommitted,
            ct).ConfigureAwait(false);
        if (changed == 0) throw Missing(runId);
    }

    public async Task FinishAsync(string runId, RunSummary summary, CancellationToken ct)
    {
        var text = RecordJson.Text(summary);
        DateTimeOffset? now = _time.GetUtcNow();
        var data = await DataHashAsync(runId, ct).ConfigureAwait(false);
        var changed = await WriteAsync(
            db => db.Runs.Where(r => r.Id == runId).ExecuteUpdateAsync(
                u => u.SetProperty(r => r.State, RunState.Finished).SetProperty(r => r.Error, (string?)null).SetProperty(r => r.Summary, text).SetProperty(r => r.FinishedAt, now)
                    .SetProperty(r => r.DataHash, r => r.DataHash == "" ? data : r.DataHash),
                ct),
            IsolationLevel.ReadCommitted,
            ct).ConfigureAwait(false);
        if (changed == 0) throw Missing(runId);
    }

    /// <summary>Of the annotations and of every video that a sample read, each once: known only when all are read.</summary>
    private async Task<string> DataHashAsync(string runId, CancellationToken ct)
    {
        var run = await GetAsync(runId, ct).ConfigureAwait(false);
        var videos = await ReadAsync(db => db.Samples.Where(s => s.RunId == runId && s.MediaHash != "").Select(s => s.MediaHash).Distinct().ToListAsync(ct), ct).ConfigureAwait(false);
        videos.Sort(StringComparer.Ordinal); // the order of the databases is not the same
        var annotations = JsonNode.Parse(run.Provenance)?["annotationHash"]?.GetValue<string>() ?? ""; // an imported run may know nothing of it
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', [annotations, .. videos]))));
    }

    public async Task<Run> GetAsync(string runId, CancellationToken ct) =>
        await ReadAsync(db => db.Runs.AsNoTracking().SingleOrDefaultAsync(r => r.Id == runId, ct), ct).ConfigureAwait(false) ?? throw Missing(runId);

    public Task<(IReadOnlyList<Run> Runs, int Total)> ListAsync(RunFilter filter, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentOutOfRangeException.ThrowIfNegative(filter.Skip);
        if (filter.Take is < 0 or > RunFilter.MaxTake) throw new ArgumentOutOfRangeException(nameof(filter), filter.Take, $"A page of runs has 0 to {RunFilter.MaxTake}.");
        return ReadAsync<(IReadOnlyList<Run>, int)>(
            async db =>
            {
                var runs = Filtered(db, filter);
                var total = await runs.CountAsync(ct).ConfigureAwait(false);
                return (await runs.OrderByDescending(r => r.CreatedAt).ThenByDescending(r => r.Id).Skip(filter.Skip).Take(filter.Take).ToListAsync(ct).ConfigureAwait(false), total);
            },
            ct);
    }

    public async IAsyncEnumerable<Sample> SamplesAsync(string runId, [EnumeratorCancellation] CancellationToken ct)
    {
        // Page by page, so that a slow reader holds no snapshot of the database open.
        for (var after = -1; ;)
        {
            var from = after;
            var page = await ReadAsync(
                db => db.Samples.AsNoTracking().Where(s => s.RunId == runId && s.Ordinal > from).OrderBy(s => s.Ordinal).Take(PageSize).ToListAsync(ct),
                ct).ConfigureAwait(false);
            foreach (var sample in page) yield return sample;
            if (page.Count < PageSize) yield break;
            after = page[^1].Ordinal;
        }
    }

    public Task<Sample?> SampleAsync(string runId, int ordinal, CancellationToken ct) =>
        ReadAsync(db => db.Samples.AsNoTracking().SingleOrDefaultAsync(s => s.RunId == runId && s.Ordinal == ordinal, ct), ct);

    public async Task DeleteAsync(string runId, CancellationToken ct)
    {
        var deleted = await WriteAsync(db => db.Runs.Where(r => r.Id == runId).ExecuteDeleteAsync(ct), IsolationLevel.ReadCommitted, ct).ConfigureAwait(false);
        if (deleted == 0) throw Missing(runId);
    }

    private static IQueryable<Run> Filtered(RunsDb db, RunFilter filter)
    {
        var runs = db.Runs.AsNoTracking();
        if (filter.Task is { } task) runs = runs.Where(r => r.Task == task);
        if (filter.Model is { } model) runs = runs.Where(r => r.Model == model);
        if (filter.State is { } state) runs = runs.Where(r => r.State == state);
        if (filter.SweepId is { } sweep) runs = runs.Where(r => r.SweepId == sweep || db.SweepRuns.Any(s => s.SweepId == sweep && s.RunId == r.Id));
        if (filter.Source is { } source) runs = runs.Where(r => r.Source == source);
        if (string.IsNullOrWhiteSpace(filter.Text)) return runs;
#pragma warning disable CA1304, CA1308, CA1311, CA1862 // translated to SQL, which has lower() only
        var text = filter.Text.Trim().ToLowerInvariant();
        return runs.Where(r => r.Task.ToLower().Contains(text) || r.Model.ToLower().Contains(text) || r.Compression.ToLower().Contains(text) || r.Note.ToLower().Contains(text));
#pragma warning restore CA1304, CA1308, CA1311, CA1862
    }

    private static KeyNotFoundException Missing(string runId) => new($"There is no run '{runId}'; `eval list` shows the runs.");
}
