using System.Runtime.InteropServices;

namespace Studio.Engine.Torch;

/// <summary>Element types the kernels read, with the native file's own numbers.</summary>
internal enum KernelType
{
    Float32 = 0,
    BFloat16 = 1,
    Float16 = 2,
    Int8 = 3,
}

/// <summary>Instruction sets the kernels can use or report.</summary>
[Flags]
internal enum CpuFeatures : long
{
    None = 0,
    Avx2 = 1 << 0,
    Fma = 1 << 1,
    F16c = 1 << 2,
    Avx512F = 1 << 3,
    Avx512BW = 1 << 4,
    Avx512VL = 1 << 5,
    Avx512DQ = 1 << 6,
    Avx512Vnni = 1 << 7,
    Avx512Bf16 = 1 << 8,
    AmxTile = 1 << 9,
    AmxInt8 = 1 << 10,
    AmxBf16 = 1 << 11,
}

/// <summary>Which variant of the kernels runs.</summary>
internal enum KernelLevel
{
    Portable = 0,
    Avx2 = 1,
    Avx512 = 2,
}

/// <summary>
/// Arguments of <see cref="Kernels.Attention"/> and <see cref="Kernels.AttentionDecode"/>, laid out as the native struct.
/// All strides count elements; head_dim is contiguous. q [QTokens, QHeads, HeadDim] float32; k and v [KTokens, KvHeads,
/// HeadDim] float32 or bfloat16; out as q. Query head h reads KV head h / (QHeads / KvHeads).
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct AttentionArgs
{
    public float* Q;
    public long QTokenStride, QHeadStride;
    public void* K;
    public long KTokenStride, KHeadStride;
    public void* V;
    public long VTokenStride, VHeadStride;
    public float* Out;
    public long OutTokenStride, OutHeadStride;

    /// <summary>Decode only, may be null: receives [QTokens, KTokens], the probabilities' mean over all query heads.</summary>
    public float* Probs;

    public long ProbsStride;
    public long QTokens, KTokens, QHeads, KvHeads, HeadDim;

    /// <summary>With <see cref="Causal"/>, query i sees keys 0 .. QOffset + i (0-based); a query that sees none gives zeros.</summary>
    public long QOffset;

    /// <summary>Type of K and V: Float32 or BFloat16.</summary>
    public KernelType KvType;

    /// <summary>0: every query sees every key; 1: causal.</summary>
    public int Causal;

    /// <summary>Factor on q·k before the softmax, usually 1 / sqrt(HeadDim).</summary>
    public float Scale;

    private readonly int _reserved;
}

/// <summary>
/// y[Rows, N] = x[Rows, K] w[N, K]ᵀ · scale[N] + bias[N], laid out as the native struct. Strides count elements; Scale (for
/// int8 weights) and Bias may be null. For one row, Bias may be Y: the product is then added onto it.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MatVecArgs
{
    public void* W;
    public long WStride;
    public float* Scale, Bias, X;
    public long XStride;
    public float* Y;
    public long YStride;
    public long Rows, N, K;
    public KernelType WType;
    private readonly int _reserved;
}

/// <summary>
/// The C functions of native/kernels.cpp: inference-only CPU kernels over raw pointers. Pointers must be valid for the
/// sizes and strides given (only sizes are checked) and need no alignment. Results do not depend on <c>threads</c>; they
/// differ in the last bits between <see cref="KernelLevel"/>s. NaN in an input gives NaN in every output that reads it.
/// </summary>
internal static unsafe class Kernels
{
    private const string Library = Native.Library;

    /// <summary>The library is found by the resolver that the other file of P/Invokes sets.</summary>
    static Kernels() => Native.EnsureLoaded();

    /// <summary>Largest HeadDim of both attention kernels.</summary>
    internal const int MaxHeadDim = 256;

    /// <summary>Largest QTokens * (QHeads / KvHeads) of <see cref="AttentionDecode"/>: it bounds its score buffers.</summary>
    internal const int MaxDecodeLanes = 64;

    /// <summary>KTokens must stay below this: key indices are compared as float32, exact up to 2^24.</summary>
    internal const long MaxKeys = 1 << 24;

    /// <summary>y = x / sqrt(mean(x²) + eps) · weight per row of n; weight float32 or bfloat16; y may be x.</summary>
    internal static void RmsNorm(float* x, long xStride, void* weight, KernelType weightType, float* y, long yStride, long rows, long n, float eps, int threads)
    {
        CheckRmsNorm(weightType, rows, n, threads);
        studio_k_rms_norm(x, KernelType.Float32, xStride, weight, weightType, y, yStride, rows, n, eps, threads);
    }

