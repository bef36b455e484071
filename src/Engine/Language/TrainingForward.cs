using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.Engine.Layers;
using Studio.Engine.Torch;
using F = Studio.Engine.Torch.torch.nn.functional;

namespace Studio.Engine.Language;

/// <summary>One sequence to learn from.</summary>
/// <param name="Prompt">Text and visual tokens; gradients flow into visual embeddings that ask for them.</param>
/// <param name="Labels">The token each row is trained to be, for every row; <see cref="TrainingForward.Ignored"/> where none is.</param>
public sealed record TrainingSample(Prompt Prompt, IReadOnlyList<int> Labels);

/// <summary>What became of one sample of a batch.</summary>
/// <param name="Hidden">[rows that are left, hidden]: the last layer's output, before the final norm.</param>
/// <param name="Labels">The labels of those rows.</param>
/// <param name="Drops">The drops that happened, in order.</param>
public sealed record TrainedRows(Tensor Hidden, IReadOnlyList<int> Labels, IReadOnlyList<DropRecord> Drops);

/// <param name="Loss">Scalar fp32: mean cross entropy over all supervised tokens of the batch.</param>
/// <param name="SupervisedTokens">How many those are.</param>
/// <param name="Samples">In the batch's order.</param>
public sealed record TrainingResult(Tensor Loss, int SupervisedTokens, IReadOnlyList<TrainedRows> Samples);

/// <summary>
/// The decoder under autograd: a batch in, its loss out, with the visual dropout of the original's training mode (spec 5.5).
/// Samples run one after another without padding, which gives the numbers of the original's right-padded batch: its
/// attention leaves padding out, and padding carries no label. Memory is that of all rows' activations; only supervised
/// rows meet the vocabulary.
/// </summary>
public sealed class TrainingForward : IDisposable
{
    /// <summary>The label of a row that is not trained on.</summary>
    public const int Ignored = -100;

    private readonly LanguageConfig _config;
    private readonly Device _device;
    private readonly ScalarType _dtype;
    private readonly DecoderLayer[] _layers;
    private readonly Tensor _embedding, _finalNorm;
    private readonly Linear _head;
    private readonly RotaryTable _rotary;
    private readonly double _scale;

