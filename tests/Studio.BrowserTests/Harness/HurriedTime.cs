namespace Studio.BrowserTests.Harness;

/// <summary>The system's time with timers that end sooner by a factor: what waits half a minute does not hold a test up.</summary>
public sealed class HurriedTime(int factor) : TimeProvider
{
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        base.CreateTimer(callback, state, Sooner(dueTime), Sooner(period));

    private TimeSpan Sooner(TimeSpan wait) => wait > TimeSpan.Zero ? wait / factor : wait;
}
