using Studio.Engine.Torch;
using Xunit;

namespace Studio.Engine.Tests.Torch;

/// <summary>Each row-wise kernel against double precision, at every instruction-set level this machine has.</summary>
public sealed unsafe class KernelsTests
{
    /// <summary>Lengths around 4, 8 and 16 lanes, the 4-register unrolling (64), and real model widths.</summary>
    public static readonly TheoryData<int> Lengths = [1, 3, 4, 7, 8, 15, 16, 17, 31, 63, 64, 65, 100, 127, 1000, 1536, 8960];

    [Theory]
    [MemberData(nameof(Lengths))]
    public void RmsNorm_AnyWidth_MatchesDoublePrecision(int n) => KernelData.AtEveryLevel(level =>
    {
        const int Rows = 3;
        var stride = n + 5; // rows are apart, so a kernel that ignores strides fails
        float[] x = KernelData.Normal(Rows * stride, 1), weight = KernelData.Normal(n, 2), y = KernelData.Filled(Rows * stride, -7f);
        var halfWeight = weight.Select(KernelData.ToBf16).ToArray();
        foreach (var bf16 in new[] { false, true })
        {
            fixed (float* px = x, pw = weight, py = y)
            fixed (ushort* ph = halfWeight)
                Kernels.RmsNorm(px, stride, bf16 ? ph : pw, bf16 ? KernelType.BFloat16 : KernelType.Float32, py, stride, Rows, n, 1e-6f, 2);
            for (var r = 0; r < Rows; r++)
            {
                var inverse = 1 / Math.Sqrt(x.AsSpan(r * stride, n).ToArray().Sum(v => (double)v * v) / n + 1e-6);
                for (var i = 0; i < n; i++)
                {
                    double w = bf16 ? KernelData.FromBf16(halfWeight[i]) : weight[i];
                    KernelData.AssertClose(x[r * stride + i] * inverse * w, y[r * stride + i], 1e-6, 1e-6, $"{level} row {r} column {i}");
                }
                Assert.All(y[(r * stride + n)..((r + 1) * stride)], v => Assert.Equal(-7f, v)); // nothing written past the row
            }
        }
    });

    [Theory]
    [MemberData(nameof(Lengths))]
    public void RmsNormBf16_AnyWidth_RoundsOnceAtTheEnd(int n) => KernelData.AtEveryLevel(level =>
    {
        var x = KernelData.Normal(2 * n, 3).Select(KernelData.ToBf16).ToArray();
        var weight = KernelData.Normal(n, 4);
        var y = new ushort[2 * n];
        fixed (ushort* px = x, py = y)
        fixed (float* pw = weight)
            Kernels.RmsNormBf16(px, n, pw, KernelType.Float32, py, n, 2, n, 1e-5f, 1);
        for (var r = 0; r < 2; r++)
        {
            var inverse = 1 / Math.Sqrt(x.AsSpan(r * n, n).ToArray().Sum(v => Math.Pow(KernelData.FromBf16(v), 2)) / n + 1e-5);
            for (var i = 0; i < n; i++)
                KernelData.AssertClose(KernelData.FromBf16(x[r * n + i]) * inverse * weight[i], KernelData.FromBf16(y[r * n + i]), 1e-7, 0.00391, $"{level} {r},{i}"); // 2^-8: half a unit in the last place
        }
    });

    [Theory]
    [MemberData(nameof(Lengths))]
    public void LayerNorm_LargeMean_MatchesDoublePrecision(int n) => KernelData.AtEveryLevel(level =>
    {
        const int Rows = 2;
        var x = KernelData.Normal(Rows * n, 5).Select(v => v + 30f).ToArray(); // E[x²] - E[x]² would lose three digits here
        float[] weight = KernelData.Normal(n, 6), bias = KernelData.Normal(n, 7), y = new float[Rows * n], plain = new float[Rows * n];
        fixed (float* px = x, pw = weight, pb = bias, py = y, pp = plain)
        {
            Kernels.LayerNorm(px, n, pw, pb, py, n, Rows, n, 1e-6f, 2);
            Kernels.LayerNorm(px, n, null, null, pp, n, Rows, n, 1e-6f, 2);
        }
        for (var r = 0; r < Rows; r++)
        {
            var row = x.AsSpan(r * n, n).ToArray();
            double mean = row.Average(v => (double)v), inverse = 1 / Math.Sqrt(row.Average(v => (v - mean) * (v - mean)) + 1e-6);
            for (var i = 0; i < n; i++)
            {
                var normal = (row[i] - mean) * inverse;
                // The mean is rounded to float32 near 30 (2e-6) before it is subtracted.
                KernelData.AssertClose(normal, plain[r * n + i], 1e-5, 1e-5, $"{level} {r},{i}");
                KernelData.AssertClose(normal * weight[i] + bias[i], y[r * n + i], 4e-5, 1e-5, $"{level} {r},{i}");
            }
        }
    });

