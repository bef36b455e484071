using Studio.Accounts;
using Studio.Api;
using Studio.Hosting;

namespace Studio.ModelHosting;

/// <summary>
/// The line before the one device. One thread does all its work, piece by piece. Users take turns, so that one who asks a
/// lot does not hold up another; nothing of the background class begins while something interactive waits, and what runs of it is
/// asked to give up when something interactive comes.
/// </summary>
public sealed class DeviceScheduler : IAsyncDisposable
{
    /// <summary>The most pieces in line, of everybody.</summary>
    public const int MaxWaiting = 1000;

    private readonly object _gate = new(); // a monitor: the thread waits on it
    private readonly TurnLine<Entry>[] _lines = [new(), new()]; // by WorkPriority
    private readonly Dictionary<string, Entry> _byId = new(StringComparer.Ordinal); // waiting or running
    private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal); // granted, by user
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly int _maxPerUser;
    private int _granted;
    private Entry? _running;
    private bool _stopping;

    public DeviceScheduler(StudioOptions options, TimeProvider time, ILogger<DeviceScheduler> log)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_maxPerUser, _time, _log) = (options.MaxQueuedPerUser, time, log);
        new Thread(Loop) { IsBackground = true, Name = "device" }.Start();
    }

    /// <summary>Raised, on any thread and outside locks, when something entered, began or left.</summary>
    public event Action? Changed;

    /// <summary>Grants places in the line.</summary>
    /// <exception cref="RequestException">429: the user, or everybody together, has too much in line.</exception>
    public Admission Admit(string userId, int count = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_stopping, this);
            var held = _places.GetValueOrDefault(userId);
            if (userId.Length > 0 && held + count > _maxPerUser)
            {
                throw RequestException.TooMany($"{held} of your questions wait or run already, and {count} more would exceed {_maxPerUser}; wait for one to end, or stop one");
            }

            if (_granted + count > MaxWaiting) throw RequestException.TooMany($"{_granted} questions are in line, which holds {MaxWaiting}; try again in a minute");
            _places[userId] = held + count;
            _granted += count;
            return new(this, userId, count);
        }
    }

    /// <summary>As <see cref="Admit"/> for work that was admitted before a restart: without a user's bound.</summary>
    internal Admission Readmit(string userId)
    {
        lock (_gate)
        {
            _places[userId] = _places.GetValueOrDefault(userId) + 1;
            _granted++;
            return new(this, userId, 1);
        }
    }

    /// <summary>Puts work into the line.</summary>
    /// <param name="body">Runs on the device's thread; must heed its token.</param>
    /// <returns>Ends with the work: as cancelled when it was taken out of the line, gave way, or gave up by its token.</returns>
    public Task Enqueue(Admission admission, DeviceWork work, Action<CancellationToken> body)
    {
        ArgumentNullException.ThrowIfNull(admission);
        ArgumentNullException.ThrowIfNull(work);
        if (admission.UserId != work.UserId) throw new ArgumentException($"a place of '{admission.UserId}' cannot be taken by '{work.UserId}'");
        var entry = new Entry(work, body, _time.GetUtcNow());
        Entry? inTheWay;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_stopping, this);
            if (!_byId.TryAdd(work.Id, entry)) throw new ArgumentException($"work '{work.Id}' is in line already");
            admission.Take();
            _lines[(int)work.Priority].Add(work.UserId, entry);
            inTheWay = work.Priority == WorkPriority.Interactive && _running is { Work.Priority: WorkPriority.Background } background ? background : null;
            Monitor.PulseAll(_gate);
        }

        inTheWay?.Cancel.Cancel();
        Changed.Tell(_log);
        return entry.Done.Task;
    }

    /// <summary>Puts work into the line and waits for its end.</summary>
    /// <param name="ct">Takes it out again, or asks it to give up.</param>
    public async Task RunAsync(DeviceWork work, Action<CancellationToken> body, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        using var admission = Admit(work.UserId);
        var done = Enqueue(admission, work, body);
        using var registration = ct.Register(() => Cancel(work.Id));
        await done.ConfigureAwait(false);
    }

    /// <summary>Takes waiting work out of the line, or asks the running one to give up.</summary>
    /// <returns>Whether there was such work.</returns>
    public bool Cancel(string id)
    {
        Entry? entry;
        bool waiting;
        lock (_gate)
        {
            if (!_byId.TryGetValue(id, out entry)) return false;
            waiting = _lines[(int)entry.Work.Priority].Remove(entry.Work.UserId, entry);
            if (waiting) Forget(entry);
        }

        entry.Cancel.Cancel();
        if (waiting) End(entry, null, cancelled: true);
        return true;
    }

    /// <summary>Places of all waiting work, 1 is next, and their number.</summary>
    public (IReadOnlyDictionary<string, int> Positions, int Waiting) Positions()
    {
        lock (_gate)
        {
            var positions = new Dictionary<string, int>(StringComparer.Ordinal); // at most MaxWaiting
            foreach (var entry in Order()) positions.Add(entry.Work.Id, positions.Count + 1);
            return (positions, positions.Count);
        }
    }

    /// <summary>The line as a person may see it.</summary>
    public QueueSnapshot Snapshot(CurrentUser user)
    {
        ArgumentNullException.ThrowIfNull(user);
        lock (_gate)
        {
            var entries = new List<QueueEntry>(); // at most MaxWaiting and one
            if (_running is { } running) entries.Add(View(running, 0, user));
            var position = 0;
            foreach (var entry in Order()) entries.Add(View(entry, ++position, user));
            return new(position, entries);
        }
    }

    /// <summary>Takes in nothing more, takes everything out of the line, asks the running work to give up, and waits for it.</summary>
    public Task StopAsync()
    {
        List<Entry> waiting;
        Entry? running;
        lock (_gate)
        {
            _stopping = true;
            running = _running;
            waiting = [.. Order()];
            foreach (var entry in waiting)
            {
                _ = _lines[(int)entry.Work.Priority].Remove(entry.Work.UserId, entry);
                Forget(entry);
            }

            Monitor.PulseAll(_gate);
        }

        running?.Cancel.Cancel();
        foreach (var entry in waiting) End(entry, null, cancelled: true);
        return _ended.Task;
    }

    public async ValueTask DisposeAsync() => await StopAsync().ConfigureAwait(false);

    internal void GiveBack(string userId)
    {
        lock (_gate) Release(userId);
    }

    private static QueueEntry View(Entry entry, int position, CurrentUser user)
    {
        var mine = entry.Work.UserId == user.Id;
        var open = mine || user.IsAdmin;
        var work = entry.Work;
        return open ? new(work.Id, position, work.UserName, work.Detail ?? work.What, entry.Since, mine, work.Priority)
            : new(null, position, null, work.What, entry.Since, mine, work.Priority);
    }

    private void Loop()
    {
        while (TakeNext() is { } entry)
        {
            Changed.Tell(_log);
            Exception? failure = null;
            try
            {
                entry.Body(entry.Cancel.Token);
            }
            catch (Exception e) // whatever it was, the next one's turn comes
            {
                failure = e;
            }

            lock (_gate)
            {
                _running = null;
                _lines[(int)entry.Work.Priority].Served(entry.Work.UserId);
                Forget(entry);
            }

            End(entry, failure, failure is OperationCanceledException);
        }

        _ended.SetResult();
    }

    private Entry? TakeNext()
    {
        lock (_gate)
        {
            while (true)
            {
                if ((_lines[0].TakeNext() ?? _lines[1].TakeNext()) is { } entry)
                {
                    entry.Since = _time.GetUtcNow();
                    return _running = entry;
                }

                if (_stopping) return null;
                _ = Monitor.Wait(_gate);
            }
        }
    }

    private IEnumerable<Entry> Order() => _lines.SelectMany(l => l.Order(_running?.Work.UserId));

    /// <summary>Out of the tables; its place is free.</summary>
    private void Forget(Entry entry)
    {
        _ = _byId.Remove(entry.Work.Id);
        Release(entry.Work.UserId);
    }

    private void Release(string userId)
    {
        _granted--;
        if (_places[userId] == 1) _ = _places.Remove(userId);
        else _places[userId]--;
    }

    private void End(Entry entry, Exception? failure, bool cancelled)
    {
        if (cancelled) _ = entry.Done.TrySetCanceled(entry.Cancel.Token);
        else if (failure is not null) _ = entry.Done.TrySetException(failure);
        else _ = entry.Done.TrySetResult();
        Changed.Tell(_log);
    }

    private sealed class Entry(DeviceWork work, Action<CancellationToken> body, DateTimeOffset since)
    {
        public DeviceWork Work => work;

        public Action<CancellationToken> Body => body;

        public DateTimeOffset Since { get; set; } = since;

        /// <summary>Never disposed: a late <see cref="DeviceScheduler.Cancel"/> must be harmless, and it holds no timer.</summary>
        public CancellationTokenSource Cancel { get; } = new();

        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
