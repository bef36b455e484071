namespace Studio.Inspect;

/// <summary>Values used lately, up to a sum of weights; the one used longest ago goes first. From any thread.</summary>
/// <param name="bound">The most that all weights together may be; a heavier value is not kept.</param>
/// <param name="weigh">A value's weight, at least 1.</param>
internal sealed class BoundedCache<TKey, TValue>(long bound, Func<TValue, long> weigh)
    where TKey : notnull
{
    private readonly Lock _gate = new();
    private readonly Dictionary<TKey, LinkedListNode<(TKey Key, TValue Value, long Weight)>> _byKey = [];
    private readonly LinkedList<(TKey Key, TValue Value, long Weight)> _lately = new();
    private long _weight;

    /// <summary>Sum of the weights held.</summary>
    public long Weight
    {
        get
        {
            lock (_gate) return _weight;
        }
    }

    public int Count
    {
        get
        {
            lock (_gate) return _byKey.Count;
        }
    }

    public bool TryGet(TKey key, out TValue value)
    {
        lock (_gate)
        {
            if (!_byKey.TryGetValue(key, out var node))
            {
                value = default!;
                return false;
            }

            _lately.Remove(node);
            _lately.AddFirst(node);
            value = node.Value.Value;
            return true;
        }
    }

    public void Put(TKey key, TValue value)
    {
        var weight = Math.Max(1, weigh(value));
        lock (_gate)
        {
            if (_byKey.Remove(key, out var old)) Forget(old);
            if (weight > bound) return;
            _byKey[key] = _lately.AddFirst((key, value, weight));
            _weight += weight;
            while (_weight > bound)
            {
                var last = _lately.Last!;
                _ = _byKey.Remove(last.Value.Key);
                Forget(last);
            }
        }
    }

    private void Forget(LinkedListNode<(TKey Key, TValue Value, long Weight)> node)
    {
        _lately.Remove(node);
        _weight -= node.Value.Weight;
    }
}
