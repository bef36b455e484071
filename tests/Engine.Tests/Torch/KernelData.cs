using Studio.Engine.Torch;
using Xunit;

namespace Studio.Engine.Tests.Torch;

/// <summary>Seeded inputs, 16-bit conversions and comparisons for the kernel tests.</summary>
internal static class KernelData
{
    /// <summary>Runs a check once per instruction-set level of this machine, from plain C++ up.</summary>
    internal static void AtEveryLevel(Action<KernelLevel> check)
    {
        try
        {
            for (var level = KernelLevel.Portable; level <= KernelLevel.Avx512 && Kernels.CapLevel(level) == level; level++) check(level);
        }
        finally
        {
            Kernels.CapLevel(null);
        }
    }

    internal static float[] Normal(int n, int seed)
    {
        var random = new Random(seed);
        var x = new float[n];
        for (var i = 0; i < n; i++) x[i] = (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        return x;
    }

    internal static float[] Filled(int n, float value)
    {
        var x = new float[n];
        Array.Fill(x, value);
        return x;
    }

    internal static float FromBf16(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    /// <summary>Nearest bfloat16 by distance, the even one of two equally near; NaN keeps its upper bits, made quiet.</summary>
    internal static ushort ToBf16(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        var low = (ushort)(bits >> 16);
        if (float.IsNaN(value)) return (ushort)(low | 0x40);
        if (float.IsInfinity(value)) return low;
        var rest = bits & 0xffff;
        return rest > 0x8000 || (rest == 0x8000 && (low & 1) == 1) ? (ushort)(low + 1) : low;
    }

    internal static void AssertClose(double expected, double actual, double absolute, double relative, string where)
    {
        if (!(Math.Abs(expected - actual) <= absolute + relative * Math.Abs(expected)))
            Assert.Fail($"{where}: expected {expected:g9}, got {actual:g9}, difference {actual - expected:g3}");
    }

    /// <summary>
    /// Φ(x) by the series Φ(x) = ½ + φ(x) (x + x³/3 + x⁵/(3·5) + …), all terms of one sign: 1e-15 for |x| up to 9, the tail by
    /// its continued fraction, where the series would cancel.
    /// </summary>
    internal static double NormalCdf(double x)
    {
        var density = Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI);
        if (Math.Abs(x) > 5)
        {
            double a = Math.Abs(x), fraction = a;
            for (var k = 60; k > 0; k--) fraction = a + k / fraction;
            return x < 0 ? density / fraction : 1 - density / fraction;
        }
        double term = x, sum = x;
        for (var k = 3; Math.Abs(term) > 1e-17 * Math.Abs(sum); k += 2) sum += term *= x * x / k;
        return 0.5 + density * sum;
    }
}
