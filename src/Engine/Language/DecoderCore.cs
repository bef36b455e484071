using Studio.Engine.Checkpoints;
using Studio.Engine.Layers;
using Studio.Engine.Torch;

namespace Studio.Engine.Language;

/// <summary>Which of the rows that run through a layer have an output that somebody reads; all leave their key and value.</summary>
internal enum LayerOutput
{
    Every,
    LastRow,
    Nothing,
}

/// <summary>Rows of a layer that do not all go through its ordinary projections.</summary>
internal interface IMixedRows
{
    /// <summary>Queries of a chunk, [rows, heads · head_dim], fresh.</summary>
    /// <param name="ordinary">The layer's own projection, in the activations' type.</param>
    /// <param name="start">First row of the chunk among all that run now.</param>
    Tensor Query(Linear ordinary, Tensor normed, int start);

    /// <inheritdoc cref="Query"/>
    Tensor Key(Linear ordinary, Tensor normed, int start);

    /// <inheritdoc cref="Query"/>
    Tensor Value(Linear ordinary, Tensor normed, int start);

    /// <summary>A chunk's queries [rows, heads, head_dim] and all keys so far [kv_heads, keys, head_dim], both rotated.</summary>
    void OnQueries(Tensor queries, Tensor keys, int start) { }
}

/// <summary>
/// The Qwen2 decoder as both systems run it: embedding, layers over a cache, rotary positions, vocabulary, one generated token.
/// How a prompt is read, and what leaves the cache on the way, is the business of <see cref="Qwen2Decoder"/> and
/// <see cref="VstDecoder"/>.
/// </summary>
/// <remarks>
/// Invariant: in every layer, row i of the cache has rotary position i; new rows stand behind the held ones. Rows run through a
/// layer in chunks, so that scratch is that of one chunk; attention never holds rows × rows scores.
/// </remarks>
public sealed class DecoderCore : IDisposable
{
    /// <summary>Rows that run through a layer together; bounds the scratch to this many rows of the widest product.</summary>
    public const int ChunkRows = 1024;

    private readonly Weights _weights;
    private readonly DecoderLayer[] _layers;
    private readonly Tensor _embedding, _finalNorm;
    private readonly Linear _head;
    private readonly CpuDecodeStep? _cpuStep;

