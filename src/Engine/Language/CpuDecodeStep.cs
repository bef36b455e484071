using Studio.Engine.Checkpoints;
using Studio.Engine.Layers;
using Studio.Engine.Torch;

namespace Studio.Engine.Language;

/// <summary>
/// One generated token through the decoder with fp32 activations on the CPU: the kernels one after another over a scratch
/// block of fixed size, weights read as they are stored (fp32, bf16 or fp16), keys and values written where the cache keeps
/// them. The same kernels in the same order as the general path, hence the same bits; but no tensor, and no managed memory,
/// per token.
/// </summary>
/// <remarks>
/// Holds nothing of a sequence, so sequences may share it. A token costs one pass over all weights and over the cache, and
/// that read is what bounds it: everything else stays in the processor's caches.
/// </remarks>
internal sealed unsafe class CpuDecodeStep : IDisposable
{
    private readonly LanguageConfig _config;
    private readonly RotaryTable _rotary;
    private readonly Matrix _embedding, _head;
    private readonly Norm _finalNorm;
    private readonly Layer[] _layers;
    private readonly float _scale, _eps;

    // Bound: three biases and two norms a layer and the last norm; made only where a kernel cannot read the stored type.
    private readonly List<Tensor> _copies = [];

    private CpuDecodeStep(LanguageConfig config, Tensor embedding, DecoderLayer[] layers, Tensor finalNorm, Linear head, RotaryTable rotary)
    {
        (_config, _rotary) = (config, rotary);
        (_scale, _eps) = ((float)(1 / Math.Sqrt(config.HeadDim)), (float)config.RmsNormEps);
        using var mode = torch.inference_mode();
        using var scope = torch.NewDisposeScope();
        (_embedding, _head, _finalNorm) = (MatrixOf(embedding, null), MatrixOf(head), NormOf(finalNorm));
        _layers = [.. layers.Select(l => new Layer(
            NormOf(l.InputNorm), MatrixOf(l.Query), MatrixOf(l.Key), MatrixOf(l.Value), MatrixOf(l.Output),
            NormOf(l.PostAttentionNorm), MatrixOf(l.Gate), MatrixOf(l.Up), MatrixOf(l.Down)))];
    }

    /// <summary>The step for a decoder's weights, or null where the kernels cannot run them: then the general path decodes.</summary>
    public static CpuDecodeStep? For(LanguageConfig config, Tensor embedding, DecoderLayer[] layers, Tensor finalNorm, Linear head, RotaryTable rotary, Device device, ScalarType dtype)
    {
        if (!device.IsCpu || dtype != ScalarType.Float32) return null;
        if (config.HeadDim > Kernels.MaxHeadDim || config.Heads / config.KeyValueHeads > Kernels.MaxDecodeLanes) return null;
        Tensor[] read = [embedding, head.Weight, .. layers.SelectMany(l => new[] { l.Query.Weight, l.Key.Weight, l.Value.Weight, l.Output.Weight, l.Gate.Weight, l.Up.Weight, l.Down.Weight })];
        var readable = read.All(t => t.device.IsCpu && t.is_contiguous() && CpuPath.KernelTypeOf(t.dtype) is not null);
        return readable ? new(config, embedding, layers, finalNorm, head, rotary) : null;
    }

    /// <summary>Floats of a sequence's scratch block: the logits and one row of each product, whatever the sequence's length.</summary>
    public static long ScratchFloats(LanguageConfig config) => new Rows(null, config).Floats;

    /// <summary>
    /// Reads one token behind a sequence and returns the logits behind it, [vocabulary] in the sequence's scratch: valid until
    /// the sequence's next token, and the caller's to overwrite until then.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is outside the vocabulary; nothing was changed.</exception>
    /// <exception cref="ObjectDisposedException">The weights were freed before the decoder.</exception>
    public Span<float> Run(DecoderSequence state, int id)
    {
        if (id < 0 || id >= _config.VocabularySize) throw new ArgumentOutOfRangeException(nameof(id), id, $"token id outside the vocabulary of {_config.VocabularySize}");
        var threads = CpuPath.Threads;
        var rows = new Rows((float*)state.ScratchOf(ScratchFloats(_config)).Pointer(), _config);
        MakeRoom(state);
        Embed(id, rows.Hidden);
        state.AppendGenerated(id);
        for (var l = 0; l < _layers.Length; l++)
        {
            Attend(l, state.Cache, rows, threads);
            Mlp(_layers[l], rows, threads);
        }

        Normalise(_finalNorm, rows, threads);
        Multiply(_head, rows.Normed, rows.Logits, threads);
        return new(rows.Logits, _config.VocabularySize);
    }

