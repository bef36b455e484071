namespace Studio.ModelHosting;

/// <summary>A piece of work for the device.</summary>
/// <param name="Id">Unique among the work in line.</param>
/// <param name="UserId">Whose turn it takes; empty for the server's own.</param>
/// <param name="UserName">For people.</param>
/// <param name="What">What everybody may see of it: "answer".</param>
/// <param name="Detail">What its user and administrators see instead.</param>
public sealed record DeviceWork(string Id, string UserId, string UserName, string What, string? Detail = null, WorkPriority Priority = WorkPriority.Interactive);

/// <summary>Places in the line that were granted and not taken yet; disposing gives the rest back.</summary>
public sealed class Admission : IDisposable
{
    private readonly DeviceScheduler _scheduler;
    private int _left;

    internal Admission(DeviceScheduler scheduler, string userId, int count) => (_scheduler, UserId, _left) = (scheduler, userId, count);

    public string UserId { get; }

    public void Dispose()
    {
        for (; _left > 0; _left--) _scheduler.GiveBack(UserId);
    }

    /// <summary>One place is taken.</summary>
    /// <exception cref="InvalidOperationException">All were.</exception>
    internal void Take() => _left = _left > 0 ? _left - 1 : throw new InvalidOperationException("all places of this admission are taken");
}
