using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.Engine.Layers;
using Studio.Engine.Torch;

namespace Studio.Engine.Language;

/// <summary>
/// The decoder under autograd: a batch in, its loss out, with the visual dropout of the original's training mode (spec 5.5).
/// Samples run one after another without padding, which gives the numbers of the original's right-padded batch: its
/// attention leaves padding out, and padding carries no label. Memory is that of all rows' activations, or with checkpointing of
/// one sample's in one layer and the layers' inputs; only supervised rows meet the vocabulary.
/// </summary>
public sealed class TrainingForward : IDisposable
{
    /// <summary>The label of a row that is not trained on.</summary>
    public const int Ignored = -100;

    private readonly TrainingCore _core;
    private readonly bool _checkpointing;

    /// <param name="weights">Borrowed: must outlive this. Those that require gradients receive them.</param>
    /// <param name="dtype">The type of activations; weights of another type are converted in the graph.</param>
    /// <param name="checkpointing">Compute each layer anew in the backward pass instead of keeping its activations: the same bits for about a third more work.</param>
    public TrainingForward(LanguageConfig config, Weights weights, Device device, ScalarType dtype, bool checkpointing = false) =>
        (_core, _checkpointing) = (new(config, weights, device, dtype), checkpointing);

    public void Dispose() => _core.Dispose();

    /// <summary>Runs a batch. The result's tensors belong to the caller's scope.</summary>
    /// <exception cref="ArgumentException">The batch is empty, has no supervised token, or labels do not fit their rows.</exception>
    /// <exception cref="OperationCanceledException">Checked before each layer of each sample.</exception>
    public TrainingResult Forward(IReadOnlyList<TrainingSample> batch, CompressionSettings compression, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var settings = VisualDropout.Of(compression, Config.Layers);
        if (batch.Count == 0) throw new ArgumentException("the batch is empty");
        foreach (var sample in batch) _core.Check(sample);

        using var scope = torch.NewDisposeScope();
        var running = batch.Select(sample => new Running(sample, Embed(sample.Prompt))).ToList();
        var stage = 0;
        for (var layer = 0; layer < Config.Layers; layer++)
        {
            if (stage < settings.DropAfterLayers.Count && settings.DropAfterLayers[stage] == layer)
            {
                var longest = running.Max(r => r.Labels.Count);
                foreach (var sample in running.Where(r => !r.KeepsAll)) Drop(sample, settings, stage, layer, isPadded: sample.Labels.Count < longest);
                stage++;
            }

            foreach (var sample in running)
            {
                ct.ThrowIfCancellationRequested();
                var weights = _core.Layer(layer);
                sample.Hidden = _checkpointing
                    ? torch.utils.checkpoint(inputs => [RunLayer(weights, inputs[0])], [sample.Hidden], weights.Tensors)[0]
                    : RunLayer(weights, sample.Hidden);
            }
        }

        var (loss, supervised) = _core.Loss(running.Select(r => (r.Hidden, r.Labels)));
        foreach (var sample in running) _ = scope.MoveToOuter(sample.Hidden);
        return new(scope.MoveToOuter(loss), supervised, [.. running.Select(r => new TrainedRows(r.Hidden, r.Labels, r.Drops))]);
    }

    /// <inheritdoc cref="TrainingCore.Logits"/>
    public Tensor Logits(Tensor hidden) => _core.Logits(hidden);

    private LanguageConfig Config => _core.Config;

    private Tensor Embed(Prompt prompt)
    {
        using var scope = torch.NewDisposeScope();
        return torch.cat([.. prompt.Parts.Select(_core.Embed)]).MoveToOuterDisposeScope();
    }

    // ----------------------------------------------------------------------------------------------- a layer

    private Tensor RunLayer(DecoderLayer layer, Tensor hidden)
    {
        using var scope = torch.NewDisposeScope();
        var normed = Norms.RmsNorm(hidden, layer.InputNorm, Config.RmsNormEps);
        var q = Heads(layer.Query, normed, Config.Heads, rotate: true).transpose(0, 1);
        var k = Heads(layer.Key, normed, Config.KeyValueHeads, rotate: true).transpose(0, 1);
        var v = Heads(layer.Value, normed, Config.KeyValueHeads, rotate: false).transpose(0, 1);
        return _core.Attend(layer, hidden, q, k, v, 0).MoveToOuterDisposeScope();
    }

    /// <summary>[rows, heads, head_dim], row i at position i: positions restart after every drop.</summary>
    private Tensor Heads(Linear projection, Tensor normed, int heads, bool rotate)
    {
        var x = projection.Forward(normed);
        return rotate ? _core.Rotate(x, heads, 0) : x.view(normed.size(0), heads, Config.HeadDim);
    }

    // ------------------------------------------------------------------------------------------------ a drop