    public void Dispose()
    {
        foreach (var copy in _copies) copy.Dispose();
        _copies.Clear();
    }

    /// <summary>A place for one more row in every layer. Allocates once in <see cref="DecoderSequence.ReserveAhead"/> tokens.</summary>
    private void MakeRoom(DecoderSequence state)
    {
        var cache = state.Cache;
        var longest = 0;
        for (var l = 0; l < _layers.Length; l++)
        {
            var before = cache.Length(l);
            longest = Math.Max(longest, before);
            if (cache.Capacity(l) > before) continue;
            using var mode = torch.inference_mode(); // the cache was made in it, and may only be written to in it
            cache.Reserve(l, before + 1 + state.ReserveAhead);
        }

        _rotary.Ensure(longest + 1);
    }

    private void Embed(int id, float* hidden)
    {
        var width = _config.HiddenSize;
        var (table, at) = ((nint)_embedding.Weight.Pointer(), (long)id * width);
        switch (_embedding.Type)
        {
            case KernelType.BFloat16: Kernels.Bf16ToF32((ushort*)table + at, hidden, width, 1); break;
            case KernelType.Float16: Kernels.F16ToF32((ushort*)table + at, hidden, width, 1); break;
            default: new Span<float>((float*)table + at, width).CopyTo(new(hidden, width)); break;
        }
    }

    /// <summary>Adds attention's output to the hidden row; the layer's cache gains the row's key and value.</summary>
    private void Attend(int index, KvCache cache, in Rows rows, int threads)
    {
        var layer = _layers[index];
        var (heads, groups, dim) = (_config.Heads, _config.KeyValueHeads, _config.HeadDim);
        long position = cache.Length(index), capacity = cache.Capacity(index);
        float* keys = (float*)cache.Keys(index).Pointer(), values = (float*)cache.Values(index).Pointer();
        float* cos = (float*)_rotary.Cos.Pointer(), sin = (float*)_rotary.Sin.Pointer();

        Normalise(layer.InputNorm, rows, threads);
        Multiply(layer.Key, rows.Normed, rows.Shared, threads);
        Kernels.Rope(rows.Shared, groups * dim, dim, cos, sin, _rotary.Positions, &position, 1, groups, dim, threads);
        Keep(rows.Shared, keys, position, capacity);
        Multiply(layer.Value, rows.Normed, rows.Shared, threads);
        Keep(rows.Shared, values, position, capacity);
        cache.Advance(index, 1);

        Multiply(layer.Query, rows.Normed, rows.Query, threads);
        Kernels.Rope(rows.Query, heads * dim, dim, cos, sin, _rotary.Positions, &position, 1, heads, dim, threads);
        Kernels.AttentionDecode(
            new()
            {
                Q = rows.Query,
                QTokenStride = heads * dim,
                QHeadStride = dim,
                K = keys,
                KTokenStride = dim,
                KHeadStride = capacity * dim,
                V = values,
                VTokenStride = dim,
                VHeadStride = capacity * dim,
                Out = rows.Attended,
                OutTokenStride = heads * dim,
                OutHeadStride = dim,
                QTokens = 1,
                KTokens = position + 1,
                QHeads = heads,
                KvHeads = groups,
                HeadDim = dim,
                KvType = KernelType.Float32,
                Scale = _scale,
            },
            threads);
        MultiplyOnto(layer.Output, rows.Attended, rows.Hidden, threads);
    }

    /// <summary>Adds down(silu(gate x) · up x) to the hidden row.</summary>
    private void Mlp(Layer layer, in Rows rows, int threads)
    {
        var n = _config.IntermediateSize;
        Normalise(layer.PostAttentionNorm, rows, threads);
        Multiply(layer.Gate, rows.Normed, rows.Gate, threads);
        Multiply(layer.Up, rows.Normed, rows.Up, threads);
        Kernels.SiluMul(rows.Gate, n, rows.Up, n, rows.Gate, n, 1, n, threads);
        MultiplyOnto(layer.Down, rows.Gate, rows.Hidden, threads);
    }

