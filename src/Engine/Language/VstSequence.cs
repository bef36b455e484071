using Studio.Engine.Compression;
using Studio.Engine.Torch;

namespace Studio.Engine.Language;

/// <summary>What one part of a prompt left in the cache, the same rows in every layer.</summary>
/// <param name="Start">First row of the prompt.</param>
/// <param name="Length">Rows of the prompt.</param>
/// <param name="CacheStart">First row of the cache.</param>
/// <param name="CacheLength">Rows of the cache: all of a text, the summary tokens of a visual span.</param>
/// <param name="Windows">How a visual span was cut; empty for text.</param>
/// <param name="Attention">Where the summary tokens of each window looked; empty where that was not recorded.</param>
public sealed record CachedPart(
    int Start, int Length, int CacheStart, int CacheLength, IReadOnlyList<VstWindow> Windows, IReadOnlyList<WindowAttention> Attention)
{
    public bool IsVisual => Windows.Count > 0;

    /// <summary>The highest rotary position that a row of it has had.</summary>
    public int HighestPosition
    {
        get
        {
            var (held, highest) = (CacheStart, CacheStart + CacheLength - 1);
            foreach (var window in Windows)
            {
                if (window.Kept == 0) continue;
                highest = Math.Max(highest, held + window.Rows - 1);
                held += window.Kept;
            }

            return highest;
        }
    }
}

/// <summary>
/// A sequence of Video-XL: text rows and summary tokens, in the prompt's order and in every layer the same. A row keeps its
/// place, and so its rotary position, for good.
/// </summary>
public sealed class VstSequence : DecoderSequence
{
    private readonly List<CachedPart> _parts = []; // bounded by the prompt's parts
    private int[] _rows = [];

    internal VstSequence(KvCache cache, VstCompression settings)
        : base(cache) => Settings = settings;

    public VstCompression Settings { get; }

    public override CompressionSettings Compression => Settings;

    /// <summary>Whether summary tokens' attention is recorded while windows are read: one attention row a summary token and layer.</summary>
    public bool RecordAttention { get; set; }

    /// <summary>What the cache holds of the prompt, in order.</summary>
    public IReadOnlyList<CachedPart> Parts => _parts;

    /// <summary>The highest rotary position that any row has had, its window's own rows included.</summary>
    public int HighestPosition => _parts.Count == 0 ? 0 : _parts.Max(p => p.HighestPosition);

    /// <summary>Rows of the cache that <see cref="Parts"/> make.</summary>
    internal int CachedRowCount => _parts.Count == 0 ? 0 : _parts[^1].CacheStart + _parts[^1].CacheLength;

    internal override bool CanReuse => true;

    internal override IReadOnlyList<int> CachedRows(int layer, int count)
    {
        if (_rows.Length < count) _rows = [.. Enumerable.Range(0, count + ReserveAhead)];
        return new ArraySegment<int>(_rows, 0, count);
    }

    internal void AddPart(CachedPart part) => _parts.Add(part);

    /// <summary>A copy, on the CPU, of what the prompt left up to a row that ends one of its parts.</summary>
    /// <returns>[2 (keys, values), layers, kv heads, rows, head dim], the caller's, and what the rows are.</returns>
    internal (Tensor Rows, IReadOnlyList<CachedPart> Parts) Export(int promptRows)
    {
        CachedPart[] parts = [.. _parts.TakeWhile(p => p.Start + p.Length <= promptRows)];
        var count = parts[^1].CacheStart + parts[^1].CacheLength;
        var keys = Cache.Keys(0);
        using var scope = torch.NewDisposeScope();
        var rows = torch.empty([2, Cache.Layers, keys.size(0), count, keys.size(2)], keys.dtype);
        for (var layer = 0; layer < Cache.Layers; layer++)
        {
            _ = rows.select(0, 0).select(0, layer).copy_(Cache.Keys(layer).narrow(1, 0, count));
            _ = rows.select(0, 1).select(0, layer).copy_(Cache.Values(layer).narrow(1, 0, count));
        }

        return (rows.DetachFromDisposeScope(), parts);
    }

    /// <summary>Becomes a sequence that has read a prompt's beginning.</summary>
    /// <param name="rows">As <see cref="Export"/> gave them, borrowed.</param>
    /// <param name="parts">Likewise.</param>
    /// <param name="textAhead">Text rows of the whole prompt: room is made for them at once.</param>
    internal void Import(Tensor rows, IReadOnlyList<CachedPart> parts, Prompt beginning, int textAhead)
    {
        TruncateTo(0);
        Finish(new([]));
        using var mode = torch.inference_mode();
        using var scope = torch.NewDisposeScope();
        var count = (int)rows.size(3);
        for (var layer = 0; layer < Cache.Layers; layer++)
        {
            Cache.Reserve(layer, (long)count + textAhead + ReserveAhead);
            _ = Cache.Keys(layer).narrow(1, 0, count).copy_(rows.select(0, 0).select(0, layer));
            _ = Cache.Values(layer).narrow(1, 0, count).copy_(rows.select(0, 1).select(0, layer));
            Cache.Advance(layer, count);
        }

        _parts.AddRange(parts);
        Finish(beginning);
    }

    internal override void TruncateTo(int rows)
    {
        while (_parts.Count > 0 && _parts[^1].Start >= rows) _parts.RemoveAt(_parts.Count - 1);
        if (_parts.Count > 0 && _parts[^1] is var last && last.Start + last.Length > rows)
        {
            // Only a text can be cut: a prompt's common prefix never ends inside a visual span.
            _parts[^1] = last with { Length = rows - last.Start, CacheLength = rows - last.Start };
        }

        for (var layer = 0; layer < Cache.Layers; layer++)
        {
            if (Cache.Length(layer) > CachedRowCount) Cache.Truncate(layer, CachedRowCount);
        }
    }
}
