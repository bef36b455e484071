using Studio.Engine.Compression;

namespace Studio.Engine.Chat;

/// <summary>Adds up what the stages of one answer cost, in the order they first appear.</summary>
public sealed class CostLedger(TimeProvider time)
{
    private readonly List<StageCost> _costs = []; // bounded by the pipeline's stage names

    public IReadOnlyList<StageCost> Costs => _costs;

    /// <summary>Of all stages so far.</summary>
    public double Milliseconds => _costs.Sum(c => c.Milliseconds);

    public long Now() => time.GetTimestamp();

    public TimeSpan Since(long start) => time.GetElapsedTime(start);

    public void Add(string stage, TimeSpan elapsed, long items, long bytes = 0, double flops = 0)
    {
        var more = new StageCost(stage, elapsed.TotalMilliseconds, items, bytes, flops);
        var at = _costs.FindIndex(c => c.Stage == stage);
        if (at < 0)
        {
            _costs.Add(more);
            return;
        }

        var c = _costs[at];
        _costs[at] = new(stage, c.Milliseconds + more.Milliseconds, c.Items + items, c.Bytes + bytes, c.Flops + flops);
    }
}
