using Studio.Engine.Language;
using Studio.Engine.Torch;

namespace Studio.Engine.Chat;

/// <summary>
/// What the beginning of a prompt, up to the end of a video, leaves in Video-XL's cache: the text before it and its summary
/// tokens. No question stands there, so every question about the video can start behind it.
/// </summary>
public sealed class SummaryRows : ICacheEntry<SummaryRows>
{
    /// <summary>Objects and lists around the tensors, counted for every entry.</summary>
    public const int OverheadBytes = 1024;

    private readonly ReferenceCount _references = new();

    /// <param name="rows">[2 (keys, values), layers, kv heads, rows, head dim], contiguous on the CPU; this object's from now on.</param>
    /// <param name="parts">What the rows are, in order; together as many as <paramref name="rows"/> has.</param>
    /// <exception cref="ArgumentException">Parts and rows do not agree.</exception>
    internal SummaryRows(string key, Tensor rows, IReadOnlyList<CachedPart> parts)
    {
        var count = parts.Count == 0 ? 0 : parts[^1].CacheStart + parts[^1].CacheLength;
        if (rows.ndim != 5 || rows.size(0) != 2 || rows.size(3) != count || count == 0) throw new ArgumentException($"{rows} for {count} rows of {parts.Count} parts");
        (Key, Rows, Parts) = (key, rows.DetachFromDisposeScope(), parts);
        Bytes = OverheadBytes + rows.nbytes + (sizeof(float) * AttentionShares);
    }

    public string Key { get; }

    /// <summary>Cache rows of each layer.</summary>
    public int Count => (int)Rows.size(3);

    public long Bytes { get; }

    internal Tensor Rows { get; }

    internal IReadOnlyList<CachedPart> Parts { get; }

    /// <summary>Shares of attention that were recorded.</summary>
    internal long AttentionShares => Parts.Sum(p => p.Attention.Sum(a => (long)a.OnFrames.Length + (3 * a.Vsts)));

    public SummaryRows Retain()
    {
        _references.Take(this);
        return this;
    }

    /// <summary>Gives one reference back; the last one frees the rows. Once all are back, further calls do nothing.</summary>
    public void Dispose()
    {
        if (_references.GiveBack() == 1) Rows.Dispose();
    }
}

/// <summary>
/// What videos leave in Video-XL's decoder, by content, model, settings and the text before: a second question about an hour of
/// video starts in about the time of its text, in whatever conversation.
/// </summary>
public sealed class SummaryCache : ContentCache<SummaryRows>
{
    /// <summary>About 1,000 frames of Video-XL 7B in fp32 at a ratio of 16 (9 rows of 112 KiB a frame), twice as many in 16 bit.</summary>
    public const long DefaultMemoryBytes = 1L << 30;

    /// <summary>Eight times the memory.</summary>
    public const long DefaultDiskBytes = 8L << 30;

    /// <inheritdoc/>
    public SummaryCache(string? folder, long memoryBytes = DefaultMemoryBytes, long diskBytes = DefaultDiskBytes, TimeProvider? time = null)
        : base(new SummaryCacheFile(), folder, memoryBytes, diskBytes, time) { }
}
