using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.Engine.Layers;
using Studio.Engine.Torch;

namespace Studio.Engine.Language;

/// <summary>
/// The Qwen2 decoder with progressive visual dropout (videochat-flash.md section 5). A prompt is read layer by layer, so that
/// weights are read once a layer and memory is the hidden states of the prompt, the cache, and the scratch of one chunk; only
/// the last row meets the vocabulary. A drop renumbers by itself, because the layers behind it see only the rows that stayed.
/// </summary>
public sealed class Qwen2Decoder : IDisposable
{
    private readonly DecoderCore _core;

    /// <param name="weights">Borrowed: must outlive the decoder. Stored in any float type.</param>
    /// <param name="dtype">The type of activations and cache; fp32 is the reference.</param>
    public Qwen2Decoder(LanguageConfig config, Weights weights, Device device, ScalarType dtype) => _core = new(config, weights, device, dtype);

    public LanguageConfig Config => _core.Config;

    public Device Device => _core.Device;

    public ScalarType Dtype => _core.Dtype;

    /// <inheritdoc cref="DecoderCore.WeightBytes"/>
    public long WeightBytes => _core.WeightBytes;

    public void Dispose() => _core.Dispose();

    /// <summary>An empty sequence for prompts under one compression setting.</summary>
    /// <exception cref="ArgumentException">The settings are another system's, or do not fit the decoder's depth.</exception>
    public SequenceState NewSequence(CompressionSettings settings) => new(_core.NewCache(), VisualDropout.Of(settings, Config.Layers));

    /// <inheritdoc cref="DecoderCore.Embed"/>
    public Tensor Embed(IReadOnlyList<int> ids) => _core.Embed(ids);

    /// <inheritdoc cref="DecoderCore.Decode"/>
    public Tensor Decode(SequenceState state, int id) => _core.Decode(state, id);

    /// <inheritdoc cref="DecoderCore.DecodeRow"/>
    public Span<float> DecodeRow(SequenceState state, int id) => _core.DecodeRow(state, id);

    /// <inheritdoc cref="DecoderCore.DecodeGeneral"/>
    internal Tensor DecodeGeneral(SequenceState state, int id) => _core.DecodeGeneral(state, id);

    /// <summary>
    /// Reads a prompt into a sequence, re-using what it shares with the sequence's former one, and returns the logits
    /// behind its last row: fp32 [vocabulary], on the CPU, owned by the caller's scope.
    /// </summary>
    /// <exception cref="OperationCanceledException">Checked before each chunk; the sequence then holds no rows.</exception>
    public Tensor Prefill(SequenceState state, Prompt prompt, IDecoderObserver? observer = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(prompt);
        if (prompt.Length == 0) throw new ArgumentException("the prompt is empty");
        using var mode = torch.inference_mode();
        using var scope = torch.NewDisposeScope();
        var common = state.Begin(prompt);
        try
        {
            var logits = Run(state, prompt, common, observer, ct);
            state.Finish(prompt);
            return logits.MoveToOuterDisposeScope();
        }
        catch
        {
            state.TruncateTo(0);
            throw;
        }
    }

    private Tensor Run(SequenceState state, Prompt prompt, int common, IDecoderObserver? observer, CancellationToken ct)
    {
        var settings = state.Settings;
        var rows = Enumerable.Range(common, prompt.Length - common).ToList();
        var hidden = EmbedFrom(prompt, common, ct);
        state.MutableAlive(0).AddRange(rows);
        for (var layer = 0; layer < Config.Layers; layer++)
        {
            var stage = StageBefore(settings, layer);
            if (stage >= 0) (hidden, rows) = Drop(state, prompt, stage, layer, hidden, rows, observer, ct);
            var lastRowOnly = layer == Config.Layers - 1 && observer?.WantsEveryOutput != true;
            _core.RunLayer(layer, hidden, state, decoding: false, lastRowOnly ? LayerOutput.LastRow : LayerOutput.Every, observer, ct: ct);
            observer?.OnLayer(layer, hidden, rows);
        }

        return _core.Logits(hidden.narrow(0, rows.Count - 1, 1));
    }

    /// <summary>The drop (0-based) that happens right before a layer (0-based), or -1.</summary>
    private static int StageBefore(VisualDropout settings, int layer)
    {
        for (var s = 0; s < settings.DropAfterLayers.Count; s++)
        {
            if (settings.DropAfterLayers[s] == layer) return s;
        }

        return -1;
    }

    /// <summary>The new rows' inputs: [rows, hidden], a fresh tensor that layers may write into.</summary>
    private Tensor EmbedFrom(Prompt prompt, int from, CancellationToken ct)
    {
        var hidden = torch.empty([prompt.Length - from, Config.HiddenSize], Dtype, Device);
        var at = 0;
        foreach (var part in prompt.Parts)
        {
            var skip = Math.Clamp(from - at, 0, part.Length);
            var length = part.Length - skip;
            if (length > 0)
            {
                using var scope = torch.NewDisposeScope();
                var rows = part switch
                {
                    PromptPart.Text text => Embed([.. text.Ids.Skip(skip)]),
                    PromptPart.Visual visual => visual.Tokens.Read(skip, length, ct),
                    _ => throw new InvalidOperationException("unknown prompt part"),
                };
                _ = hidden.narrow(0, at + skip - from, length).copy_(rows);
            }

            at += part.Length;
        }

        return hidden;
    }

