using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.Engine.Layers;
using Studio.Engine.Torch;

namespace Studio.Engine.Language;

/// <summary>
/// <see cref="VstDecoder"/> under autograd (video-xl.md 3.11): the same windows, and every row of text scored. Nothing is
/// detached: gradients flow from the answer through the summary tokens' keys and values into every window before it, so memory
/// grows with the whole video, unless layers are computed anew in the backward pass. Summary tokens have no label; the last visual token of a span is scored against the text behind it.
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
    /// <param name="checkpointing">Keep of each window and layer only what goes in: the same bits for about a third more work.</param>
    public VstTrainingForward(LanguageConfig config, VstConfig vst, Weights weights, Device device, ScalarType dtype, bool checkpointing = false)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(weights);
        (_vst, _embedding) = (vst, weights.Get(TensorLayout.VstEmbedding));
        _own = [.. Enumerable.Range(0, config.Layers).Select(l => new VstLayer(weights, l))];
        (_core, _checkpointing) = (new(config, weights, device, dtype), checkpointing);
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
        var settings = VstCompression.Of(compression, _vst);
        if (batch.Count == 0) throw new ArgumentException("the batch is empty");
        foreach (var sample in batch) _core.Check(sample);

        using var scope = torch.NewDisposeScope();
        var rows = batch.Select(sample => Read(sample.Prompt, settings, ct)).ToList();
        var (loss, supervised) = _core.Loss(rows.Zip(batch, (hidden, sample) => (hidden, sample.Labels)));
        foreach (var hidden in rows) _ = scope.MoveToOuter(hidden);
        return new(scope.MoveToOuter(loss), supervised, [.. rows.Zip(batch, (hidden, sample) => new TrainedRows(hidden, sample.Labels, []))]);
    }

    /// <summary>[prompt rows, hidden]: every row's output in the prompt's order.</summary>
    private Tensor Read(Prompt prompt, VstCompression settings, CancellationToken ct)
    {
        using var scope = torch.NewDisposeScope();
        var memory = new Memory[_core.Config.Layers];
        var outputs = new List<Tensor>(); // bounded by the prompt's windows
        foreach (var part in prompt.Parts)
        {
            var embedded = _core.Embed(part);
            var windows = part is not PromptPart.Visual visual ? [new(0, part.Length, 0)]
                : settings.RuleFor(_vst).Cut(new(visual.Length, visual.Tokens.TokensPerFrame, visual.Tokens.HasSimilarity ? () => visual.Tokens.Similarity(ct) : null), _vst.Window);
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
            var (number, held) = (index, memory[index]);
            Tensor[] Run(Tensor[] inputs) => RunLayer(number, window, inputs[0], held with { Keys = inputs.ElementAtOrDefault(1), Values = inputs.ElementAtOrDefault(2) });
            Tensor[] given = held.Keys is null ? [hidden] : [hidden, held.Keys, held.Values!];
            var results = _checkpointing ? torch.utils.checkpoint(Run, given, [.. _core.Layer(index).Tensors, .. _own[index].Tensors]) : Run(given);
            hidden = results[0];
            if (results.Length > 1) memory[index] = held.Append(results[1], results[2], window.Ratio == 0 ? window.Length : window.Vsts);
        }

        return hidden;
    }

    /// <summary>One layer over the rows of one window. Captures no tensor: a backward pass may run it again when scopes are gone.</summary>
    /// <returns>The rows' outputs, and the keys and values that stay, where any do.</returns>
    private Tensor[] RunLayer(int index, VstWindow window, Tensor hidden, Memory held)
    {
        var (layer, summary) = (_core.Layer(index), _own[index]);
        var normed = Norms.RmsNorm(hidden, layer.InputNorm, _core.Config.RmsNormEps);
        var (ofRaw, ofOwn) = window.Vsts == 0 ? (normed, null) : (normed.index_select(0, Raw(window)), normed.index_select(0, Own(window)));
        Tensor Project(Linear ordinary, Linear extra, out Tensor? kept)
        {
            var product = ordinary.Forward(ofRaw);
            kept = ofOwn is null ? null : extra.Forward(ofOwn);
            return kept is null ? product : Merge(window, product, kept);
        }

        var q = _core.Rotate(Project(layer.Query, summary.Query, out _), _core.Config.Heads, held.Rows).transpose(0, 1);
        var k = _core.Rotate(Project(layer.Key, summary.Key, out var ownKeys), _core.Config.KeyValueHeads, held.Rows).transpose(0, 1);
        var v = Heads(Project(layer.Value, summary.Value, out var ownValues));
        var output = _core.Attend(layer, hidden, q, Memory.With(held.Keys, k), Memory.With(held.Values, v), held.Rows);
        return window.Ratio == 0 ? [output, k, v]
            : ownKeys is null ? [output] // too short for a summary token: nothing stays
            : [output, _core.Rotate(ownKeys, _core.Config.KeyValueHeads, held.Rows).transpose(0, 1), Heads(ownValues!)];
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
        public static Tensor With(Tensor? held, Tensor more) => held is null ? more : torch.cat([held, more], 1);

        public Memory Append(Tensor keys, Tensor values, int rows) => new(With(Keys, keys), With(Values, values), Rows + rows);
    }
}
