using System.Collections.Concurrent;

namespace Studio.Security;

/// <summary>
/// A bucket a key: <paramref name="perMinute"/> tokens at most, refilled evenly over a minute. A bucket is one number, the
/// time at which it will be full again, so that full ones need not be kept.
/// </summary>
/// <param name="perMinute">Requests a minute, and at once.</param>
/// <param name="time">The clock.</param>
/// <param name="capacity">Keys remembered. Where more are active at once, the further ones share a bucket.</param>
internal sealed class TokenBuckets(int perMinute, TimeProvider time, int capacity = TokenBuckets.DefaultCapacity)
{
    public const int DefaultCapacity = 16_384;

    private const string Others = "";

    private readonly ConcurrentDictionary<string, long> _fullAt = new(StringComparer.Ordinal);
    private readonly long _each = TimeSpan.TicksPerMinute / perMinute;
    private readonly long _start = time.GetTimestamp();

    /// <summary>Keys remembered.</summary>
    public int Count => _fullAt.Count;

    /// <summary>Takes one.</summary>
    /// <returns>Null where there was one; else the time until there is.</returns>
    public TimeSpan? TryTake(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var now = time.GetElapsedTime(_start).Ticks;
        if (_fullAt.Count >= capacity && !_fullAt.ContainsKey(key) && !MakeRoom(now)) key = Others;
        while (true)
        {
            var known = _fullAt.TryGetValue(key, out var fullAt);
            var next = Math.Max(fullAt, now) + _each;
            if (next - now > TimeSpan.TicksPerMinute) return TimeSpan.FromTicks(next - now - TimeSpan.TicksPerMinute);
            if (known ? _fullAt.TryUpdate(key, next, fullAt) : _fullAt.TryAdd(key, next)) return null;
        }
    }

    /// <summary>Forgets the buckets that are full.</summary>
    private bool MakeRoom(long now)
    {
        foreach (var bucket in _fullAt)
        {
            if (bucket.Value <= now) _ = _fullAt.TryRemove(bucket);
        }

        return _fullAt.Count < capacity;
    }
}
