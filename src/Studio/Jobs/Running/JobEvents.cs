using System.Collections.Concurrent;

namespace Studio.Jobs.Running;

/// <summary>Tells pages and followers of this process that a job has moved; of progress a few times a second.</summary>
internal sealed class JobEvents(JobLimits limits, TimeProvider time, ILogger<JobEvents> log) : IDisposable
{
    private readonly ConcurrentDictionary<string, string> _soon = new(StringComparer.Ordinal); // owner by job; bounded by what may run at once
    private ITimer? _timer;
    private int _isSet;

    /// <summary>Raised on any thread with the job's id and its owner's; handlers must not block.</summary>
    public event Action<string, string>? Changed;

    public void Tell(string id, string ownerId)
    {
        _ = _soon.TryRemove(id, out _);
        Raise(id, ownerId);
    }

    /// <summary>As <see cref="Tell"/>, together with whatever else happens to the job in a quarter of a note's interval.</summary>
    public void TellSoon(string id, string ownerId)
    {
        _soon[id] = ownerId;
        if (Interlocked.Exchange(ref _isSet, 1) != 0) return;
        _timer ??= time.CreateTimer(_ => Flush(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _ = _timer.Change(limits.NoteInterval / 4, Timeout.InfiniteTimeSpan);
    }

    public void Dispose() => _timer?.Dispose();

    private void Flush()
    {
        _ = Interlocked.Exchange(ref _isSet, 0);
        foreach (var (id, owner) in _soon)
        {
            if (_soon.TryRemove(id, out _)) Raise(id, owner);
        }
    }

    private void Raise(string id, string ownerId)
    {
        if (Changed is not { } listeners) return;
        foreach (var listener in Delegate.EnumerateInvocationList(listeners))
        {
            try
            {
                listener(id, ownerId);
            }
            catch (Exception e)
            {
                log.LogError(e, "a listener of {Type} failed", listener.Target?.GetType().Name);
            }
        }
    }
}
