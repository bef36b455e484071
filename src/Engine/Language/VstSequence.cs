using Studio.Engine.Compression;

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
    public int HighestPosition { get; internal set; }

    /// <summary>Rows of the cache that <see cref="Parts"/> make.</summary>
    internal int CachedRowCount => _parts.Count == 0 ? 0 : _parts[^1].CacheStart + _parts[^1].CacheLength;

    internal override bool CanReuse => true;

    internal override IReadOnlyList<int> CachedRows(int layer, int count)
    {
        if (_rows.Length < count) _rows = [.. Enumerable.Range(0, count + ReserveAhead)];
        return new ArraySegment<int>(_rows, 0, count);
    }

    internal void AddPart(CachedPart part) => _parts.Add(part);

    internal override void TruncateTo(int rows)
    {
        while (_parts.Count > 0 && _parts[^1].Start >= rows) _parts.RemoveAt(_parts.Count - 1);
        if (_parts.Count > 0 && _parts[^1] is var last && last.Start + last.Length > rows)
        {
            // Only a text can be cut: a prompt's common prefix never ends inside a visual span.
            _parts[^1] = last with { Length = rows - last.Start, CacheLength = rows - last.Start };
        }

        if (_parts.Count == 0) HighestPosition = 0;
        for (var layer = 0; layer < Cache.Layers; layer++)
        {
            if (Cache.Length(layer) > CachedRowCount) Cache.Truncate(layer, CachedRowCount);
        }
    }
}
