using Studio.Engine.Torch;
using Xunit;

namespace Studio.Engine.Tests.Torch;

/// <summary>The matrix-vector product in every weight type, tail and batch.</summary>
public sealed unsafe class KernelsMatVecTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 3)]
    [InlineData(8, 64)]
    [InlineData(19, 65)] // one weight line and one more; rows beyond two tiles of 8
    [InlineData(33, 127)]
    [InlineData(24, 1536)]
    [InlineData(5, 0)]
    public void MatVec_EveryTypeAndBatch_MatchesDoublePrecision(int n, int k) => KernelData.AtEveryLevel(level =>
    {
        foreach (var type in Enum.GetValues<KernelType>())
            foreach (var rows in new[] { 1, 2, 3, 4, 5, 6, 7, 8, 9 })
            {
                int wStride = k + 3, xStride = k + 1, yStride = n + 2;
                var (bytes, values) = Weights(type, n * wStride);
                float[] x = KernelData.Normal(rows * xStride, 20), bias = KernelData.Normal(n, 21), scale = KernelData.Normal(n, 22), y = KernelData.Filled(rows * yStride, -7f);
                var scaled = type == KernelType.Int8;
                fixed (byte* w = bytes)
                fixed (float* px = x, pb = bias, ps = scale, py = y)
                {
                    var args = new MatVecArgs { W = w, WStride = wStride, Scale = scaled ? ps : null, Bias = rows % 2 == 0 ? pb : null, X = px, XStride = xStride, Y = py, YStride = yStride, Rows = rows, N = n, K = k, WType = type };
                    Kernels.MatVec(args, 2);
                }
                for (var r = 0; r < rows; r++)
                    for (var i = 0; i < yStride; i++)
                    {
                        if (i >= n)
                        {
                            Assert.Equal(-7f, y[r * yStride + i]);
                            continue;
                        }
                        double sum = 0, size = 0;
                        for (var c = 0; c < k; c++)
                        {
                            var term = (double)values[i * wStride + c] * x[r * xStride + c];
                            sum += term;
                            size += Math.Abs(term);
                        }
                        double s = scaled ? scale[i] : 1, b = rows % 2 == 0 ? bias[i] : 0;
                        KernelData.AssertClose(sum * s + b, y[r * yStride + i], 2e-6 * size * Math.Abs(s) + 1e-6, 1e-6, $"{level} {type} rows {rows} y[{r},{i}]");
                    }
            }
    });

    [Fact]
    public void MatVec_RowAloneOrInABatchAtAnyThreads_HasTheSameBits() => KernelData.AtEveryLevel(_ =>
    {
        const int N = 301, K = 777;
        var (bytes, _) = Weights(KernelType.BFloat16, N * K);
        var x = KernelData.Normal(8 * K, 23);
        var alone = Run(bytes, x, 1, 1);
        foreach (var threads in new[] { 1, 2, 3, 7 })
            foreach (var rows in new[] { 1, 3, 4, 8 })
                Assert.Equal(alone, Run(bytes, x, rows, threads)[..N]);

        static float[] Run(byte[] bytes, float[] x, int rows, int threads)
        {
            var y = new float[rows * N];
            fixed (byte* w = bytes)
            fixed (float* px = x, py = y)
                Kernels.MatVec(new MatVecArgs { W = w, WStride = K, X = px, XStride = K, Y = py, YStride = N, Rows = rows, N = N, K = K, WType = KernelType.BFloat16 }, threads);
            return y;
        }
    });

    [Fact]
    public void MatVec_NaNWeight_ReachesItsRowOnly()
    {
        float[] w = [1f, 2f, float.NaN, 4f], x = [1f, 1f], y = new float[2];
        fixed (float* pw = w, px = x, py = y)
            Kernels.MatVec(new MatVecArgs { W = pw, WStride = 2, X = px, XStride = 2, Y = py, YStride = 2, Rows = 1, N = 2, K = 2 }, 1);
        Assert.Equal([3f, float.NaN], y);
    }

    [Fact]
    public void MatVec_BadArguments_AreNamed()
    {
        Assert.Contains("weight type 9", Assert.Throws<ArgumentException>(() => Kernels.MatVec(new MatVecArgs { WType = (KernelType)9 }, 1)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => Kernels.MatVec(new MatVecArgs { N = -1 }, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Kernels.MatVec(default, 0));
    }

    private static (byte[] Bytes, float[] Values) Weights(KernelType type, int count)
    {
        var values = KernelData.Normal(count, 24);
        var bytes = new List<byte>(count * 4);
        for (var i = 0; i < count; i++)
            switch (type)
            {
                case KernelType.BFloat16:
                    var bits = KernelData.ToBf16(values[i]);
                    values[i] = KernelData.FromBf16(bits);
                    bytes.AddRange(BitConverter.GetBytes(bits));
                    break;
                case KernelType.Float16:
                    values[i] = (float)(Half)values[i];
                    bytes.AddRange(BitConverter.GetBytes((Half)values[i]));
                    break;
                case KernelType.Int8:
                    values[i] = Math.Clamp(MathF.Round(values[i] * 50), -128, 127);
                    bytes.Add((byte)(sbyte)values[i]);
                    break;
                default:
                    bytes.AddRange(BitConverter.GetBytes(values[i]));
                    break;
            }
        return ([.. bytes], values);
    }
}
