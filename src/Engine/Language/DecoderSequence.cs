using Studio.Engine.Compression;
using Studio.Engine.Torch;

namespace Studio.Engine.Language;

/// <summary>
/// What a decoder remembers of one sequence: the cache and what was read into it. Belongs to a conversation, never to the
/// model, so that an answer cannot depend on another conversation. One thread at a time.
/// </summary>
public abstract class DecoderSequence : IDisposable
{
    private readonly List<int> _generated = []; // bounded by the generation's own limit
    private Prompt _read = new([]);
    private Tensor? _scratch;

    private protected DecoderSequence(KvCache cache) => Cache = cache;

    public KvCache Cache { get; }

    /// <summary>What becomes of visual tokens.</summary>
    public abstract CompressionSettings Compression { get; }

    /// <summary>Everything read so far, generated tokens included.</summary>
    public Prompt Prompt => _generated.Count == 0 ? _read : _read.Append(_generated);

    /// <summary>What the last prefill read: the rows a further prompt may share.</summary>
    internal Prompt Read => _read;

    /// <summary>Rows of <see cref="Prompt"/>.</summary>
    public int Length => _read.Length + _generated.Count;

    /// <summary>Rows at the start of the last prompt that were not computed again.</summary>
    public int ReusedRows { get; internal set; }

    /// <summary>Cache rows to leave free for tokens still to come, per layer.</summary>
    public int ReserveAhead { get; set; } = 64;

    /// <summary>Whether a further prompt may start from this one's rows.</summary>
    internal abstract bool CanReuse { get; }

    /// <summary>
    /// Keeps the rows that a new prompt shares with the former one and forgets the rest. Generated rows are read again: they
    /// came from one-row products, whose rounding differs from a prefill's. Until <see cref="Finish"/> the sequence counts as
    /// empty, so that an interrupted prefill is never taken for a finished one.
    /// </summary>
    /// <returns>Rows of the new prompt that the cache holds; at most all but the last, and never part of a visual span.</returns>
    internal int Begin(Prompt prompt)
    {
        var common = CanReuse ? Math.Min(_read.CommonPrefix(prompt), prompt.Length - 1) : 0;
        foreach (var span in prompt.Spans)
        {
            if (common > span.Start && common < span.Start + span.Length) common = span.Start;
        }

        TruncateTo(common);
        ReusedRows = common;
        Finish(new([]));
        return common;
    }

    internal void Finish(Prompt prompt)
    {
        _read = prompt;
        _generated.Clear();
    }

    /// <summary>Forgets all prompt rows from one on, and everything that depends on them.</summary>
    internal abstract void TruncateTo(int rows);

    /// <summary>The rows of a layer's cache as an observer numbers them, the first <paramref name="count"/>.</summary>
    internal abstract IReadOnlyList<int> CachedRows(int layer, int count);

    internal void AppendGenerated(int id)
    {
        OnGenerated(Length);
        Add(_generated, id);
    }

    /// <param name="row">Row of the sequence that the token gets.</param>
    private protected virtual void OnGenerated(int row) { }

    /// <summary>
    /// fp32 [at least so many] on the CPU: where decoding one token works, and where its logits stay. Made by the first token;
    /// its size is the decoder's, whatever the length of the sequence.
    /// </summary>
    internal Tensor ScratchOf(long floats)
    {
        if (_scratch is null || _scratch.numel() < floats)
        {
            _scratch?.Dispose();
            _scratch = null;
            _scratch = torch.empty([floats]).DetachFromDisposeScope();
        }

        return _scratch;
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        if (!disposing) return;
        Cache.Dispose();
        _scratch?.Dispose();
        _scratch = null;
    }

    /// <summary>Makes room for <see cref="ReserveAhead"/> tokens at once, like the cache: no token in between allocates.</summary>
    private protected void Add(List<int> list, int value)
    {
        if (list.Count == list.Capacity) list.Capacity = list.Count + 1 + ReserveAhead;
        list.Add(value);
    }
}
