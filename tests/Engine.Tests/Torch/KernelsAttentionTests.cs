using Studio.Engine.Torch;
using Xunit;

namespace Studio.Engine.Tests.Torch;

/// <summary>Both attention kernels against double precision: shapes, masks, strides, types, threads and limits.</summary>
public sealed unsafe class KernelsAttentionTests
{
    // Why each row: key blocks are 96, query tiles 8/24/48 rows, channel steps 4 or 8, decode chunks 512.
    public static readonly TheoryData<int, int, int, int, int, bool> Shapes = new()
    {
        { 1, 1, 1, 1, 1, false },      // the smallest of everything
        { 5, 7, 2, 2, 16, false },     // fewer rows than lanes
        { 49, 96, 2, 2, 64, false },   // one row beyond a tile, exactly one key block
        { 33, 97, 3, 1, 80, false },   // one key beyond a block, tile of two registers
        { 17, 200, 4, 2, 88, true },   // a head dim of 5.5 registers
        { 40, 40, 12, 2, 128, true },  // the language model's heads, prompt from nothing
        { 23, 300, 12, 2, 128, true }, // a later chunk: query offset 277
        { 9, 130, 7, 1, 37, true },    // odd group, odd head dim
        { 3, 101, 2, 1, 256, false },  // the largest head dim
        { 900, 100, 4, 4, 8, true },   // more than 8 tiles an item; the first 800 queries see no key
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Attention_AnyShape_MatchesDoublePrecision(int tq, int tk, int hq, int hkv, int d, bool causal) => KernelData.AtEveryLevel(level =>
    {
        foreach (var bf16 in new[] { false, true })
        {
            var problem = new Problem(tq, tk, hq, hkv, d, causal, bf16);
            var (expected, _) = problem.Reference();
            problem.AssertOutput(expected, problem.Run(decode: false, threads: 2).Out, $"{level} bf16 {bf16}");
        }
    });

    [Theory]
    [InlineData(1, 1, 2, 1, 16, false)]
    [InlineData(1, 511, 12, 2, 128, false)]
    [InlineData(1, 513, 12, 2, 128, false)] // one key beyond a chunk
    [InlineData(1, 1100, 28, 4, 128, true)] // groups of seven
    [InlineData(3, 700, 4, 2, 80, true)]
    [InlineData(8, 1030, 8, 1, 37, true)]   // 64 rows: the limit; the last keys are masked for the first rows
    [InlineData(2, 520, 1, 1, 256, false)]
    public void AttentionDecode_AnyShape_MatchesDoublePrecision(int tq, int tk, int hq, int hkv, int d, bool causal) => KernelData.AtEveryLevel(level =>
    {
        foreach (var bf16 in new[] { false, true })
        {
            var problem = new Problem(tq, tk, hq, hkv, d, causal, bf16);
            var (expected, probs) = problem.Reference();
            var run = problem.Run(decode: true, threads: 2);
            problem.AssertOutput(expected, run.Out, $"{level} bf16 {bf16}");
            for (var i = 0; i < probs.Length; i++) KernelData.AssertClose(probs[i], run.Probs[i], 1e-7, 2e-5, $"{level} probability {i}");
            Assert.Equal(run.Probs, problem.Run(decode: true, threads: 1, scoresOnly: true).Probs);
        }
    });

    [Fact]
    public void Attention_ThreadsAndChunks_DoNotChangeABit() => KernelData.AtEveryLevel(_ =>
    {
        var whole = new Problem(90, 250, 6, 2, 64, causal: true, bf16: false);
        var one = whole.Run(decode: false, threads: 1).Out;
        foreach (var threads in new[] { 2, 3, 8 }) Assert.Equal(one, whole.Run(decode: false, threads).Out);
        var few = new Problem(4, 2500, 6, 2, 64, causal: true, bf16: true);
        var decoded = few.Run(decode: true, threads: 1);
        foreach (var threads in new[] { 2, 3, 8 })
        {
            var again = few.Run(decode: true, threads);
            Assert.Equal(decoded.Out, again.Out);
            Assert.Equal(decoded.Probs, again.Probs);
        }
        // Queries 37.. alone, with the offset they have in the whole.
        Assert.Equal(one[(37 * whole.OutTokenStride)..], whole.Run(decode: false, threads: 2, firstQuery: 37).Out[(37 * whole.OutTokenStride)..]);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Attention_LargeScores_StayFiniteAndExact(bool decode) => KernelData.AtEveryLevel(level =>
    {
        var problem = new Problem(2, 600, 2, 1, 32, causal: false, bf16: false) { Scale = 60f }; // scores in the thousands
        var (expected, _) = problem.Reference();
        problem.AssertOutput(expected, problem.Run(decode, 2).Out, level.ToString(), absolute: 2e-3);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Attention_NaNInOneKey_ReachesTheQueriesThatSeeIt(bool decode) => KernelData.AtEveryLevel(_ =>
    {
        var problem = new Problem(3, 40, 2, 1, 16, causal: true, bf16: false);
        problem.SetKey(39, float.NaN); // seen by the last query only
        var output = problem.Run(decode, 2).Out;
        Assert.Equal([false, false, true], Enumerable.Range(0, 3).Select(t => float.IsNaN(output[t * problem.OutTokenStride])));
        problem.SetKey(5, float.NaN);
        output = problem.Run(decode, 2).Out;
        Assert.All(Enumerable.Range(0, 3), t => Assert.True(float.IsNaN(output[t * problem.OutTokenStride])));
    });

    [Fact]
    public void Attention_LimitsCrossed_AreNamed()
    {
        AssertRefused(new AttentionArgs { HeadDim = 257, QHeads = 1, KvHeads = 1 }, "HeadDim 257");
        AssertRefused(new AttentionArgs { HeadDim = 0, QHeads = 1, KvHeads = 1 }, "HeadDim 0");
        AssertRefused(new AttentionArgs { HeadDim = 8, QHeads = 5, KvHeads = 2 }, "QHeads 5");
        AssertRefused(new AttentionArgs { HeadDim = 8, QHeads = 2, KvHeads = 2, KTokens = Kernels.MaxKeys }, "KTokens 16777216");
        AssertRefused(new AttentionArgs { HeadDim = 8, QHeads = 2, KvHeads = 2, KvType = KernelType.Int8 }, "KvType Int8");
        var some = (float*)16; // not null; refused before anything is read
        AssertRefused(new AttentionArgs { HeadDim = 8, QHeads = 13, KvHeads = 1, QTokens = 5, V = some, Out = some }, "65 rows", "use Attention");
        Assert.Contains("V and Out", Assert.Throws<ArgumentException>(() => Kernels.AttentionDecode(new AttentionArgs { HeadDim = 8, QHeads = 1, KvHeads = 1, Out = some }, 1)).Message, StringComparison.Ordinal);
        Assert.Contains("Probs", Assert.Throws<ArgumentException>(() => Kernels.AttentionScoresRow(new AttentionArgs { HeadDim = 8, QHeads = 1, KvHeads = 1 }, 1)).Message, StringComparison.Ordinal);
        Assert.Contains("needs V and Out", Assert.Throws<ArgumentException>(() => Kernels.Attention(new AttentionArgs { HeadDim = 8, QHeads = 1, KvHeads = 1 }, 1)).Message, StringComparison.Ordinal);

        static void AssertRefused(AttentionArgs args, params string[] parts)
        {
            var message = Assert.Throws<ArgumentException>(() => Kernels.AttentionDecode(args, 1)).Message;
            Assert.All(parts, part => Assert.Contains(part, message, StringComparison.Ordinal));
        }
    }

    /// <summary>One attention problem with the KV cache laid out [KvHeads, capacity, HeadDim] and padded query and output rows.</summary>
    private sealed class Problem
    {
        private readonly int _tq, _tk, _hq, _hkv, _d, _capacity;
        private readonly bool _causal, _bf16;
        private readonly float[] _q, _k, _v;

        internal Problem(int tq, int tk, int hq, int hkv, int d, bool causal, bool bf16)
        {
            (_tq, _tk, _hq, _hkv, _d, _causal, _bf16, _capacity) = (tq, tk, hq, hkv, d, causal, bf16, tk + 3);
            Scale = 1 / MathF.Sqrt(d);
            _q = KernelData.Normal(tq * QTokenStride, 30);
            _k = KernelData.Normal(hkv * _capacity * d, 31);
            _v = KernelData.Normal(hkv * _capacity * d, 32);
            if (!bf16) return;
            for (var i = 0; i < _k.Length; i++) (_k[i], _v[i]) = (KernelData.FromBf16(KernelData.ToBf16(_k[i])), KernelData.FromBf16(KernelData.ToBf16(_v[i])));
        }

        internal float Scale { get; init; }

        internal int OutTokenStride => _hq * (_d + 1) + 2;

        private int QTokenStride => _hq * (_d + 2) + 5;

        internal void SetKey(int key, float value) => Array.Fill(_k, value, key * _d, _d);

        internal (float[] Out, float[] Probs) Run(bool decode, int threads, int firstQuery = 0, bool scoresOnly = false)
        {
            float[] output = KernelData.Filled(_tq * OutTokenStride, -7f), probs = KernelData.Filled(_tq * _tk, -7f);
            ushort[] k16 = [.. _k.Select(KernelData.ToBf16)], v16 = [.. _v.Select(KernelData.ToBf16)];
            fixed (float* q = _q, k = _k, v = _v, o = output, p = probs)
            fixed (ushort* hk = k16, hv = v16)
            {
                var args = new AttentionArgs
                {
                    Q = q + firstQuery * QTokenStride, QTokenStride = QTokenStride, QHeadStride = _d + 2,
                    K = _bf16 ? hk : k, KTokenStride = _d, KHeadStride = _capacity * _d,
                    V = _bf16 ? hv : v, VTokenStride = _d, VHeadStride = _capacity * _d,
                    Out = o + firstQuery * OutTokenStride, OutTokenStride = OutTokenStride, OutHeadStride = _d + 1,
                    Probs = p, ProbsStride = _tk,
                    QTokens = _tq - firstQuery, KTokens = _tk, QHeads = _hq, KvHeads = _hkv, HeadDim = _d, QOffset = _tk - _tq + firstQuery,
                    KvType = _bf16 ? KernelType.BFloat16 : KernelType.Float32, Causal = _causal ? 1 : 0, Scale = Scale,
                };
                if (scoresOnly) Kernels.AttentionScoresRow(args, threads);
                else if (decode) Kernels.AttentionDecode(args, threads);
                else Kernels.Attention(args, threads);
            }
            return (output, probs);
        }

        internal (double[] Out, double[] Probs) Reference()
        {
            var output = new double[_tq * _hq * _d];
            var probs = new double[_tq * _tk];
            for (var t = 0; t < _tq; t++)
                for (var h = 0; h < _hq; h++)
                {
                    var seen = _causal ? Math.Clamp(_tk - _tq + t + 1, 0, _tk) : _tk;
                    var head = h / (_hq / _hkv) * _capacity * _d;
                    var s = new double[seen];
                    for (var j = 0; j < seen; j++)
                    {
                        for (var c = 0; c < _d; c++) s[j] += (double)_q[t * QTokenStride + h * (_d + 2) + c] * _k[head + j * _d + c];
                        s[j] *= Scale;
                    }
                    var high = seen > 0 ? s.Max() : 0;
                    var total = s.Sum(x => Math.Exp(x - high));
                    for (var j = 0; j < seen; j++)
                    {
                        var p = Math.Exp(s[j] - high) / total;
                        probs[t * _tk + j] += p / _hq;
                        for (var c = 0; c < _d; c++) output[(t * _hq + h) * _d + c] += p * _v[head + j * _d + c];
                    }
                }
            return (output, probs);
        }

        internal void AssertOutput(double[] expected, float[] actual, string where, double absolute = 5e-6)
        {
            for (var t = 0; t < _tq; t++)
            {
                for (var h = 0; h < _hq; h++)
                {
                    for (var c = 0; c < _d; c++) KernelData.AssertClose(expected[(t * _hq + h) * _d + c], actual[t * OutTokenStride + h * (_d + 1) + c], absolute, 5e-6, $"{where} [{t},{h},{c}]");
                    Assert.Equal(-7f, actual[t * OutTokenStride + h * (_d + 1) + _d]); // the gap between heads is not written
                }
            }
        }
    }
}