    /// <param name="weights">Borrowed: must outlive the decoder. Stored in any float type.</param>
    /// <param name="dtype">The type of activations and cache; fp32 is the reference.</param>
    public DecoderCore(LanguageConfig config, Weights weights, Device device, ScalarType dtype)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(weights);
        (Config, _weights, Device, Dtype) = (config, weights, device, dtype);
        _embedding = weights.Get(TensorLayout.EmbedTokens);
        _finalNorm = weights.Get("model.norm.weight");
        _head = new(weights.TryGet(TensorLayout.LmHead) ?? _embedding, null);
        _layers = [.. Enumerable.Range(0, config.Layers).Select(l => new DecoderLayer(weights, l))];
        Rotary = new(config.HeadDim, config.RopeTheta, device, config.RopeScaling);
        Scale = 1 / Math.Sqrt(config.HeadDim);
        _cpuStep = CpuDecodeStep.For(config, _embedding, _layers, _finalNorm, _head, Rotary, device, dtype);
    }

    public LanguageConfig Config { get; }

    public Device Device { get; }

    public ScalarType Dtype { get; }

    /// <summary>Bytes of all weights as stored, the vision tower's included.</summary>
    public long WeightBytes => _weights.Bytes;

    internal RotaryTable Rotary { get; }

    internal double Scale { get; }

    /// <summary>A layer's weights as stored.</summary>
    internal DecoderLayer Layer(int index) => _layers[index];

    internal KvCache NewCache() => new(Config.Layers, Config.KeyValueHeads, Config.HeadDim, Dtype, Device);

    public void Dispose()
    {
        _cpuStep?.Dispose();
        Rotary.Dispose();
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

    /// <summary>Reads one generated token and returns the logits behind it: fp32 [vocabulary], on the CPU.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is outside the vocabulary; the sequence is as it was.</exception>
    public Tensor Decode(DecoderSequence state, int id)
    {
        ArgumentNullException.ThrowIfNull(state);
        return TakesCpuStep ? torch.tensor<float>(_cpuStep!.Run(state, id)) : DecodeGeneral(state, id);
    }

    /// <summary>
    /// <see cref="Decode"/> without a tensor of its own: fp32 [vocabulary] in memory of the sequence, valid until the
    /// sequence's next token and the caller's to overwrite until then. With fp32 on the CPU a token allocates no managed
    /// memory, but for one that crosses <see cref="DecoderSequence.ReserveAhead"/>.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is outside the vocabulary; the sequence is as it was.</exception>
    public Span<float> DecodeRow(DecoderSequence state, int id)
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
    internal Tensor DecodeGeneral(DecoderSequence state, int id)
    {
        using var mode = torch.inference_mode();
        using var scope = torch.NewDisposeScope();
        var hidden = Embed([id]);
        state.AppendGenerated(id);
        for (var layer = 0; layer < _layers.Length; layer++) RunLayer(layer, hidden, state, decoding: true, LayerOutput.LastRow);

        return Logits(hidden).MoveToOuterDisposeScope();
    }

    /// <summary>Runs rows through a layer, in place, behind the rows that its cache holds.</summary>
    /// <param name="decoding">One generated row: weights are read as they are stored.</param>
    /// <param name="mixed">The rows' own projections; null: all rows are ordinary.</param>
    internal void RunLayer(
        int index, Tensor hidden, DecoderSequence state, bool decoding, LayerOutput output,
        IDecoderObserver? observer = null, IMixedRows? mixed = null, CancellationToken ct = default)
    {
        using var layerScope = torch.NewDisposeScope();
        var cache = state.Cache;
        var rows = (int)hidden.size(0);
        var before = cache.Length(index);
        if (cache.Capacity(index) < before + rows) cache.Reserve(index, before + rows + state.ReserveAhead);
        Rotary.Ensure(before + rows);
        var layer = decoding ? _layers[index] : _layers[index].In(Dtype);
        var (keys, values) = (cache.Keys(index), cache.Values(index));
        for (var start = 0; start < rows; start += ChunkRows)
        {
            ct.ThrowIfCancellationRequested();
            using var scope = torch.NewDisposeScope();
            var length = Math.Min(ChunkRows, rows - start);
            var x = hidden.narrow(0, start, length);
            var normed = Norms.RmsNorm(x, layer.InputNorm, Config.RmsNormEps);
            var (cos, sin) = (Rotary.Cos.narrow(0, before + start, length), Rotary.Sin.narrow(0, before + start, length));
            var k = Activations.Rotate((mixed?.Key(layer.Key, normed, start) ?? Product(layer.Key, normed, decoding)).view(length, Config.KeyValueHeads, Config.HeadDim), cos, sin);
            _ = keys.narrow(1, before + start, length).copy_(k.transpose(0, 1));
            var v = mixed?.Value(layer.Value, normed, start) ?? Product(layer.Value, normed, decoding);
            _ = values.narrow(1, before + start, length).copy_(v.view(length, Config.KeyValueHeads, Config.HeadDim).transpose(0, 1));

            var one = output == LayerOutput.LastRow;
            var skip = output switch
            {
                LayerOutput.Every => 0,
                LayerOutput.LastRow => Math.Min(rows - 1 - start, length),
                _ => length,
            };
            if (skip == length) continue;
            if (skip > 0)
            {
                (x, normed) = (x.narrow(0, skip, length - skip), normed.narrow(0, skip, length - skip));
                (cos, sin) = (cos.narrow(0, skip, length - skip), sin.narrow(0, skip, length - skip));
            }

            var visible = before + start + length;
            var q = Activations.Rotate((mixed?.Query(layer.Query, normed, start) ?? Product(layer.Query, normed, one)).view(length - skip, Config.Heads, Config.HeadDim), cos, sin);
            var (seenKeys, seenValues) = (keys.narrow(1, 0, visible), values.narrow(1, 0, visible));
            mixed?.OnQueries(q, seenKeys, start);
            if (observer?.WantsAttention == true && start + length == rows)
            {
                var lastRow = Attention.RowShares(q.select(0, length - skip - 1), seenKeys, Scale);
                observer.OnAttention(index, lastRow, state.CachedRows(index, lastRow.Length));
            }

            ct.ThrowIfCancellationRequested(); // a chunk of a large layer takes a slow processor seconds
            var y = one
                ? Attention.LastRow(q.squeeze(0), seenKeys, seenValues, Scale)
                : Attention.Causal(q.transpose(0, 1), seenKeys, seenValues, before + start + skip, Scale);
            _ = x.add_(Product(layer.Output, y, one));
            _ = x.add_(layer.Mlp(Norms.RmsNorm(x, layer.PostAttentionNorm, Config.RmsNormEps), one, ct));
        }

        cache.Advance(index, rows);
    }

    private static Tensor Product(Linear linear, Tensor x, bool one) => one ? linear.ForwardRow(x) : linear.Forward(x);

    /// <summary>hidden [1, hidden] → fp32 [vocabulary] on the CPU.</summary>
    internal Tensor Logits(Tensor hidden)
    {
        using var scope = torch.NewDisposeScope();
        return _head.ForwardRow(Norms.RmsNorm(hidden, _finalNorm, Config.RmsNormEps)).to(ScalarType.Float32).squeeze(0).cpu().MoveToOuterDisposeScope();
    }

    /// <summary>hidden [rows, hidden] → fp32 [rows, vocabulary] on the CPU: for checks, as a prefill needs its last row only.</summary>
    internal Tensor EveryLogits(Tensor hidden)
    {
        using var scope = torch.NewDisposeScope();
        return _head.Forward(Norms.RmsNorm(hidden, _finalNorm, Config.RmsNormEps)).to(ScalarType.Float32).cpu().MoveToOuterDisposeScope();
    }
}
