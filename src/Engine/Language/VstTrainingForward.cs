using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.Engine.Layers;
using Studio.Engine.Torch;

namespace Studio.Engine.Language;

/// <summary>
/// <see cref="VstDecoder"/> under autograd (video-xl.md 3.11): the same windows, and every row of text scored. Nothing is
/// detached: gradients flow from the answer through the summary tokens' keys and values into every window before it, so memory
/// grows with the whole video: by every activation, or with checkpointing by each layer's input and memory. Summary tokens have no label; the last visual token of a span is scored against the text behind it.
/// </summary>
public sealed class VstTrainingForward : IDisposable
{
    private readonly TrainingCore _core;
    private readonly VstConfig _vst;
    private readonly VstLayer[] _own;
    private readonly Tensor _embedding;
    private readonly bool _checkpointing;

    /// <param name="weights">Borrowed: must outlive this. Those that require gradients receive them.</param>
    /// <param name="dtype">The type of activations; weights of another type are converted in the graph.</param>
    /// <param name="checkpointing">Compute each layer of each window anew in the backward pass: the same bits for about a third more work.</param>
    public VstTrainingForward(LanguageConfig config, VstConfig vst, Weights weights, Device device, ScalarType dtype, bool checkpointing = false)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(weights);
        (_vst, _embedding, _checkpointing) = (vst, weights.Get(TensorLayout.VstEmbedding), checkpointing);
        _own = [.. Enumerable.Range(0, config.Layers).Select(l => new VstLayer(weights, l))];
        _core = new(config, weights, device, dtype);
    }

    public void Dispose() => _core.Dispose();

    /// <inheritdoc cref="TrainingCore.Logits"/>
    public Tensor Logits(Tensor hidden) => _core.Logits(hidden);

    /// <summary>Runs a batch, sample after sample. The result's tensors belong to the caller's scope.</summary>
    /// <returns>For each sample the outputs of all its rows but summary tokens.</returns>
    /// <exception cref="ArgumentException">The batch is empty, has no supervised token, or labels do not fit their rows.</exception>
    /// <exception cref="OperationCanceledException">Checked before each layer of each window.</exception>
    public TrainingResult Forward(IReadOnlyList<TrainingSample> batch, CompressionSettings compression, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var rule = VstCompression.Of(compression, _vst).RuleFor(_vst);
        return Forward(batch, [.. batch.Select(_ => rule)], ct);
    }

    /// <summary>The same, each sample's visual tokens cut by a rule of its own.</summary>
    /// <inheritdoc cref="Forward(IReadOnlyList{TrainingSample}, CompressionSettings, CancellationToken)"/>
    public TrainingResult Forward(IReadOnlyList<TrainingSample> batch, IReadOnlyList<IWindowRule> rules, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentNullException.ThrowIfNull(rules);
        if (batch.Count == 0) throw new ArgumentException("the batch is empty");
        if (rules.Count != batch.Count) throw new ArgumentException($"{rules.Count} rules do not fit {batch.Count} samples; give one a sample");
        foreach (var sample in batch) _core.Check(sample);

        using var scope = torch.NewDisposeScope();
        var rows = batch.Zip(rules, (sample, rule) => Read(sample.Prompt, rule, ct)).ToList();
        var (loss, supervised) = _core.Loss(rows.Zip(batch, (hidden, sample) => (hidden, sample.Labels)));
        foreach (var hidden in rows) _ = scope.MoveToOuter(hidden);
        return new(scope.MoveToOuter(loss), supervised, [.. rows.Zip(batch, (hidden, sample) => new TrainedRows(hidden, sample.Labels, []))]);
    }

    /// <summary>[prompt rows, hidden]: every row's output in the prompt's order.</summary>
    private Tensor Read(Prompt prompt, IWindowRule rule, CancellationToken ct)
    {
        using var scope = torch.NewDisposeScope();
        var memory = new Memory[_core.Config.Layers];
        var outputs = new List<Tensor>(); // bounded by the prompt's windows
        foreach (var part in prompt.Parts)
        {
            var embedded = _core.Embed(part);
            var windows = part is not PromptPart.Visual visual ? [new(0, part.Length, 0)]
                : rule.Cut(new(visual.Length, visual.Tokens.TokensPerFrame, visual.Tokens.HasSimilarity ? () => visual.Tokens.Similarity(ct) : null), _vst.Window);
            foreach (var window in windows)
            {
                var hidden = Window(memory, window, embedded.narrow(0, window.Start, window.Length), ct);
                outputs.Add(window.Vsts == 0 ? hidden : hidden.index_select(0, Raw(window)));
            }
        }

        return torch.cat([.. outputs]).MoveToOuterDisposeScope();
    }

    private Tensor Raw(VstWindow window) => _core.Rows(Enumerable.Range(0, window.Length).Select(window.RowOfToken));

    private Tensor Own(VstWindow window) => _core.Rows(Enumerable.Range(0, window.Vsts).Select(window.RowOfVst));

    /// <summary>All layers over the rows of one window, or of one text, which is a window that keeps everything.</summary>
    private Tensor Window(Memory[] memory, VstWindow window, Tensor embedded, CancellationToken ct)
    {
        var hidden = window.Vsts == 0 ? embedded : Merge(window, embedded, _embedding.to(_core.Dtype).expand(window.Vsts, _core.Config.HiddenSize));
        for (var index = 0; index < _core.Config.Layers; index++)
        {
            ct.ThrowIfCancellationRequested();
            var (layer, summary, held) = (_core.Layer(index), _own[index], memory[index]);
            Tensor[] Run(Tensor[] inputs) => RunLayer(layer, summary, window, inputs, held.Rows);
            Tensor[] inputs = held.Keys is null ? [hidden] : [hidden, held.Keys, held.Values!];
            var outputs = _checkpointing ? torch.utils.checkpoint(Run, inputs, layer.Tensors.Concat(summary.Tensors)) : Run(inputs);
            hidden = outputs[0];
            if (outputs.Length > 1) memory[index] = held.Append(outputs[1], outputs[2], window.Kept); // else too short for a summary token: nothing stays
        }

        return hidden;
    }

    /// <param name="inputs">Rows [rows, hidden]; where there is memory, its keys and values.</param>
    /// <returns>Rows, and the keys and values that stay of them, if any. Makes its own indices: it may run again when others are gone.</returns>
    private Tensor[] RunLayer(DecoderLayer layer, VstLayer summary, VstWindow window, Tensor[] inputs, int held)
    {
        using var scope = torch.NewDisposeScope();
        var normed = Norms.RmsNorm(inputs[0], layer.InputNorm, _core.Config.RmsNormEps);
        var (ofRaw, ofOwn) = window.Vsts == 0 ? (normed, null) : (normed.index_select(0, Raw(window)), normed.index_select(0, Own(window)));
        Tensor Project(Linear ordinary, Linear extra, out Tensor? kept)
        {
            var product = ordinary.Forward(ofRaw);
            kept = ofOwn is null ? null : extra.Forward(ofOwn);
            return kept is null ? product : Merge(window, product, kept);
        }

        Tensor With(int input, Tensor more) => inputs.Length == 1 ? more : torch.cat([inputs[input], more], 1);
        var q = _core.Rotate(Project(layer.Query, summary.Query, out _), _core.Config.Heads, held).transpose(0, 1);
        var k = _core.Rotate(Project(layer.Key, summary.Key, out var ownKeys), _core.Config.KeyValueHeads, held).transpose(0, 1);
        var v = Heads(Project(layer.Value, summary.Value, out var ownValues));
        var hidden = scope.MoveToOuter(_core.Attend(layer, inputs[0], q, With(1, k), With(2, v), held));
        return window.Ratio == 0 ? [hidden, scope.MoveToOuter(k), scope.MoveToOuter(v)]
            : ownKeys is null ? [hidden]
            : [hidden, scope.MoveToOuter(_core.Rotate(ownKeys, _core.Config.KeyValueHeads, held).transpose(0, 1)), scope.MoveToOuter(Heads(ownValues!))];
    }

    private Tensor Heads(Tensor x) => x.view(x.size(0), _core.Config.KeyValueHeads, _core.Config.HeadDim).transpose(0, 1);

    /// <summary>Rows of both kinds in their places, as a gather, which carries gradients.</summary>
    private Tensor Merge(VstWindow window, Tensor ofRaw, Tensor ofOwn)
    {
        var order = new int[window.Rows];
        for (var t = 0; t < window.Length; t++) order[window.RowOfToken(t)] = t;
        for (var m = 0; m < window.Vsts; m++) order[window.RowOfVst(m)] = window.Length + m;
        return torch.cat([ofRaw, ofOwn]).index_select(0, _core.Rows(order));
    }

    /// <summary>Rotated keys and values of a layer, [kv_heads, rows, head_dim]; nothing at first.</summary>
    private readonly record struct Memory(Tensor? Keys, Tensor? Values, int Rows)
    {
        public Memory Append(Tensor keys, Tensor values, int rows) =>
            Keys is null ? new(keys, values, rows) : new(torch.cat([Keys, keys], 1), torch.cat([Values!, values], 1), Rows + rows);
    }
}