    /// <summary><see cref="RmsNorm"/> on bfloat16 rows: float32 inside, rounded to nearest even once at the end.</summary>
    internal static void RmsNormBf16(ushort* x, long xStride, void* weight, KernelType weightType, ushort* y, long yStride, long rows, long n, float eps, int threads)
    {
        CheckRmsNorm(weightType, rows, n, threads);
        studio_k_rms_norm(x, KernelType.BFloat16, xStride, weight, weightType, y, yStride, rows, n, eps, threads);
    }

    /// <summary>y = (x - mean) / sqrt(var + eps) · weight + bias per row, biased variance; weight and bias may be null; y may be x.</summary>
    internal static void LayerNorm(float* x, long xStride, float* weight, float* bias, float* y, long yStride, long rows, long n, float eps, int threads)
    {
        CheckSizes(rows, n, threads);
        studio_k_layer_norm(x, xStride, weight, bias, y, yStride, rows, n, eps, threads);
    }

    /// <summary>output = silu(gate) · up, silu(x) = x / (1 + e⁻ˣ); output may be gate or up. silu(-∞) is NaN, as in PyTorch.</summary>
    internal static void SiluMul(float* gate, long gateStride, float* up, long upStride, float* output, long outputStride, long rows, long n, int threads)
    {
        CheckSizes(rows, n, threads);
        studio_k_silu_mul(gate, gateStride, up, upStride, output, outputStride, rows, n, threads);
    }

    /// <summary><see cref="SiluMul"/> on one buffer [rows, 2n]: the gate in the first n columns of a row, up in the rest.</summary>
    internal static void SiluMulFused(float* gateUp, long stride, float* output, long outputStride, long rows, long n, int threads) =>
        SiluMul(gateUp, stride, gateUp + n, stride, output, outputStride, rows, n, threads);

    /// <summary>x = x · Φ(x) in place (the erf form), within 1e-7 · max(1, |x|); ±∞ give ∞ and 0.</summary>
    internal static void GeluErf(float* x, long n, int threads)
    {
        CheckSizes(1, n, threads);
        studio_k_gelu_erf(x, n, threads);
    }

    /// <summary>
    /// Rotates x [tokens, heads, headDim] in place: the halves (a, b) of a head become (a cos − b sin, b cos + a sin), with
    /// row positions[token] of the tables [maxPositions, headDim / 2].
    /// </summary>
    /// <exception cref="ArgumentException">headDim is odd, or a position lies outside the tables (x is then unchanged).</exception>
    internal static void Rope(float* x, long tokenStride, long headStride, float* cos, float* sin, long maxPositions, long* positions, long tokens, long heads, long headDim, int threads)
    {
        CheckSizes(tokens, heads, threads);
        if (headDim < 0 || headDim % 2 != 0) throw new ArgumentException($"headDim {headDim} must be even: it is rotated in two halves.", nameof(headDim));
        var bad = studio_k_rope(x, tokenStride, headStride, cos, sin, maxPositions, positions, tokens, heads, headDim, threads);
        if (bad >= 0) throw new ArgumentException($"position {positions[bad]} of token {bad} is outside the table of {maxPositions} positions: build a longer table.", nameof(positions));
    }

    /// <summary>
    /// The product of <see cref="MatVecArgs"/>, accumulated in float32. Meant for 1 to 8 rows, which read the weights once; more
    /// rows read them once per 8. y[r] has the same bits whatever other rows are given with it.
    /// </summary>
    internal static void MatVec(in MatVecArgs args, int threads)
    {
        CheckSizes(args.Rows, args.N, threads);
        ArgumentOutOfRangeException.ThrowIfNegative(args.K);
        if (args.WType is < KernelType.Float32 or > KernelType.Int8) throw new ArgumentException($"weight type {args.WType} is not one of Float32, BFloat16, Float16, Int8.", nameof(args));
        fixed (MatVecArgs* a = &args) studio_k_matvec(a, threads);
    }

    /// <summary>
    /// The product of <see cref="MatVecArgs"/> (Scale must be null, weights not int8) for any number of rows. Every element is one
    /// chain of fused multiply-adds over K in order: its bits depend on its row, its weight row and its bias alone, and are the
    /// same at the levels Avx2 and Avx512. Scratch per thread: at most 1 MB.
    /// </summary>
    /// <exception cref="ArgumentException">Sizes out of range, Scale given, or int8 weights.</exception>
    /// <exception cref="InsufficientMemoryException">The scratch could not be allocated.</exception>
    internal static void Gemm(in MatVecArgs args, int threads)
    {
        CheckSizes(args.Rows, args.N, threads);
        ArgumentOutOfRangeException.ThrowIfNegative(args.K);
        if (args.Scale != null) throw new ArgumentException("Gemm takes no Scale: multiply the weights first, or use MatVec.", nameof(args));
        if (args.WType is < KernelType.Float32 or > KernelType.Float16) throw new ArgumentException($"weight type {args.WType} is not one of Float32, BFloat16, Float16.", nameof(args));
        fixed (MatVecArgs* a = &args) CheckResult(studio_k_gemm(a, threads));
    }