    /// <summary>Copies a row [kv_heads, head_dim] to its place in a cache [kv_heads, capacity, head_dim].</summary>
    private void Keep(float* row, float* cache, long position, long capacity)
    {
        var dim = _config.HeadDim;
        for (long g = 0; g < _config.KeyValueHeads; g++) new Span<float>(row + (g * dim), dim).CopyTo(new(cache + (((g * capacity) + position) * dim), dim));
    }

    private void Normalise(Norm norm, in Rows rows, int threads)
    {
        var n = _config.HiddenSize;
        Kernels.RmsNorm(rows.Hidden, n, norm.Weight.Pointer(), norm.Type, rows.Normed, n, 1, n, _eps, threads);
    }

    private static void Multiply(Matrix matrix, float* x, float* y, int threads) =>
        Multiply(matrix, x, matrix.Bias is null ? null : (float*)matrix.Bias.Pointer(), y, threads);

    /// <summary>
    /// y += W x. The kernel's bias is y itself: each element is read right before it is written, by the one who writes it.
    /// </summary>
    private static void MultiplyOnto(Matrix matrix, float* x, float* y, int threads) => Multiply(matrix, x, y, y, threads);

    private static void Multiply(Matrix matrix, float* x, float* bias, float* y, int threads) => Kernels.MatVec(
        new()
        {
            W = matrix.Weight.Pointer(),
            WStride = matrix.In,
            WType = matrix.Type,
            Bias = bias,
            X = x,
            XStride = matrix.In,
            Y = y,
            YStride = matrix.Out,
            Rows = 1,
            N = matrix.Out,
            K = matrix.In,
        },
        threads);

    private Matrix MatrixOf(Linear linear) => MatrixOf(linear.Weight, linear.Bias);

    private Matrix MatrixOf(Tensor weight, Tensor? bias) =>
        new(weight, CpuPath.KernelTypeOf(weight.dtype)!.Value, weight.size(1), weight.size(0), bias is null ? null : Readable(bias, ScalarType.Float32));

    private Norm NormOf(Tensor weight)
    {
        var readable = Readable(weight, weight.dtype == ScalarType.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32);
        return new(readable, CpuPath.KernelTypeOf(readable.dtype)!.Value);
    }

    private Tensor Readable(Tensor stored, ScalarType dtype)
    {
        if (stored.dtype == dtype && stored.is_contiguous()) return stored;
        var copy = stored.to(dtype).contiguous().DetachFromDisposeScope();
        _copies.Add(copy);
        return copy;
    }

    /// <summary>A stored matrix. Its address is asked for at each use, so that freed weights are an error and no wild read.</summary>
    private sealed record Matrix(Tensor Weight, KernelType Type, long In, long Out, Tensor? Bias);

    private sealed record Norm(Tensor Weight, KernelType Type);

    private sealed record Layer(Norm InputNorm, Matrix Query, Matrix Key, Matrix Value, Matrix Output, Norm PostAttentionNorm, Matrix Gate, Matrix Up, Matrix Down);

    /// <summary>The rows of a scratch block, each on a cache line of its own.</summary>
    private readonly struct Rows
    {
        public readonly float* Logits, Hidden, Normed, Query, Attended, Gate, Up;

        /// <summary>First the key, then the value.</summary>
        public readonly float* Shared;

        public readonly long Floats;

        public Rows(float* start, LanguageConfig config)
        {
            var (at, query) = (0L, (long)config.Heads * config.HeadDim);
            Logits = Next(config.VocabularySize);
            Hidden = Next(config.HiddenSize);
            Normed = Next(config.HiddenSize);
            Query = Next(query);
            Attended = Next(query);
            Shared = Next((long)config.KeyValueHeads * config.HeadDim);
            Gate = Next(config.IntermediateSize);
            Up = Next(config.IntermediateSize);
            Floats = at;

            float* Next(long floats)
            {
                var row = start + at;
                at += (floats + 15) / 16 * 16;
                return row;
            }
        }
    }
}
