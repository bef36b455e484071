using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.Engine.Layers;
using Studio.Engine.Torch;

namespace Studio.Engine.Language;

/// <summary>
/// The Qwen2 decoder with progressive visual dropout (spec section 5). A prompt is read layer by layer, and inside a layer
/// in chunks of rows, so that memory is the hidden states of the prompt, the cache, and the scratch of one chunk; weights
/// are read once a layer. Attention never holds rows × rows scores, and only the last row meets the vocabulary.
/// </summary>
/// <remarks>
/// Invariant: in every layer, row i of the cache has rotary position i. A drop renumbers by itself, because the layers
/// behind it see only the rows that stayed.
/// </remarks>
public sealed class Qwen2Decoder : IDisposable
{
    /// <summary>Rows that run through a layer together; bounds the scratch to this many rows of the widest product.</summary>
    public const int ChunkRows = 1024;

    private readonly Weights _weights;
    private readonly DecoderLayer[] _layers;
    private readonly Tensor _embedding, _finalNorm;
    private readonly Linear _head;
    private readonly RotaryTable _rotary;
    private readonly CpuDecodeStep? _cpuStep;
    private readonly double _scale;

    /// <param name="weights">Borrowed: must outlive the decoder. Stored in any float type.</param>
    /// <param name="dtype">The type of activations and cache; fp32 is the reference.</param>
    public Qwen2Decoder(LanguageConfig config, Weights weights, Device device, ScalarType dtype)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(weights);
        (Config, _weights, Device, Dtype) = (config, weights, device, dtype);
        _embedding = weights.Get("model.embed_tokens.weight");
        _finalNorm = weights.Get("model.norm.weight");
        _head = new(weights.TryGet("lm_head.weight") ?? _embedding, null);
        _layers = [.. Enumerable.Range(0, config.Layers).Select(l => new DecoderLayer(weights, l))];
        _rotary = new(config.HeadDim, config.RopeTheta, device, config.RopeScaling);
        _scale = 1 / Math.Sqrt(config.HeadDim);
        _cpuStep = CpuDecodeStep.For(config, _embedding, _layers, _finalNorm, _head, _rotary, device, dtype);
    }

    public LanguageConfig Config { get; }

    public Device Device { get; }

    public ScalarType Dtype { get; }

    /// <summary>Bytes of all weights as stored, the vision tower's included.</summary>
    public long WeightBytes => _weights.Bytes;

    public void Dispose()
    {
        _cpuStep?.Dispose();
        _rotary.Dispose();
    }

    /// <summary>An empty sequence for prompts under one compression setting.</summary>
    public SequenceState NewSequence(CompressionSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return new(new KvCache(Config.Layers, Config.KeyValueHeads, Config.HeadDim, Dtype, Device), settings.ValidateFor(Config.Layers));
    }

    /// <summary>Embeds token ids: [ids, hidden] in the decoder's type.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id outside the vocabulary.</exception>
    public Tensor Embed(IReadOnlyList<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        using var scope = torch.NewDisposeScope();
        var index = new long[ids.Count];
        for (var i = 0; i < index.Length; i++)
        {
            if (ids[i] < 0 || ids[i] >= Config.VocabularySize) throw new ArgumentOutOfRangeException(nameof(ids), ids[i], $"token id outside the vocabulary of {Config.VocabularySize}");
            index[i] = ids[i];
        }

        return _embedding.index_select(0, torch.tensor(index).to(Device)).to(Dtype).MoveToOuterDisposeScope();
    }

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
        // Generated rows are read again: they came from one-row products, whose rounding differs from a prefill's.
        var common = Math.Min(state.Read.CommonPrefix(prompt), prompt.Length - 1);
        if (!state.CanReuse) common = 0;
        foreach (var span in prompt.Spans)
        {
            if (common > span.Start && common < span.Start + span.Length) common = span.Start;
        }

        state.TruncateTo(common);
        state.ReusedRows = common;
        state.Reset(new([])); // an interrupted prefill must not be taken for a finished one
        try
        {
            var logits = Run(state, prompt, common, observer, ct);
            state.Reset(prompt);
            return logits.MoveToOuterDisposeScope();
        }
        catch
        {
            state.TruncateTo(0);
            throw;
        }
    }

    /// <summary>Reads one generated token and returns the logits behind it: fp32 [vocabulary], on the CPU.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is outside the vocabulary; the sequence is as it was.</exception>
    public Tensor Decode(SequenceState state, int id)
    {
        ArgumentNullException.ThrowIfNull(state);
        return TakesCpuStep ? torch.tensor<float>(_cpuStep!.Run(state, id)) : DecodeGeneral(state, id);
    }

    /// <summary>
    /// <see cref="Decode"/> without a tensor of its own: fp32 [vocabulary] in memory of the sequence, valid until the
    /// sequence's next token and the caller's to overwrite until then. With fp32 on the CPU a token allocates no managed
    /// memory, but for one that crosses <see cref="SequenceState.ReserveAhead"/>.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is outside the vocabulary; the sequence is as it was.</exception>
    public Span<float> DecodeRow(SequenceState state, int id)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (TakesCpuStep) return _cpuStep!.Run(state, id);
        using var scope = torch.NewDisposeScope();
        var logits = DecodeGeneral(state, id).data<float>();
        var row = state.ScratchOf(CpuDecodeStep.ScratchFloats(Config)).data<float>()[..logits.Length];
        logits.CopyTo(row);
        return row;
    }

    /// <summary>The CPU's step can run, and no test asks for composed operators.</summary>
    private bool TakesCpuStep => _cpuStep is not null && !CpuPath.Disabled;

    /// <summary>One row through the layers as a prefill runs them: any device and type.</summary>
    internal Tensor DecodeGeneral(SequenceState state, int id)
    {
        using var mode = torch.inference_mode();
        using var scope = torch.NewDisposeScope();
        var hidden = Embed([id]);
        state.AppendGenerated(id);
        for (var layer = 0; layer < _layers.Length; layer++) RunLayer(layer, hidden, state, decoding: true, lastRowOnly: true, null, default);

        return Logits(hidden).MoveToOuterDisposeScope();
    }

    // ------------------------------------------------------------------------------------------------- prefill

    private Tensor Run(SequenceState state, Prompt prompt, int common, IDecoderObserver? observer, CancellationToken ct)
    {
        var settings = state.Settings;
        var rows = Enumerable.Range(common, prompt.Length - common).ToList();
        var hidden = EmbedFrom(prompt, common);
        state.MutableAlive(0).AddRange(rows);
        for (var layer = 0; layer < _layers.Length; layer++)
        {
            var stage = StageBefore(settings, layer);
            if (stage >= 0) (hidden, rows) = Drop(state, prompt, stage, layer, hidden, rows, observer, ct);
            var lastRowOnly = layer == _layers.Length - 1 && observer?.WantsEveryOutput != true;
            RunLayer(layer, hidden, state, decoding: false, lastRowOnly, observer, ct);
            observer?.OnLayer(layer, hidden, rows);
        }

        return Logits(hidden.narrow(0, rows.Count - 1, 1));
    }

    /// <summary>The drop (0-based) that happens right before a layer (0-based), or -1.</summary>
    private static int StageBefore(CompressionSettings settings, int layer)
    {
        for (var s = 0; s < settings.DropAfterLayers.Count; s++)
        {
            if (settings.DropAfterLayers[s] == layer) return s;
        }

        return -1;
    }

    /// <summary>The new rows' inputs: [rows, hidden], a fresh tensor that layers may write into.</summary>
    private Tensor EmbedFrom(Prompt prompt, int from)
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
                    PromptPart.Visual visual => visual.Embeddings.narrow(0, skip, length),
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

    private static List<int> KeepUniform(List<int> rows, Prompt prompt, CompressionSettings settings, int stage)
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

    // -------------------------------------------------------------------------------------------------- layers

    /// <summary>Runs rows through a layer, in place, behind the rows that its cache holds.</summary>
    /// <param name="decoding">One generated row: weights are read as they are stored.</param>
    /// <param name="lastRowOnly">Earlier rows only leave their key and value: nothing reads their output.</param>
    private void RunLayer(int index, Tensor hidden, SequenceState state, bool decoding, bool lastRowOnly, IDecoderObserver? observer, CancellationToken ct)
    {
        using var layerScope = torch.NewDisposeScope();
        var cache = state.Cache;
        var rows = (int)hidden.size(0);
        var before = cache.Length(index);
        if (cache.Capacity(index) < before + rows) cache.Reserve(index, before + rows + state.ReserveAhead);
        _rotary.Ensure(before + rows);
        var layer = decoding ? _layers[index] : _layers[index].In(Dtype);
        var (keys, values) = (cache.Keys(index), cache.Values(index));
        for (var start = 0; start < rows; start += ChunkRows)
        {
            ct.ThrowIfCancellationRequested();
            using var scope = torch.NewDisposeScope();
            var length = Math.Min(ChunkRows, rows - start);
            var x = hidden.narrow(0, start, length);
            var normed = Norms.RmsNorm(x, layer.InputNorm, Config.RmsNormEps);
            var (cos, sin) = (_rotary.Cos.narrow(0, before + start, length), _rotary.Sin.narrow(0, before + start, length));
            var k = Activations.Rotate(Product(layer.Key, normed, decoding).view(length, Config.KeyValueHeads, Config.HeadDim), cos, sin);
            _ = keys.narrow(1, before + start, length).copy_(k.transpose(0, 1));
            _ = values.narrow(1, before + start, length).copy_(Product(layer.Value, normed, decoding).view(length, Config.KeyValueHeads, Config.HeadDim).transpose(0, 1));

            var skip = lastRowOnly ? Math.Min(rows - 1 - start, length) : 0;
            if (skip == length) continue;
            if (skip > 0)
            {
                (x, normed) = (x.narrow(0, skip, length - skip), normed.narrow(0, skip, length - skip));
                (cos, sin) = (cos.narrow(0, skip, length - skip), sin.narrow(0, skip, length - skip));
            }

            var visible = before + start + length;
            var q = Activations.Rotate(Product(layer.Query, normed, lastRowOnly).view(length - skip, Config.Heads, Config.HeadDim), cos, sin);
            var (seenKeys, seenValues) = (keys.narrow(1, 0, visible), values.narrow(1, 0, visible));
            if (observer?.WantsAttention == true && start + length == rows)
            {
                var lastRow = Attention.RowShares(q.select(0, length - skip - 1), seenKeys, _scale);
                var alive = state.AliveInLayer(index);
                observer.OnAttention(index, lastRow, alive.Count == lastRow.Length ? alive : [.. alive.Take(lastRow.Length)]);
            }

            var y = lastRowOnly
                ? Attention.LastRow(q.squeeze(0), seenKeys, seenValues, _scale)
                : Attention.Causal(q.transpose(0, 1), seenKeys, seenValues, before + start + skip, _scale);
            _ = x.add_(Product(layer.Output, y, lastRowOnly));
            _ = x.add_(layer.Mlp(Norms.RmsNorm(x, layer.PostAttentionNorm, Config.RmsNormEps), lastRowOnly));
        }

        cache.Advance(index, rows);
    }

    private static Tensor Product(Linear linear, Tensor x, bool decoding) => decoding ? linear.ForwardRow(x) : linear.Forward(x);

    /// <summary>
    /// Ranks visual rows for the drop before a layer: that layer's own norm, queries and keys at the rows' current
    /// positions; the last row's softmax over all rows, averaged over heads, in fp32 (spec 5.5).
    /// </summary>
    private float[] Score(int index, Tensor hidden, List<int> visual, CancellationToken ct)
    {
        using var layerScope = torch.NewDisposeScope();
        var layer = _layers[index].In(Dtype);
        var rows = (int)hidden.size(0);
        _rotary.Ensure(rows);
        var keys = torch.empty([Config.KeyValueHeads, rows, Config.HeadDim], Dtype, Device);
        var query = keys;
        for (var start = 0; start < rows; start += ChunkRows)
        {
            ct.ThrowIfCancellationRequested();
            using var scope = torch.NewDisposeScope();
            var length = Math.Min(ChunkRows, rows - start);
            var normed = Norms.RmsNorm(hidden.narrow(0, start, length), layer.InputNorm, Config.RmsNormEps);
            var (cos, sin) = (_rotary.Cos.narrow(0, start, length), _rotary.Sin.narrow(0, start, length));
            var k = Activations.Rotate(layer.Key.Forward(normed).view(length, Config.KeyValueHeads, Config.HeadDim), cos, sin);
            _ = keys.narrow(1, start, length).copy_(k.transpose(0, 1));
            if (start + length < rows) continue;
            var q = layer.Query.Forward(normed.narrow(0, length - 1, 1)).view(1, Config.Heads, Config.HeadDim);
            query = Activations.Rotate(q, cos.narrow(0, length - 1, 1), sin.narrow(0, length - 1, 1)).squeeze(0).MoveToOuterDisposeScope();
        }

        var shares = Attention.RowShares(query, keys, _scale);
        var scores = new float[visual.Count];
        for (var i = 0; i < scores.Length; i++) scores[i] = shares[visual[i]];
        return scores;
    }

    /// <summary>hidden [1, hidden] → fp32 [vocabulary] on the CPU.</summary>
    private Tensor Logits(Tensor hidden)
    {
        using var scope = torch.NewDisposeScope();
        return _head.ForwardRow(Norms.RmsNorm(hidden, _finalNorm, Config.RmsNormEps)).to(ScalarType.Float32).squeeze(0).cpu().MoveToOuterDisposeScope();
    }
}
