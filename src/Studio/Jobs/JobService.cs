using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Studio.Accounts;
using Studio.Api;
using Studio.Data;
using Studio.Jobs.Data;
using Studio.Jobs.Running;

namespace Studio.Jobs;

/// <summary>
/// Work in the background that outlives the server: started, watched, cancelled, tried again. Owners and administrators see a
/// job; nobody else does.
/// </summary>
public sealed class JobService : IDisposable
{
    private readonly IDbContextFactory<JobDb> _databases;
    private readonly IReadOnlyDictionary<string, IJobKind> _kinds;
    private readonly JobQueue _queue;
    private readonly JobRunner _runner;
    private readonly JobHistory _history;
    private readonly JobEvents _events;
    private readonly JobLimits _limits;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _entry = new(1); // bounds are checked and taken in one step

    internal JobService(
        IDbContextFactory<JobDb> databases, IEnumerable<IJobKind> kinds, JobQueue queue, JobRunner runner, JobHistory history, JobEvents events, JobLimits limits, TimeProvider time)
    {
        (_databases, _queue, _runner, _history, _events, _limits, _time) = (databases, queue, runner, history, events, limits, time);
        _kinds = kinds.ToDictionary(k => k.Name, StringComparer.Ordinal);
    }

    /// <summary>Raised on any thread with a job's id and its owner's when it moved; handlers must not block.</summary>
    public event Action<string, string>? Changed
    {
        add => _events.Changed += value;
        remove => _events.Changed -= value;
    }

    public void Dispose() => _entry.Dispose();

    /// <summary>What may be started.</summary>
    public IReadOnlyList<JobKindView> Kinds(CurrentUser user) => [.. _kinds.Values.Select(k => new JobKindView(k.Name, k.Label, MayStart(user, k))).OrderBy(k => k.Label, StringComparer.Ordinal)];

