using Studio.Engine.Compression;

namespace Studio.Benchmarks.Running;

/// <summary>
/// What encoding each video took, by the key of its visual tokens: settings that share the tokens all bear the cost, so that their times
/// can be compared. Bound: <see cref="Most"/> videos, the oldest forgotten first.
/// </summary>
internal sealed class EncodingCosts
{
    public const int Most = 1024;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = new();

    public int Count
    {
        get
        {
            lock (_lock) return _entries.Count;
        }
    }

    public void Add(string key, IReadOnlyList<StageCost> costs, long peakBytes)
    {
        lock (_lock)
        {
            if (_entries.TryAdd(key, new(costs, peakBytes))) _order.Enqueue(key);
            if (_entries.Count > Most) _ = _entries.Remove(_order.Dequeue());
        }
    }

    /// <summary>The costs, and whether a sample bore them before; none where the tokens were in the cache from the start.</summary>
    public (IReadOnlyList<StageCost> Costs, long PeakBytes, bool WasUsed) Use(string key)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(key, out var entry)) return ([], 0, true);
            var used = entry.WasUsed;
            entry.WasUsed = true;
            return (entry.Costs, entry.PeakBytes, used);
        }
    }

    private sealed class Entry(IReadOnlyList<StageCost> costs, long peakBytes)
    {
        public IReadOnlyList<StageCost> Costs => costs;

        public long PeakBytes => peakBytes;

        public bool WasUsed { get; set; }
    }
}
