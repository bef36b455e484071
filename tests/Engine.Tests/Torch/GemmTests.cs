using Studio.Engine.Torch;
using Xunit;

namespace Studio.Engine.Tests.Torch;

/// <summary>The matrix product of the CPU kernels: right, and with bits that depend on nothing but their own row.</summary>
public sealed unsafe class GemmTests
{
    public static TheoryData<int, int, int> Shapes
    {
        get
        {
            var shapes = new TheoryData<int, int, int>();
            for (var rows = 1; rows <= 20; rows++) shapes.Add(rows, (rows * 7 % 45) + 1, (rows * 37 % 300) + 1);
            shapes.Add(97, 33, 257); // one more than a block in each direction
            shapes.Add(200, 800, 513);
            shapes.Add(3, 5, 0);
            return shapes;
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Gemm_AnyShape_IsTheProduct(int rows, int n, int k)
    {
        foreach (var type in new[] { KernelType.Float32, KernelType.BFloat16, KernelType.Float16 })
        {
            foreach (var level in new[] { KernelLevel.Portable, KernelLevel.Avx2, KernelLevel.Avx512 })
            {
                var p = new Problem(rows, n, k, type);
                var y = At(level, () => p.Run(0, rows, 2));
                for (var r = 0; r < rows; r++)
                {
                    for (var j = 0; j < n; j++)
                    {
                        var (sum, size) = p.Reference(r, j);
                        Assert.True(Math.Abs(y[(r * n) + j] - sum) <= 1e-6 * (size + 1), $"{type} {level} [{r}, {j}]: {y[(r * n) + j]} for {sum}");
                    }
                }
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Gemm_RowsBits_DependOnNothingElse(bool half)
    {
        var p = new Problem(251, 813, 700, half ? KernelType.BFloat16 : KernelType.Float32);
        var all = p.Run(0, 251, 1);
        Assert.Equal(all, p.Run(0, 251, 2));
        Assert.Equal(all, p.Run(0, 251, 7));
        foreach (var (from, rows) in new[] { (0, 1), (5, 1), (17, 2), (3, 11), (1, 12), (100, 97), (250, 1) })
        {
            Assert.Equal(all.Skip(from * 813).Take(rows * 813), p.Run(from, rows, 2));
        }
    }

    [Fact]
    public void Gemm_Avx2AndAvx512_GiveTheSameBits()
    {
        var p = new Problem(37, 99, 1000, KernelType.BFloat16);
        Assert.Equal(At(KernelLevel.Avx2, () => p.Run(0, 37, 2)), At(KernelLevel.Avx512, () => p.Run(0, 37, 2)));
    }

    [Fact]
    public void Gemm_BadArguments_AreRefused()
    {
        float value = 0;
        Assert.Throws<ArgumentOutOfRangeException>(() => Kernels.Gemm(new MatVecArgs { Rows = -1 }, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Kernels.Gemm(new MatVecArgs { K = -1 }, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Kernels.Gemm(new MatVecArgs(), 0));
        Assert.Throws<ArgumentException>(() => Kernels.Gemm(new MatVecArgs { WType = KernelType.Int8 }, 1));
        var scaled = new MatVecArgs { Scale = &value };
        Assert.Throws<ArgumentException>(() => Kernels.Gemm(scaled, 1));
    }

    private static T At<T>(KernelLevel level, Func<T> run)
    {
        _ = Kernels.CapLevel(level);
        try
        {
            return run();
        }
        finally
        {
            _ = Kernels.CapLevel(null);
        }
    }

    /// <summary>x [rows, k] and w [n, k] with strides wider than k, and a bias; NaN stands where nothing may be read.</summary>
    private sealed class Problem
    {
        private readonly int _n, _k, _xStride, _wStride;
        private readonly KernelType _type;
        private readonly float[] _x, _w, _bias;
        private readonly ushort[] _half;

        public Problem(int rows, int n, int k, KernelType type)
        {
            (_n, _k, _type, _xStride, _wStride) = (n, k, type, k + 3, k + 5);
            var random = new Random((rows * 1000) + n + k);
            float[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(_ => (random.NextSingle() * 2) - 1)];
            (_x, _w, _bias) = (Numbers(rows * _xStride), Numbers(n * _wStride), Numbers(n));
            for (var r = 0; r < rows; r++) _x.AsSpan((r * _xStride) + k, 3).Fill(float.NaN);
            for (var i = 0; i < _w.Length; i++)
            {
                if (type == KernelType.BFloat16) _w[i] = BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(_w[i]) & 0xFFFF0000);
                if (type == KernelType.Float16) _w[i] = (float)(Half)_w[i];
                if (i % _wStride >= k) _w[i] = float.NaN;
            }

            _half = [.. _w.Select(v => type == KernelType.Float16 ? BitConverter.HalfToUInt16Bits((Half)v) : (ushort)(BitConverter.SingleToUInt32Bits(v) >> 16))];
        }

        public float[] Run(int from, int rows, int threads)
        {
            var y = new float[rows * _n];
            fixed (float* x = _x, w = _w, bias = _bias, result = y)
            fixed (ushort* half = _half)
            {
                Kernels.Gemm(new MatVecArgs
                {
                    W = _type == KernelType.Float32 ? w : half, WStride = _wStride, WType = _type, Bias = bias,
                    X = x + (from * _xStride), XStride = _xStride, Y = result, YStride = _n, Rows = rows, N = _n, K = _k,
                }, threads);
            }

            return y;
        }

        /// <summary>The element in double precision, and the sum of its terms' sizes.</summary>
        public (double Sum, double Size) Reference(int row, int column)
        {
            var (sum, size) = ((double)_bias[column], 0.0);
            for (var i = 0; i < _k; i++)
            {
                var term = (double)_x[(row * _xStride) + i] * _w[(column * _wStride) + i];
                (sum, size) = (sum + term, size + Math.Abs(term));
            }

            return (sum, size);
        }
    }
}