    /// <summary>
    /// One drop. Evenly spaced: within each visual span by itself, so that what a span keeps does not depend on what comes
    /// after it. By attention: the best of all spans together, since the question decides which video matters; all rows of
    /// the stage then run on, because none of the rows behind such a drop can be re-used for another question.
    /// </summary>
    private (Tensor Hidden, List<int> Rows) Drop(SequenceState state, Prompt prompt, int stage, int layer, Tensor hidden, List<int> rows, IDecoderObserver? observer, CancellationToken ct)
    {
        var settings = state.Settings;
        var offered = hidden;
        var byAttention = settings.RanksByAttention(stage);
        if (byAttention && stage == settings.FirstAttentionStage)
        {
            var held = state.Alive(stage).Count - rows.Count;
            if (state.RetainForReuse || held > 0) state.StoreStageHidden(hidden, held);
            if (held > 0) hidden = state.StageHidden!.narrow(0, 0, held + rows.Count);
            rows = [.. state.Alive(stage)];
        }

        float[] scores = [];
        List<int> kept;
        if (byAttention)
        {
            var visual = VisualRows(rows, prompt);
            scores = Score(layer, hidden, visual, ct);
            var k = prompt.Spans.Sum(s => settings.Alive(s.Length, stage + 1));
            kept = WithText(rows.Count, visual, TokenSelection.TopK(scores, Math.Min(k, visual.Count)));
        }
        else
        {
            kept = KeepUniform(rows, prompt, settings, stage);
        }

        List<int> keptRows = [.. kept.Select(i => rows[i])];
        var keptHidden = hidden.index_select(0, torch.tensor(kept.Select(i => (long)i).ToArray()).to(Device));
        offered.Dispose(); // the largest tensor of a long prompt: not kept until the end of the prefill
        state.MutableAlive(stage + 1).AddRange(keptRows);
        observer?.OnDrop(new(stage, layer, byAttention, kept, keptRows, scores), keptHidden);
        return (keptHidden, keptRows);
    }

    /// <summary>Indices into <paramref name="rows"/> of visual tokens.</summary>
    private static List<int> VisualRows(List<int> rows, Prompt prompt)
    {
        var visual = new List<int>();
        var at = 0;
        foreach (var span in prompt.Spans)
        {
            while (at < rows.Count && rows[at] < span.Start) at++;
            while (at < rows.Count && rows[at] < span.Start + span.Length) visual.Add(at++);
        }

        return visual;
    }

    /// <summary>Indices 0..n-1 without the visual ones that were not chosen.</summary>
    private static List<int> WithText(int n, List<int> visual, int[] chosen)
    {
        var dropped = new bool[n];
        foreach (var i in visual) dropped[i] = true;
        foreach (var c in chosen) dropped[visual[c]] = false;
        return [.. Enumerable.Range(0, n).Where(i => !dropped[i])];
    }

    private static List<int> KeepUniform(List<int> rows, Prompt prompt, VisualDropout settings, int stage)
    {
        var dropped = new bool[rows.Count];
        var at = 0;
        foreach (var span in prompt.Spans)
        {
            while (at < rows.Count && rows[at] < span.Start) at++;
            var first = at;
            while (at < rows.Count && rows[at] < span.Start + span.Length) dropped[at++] = true;
            if (at == first) continue; // a span of the re-used prefix
            foreach (var k in TokenSelection.Uniform(at - first, settings.Alive(span.Length, stage + 1))) dropped[first + k] = false;
        }

        return [.. Enumerable.Range(0, rows.Count).Where(i => !dropped[i])];
    }

    /// <summary>
    /// Ranks visual rows for the drop before a layer: that layer's own norm, queries and keys at the rows' current
    /// positions; the last row's softmax over all rows, averaged over heads, in fp32 (spec 5.5).
    /// </summary>
    private float[] Score(int index, Tensor hidden, List<int> visual, CancellationToken ct)
    {
        using var layerScope = torch.NewDisposeScope();
        var layer = _core.Layer(index).In(Dtype);
        var rows = (int)hidden.size(0);
        _core.Rotary.Ensure(rows);
        var keys = torch.empty([Config.KeyValueHeads, rows, Config.HeadDim], Dtype, Device);
        var query = keys;
        for (var start = 0; start < rows; start += DecoderCore.ChunkRows)
        {
            ct.ThrowIfCancellationRequested();
            using var scope = torch.NewDisposeScope();
            var length = Math.Min(DecoderCore.ChunkRows, rows - start);
            var normed = Norms.RmsNorm(hidden.narrow(0, start, length), layer.InputNorm, Config.RmsNormEps);
            var (cos, sin) = (_core.Rotary.Cos.narrow(0, start, length), _core.Rotary.Sin.narrow(0, start, length));
            var k = Activations.Rotate(layer.Key.Forward(normed).view(length, Config.KeyValueHeads, Config.HeadDim), cos, sin);
            _ = keys.narrow(1, start, length).copy_(k.transpose(0, 1));
            if (start + length < rows) continue;
            var q = layer.Query.Forward(normed.narrow(0, length - 1, 1)).view(1, Config.Heads, Config.HeadDim);
            query = Activations.Rotate(q, cos.narrow(0, length - 1, 1), sin.narrow(0, length - 1, 1)).squeeze(0).MoveToOuterDisposeScope();
        }

        var shares = Attention.RowShares(query, keys, _core.Scale);
        var scores = new float[visual.Count];
        for (var i = 0; i < scores.Length; i++) scores[i] = shares[visual[i]];
        return scores;
    }
}
