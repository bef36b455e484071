namespace Studio.Jobs.Running;

/// <summary>A job that runs: what is known of it between two notes in the database. From any thread.</summary>
internal sealed class LiveJob(string id, string ownerId, string ownerName, JobLog log, TimeProvider time, Action<LiveJob> changed)
{
    private readonly Lock _gate = new();
    private readonly long _began = time.GetTimestamp();
    private JobProgressView _progress = new(0, 0, null, "", null);
    private double? _first;
    private volatile bool _isWaiting;
    private volatile string? _livePath;

    public string Id => id;

    public string OwnerId => ownerId;

    public string OwnerName => ownerName;

    public JobLog Log => log;

    /// <summary>Its next piece stands in the line before the device.</summary>
    public bool IsWaiting
    {
        get => _isWaiting;
        set
        {
            if (_isWaiting == value) return;
            _isWaiting = value;
            changed(this);
        }
    }

    /// <summary>Address where it can be watched, once its work knows one.</summary>
    public string? LivePath
    {
        get => _livePath;
        set
        {
            _livePath = value;
            changed(this);
        }
    }

    /// <summary>Someone asked to cancel it.</summary>
    public volatile bool IsCancelRequested;

    public volatile bool IsServerStopping;

    public JobProgressView Progress
    {
        get
        {
            lock (_gate) return _progress;
        }
    }

    public void Report(double done, double total, string message, double? secondsLeft)
    {
        ArgumentNullException.ThrowIfNull(message);
        lock (_gate)
        {
            _first ??= done; // what an attempt before did says nothing of this one's pace
            var share = total > 0 ? Math.Clamp(done / total, 0, 1) : (double?)null;
            var gained = done - _first.Value;
            secondsLeft ??= share is not null && gained > 0 ? time.GetElapsedTime(_began).TotalSeconds / gained * Math.Max(0, total - done) : null;
            _progress = new(done, total, share, message.Length <= JobLimits.MaxMessage ? message : message[..JobLimits.MaxMessage], secondsLeft);
        }

        changed(this);
    }
}