    /// <summary>Widens n bfloat16 to float32, exactly.</summary>
    internal static void Bf16ToF32(ushort* from, float* to, long n, int threads) => Convert(from, KernelType.BFloat16, to, n, threads);

    /// <summary>Widens n float16 to float32, exactly (denormals included).</summary>
    internal static void F16ToF32(ushort* from, float* to, long n, int threads) => Convert(from, KernelType.Float16, to, n, threads);

    /// <summary>Rounds n float32 to bfloat16, to nearest, ties to even; overflow gives infinity, NaN stays NaN.</summary>
    internal static void F32ToBf16(float* from, ushort* to, long n, int threads) => Convert(from, KernelType.Float32, to, n, threads);

    /// <summary>
    /// Exact attention, softmax(scale · q kᵀ) v with an online softmax over blocks of 96 keys: no score matrix. A query's result has
    /// the same bits however the queries are split into calls (prefill in chunks equals prefill at once).
    /// Scratch per thread: at most 0.7 MB whatever the lengths. Parallel over KV heads and query rows: for few rows over many
    /// keys use <see cref="AttentionDecode"/>. A masked key is skipped as a score, but a NaN or infinity in its v can reach
    /// the queries computed beside those that see it. Weights below 2^-126 of a block's largest count as 0.
    /// </summary>
    /// <exception cref="ArgumentException">Sizes out of range, or QHeads not a multiple of KvHeads.</exception>
    /// <exception cref="InsufficientMemoryException">The scratch could not be allocated.</exception>
    internal static void Attention(in AttentionArgs args, int threads)
    {
        CheckAttention(args, threads);
        if (args.V == null || args.Out == null) throw new ArgumentException("Attention needs V and Out; for probabilities alone use AttentionScoresRow.", nameof(args));
        fixed (AttentionArgs* a = &args) CheckResult(studio_k_attention(a, threads));
    }

    /// <summary>
    /// Attention of few query rows over a long cache, parallel over chunks of 512 keys. Scratch grows with the cache: with
    /// P = QTokens · QHeads, P · (HeadDim + 18) / 128 bytes per key, and 4 P bytes per key more when Probs is asked for.
    /// </summary>
    /// <exception cref="ArgumentException">As <see cref="Attention"/>; or more than 64 query rows per KV head; or V without Out.</exception>
    /// <exception cref="InsufficientMemoryException">The scratch could not be allocated.</exception>
    internal static void AttentionDecode(in AttentionArgs args, int threads)
    {
        CheckAttention(args, threads);
        if ((args.V == null) != (args.Out == null)) throw new ArgumentException("V and Out must both be given or both be null (probabilities only).", nameof(args));
        var lanes = args.QTokens * (args.QHeads / args.KvHeads);
        if (lanes > MaxDecodeLanes) throw new ArgumentException($"{args.QTokens} queries x {args.QHeads / args.KvHeads} heads per KV head are {lanes} rows; the limit is {MaxDecodeLanes}: use Attention.", nameof(args));
        fixed (AttentionArgs* a = &args) CheckResult(studio_k_attention_decode(a, threads));
    }

    /// <summary>Only the probabilities of <see cref="AttentionDecode"/>, mean over heads, into Probs; V and Out are ignored.</summary>
    internal static void AttentionScoresRow(in AttentionArgs args, int threads)
    {
        if (args.Probs == null) throw new ArgumentException("AttentionScoresRow needs Probs to write to.", nameof(args));
        var scores = args;
        scores.V = null;
        scores.Out = null;
        AttentionDecode(scores, threads);
    }

    /// <summary>Bytes per second of plain reading over <paramref name="bytes"/>, best of <paramref name="repeats"/>.</summary>
    internal static double ReadBandwidth(long bytes, int threads, int repeats) => CheckBandwidth(bytes, threads, repeats, studio_k_read_bandwidth(bytes, threads, repeats));

    /// <summary>Bytes copied per second (each is read once and written once), best of <paramref name="repeats"/>.</summary>
    internal static double CopyBandwidth(long bytes, int threads, int repeats) => CheckBandwidth(bytes, threads, repeats, studio_k_copy_bandwidth(bytes, threads, repeats));

