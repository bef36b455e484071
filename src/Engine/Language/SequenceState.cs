using Studio.Engine.Compression;
using Studio.Engine.Torch;

namespace Studio.Engine.Language;

/// <summary>
/// What the decoder remembers of one sequence: the cache, which prompt rows are alive in each stage, and, where a drop
/// depends on the question, the hidden states that every later question starts again from. Belongs to a conversation,
/// never to the model, so that an answer cannot depend on another conversation.
/// </summary>
/// <remarks>
/// What a second question may reuse exactly: layers before the first attention drop never see the question in a row that
/// stands before it (causal attention, uniform drops), so their cache rows of the common prefix stay. The rows handed to
/// that drop stay too (<see cref="StageHidden"/>); everything behind it is computed again.
/// </remarks>
public sealed class SequenceState : IDisposable
{
    private readonly List<int>[] _alive;
    private readonly List<int> _generated = []; // bounded by the generation's own limit
    private Prompt _read;
    private Tensor? _scratch;

    internal SequenceState(KvCache cache, CompressionSettings settings)
    {
        (Cache, Settings) = (cache, settings);
        _alive = new List<int>[settings.DropAfterLayers.Count + 1];
        for (var s = 0; s < _alive.Length; s++) _alive[s] = [];
        _read = new([]);
    }

    public KvCache Cache { get; }

    public CompressionSettings Settings { get; }

    /// <summary>Everything read so far, generated tokens included.</summary>
    public Prompt Prompt => _generated.Count == 0 ? _read : _read.Append(_generated);

    /// <summary>What the last prefill read: the rows a further prompt may share.</summary>
    internal Prompt Read => _read;

    /// <summary>Rows of <see cref="Prompt"/>.</summary>
    public int Length => _read.Length + _generated.Count;

    /// <summary>Rows at the start of the last prefill that were not computed again in the layers before the first attention drop.</summary>
    public int ReusedRows { get; internal set; }

    /// <summary>Whether to keep what a further question reuses behind uniform stages; costs one hidden state a row.</summary>
    public bool RetainForReuse { get; init; } = true;

    /// <summary>Cache rows to leave free for tokens still to come, per layer.</summary>
    public int ReserveAhead { get; set; } = 64;

    /// <summary>Whether a further prompt may start from this one's rows.</summary>
    internal bool CanReuse => RetainForReuse || Settings.FirstAttentionStage == Settings.DropAfterLayers.Count;

    /// <summary>[capacity, hidden]: the input of the first attention drop, one row for each alive row of its stage.</summary>
    internal Tensor? StageHidden { get; private set; }

    /// <summary>Prompt rows alive in a stage, ascending; stage 0 is before any drop.</summary>
    public IReadOnlyList<int> Alive(int stage) => _alive[stage];

    /// <summary>Prompt rows alive in a layer (0-based): the rows of its cache, in order.</summary>
    public IReadOnlyList<int> AliveInLayer(int layer) => _alive[Settings.StageOfLayer(layer)];

    internal void Reset(Prompt prompt)
    {
        _read = prompt;
        _generated.Clear();
    }

    /// <summary>A generated token is alive in every stage: only visual tokens are ever dropped.</summary>
    internal void AppendGenerated(int id)
    {
        foreach (var alive in _alive) Add(alive, Length);
        Add(_generated, id);
    }

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

    /// <summary>Rows of a layer's cache that the last prefill found there.</summary>
    internal int ReusedInLayer(int layer) => LowerBound(_alive[Settings.StageOfLayer(layer)], ReusedRows);

    internal List<int> MutableAlive(int stage) => _alive[stage];

    /// <summary>Forgets all rows from one on, and everything that a row behind an attention drop depends on.</summary>
    internal void TruncateTo(int rows)
    {
        for (var stage = 0; stage < _alive.Length; stage++)
        {
            var alive = _alive[stage];
            var keep = stage <= Settings.FirstAttentionStage ? LowerBound(alive, rows) : 0;
            alive.RemoveRange(keep, alive.Count - keep);
        }

        for (var layer = 0; layer < Cache.Layers; layer++)
        {
            var length = _alive[Settings.StageOfLayer(layer)].Count;
            if (Cache.Length(layer) > length) Cache.Truncate(layer, length);
        }
    }

    /// <summary>Appends rows to <see cref="StageHidden"/> behind the first <paramref name="held"/>.</summary>
    internal void StoreStageHidden(Tensor hidden, int held)
    {
        var needed = held + hidden.size(0);
        using var scope = torch.NewDisposeScope();
        if (StageHidden is null || StageHidden.size(0) < needed)
        {
            var grown = torch.empty([needed + ReserveAhead, hidden.size(1)], hidden.dtype, hidden.device).DetachFromDisposeScope();
            if (held > 0) grown.narrow(0, 0, held).copy_(StageHidden!.narrow(0, 0, held));
            StageHidden?.Dispose();
            StageHidden = grown;
        }

        StageHidden.narrow(0, held, hidden.size(0)).copy_(hidden);
    }

    public void Dispose()
    {
        Cache.Dispose();
        StageHidden?.Dispose();
        StageHidden = null;
        _scratch?.Dispose();
        _scratch = null;
    }

    /// <summary>Makes room for <see cref="ReserveAhead"/> tokens at once, like the cache: no token in between allocates.</summary>
    private void Add(List<int> list, int value)
    {
        if (list.Count == list.Capacity) list.Capacity = list.Count + 1 + ReserveAhead;
        list.Add(value);
    }

    private static int LowerBound(List<int> ascending, int value)
    {
        var at = ascending.BinarySearch(value);
        return at >= 0 ? at : ~at;
    }
}
