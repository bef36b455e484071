using Studio.Engine.Torch;

namespace Studio.Engine.Language;

/// <summary>
/// Keys (already rotated) and values of every layer, each layer with its own length, since visual tokens leave the sequence
/// on the way down. Row i of a layer has position i there. Allocated ahead to the capacity asked for; belongs to one
/// sequence and to one thread at a time.
/// </summary>
public sealed class KvCache : IDisposable
{
    private readonly Tensor?[] _keys, _values;
    private readonly int[] _lengths;
    private readonly long _kvHeads, _headDim;
    private readonly ScalarType _dtype;
    private readonly Device _device;

    public KvCache(int layers, long kvHeads, long headDim, ScalarType dtype, Device device)
    {
        (_kvHeads, _headDim, _dtype, _device) = (kvHeads, headDim, dtype, device);
        (_keys, _values, _lengths) = (new Tensor?[layers], new Tensor?[layers], new int[layers]);
    }

    public int Layers => _lengths.Length;

    /// <summary>Rows held by each layer.</summary>
    public IReadOnlyList<int> Lengths => _lengths;

    public int Length(int layer) => _lengths[layer];

    public long Capacity(int layer) => _keys[layer]?.size(1) ?? 0;

    /// <summary>Bytes in use: rows held × 2 × kv heads × head dimension × element size.</summary>
    public long Bytes => _lengths.Sum(n => (long)n) * BytesPerRow;

    /// <summary>Bytes allocated.</summary>
    public long CapacityBytes => Enumerable.Range(0, Layers).Sum(Capacity) * BytesPerRow;

    private long BytesPerRow => 2 * _kvHeads * _headDim * _dtype.ItemSize();

    /// <summary>[kv_heads, capacity, head_dim]; rows beyond <see cref="Length"/> are undefined.</summary>
    public Tensor Keys(int layer) => _keys[layer] ?? throw new InvalidOperationException($"layer {layer} holds no rows yet");

    public Tensor Values(int layer) => _values[layer] ?? throw new InvalidOperationException($"layer {layer} holds no rows yet");

    /// <summary>Makes room for that many rows in all, keeping those held. Exactly that many, so that memory follows the formula.</summary>
    public void Reserve(int layer, long rows)
    {
        if (rows <= Capacity(layer)) return;
        (_keys[layer], _values[layer]) = (Grown(_keys[layer], layer, rows), Grown(_values[layer], layer, rows));
    }

    /// <summary>Counts rows that a layer has written behind its former length.</summary>
    public void Advance(int layer, int rows)
    {
        if (_lengths[layer] + rows > Capacity(layer)) throw new InvalidOperationException($"layer {layer} has room for {Capacity(layer)} rows, not {_lengths[layer] + rows}");
        _lengths[layer] += rows;
    }

    /// <summary>Forgets all rows of a layer from the given one on.</summary>
    public void Truncate(int layer, int length)
    {
        if (length < 0 || length > _lengths[layer]) throw new ArgumentOutOfRangeException(nameof(length), length, $"layer {layer} holds {_lengths[layer]} rows");
        _lengths[layer] = length;
    }

    /// <summary>Gives the memory of a layer back.</summary>
    public void Release(int layer)
    {
        _keys[layer]?.Dispose();
        _values[layer]?.Dispose();
        (_keys[layer], _values[layer], _lengths[layer]) = (null, null, 0);
    }

    public void Dispose()
    {
        for (var layer = 0; layer < Layers; layer++) Release(layer);
    }

    private Tensor Grown(Tensor? old, int layer, long rows)
    {
        using var scope = torch.NewDisposeScope();
        var grown = torch.empty([_kvHeads, rows, _headDim], _dtype, _device).DetachFromDisposeScope();
        if (old is not null)
        {
            if (_lengths[layer] > 0) grown.narrow(1, 0, _lengths[layer]).copy_(old.narrow(1, 0, _lengths[layer]));
            old.Dispose();
        }

        return grown;
    }
}