    /// <param name="weights">Borrowed: must outlive this. Those that require gradients receive them.</param>
    /// <param name="dtype">The type of activations; weights of another type are converted in the graph.</param>
    public TrainingForward(LanguageConfig config, Weights weights, Device device, ScalarType dtype)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(weights);
        (_config, _device, _dtype) = (config, device, dtype);
        _embedding = weights.Get("model.embed_tokens.weight");
        _finalNorm = weights.Get("model.norm.weight");
        _head = new(weights.TryGet("lm_head.weight") ?? _embedding, null);
        _layers = [.. Enumerable.Range(0, config.Layers).Select(l => new DecoderLayer(weights, l))];
        _rotary = new(config.HeadDim, config.RopeTheta, device, config.RopeScaling);
        _scale = 1 / Math.Sqrt(config.HeadDim);
    }

    public void Dispose() => _rotary.Dispose();

    /// <summary>Runs a batch. The result's tensors belong to the caller's scope.</summary>
    /// <exception cref="ArgumentException">The batch is empty, has no supervised token, or labels do not fit their rows.</exception>
    /// <exception cref="OperationCanceledException">Checked before each layer of each sample.</exception>
    public TrainingResult Forward(IReadOnlyList<TrainingSample> batch, CompressionSettings settings, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentNullException.ThrowIfNull(settings);
        _ = settings.ValidateFor(_config.Layers);
        if (batch.Count == 0) throw new ArgumentException("the batch is empty");
        foreach (var sample in batch) Check(sample);

        using var scope = torch.NewDisposeScope();
        var running = batch.Select(sample => new Running(sample, Embed(sample.Prompt))).ToList();
        var stage = 0;
        for (var layer = 0; layer < _layers.Length; layer++)
        {
            if (stage < settings.DropAfterLayers.Count && settings.DropAfterLayers[stage] == layer)
            {
                var longest = running.Max(r => r.Labels.Count);
                foreach (var sample in running) Drop(sample, settings, stage, layer, isPadded: sample.Labels.Count < longest);
                stage++;
            }

            foreach (var sample in running)
            {
                ct.ThrowIfCancellationRequested();
                sample.Hidden = RunLayer(_layers[layer], sample.Hidden);
            }
        }

        var (loss, supervised) = Loss(running);
        foreach (var sample in running) _ = scope.MoveToOuter(sample.Hidden);
        return new(scope.MoveToOuter(loss), supervised, [.. running.Select(r => new TrainedRows(r.Hidden, r.Labels, r.Drops))]);
    }

    /// <summary>hidden [rows, hidden] before the final norm → fp32 [rows, vocabulary].</summary>
    public Tensor Logits(Tensor hidden)
    {
        using var scope = torch.NewDisposeScope();
        return _head.Forward(Norms.RmsNorm(hidden, _finalNorm, _config.RmsNormEps)).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    private void Check(TrainingSample sample)
    {
        if (sample.Prompt.Length == 0) throw new ArgumentException("a sample of the batch is empty");
        if (sample.Labels.Count != sample.Prompt.Length)
        {
            throw new ArgumentException($"{sample.Labels.Count} labels do not fit {sample.Prompt.Length} rows; give one a row, {Ignored} for visual tokens");
        }

        foreach (var label in sample.Labels)
        {
            if (label == Ignored || (label >= 0 && label < _config.VocabularySize)) continue;
            throw new ArgumentException($"label {label} is outside the vocabulary of {_config.VocabularySize}; use {Ignored} for rows that are not trained on");
        }
    }

    private Tensor Embed(Prompt prompt)
    {
        using var scope = torch.NewDisposeScope();
        var parts = new List<Tensor>(); // bounded by the prompt's parts
        foreach (var part in prompt.Parts)
        {
            parts.Add(part switch
            {
                PromptPart.Text text => _embedding.index_select(0, Index(text.Ids)).to(_dtype),
                PromptPart.Visual visual => visual.Embeddings.to(_device, _dtype),
                _ => throw new InvalidOperationException("unknown prompt part"),
            });
        }

        return torch.cat([.. parts]).MoveToOuterDisposeScope();
    }

    /// <exception cref="ArgumentException">An id outside the vocabulary.</exception>
    private Tensor Index(IReadOnlyList<int> ids)
    {
        var index = new long[ids.Count];
        for (var i = 0; i < index.Length; i++)
        {
            index[i] = ids[i] >= 0 && ids[i] < _config.VocabularySize ? ids[i]
                : throw new ArgumentException($"token id {ids[i]} is outside the vocabulary of {_config.VocabularySize}");
        }

        return torch.tensor(index).to(_device);
    }

    // ----------------------------------------------------------------------------------------------- a layer

    private Tensor RunLayer(DecoderLayer layer, Tensor hidden)
    {
        using var scope = torch.NewDisposeScope();
        var normed = Norms.RmsNorm(hidden, layer.InputNorm, _config.RmsNormEps);
        var q = Heads(layer.Query, normed, _config.Heads, rotate: true).transpose(0, 1);
        var k = Heads(layer.Key, normed, _config.KeyValueHeads, rotate: true).transpose(0, 1);
        var v = Heads(layer.Value, normed, _config.KeyValueHeads, rotate: false).transpose(0, 1);
        hidden += layer.Output.Forward(Attention.Causal(q, k, v, 0, _scale));
        hidden += layer.Mlp(Norms.RmsNorm(hidden, layer.PostAttentionNorm, _config.RmsNormEps), decoding: false);
        return hidden.MoveToOuterDisposeScope();
    }

    /// <summary>[rows, heads, head_dim], row i at position i: positions restart after every drop.</summary>
    private Tensor Heads(Linear projection, Tensor normed, int heads, bool rotate)
    {
        var rows = normed.size(0);
        _rotary.Ensure(rows);
        var x = projection.Forward(normed).view(rows, heads, _config.HeadDim);
        return rotate ? Activations.Rotate(x, _rotary.Cos.narrow(0, 0, rows), _rotary.Sin.narrow(0, 0, rows)) : x;
    }

    // ------------------------------------------------------------------------------------------------ a drop

    /// <summary>Gathering rows carries gradients, choosing them does not.</summary>
    private void Drop(Running sample, CompressionSettings settings, int stage, int layer, bool isPadded)
    {
        var visual = sample.VisualRows();
        var byAttention = settings.RanksByAttention(stage);
        float[] scores = [];
        if (byAttention)
        {
            var queries = Queries(sample.Labels, isPadded);
            if (visual.Count == 0 || queries.Count == 0) return;
            scores = Score(_layers[layer], sample.Hidden, queries, visual);
        }

        int Alive(int length) => settings.Alive(length, stage + 1);
        HashSet<int> kept = byAttention
            ? [.. TokenSelection.TopK(scores, Math.Min(visual.Count, sample.Prompt.Spans.Sum(s => Alive(s.Length)))).Select(i => visual[i])]
            : [.. sample.VisualRowsBySpan().SelectMany(span => TokenSelection.Uniform(span.Rows.Count, Alive(span.Length)).Select(i => span.Rows[i]))];
        kept.UnionWith(Enumerable.Range(0, sample.Labels.Count).Except(visual));
        sample.Keep([.. kept.Order()], _device);
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
        var normed = Norms.RmsNorm(hidden, layer.InputNorm, _config.RmsNormEps);
        var q = Heads(layer.Query, normed, _config.Heads, rotate: true);
        var k = Heads(layer.Key, normed, _config.KeyValueHeads, rotate: true).transpose(0, 1);
        var sums = new double[visual.Count];
        foreach (var query in queries)
        {
            using var one = torch.NewDisposeScope();
            var row = query is { } i ? q.select(0, i) : Heads(layer.Query, torch.zeros([1, _config.HiddenSize], _dtype, _device), _config.Heads, rotate: true).squeeze(0);
            var visible = (query ?? (int)k.size(1) - 1) + 1;
            var shares = Attention.RowShares(row, k.narrow(1, 0, visible), _scale);
            for (var at = 0; at < sums.Length && visual[at] < visible; at++) sums[at] += shares[visual[at]];
        }

        return Array.ConvertAll(sums, sum => (float)(sum / queries.Count));
    }

    // -------------------------------------------------------------------------------------------------- loss

    /// <summary>Row i is scored against the label of row i + 1, as the rows stand after all drops.</summary>
    private (Tensor Loss, int Supervised) Loss(List<Running> samples)
    {
        using var scope = torch.NewDisposeScope();
        var rows = new List<Tensor>(); // bounded by the batch
        var targets = new List<long>();
        foreach (var sample in samples)
        {
            var scored = Enumerable.Range(1, sample.Labels.Count - 1).Where(i => sample.Labels[i] != Ignored).ToList();
            if (scored.Count == 0) continue;
            rows.Add(sample.Hidden.index_select(0, torch.tensor(scored.Select(i => i - 1L).ToArray()).to(_device)));
            targets.AddRange(scored.Select(i => (long)sample.Labels[i]));
        }

        if (targets.Count == 0) throw new ArgumentException("no row of the batch is supervised; a sample needs a label behind its first row");
        var loss = F.cross_entropy(Logits(torch.cat([.. rows])), torch.tensor(targets.ToArray()).to(_device), Ignored);
        return (loss.MoveToOuterDisposeScope(), targets.Count);
    }

    /// <summary>A sample on its way through the layers.</summary>
    private sealed class Running(TrainingSample sample, Tensor hidden)
    {
        public Prompt Prompt { get; } = sample.Prompt;

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