    /// <summary>Gathering rows carries gradients, choosing them does not.</summary>
    private void Drop(Running sample, VisualDropout settings, int stage, int layer, bool isPadded)
    {
        var visual = sample.VisualRows();
        var byAttention = settings.RanksByAttention(stage);
        float[] scores = [];
        if (byAttention)
        {
            var queries = Queries(sample.Labels, isPadded);
            if (visual.Count == 0 || queries.Count == 0) return;
            scores = Score(_core.Layer(layer), sample.Hidden, queries, visual);
        }

        int Alive(int length) => settings.Alive(length, stage + 1);
        HashSet<int> kept = byAttention
            ? [.. TokenSelection.TopK(scores, Math.Min(visual.Count, sample.Prompt.Spans.Sum(s => Alive(s.Length)))).Select(i => visual[i])]
            : [.. sample.VisualRowsBySpan().SelectMany(span => TokenSelection.Uniform(span.Rows.Count, Alive(span.Length)).Select(i => span.Rows[i]))];
        kept.UnionWith(Enumerable.Range(0, sample.Labels.Count).Except(visual));
        sample.Keep([.. kept.Order()], _core.Device);
        sample.Drops.Add(new(stage, layer, byAttention, sample.LastKept, [.. sample.Rows], scores));
    }

    /// <summary>
    /// The rows that ask for visual tokens in training: each row right before a supervised stretch. The original looks at the
    /// label before the first row, too, which in its language is the last of the padded batch: a supervised first row makes
    /// the batch's last row a query if that one has no label. That is this sample's own last row, or padding (null). The
    /// reference numbers hold with and without that row; it is kept because the original trains with it.
    /// </summary>
    internal static IReadOnlyList<int?> Queries(IReadOnlyList<int> labels, bool isPadded)
    {
        var queries = new List<int?>(); // bounded by the labels
        for (var i = 0; i < labels.Count; i++)
        {
            if (labels[i] == Ignored) continue;
            if (i > 0 && labels[i - 1] == Ignored) queries.Add(i - 1);
            else if (i == 0 && isPadded) queries.Add(null);
            else if (i == 0 && labels[^1] == Ignored) queries.Add(labels.Count - 1);
        }

        return queries;
    }

    /// <summary>
    /// Ranks visual rows for the drop before a layer: that layer's own norm, queries and keys at the rows' current positions;
    /// each query's causal softmax, averaged over heads and then over queries, in fp32. A padding row's hidden state is zero
    /// (it attends to nothing and neither projection of the residual has a bias), so its query is the bias alone, at
    /// position 0, over all rows of the sample.
    /// </summary>
    private float[] Score(DecoderLayer layer, Tensor hidden, IReadOnlyList<int?> queries, IReadOnlyList<int> visual)
    {
        using var constant = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var normed = Norms.RmsNorm(hidden, layer.InputNorm, Config.RmsNormEps);
        var q = Heads(layer.Query, normed, Config.Heads, rotate: true);
        var k = Heads(layer.Key, normed, Config.KeyValueHeads, rotate: true).transpose(0, 1);
        var sums = new double[visual.Count];
        foreach (var query in queries)
        {
            using var one = torch.NewDisposeScope();
            var row = query is { } i ? q.select(0, i) : Heads(layer.Query, torch.zeros([1, Config.HiddenSize], _core.Dtype, _core.Device), Config.Heads, rotate: true).squeeze(0);
            var visible = (query ?? (int)k.size(1) - 1) + 1;
            var shares = Attention.RowShares(row, k.narrow(1, 0, visible), _core.Scale);
            for (var at = 0; at < sums.Length && visual[at] < visible; at++) sums[at] += shares[visual[at]];
        }

        return Array.ConvertAll(sums, sum => (float)(sum / queries.Count));
    }

    /// <summary>A sample on its way through the layers.</summary>
    private sealed class Running(TrainingSample sample, Tensor hidden)
    {
        public Prompt Prompt { get; } = sample.Prompt;

        public bool KeepsAll { get; } = sample.KeepsAll;

        public Tensor Hidden { get; set; } = hidden;

        public IReadOnlyList<int> Labels { get; private set; } = sample.Labels;

        /// <summary>Prompt row of each row alive, ascending.</summary>
        public IReadOnlyList<int> Rows { get; private set; } = [.. Enumerable.Range(0, sample.Labels.Count)];

        public IReadOnlyList<int> LastKept { get; private set; } = [];

        public List<DropRecord> Drops { get; } = []; // bounded by the stages

        /// <summary>Indices of rows alive that are visual, ascending.</summary>
        public IReadOnlyList<int> VisualRows() => [.. VisualRowsBySpan().SelectMany(s => s.Rows)];

        /// <summary>Each span: its tokens before any drop, and the indices of those alive.</summary>
        public IEnumerable<(int Length, IReadOnlyList<int> Rows)> VisualRowsBySpan()
        {
            foreach (var span in Prompt.Spans)
            {
                yield return (span.Length, [.. Enumerable.Range(0, Rows.Count).Where(i => Rows[i] >= span.Start && Rows[i] < span.Start + span.Length)]);
            }
        }

        public void Keep(IReadOnlyList<int> kept, Device device)
        {
            Hidden = Hidden.index_select(0, torch.tensor(kept.Select(i => (long)i).ToArray()).to(device));
            Labels = [.. kept.Select(i => Labels[i])];
            Rows = [.. kept.Select(i => Rows[i])];
            LastKept = kept;
        }
    }
}
