using Studio.Engine.Compression;
using Studio.Engine.Torch;

namespace Studio.Engine.Language;

/// <summary>
/// A sequence under visual dropout: besides the cache, which prompt rows are alive in each stage, and, where a drop depends on
/// the question, the hidden states that every later question starts again from.
/// </summary>
/// <remarks>
/// What a second question may reuse exactly: layers before the first attention drop never see the question in a row that
/// stands before it (causal attention, uniform drops), so their cache rows of the common prefix stay. The rows handed to
/// that drop stay too (<see cref="StageHidden"/>); everything behind it is computed again.
/// </remarks>
public sealed class SequenceState : DecoderSequence
{
    private readonly List<int>[] _alive;

    internal SequenceState(KvCache cache, VisualDropout settings)
        : base(cache)
    {
        Settings = settings;
        _alive = new List<int>[settings.DropAfterLayers.Count + 1];
        for (var s = 0; s < _alive.Length; s++) _alive[s] = [];
    }

    public VisualDropout Settings { get; }

    public override CompressionSettings Compression => Settings;

    /// <summary>Whether to keep what a further question reuses behind uniform stages; costs one hidden state a row.</summary>
    public bool RetainForReuse { get; init; } = true;

    internal override bool CanReuse => RetainForReuse || Settings.FirstAttentionStage == Settings.DropAfterLayers.Count;

    /// <summary>[capacity, hidden]: the input of the first attention drop, one row for each alive row of its stage.</summary>
    internal Tensor? StageHidden { get; private set; }

    /// <summary>Prompt rows alive in a stage, ascending; stage 0 is before any drop.</summary>
    public IReadOnlyList<int> Alive(int stage) => _alive[stage];

    /// <summary>Prompt rows alive in a layer (0-based): the rows of its cache, in order.</summary>
    public IReadOnlyList<int> AliveInLayer(int layer) => _alive[Settings.StageOfLayer(layer)];

    internal override IReadOnlyList<int> CachedRows(int layer, int count) => AliveInLayer(layer) is var alive && alive.Count == count ? alive : [.. alive.Take(count)];

    /// <summary>Rows of a layer's cache that the last prefill found there.</summary>
    internal int ReusedInLayer(int layer) => LowerBound(_alive[Settings.StageOfLayer(layer)], ReusedRows);

    internal List<int> MutableAlive(int stage) => _alive[stage];

    /// <summary>A generated token is alive in every stage: only visual tokens are ever dropped.</summary>
    private protected override void OnGenerated(int row)
    {
        foreach (var alive in _alive) Add(alive, row);
    }

    /// <summary>Rows behind an attention drop depend on the whole prompt: none of them stays.</summary>
    internal override void TruncateTo(int rows)
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

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        StageHidden?.Dispose();
        StageHidden = null;
    }

    private static int LowerBound(List<int> ascending, int value)
    {
        var at = ascending.BinarySearch(value);
        return at >= 0 ? at : ~at;
    }
}