    [Theory]
    [MemberData(nameof(Lengths))]
    public void SiluMul_SeparateAndFused_MatchDoublePrecision(int n) => KernelData.AtEveryLevel(level =>
    {
        const int Rows = 3;
        var fused = KernelData.Normal(Rows * 2 * n, 8).Select(v => v * 6).ToArray();
        float[] y = new float[Rows * n], z = new float[Rows * n];
        fixed (float* p = fused, py = y, pz = z)
        {
            Kernels.SiluMulFused(p, 2 * n, py, n, Rows, n, 2);
            Kernels.SiluMul(p, 2 * n, p + n, 2 * n, pz, n, Rows, n, 1);
        }
        Assert.Equal(y, z);
        for (var r = 0; r < Rows; r++)
            for (var i = 0; i < n; i++)
            {
                double g = fused[r * 2 * n + i];
                KernelData.AssertClose(g / (1 + Math.Exp(-g)) * fused[r * 2 * n + n + i], y[r * n + i], 1e-30, 1e-6, $"{level} {r},{i}");
            }
    });

    [Fact]
    public void SiluMul_Extremes_SaturateAndKeepNaN() => KernelData.AtEveryLevel(_ =>
    {
        float[] gate = [float.NaN, 1e30f, -1e30f, float.PositiveInfinity, -200f], up = KernelData.Filled(5, 1f), y = new float[5];
        fixed (float* g = gate, u = up, p = y) Kernels.SiluMul(g, 5, u, 5, p, 5, 1, 5, 1);
        Assert.Equal([float.NaN, 1e30f, 0f, float.PositiveInfinity, 0f], y.Select(v => v == 0 ? 0 : v));
    });

    [Fact]
    public void GeluErf_DenseGrid_WithinOneInTenMillion() => KernelData.AtEveryLevel(level =>
    {
        var x = Enumerable.Range(-9001, 18003).Select(i => i / 1000f).ToArray();
        var y = (float[])x.Clone();
        fixed (float* p = y) Kernels.GeluErf(p, y.Length, 2);
        for (var i = 0; i < x.Length; i++)
            KernelData.AssertClose(x[i] * KernelData.NormalCdf(x[i]), y[i], 1e-7, 1e-7, $"{level} x {x[i]}");
        float[] extreme = [float.NaN, float.PositiveInfinity, float.NegativeInfinity, 1e30f, -1e30f];
        fixed (float* p = extreme) Kernels.GeluErf(p, extreme.Length, 1);
        Assert.Equal([float.NaN, float.PositiveInfinity, 0f, 1e30f, 0f], extreme);
    });

    [Theory]
    [InlineData(2)]
    [InlineData(10)]
    [InlineData(64)]
    [InlineData(80)]
    [InlineData(128)]
    public void Rope_StridedHeads_RotatesHalves(int headDim) => KernelData.AtEveryLevel(level =>
    {
        const int Tokens = 5, Heads = 3, Table = 9;
        int half = headDim / 2, headStride = headDim + 3, tokenStride = Heads * headStride + 7;
        var x = KernelData.Normal(Tokens * tokenStride, 9);
        var y = (float[])x.Clone();
        float[] cos = KernelData.Normal(Table * half, 10), sin = KernelData.Normal(Table * half, 11);
        long[] positions = [8, 0, 3, 3, 1];
        fixed (float* p = y, c = cos, s = sin)
        fixed (long* at = positions)
            Kernels.Rope(p, tokenStride, headStride, c, s, Table, at, Tokens, Heads, headDim, 2);
        var expected = (float[])x.Clone();
        for (var t = 0; t < Tokens; t++)
            for (var h = 0; h < Heads; h++)
                for (var i = 0; i < half; i++)
                {
                    int a = t * tokenStride + h * headStride + i, b = a + half, k = (int)positions[t] * half + i;
                    expected[a] = (float)((double)x[a] * cos[k] - (double)x[b] * sin[k]);
                    expected[b] = (float)((double)x[b] * cos[k] + (double)x[a] * sin[k]);
                }
        for (var i = 0; i < x.Length; i++) KernelData.AssertClose(expected[i], y[i], 1e-6, 1e-6, $"{level} element {i}");
    });