    /// <summary>Puts a job into the queue.</summary>
    /// <exception cref="RequestException">400: the request cannot be met; 403: not with this role; 409: the same is open already; 429: too many are open.</exception>
    public async Task<JobView> StartAsync(CurrentUser user, string kind, JsonElement request, JobPriority priority = JobPriority.Normal, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(user);
        var found = _kinds.GetValueOrDefault(kind ?? "")
            ?? throw RequestException.Invalid($"there are no jobs of the kind '{kind}', but {string.Join(", ", _kinds.Keys.Order(StringComparer.Ordinal))}");
        if (!MayStart(user, found)) throw RequestException.Forbidden($"{found.Label.ToLowerInvariant()} is started by {(found.Role == Roles.Admin ? "administrators" : "editors and administrators")} only");
        Check(priority);
        if (request.ValueKind != JsonValueKind.Object) throw RequestException.Invalid("the request of a job is a JSON object");
        if (request.GetRawText().Length > JobLimits.MaxRequest) throw RequestException.TooLarge($"the request has more than {JobLimits.MaxRequest} characters");
        var prepared = await found.PrepareAsync(user, request, ct).ConfigureAwait(false);
        await _entry.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            var db = await _databases.CreateDbContextAsync(ct).ConfigureAwait(false);
            await using (db.ConfigureAwait(false))
            {
                await DemandRoomAsync(db, user, ct).ConfigureAwait(false);
                await DemandNoTwinAsync(db, found.Name, prepared.Exclusive, ct).ConfigureAwait(false);
                var now = _time.GetUtcNow();
                var job = new Job
                {
                    Id = Ids.New(_time), Kind = found.Name, OwnerId = user.Id, OwnerName = user.Name, RequestJson = prepared.Request.GetRawText(), Exclusive = prepared.Exclusive, Priority = priority, CreatedAt = now, QueuedAt = now,
                    Title = prepared.Title.Length <= JobLimits.MaxTitle ? prepared.Title : prepared.Title[..JobLimits.MaxTitle],
                };
                _ = db.Jobs.Add(job);
                _ = await db.SaveChangesAsync(ct).ConfigureAwait(false);
                // A crash here leaves a row without a place in the queue; the next start gives it one.
                await _queue.PutAsync(job, found.NeedsDevice, CancellationToken.None).ConfigureAwait(false);
                _events.Tell(job.Id, job.OwnerId);
                return await ViewAsync(db, user, job, ct).ConfigureAwait(false);
            }
        }
        finally
        {
            _ = _entry.Release();
        }
    }

    /// <summary>Jobs that a person may see: open ones in the order in which their turns come, then ended ones, latest first.</summary>
    /// <param name="page">From 1.</param>
    public async Task<Paged<JobView>> ListAsync(CurrentUser user, JobQuery query, int page = 1, int size = Paging.DefaultSize, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        var (skip, take) = Paging.Check(page, size);
        var db = await _databases.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            var jobs = VisibleTo(db, user);
            jobs = query.Show switch
            {
                JobFilter.Queued => jobs.Where(j => j.State == JobState.Queued),
                JobFilter.Running => jobs.Where(j => j.State == JobState.Running),
                JobFilter.Ended => jobs.Where(j => j.State != JobState.Queued && j.State != JobState.Running),
                _ => jobs,
            };
            if (query.Kind is { Length: > 0 } kind) jobs = jobs.Where(j => j.Kind == kind);
            if (query.Mine) jobs = jobs.Where(j => j.OwnerId == user.Id);
            var rows = await jobs
                .OrderBy(j => j.State == JobState.Running ? 0 : j.State == JobState.Queued ? 1 : 2)
                .ThenByDescending(j => j.State == JobState.Queued ? j.Priority : 0)
                .ThenBy(j => j.State == JobState.Queued ? j.QueuedAt : default)
                .ThenByDescending(j => j.EndedAt).ThenByDescending(j => j.Id)
                .Skip(skip).Take(take).ToListAsync(ct).ConfigureAwait(false);
            var places = await PlacesAsync(db, ct).ConfigureAwait(false);
            return new([.. rows.Select(j => View(user, j, places))], await jobs.CountAsync(ct).ConfigureAwait(false), page, size);
        }
    }

    /// <exception cref="RequestException">404.</exception>
    public async Task<JobView> GetAsync(CurrentUser user, string id, CancellationToken ct = default)
    {
        var db = await _databases.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false)) return await ViewAsync(db, user, await FindAsync(db, user, id, ct).ConfigureAwait(false), ct).ConfigureAwait(false);
    }

    /// <param name="lines">The most to return, 1 to 5000; the latest ones.</param>
    /// <exception cref="RequestException">404; 400: a number is out of range.</exception>
    public async Task<JobLogView> LogAsync(CurrentUser user, string id, int lines, CancellationToken ct = default)
    {
        const int Most = 5000;
        if (lines is < 1 or > Most) throw RequestException.Invalid($"lines is {lines}; give 1 to {Most}");
        var db = await _databases.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false)) _ = await FindAsync(db, user, id, ct).ConfigureAwait(false);
        return await Task.Run(() => _runner.LogOf(id).Read(lines), ct).ConfigureAwait(false);
    }

    /// <summary>Takes a waiting job out of the queue, or asks a running one to stop; asked twice, nothing more happens.</summary>
    /// <exception cref="RequestException">404; 409: it has ended.</exception>
    public async Task<JobView> CancelAsync(CurrentUser user, string id, CancellationToken ct = default)
    {
        var db = await _databases.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            var job = await FindAsync(db, user, id, ct).ConfigureAwait(false);
            DemandWrite(user, job);
            var now = _time.GetUtcNow();
            var taken = await db.Jobs.Where(j => j.Id == id && j.State == JobState.Queued)
                .ExecuteUpdateAsync(s => s.SetProperty(j => j.State, JobState.Cancelled).SetProperty(j => j.EndedAt, now).SetProperty(j => j.IsCancelRequested, true), ct).ConfigureAwait(false);
            if (taken == 1)
            {
                await _queue.RemoveAsync(id, CancellationToken.None).ConfigureAwait(false);
                _runner.LogOf(id).Add("cancelled before its turn came");
                await _history.TrimAsync(CancellationToken.None).ConfigureAwait(false);
            }
            else
            {
                var asked = await db.Jobs.Where(j => j.Id == id && j.State == JobState.Running).ExecuteUpdateAsync(s => s.SetProperty(j => j.IsCancelRequested, true), ct).ConfigureAwait(false);
                if (asked == 0) throw RequestException.Conflict("it has ended already");
                if (_runner.Find(id) is { } live) live.IsCancelRequested = true;
                await _queue.InterruptAsync(id, CancellationToken.None).ConfigureAwait(false);
            }

            _events.Tell(id, job.OwnerId);
            return await ViewAsync(db, user, await FindAsync(db, user, id, ct).ConfigureAwait(false), ct).ConfigureAwait(false);
        }
    }

    /// <summary>Puts a job that failed or was cancelled into the queue again; it goes on from what it has kept.</summary>
    /// <exception cref="RequestException">404; 409: it did not fail; 429: too many are open.</exception>
    public async Task<JobView> RetryAsync(CurrentUser user, string id, CancellationToken ct = default)
    {
        await _entry.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            var db = await _databases.CreateDbContextAsync(ct).ConfigureAwait(false);
            await using (db.ConfigureAwait(false))
            {
                var job = await FindAsync(db, user, id, ct).ConfigureAwait(false);
                DemandWrite(user, job);
                if (job.State is not (JobState.Failed or JobState.Cancelled)) throw RequestException.Conflict(job.State == JobState.Finished ? "it has finished; start another job instead" : "it is under way already");
                var kind = _kinds.GetValueOrDefault(job.Kind) ?? throw RequestException.Conflict($"this server knows no jobs of the kind '{job.Kind}' any more");
                if (!MayStart(user, kind)) throw RequestException.Forbidden("another role is needed to start it again");
                await DemandRoomAsync(db, user, ct).ConfigureAwait(false);
                await DemandNoTwinAsync(db, job.Kind, job.Exclusive, ct).ConfigureAwait(false);
                (job.State, job.QueuedAt, job.IsCancelRequested, job.WasCutOff, job.Error, job.EndedAt, job.SecondsLeft) = (JobState.Queued, _time.GetUtcNow(), false, false, null, null, null);
                _ = await db.SaveChangesAsync(ct).ConfigureAwait(false);
                await _queue.PutAsync(job, kind.NeedsDevice, CancellationToken.None).ConfigureAwait(false);
                _events.Tell(id, job.OwnerId);
                return await ViewAsync(db, user, job, ct).ConfigureAwait(false);
            }
        }
        finally
        {
            _ = _entry.Release();
        }
    }

    /// <summary>Moves a waiting job forward or back.</summary>
    /// <exception cref="RequestException">404; 409: it does not wait.</exception>
    public async Task<JobView> SetPriorityAsync(CurrentUser user, string id, JobPriority priority, CancellationToken ct = default)
    {
        Check(priority);
        var db = await _databases.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            DemandWrite(user, await FindAsync(db, user, id, ct).ConfigureAwait(false));
            db.ChangeTracker.Clear();
            var changed = await db.Jobs.Where(j => j.Id == id && j.State == JobState.Queued).ExecuteUpdateAsync(s => s.SetProperty(j => j.Priority, priority), ct).ConfigureAwait(false);
            if (changed == 0) throw RequestException.Conflict("only a waiting job has a place in the queue that could change");
            var job = await FindAsync(db, user, id, ct).ConfigureAwait(false);
            if (job.State == JobState.Queued) await _queue.PutAsync(job, _kinds.GetValueOrDefault(job.Kind)?.NeedsDevice ?? false, CancellationToken.None).ConfigureAwait(false);
            _events.Tell(id, job.OwnerId);
            return await ViewAsync(db, user, job, ct).ConfigureAwait(false);
        }
    }

    /// <summary>Forgets an ended job and its log. What came of it stays.</summary>
    /// <exception cref="RequestException">404; 409: it is under way.</exception>
    public async Task DeleteAsync(CurrentUser user, string id, CancellationToken ct = default)
    {
        var db = await _databases.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            var job = await FindAsync(db, user, id, ct).ConfigureAwait(false);
            DemandWrite(user, job);
            if (job.State is JobState.Queued or JobState.Running) throw RequestException.Conflict("it is under way; cancel it first");
            await _history.RemoveAsync(db, [id], ct).ConfigureAwait(false);
            _events.Tell(id, job.OwnerId);
        }
    }

    /// <summary>Cancels the open jobs of an account that was closed or goes.</summary>
    internal async Task CancelAllOfAsync(string ownerId, CancellationToken ct = default)
    {
        var server = new CurrentUser("", "", Roles.Admin);
        var db = await _databases.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            foreach (var id in await db.Jobs.Where(j => j.OwnerId == ownerId && (j.State == JobState.Queued || j.State == JobState.Running)).Select(j => j.Id).ToListAsync(ct).ConfigureAwait(false))
            {
                try
                {
                    _ = await CancelAsync(server, id, ct).ConfigureAwait(false);
                }
                catch (RequestException)
                {
                    // It has ended by itself.
                }
            }
        }
    }

    /// <summary>Gives every open job its place in the queue, also those whose place a crash took, and begins to run them.</summary>
    internal async Task ResumeAsync(CancellationToken ct)
    {
        var db = await _databases.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            // Nothing runs yet: what a killed server was at waits again, and says so.
            _ = await db.Jobs.Where(j => j.State == JobState.Running).ExecuteUpdateAsync(s => s.SetProperty(j => j.State, JobState.Queued).SetProperty(j => j.WasCutOff, true), ct).ConfigureAwait(false);
            foreach (var job in await db.Jobs.AsNoTracking().Where(j => j.State == JobState.Queued).ToListAsync(ct).ConfigureAwait(false))
            {
                // What a stop interrupted would go on behind all that waits: its own place is further ahead.
                if (job.WasCutOff) await _queue.RemoveAsync(job.Id, ct).ConfigureAwait(false);
                if (!await _queue.HasAsync(job.Id, ct).ConfigureAwait(false))
                    await _queue.PutAsync(job, _kinds.GetValueOrDefault(job.Kind)?.NeedsDevice ?? false, ct).ConfigureAwait(false);
            }
        }

        await _history.TrimAsync(ct).ConfigureAwait(false);
        await _queue.StartAsync(ct).ConfigureAwait(false);
    }

    internal async Task StopAsync(CancellationToken ct)
    {
        _runner.BeginStop();
        await _queue.StopAsync(ct).ConfigureAwait(false);
    }

    private static bool MayStart(CurrentUser user, IJobKind kind) => kind.Role switch { Roles.Admin => user.IsAdmin, Roles.Editor => user.CanWrite, _ => true };

    private static void Check(JobPriority priority)
    {
        if (!Enum.IsDefined(priority)) throw RequestException.Invalid($"'{priority}' is no priority: use low, normal or high");
    }

    private static void DemandWrite(CurrentUser user, Job job)
    {
        if (!user.IsAdmin && !(user.CanWrite && user.Id == job.OwnerId)) throw RequestException.Forbidden("viewers read; ask an administrator for the editor role");
    }

    private static IQueryable<Job> VisibleTo(JobDb db, CurrentUser user)
    {
        var (id, all) = (user.Id, user.IsAdmin);
        return db.Jobs.Where(j => all || j.OwnerId == id);
    }

    private static async Task<Job> FindAsync(JobDb db, CurrentUser user, string id, CancellationToken ct)
    {
        db.ChangeTracker.Clear(); // rows are also changed past it
        return await VisibleTo(db, user).FirstOrDefaultAsync(j => j.Id == id, ct).ConfigureAwait(false) ?? throw RequestException.NotFound("job", id);
    }

    private async Task DemandRoomAsync(JobDb db, CurrentUser user, CancellationToken ct)
    {
        var open = db.Jobs.Where(j => j.State == JobState.Queued || j.State == JobState.Running);
        if (await open.CountAsync(ct).ConfigureAwait(false) is var all && all >= _limits.MaxOpen) throw RequestException.TooMany($"{all} jobs wait or run, and there is room for {_limits.MaxOpen}; wait for one to end");
        if (user.IsAdmin) return;
        var own = await open.CountAsync(j => j.OwnerId == user.Id, ct).ConfigureAwait(false);
        if (own >= _limits.MaxOpenPerUser) throw RequestException.TooMany($"{own} of your jobs wait or run already, which is the most; wait for one to end, or cancel one");
    }

    private static async Task DemandNoTwinAsync(JobDb db, string kind, string? exclusive, CancellationToken ct)
    {
        if (exclusive is null) return;
        var twin = await db.Jobs.Where(j => j.Kind == kind && j.Exclusive == exclusive && (j.State == JobState.Queued || j.State == JobState.Running))
            .Select(j => new { j.Id, j.Title }).FirstOrDefaultAsync(ct).ConfigureAwait(false);
        if (twin is not null) throw RequestException.Conflict($"job {twin.Id} ('{twin.Title}') is open and does this already; wait for it, or cancel it");
    }

    /// <summary>Places of all waiting jobs, each among those of its execution group.</summary>
    private async Task<Dictionary<string, int>> PlacesAsync(JobDb db, CancellationToken ct)
    {
        var waiting = await db.Jobs.Where(j => j.State == JobState.Queued).OrderByDescending(j => j.Priority).ThenBy(j => j.QueuedAt).Select(j => new { j.Id, j.Kind }).ToListAsync(ct).ConfigureAwait(false);
        return waiting.GroupBy(j => _kinds.GetValueOrDefault(j.Kind)?.NeedsDevice ?? false).SelectMany(g => g.Select((j, i) => (j.Id, Place: i + 1))).ToDictionary(p => p.Id, p => p.Place, StringComparer.Ordinal);
    }

    private async Task<JobView> ViewAsync(JobDb db, CurrentUser user, Job job, CancellationToken ct) => View(user, job, await PlacesAsync(db, ct).ConfigureAwait(false));

    private JobView View(CurrentUser user, Job job, Dictionary<string, int> places)
    {
        var live = job.State == JobState.Running ? _runner.Find(job.Id) : null;
        var kind = _kinds.GetValueOrDefault(job.Kind);
        var request = JsonDocument.Parse(job.RequestJson).RootElement; // not disposed: the view keeps it
        var noted = new JobProgressView(job.Done, job.Total, job.Total > 0 ? Math.Clamp(job.Done / job.Total, 0, 1) : null, job.Message, job.SecondsLeft);
        return new(
            job.Id, job.Kind, kind?.Label ?? job.Kind, job.Title, job.OwnerId, job.OwnerName, job.OwnerId == user.Id, live is { IsWaiting: true } ? JobState.WaitingForDevice : job.State,
            job.State == JobState.Running && job.IsCancelRequested, job.Priority, live?.Progress is { Message.Length: > 0 } or { Total: > 0 } ? live.Progress : noted,
            job.Attempts, places.TryGetValue(job.Id, out var place) ? place : null, job.CreatedAt, job.QueuedAt, job.StartedAt, job.EndedAt, job.Error, job.ResultPath, live?.LivePath ?? kind?.LivePath(request), request);
    }
}