    /// <summary>What this CPU and operating system offer.</summary>
    internal static CpuFeatures Features() => (CpuFeatures)studio_k_cpu_features();

    /// <summary>The variant that runs when called from this thread.</summary>
    internal static KernelLevel Level() => (KernelLevel)studio_k_level(-2);

    /// <summary>Caps the variant for calls from this thread (null lifts the cap); returns the one that now runs.</summary>
    internal static KernelLevel CapLevel(KernelLevel? cap) => (KernelLevel)studio_k_level(cap is null ? -1 : (int)cap);

    private static void Convert(void* from, KernelType type, void* to, long n, int threads)
    {
        CheckSizes(1, n, threads);
        studio_k_convert(from, type, to, n, threads);
    }

    private static void CheckSizes(long rows, long n, int threads)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(n);
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
    }

    private static void CheckRmsNorm(KernelType weightType, long rows, long n, int threads)
    {
        CheckSizes(rows, n, threads);
        if (weightType is not (KernelType.Float32 or KernelType.BFloat16)) throw new ArgumentException($"weight type {weightType} is not Float32 or BFloat16: convert it first.", nameof(weightType));
    }

    private static void CheckAttention(in AttentionArgs a, int threads)
    {
        CheckSizes(a.QTokens, a.KTokens, threads);
        if (a.HeadDim is < 1 or > MaxHeadDim) throw new ArgumentException($"HeadDim {a.HeadDim} is outside 1..{MaxHeadDim}.");
        if (a.KvHeads < 1 || a.QHeads < 1 || a.QHeads % a.KvHeads != 0) throw new ArgumentException($"QHeads {a.QHeads} must be a positive multiple of KvHeads {a.KvHeads}.");
        if (a.KTokens >= MaxKeys) throw new ArgumentException($"KTokens {a.KTokens} is not below {MaxKeys}: shorten the context.");
        if (a.KvType is not (KernelType.Float32 or KernelType.BFloat16)) throw new ArgumentException($"KvType {a.KvType} is not Float32 or BFloat16: convert K and V first.");
    }

    private static void CheckResult(int result)
    {
        if (result == 1) throw new InsufficientMemoryException("no memory for a kernel's scratch: use fewer threads or a shorter context.");
        if (result != 0) throw new InvalidOperationException($"a kernel refused its arguments (code {result}): Kernels.cs and kernels.cpp are of different versions, rebuild both.");
    }

    private static double CheckBandwidth(long bytes, int threads, int repeats, double result)
    {
        if (result < 0) throw new InsufficientMemoryException($"no memory to measure over {bytes} bytes: measure over fewer.");
        if (result == 0) throw new ArgumentException($"nothing to measure with {bytes} bytes, {threads} threads, {repeats} repeats: give at least 256 bytes per thread and 1 repeat.");
        return result;
    }

    [DllImport(Library)] private static extern void studio_k_rms_norm(void* x, KernelType type, long xStride, void* weight, KernelType weightType, void* y, long yStride, long rows, long n, float eps, int threads);
    [DllImport(Library)] private static extern void studio_k_layer_norm(float* x, long xStride, float* weight, float* bias, float* y, long yStride, long rows, long n, float eps, int threads);
    [DllImport(Library)] private static extern void studio_k_silu_mul(float* gate, long gateStride, float* up, long upStride, float* output, long outputStride, long rows, long n, int threads);
    [DllImport(Library)] private static extern void studio_k_gelu_erf(float* x, long n, int threads);
    [DllImport(Library)] private static extern long studio_k_rope(float* x, long tokenStride, long headStride, float* cos, float* sin, long maxPositions, long* positions, long tokens, long heads, long headDim, int threads);
    [DllImport(Library)] private static extern void studio_k_convert(void* from, KernelType type, void* to, long n, int threads);
    [DllImport(Library)] private static extern void studio_k_matvec(MatVecArgs* args, int threads);
    [DllImport(Library)] private static extern int studio_k_gemm(MatVecArgs* args, int threads);
    [DllImport(Library)] private static extern int studio_k_attention(AttentionArgs* args, int threads);
    [DllImport(Library)] private static extern int studio_k_attention_decode(AttentionArgs* args, int threads);
    [DllImport(Library)] private static extern double studio_k_read_bandwidth(long bytes, int threads, int repeats);
    [DllImport(Library)] private static extern double studio_k_copy_bandwidth(long bytes, int threads, int repeats);
    [DllImport(Library)] private static extern long studio_k_cpu_features();
    [DllImport(Library)] private static extern int studio_k_level(int level);
}