    [Theory]
    [InlineData(4, 9L, "position 9 of token 1")]
    [InlineData(4, -1L, "position -1 of token 1")]
    [InlineData(3, 0L, "headDim 3")]
    public void Rope_BadArgument_ThrowsAndLeavesDataAlone(int headDim, long position, string message)
    {
        var x = KernelData.Filled(8, 1f);
        var table = new float[9 * 2];
        long[] positions = [0, position];
        var error = Assert.Throws<ArgumentException>(() =>
        {
            fixed (float* p = x, t = table)
            fixed (long* at = positions)
                Kernels.Rope(p, 4, 4, t, t, 9, at, 2, 1, headDim, 1);
        });
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.All(x, v => Assert.Equal(1f, v));
    }

    [Fact]
    public void Convert_EveryHalf_MatchesTheRuntime() => KernelData.AtEveryLevel(level =>
    {
        var bits = Enumerable.Range(0, 65536).Select(i => (ushort)i).Append((ushort)0x3c01).ToArray(); // odd length: a tail
        float[] fromHalf = new float[bits.Length], fromBf16 = new float[bits.Length];
        fixed (ushort* p = bits)
        fixed (float* h = fromHalf, b = fromBf16)
        {
            Kernels.F16ToF32(p, h, bits.Length, 2);
            Kernels.Bf16ToF32(p, b, bits.Length, 2);
        }
        for (var i = 0; i < bits.Length; i++)
        {
            var half = (float)BitConverter.UInt16BitsToHalf(bits[i]);
            Assert.True(float.IsNaN(half) ? float.IsNaN(fromHalf[i]) : half.Equals(fromHalf[i]), $"{level} f16 {bits[i]:x4}");
            Assert.Equal((uint)bits[i] << 16, BitConverter.SingleToUInt32Bits(fromBf16[i]));
        }
    });

    [Fact]
    public void F32ToBf16_RandomBitsAndTies_RoundsToNearestEven() => KernelData.AtEveryLevel(level =>
    {
        var random = new Random(12);
        var x = Enumerable.Range(0, 20003).Select(_ => BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue))).ToArray();
        uint[] chosen = [0x3f808000, 0x3f818000, 0x3f808001, 0x7f7fffff, 0x7f800000, 0x7f800001, 0xffffffff, 0x00008000, 0x80018000];
        for (var i = 0; i < chosen.Length; i++) x[i] = BitConverter.UInt32BitsToSingle(chosen[i]);
        var y = new ushort[x.Length];
        fixed (float* p = x)
        fixed (ushort* q = y)
            Kernels.F32ToBf16(p, q, x.Length, 2);
        for (var i = 0; i < x.Length; i++)
            Assert.True(KernelData.ToBf16(x[i]) == y[i], $"{level} {BitConverter.SingleToUInt32Bits(x[i]):x8} gave {y[i]:x4}");
    });

    [Fact]
    public void CapLevel_BelowTheMachine_IsUsedAndLiftedOnThisThreadOnly()
    {
        var best = Kernels.CapLevel(null);
        try
        {
            Assert.Equal(KernelLevel.Portable, Kernels.CapLevel(KernelLevel.Portable));
            var other = KernelLevel.Portable;
            var thread = new Thread(() => other = Kernels.Level());
            thread.Start();
            thread.Join();
            Assert.Equal(best, other);
        }
        finally
        {
            Assert.Equal(best, Kernels.CapLevel(null));
        }
        var features = Kernels.Features();
        Assert.Equal(best >= KernelLevel.Avx2, features.HasFlag(CpuFeatures.Avx2 | CpuFeatures.Fma | CpuFeatures.F16c));
        Assert.Equal(best == KernelLevel.Avx512, features.HasFlag(CpuFeatures.Avx512F | CpuFeatures.Avx512BW | CpuFeatures.Avx512VL | CpuFeatures.Avx512DQ));
    }

    [Fact]
    public void Bandwidth_SmallAndEmpty_MeasuresOrExplains()
    {
        Assert.InRange(Kernels.ReadBandwidth(4 << 20, 1, 2), 1e8, 1e13);
        Assert.InRange(Kernels.CopyBandwidth(4 << 20, 2, 2), 1e8, 1e13);
        Assert.Contains("255 bytes", Assert.Throws<ArgumentException>(() => Kernels.ReadBandwidth(255, 1, 1)).Message, StringComparison.Ordinal);
    }
}
