using Studio.Engine.Checkpoints;
using Xunit;

namespace Studio.Engine.Tests.Checkpoints;

public sealed class RandomWeightsTests
{
    [Fact]
    public void Fill_AnyChunksAndThreads_GivesTheSameValues()
    {
        var weights = new RandomWeights(7);
        var whole = new ushort[1_000_003]; // several parallel blocks and an odd rest
        weights.Fill("w", WeightRole.Matrix, 0, whole);

        var pieces = new ushort[whole.Length];
        int[] cuts = [0, 1, 2, 5, 4096, 262_143, 262_145, 700_000, whole.Length];
        for (int i = cuts.Length - 1; i > 0; i--) // backwards: order must not matter
        {
            new RandomWeights(7).Fill("w", WeightRole.Matrix, cuts[i - 1], pieces.AsSpan(cuts[i - 1], cuts[i] - cuts[i - 1]));
        }

        Assert.Equal(whole, pieces);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(4_294_967_297)] // beyond 32 bits
    public void Fill_AsFloat_EqualsTheBf16Values(long first)
    {
        var weights = new RandomWeights(7);
        var narrow = new ushort[300_001];
        var wide = new float[300_001];

        weights.Fill("w", WeightRole.Matrix, first, narrow);
        weights.Fill("w", WeightRole.Matrix, first, wide);

        Assert.Equal(narrow.Select(Bf16.ToSingle), wide);
    }

    [Fact]
    public void Fill_KnownSeed_GivesTheRecordedValues()
    {
        // Guards the stream itself: checkpoints made with a seed must come out the same in later versions.
        var values = new ushort[8];
        new RandomWeights(1).Fill("model.norm.weight", WeightRole.Matrix, 0, values);

        Assert.Equal(s_recordedValues, values);
    }

    /// <summary>Computed by a separate program from the definition in the class remarks.</summary>
    private static readonly ushort[] s_recordedValues = [48393, 15536, 15525, 48370, 48230, 15491, 15349, 15384];

    [Fact]
    public void Fill_OtherSeedOrName_GivesUnrelatedValues()
    {
        float[] one = Floats(new RandomWeights(1), "model.layers.1.a");
        float[] otherSeed = Floats(new RandomWeights(2), "model.layers.1.a");
        float[] otherName = Floats(new RandomWeights(1), "model.layers.2.a");

        Assert.True(Math.Abs(Correlation(one, otherSeed)) < 0.01);
        Assert.True(Math.Abs(Correlation(one, otherName)) < 0.01);
        Assert.True(Math.Abs(Correlation(one[..^1], one[1..])) < 0.01);
        Assert.True(Math.Abs(Correlation(one[..^4], one[4..])) < 0.01); // neighbouring draws of the same lane
    }

    [Theory]
    [InlineData(WeightRole.Matrix, 0.02)]
    [InlineData(WeightRole.Bias, 0.002)]
    public void Fill_RandomRole_HasMeanZeroAndTheWantedDeviation(WeightRole role, double deviation)
    {
        float[] values = Floats(new RandomWeights(3), "w", role);

        double mean = values.Average(v => (double)v);
        double actual = Math.Sqrt(values.Average(v => (double)v * v));
        Assert.True(Math.Abs(mean) < deviation / 100, $"mean {mean}");
        Assert.True(Math.Abs(actual - deviation) < deviation / 100, $"deviation {actual}");
        Assert.True(values.Max() <= deviation * Math.Sqrt(3) * 1.004);
    }

    [Theory]
    [InlineData(WeightRole.Norm, 1f)]
    [InlineData(WeightRole.LayerScale, 0.100097656f)] // 0.1 in bf16
    public void Fill_ConstantRole_IsConstant(WeightRole role, float expected) =>
        Assert.Equal(expected, Assert.Single(Floats(new RandomWeights(3), "w", role).Distinct()));

    [Theory]
    [InlineData(0f)]
    [InlineData(-1f)]
    [InlineData(float.NaN)]
    public void Constructor_UnusableDeviation_IsRefused(float deviation) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new RandomWeights(1, deviation));

    private static float[] Floats(RandomWeights weights, string name, WeightRole role = WeightRole.Matrix)
    {
        var values = new float[400_000];
        weights.Fill(name, role, 0, values);
        return values;
    }

    private static double Correlation(float[] a, float[] b)
    {
        double sum = a.Zip(b, (x, y) => (double)x * y).Sum();
        return sum / Math.Sqrt(a.Sum(x => (double)x * x) * b.Sum(x => (double)x * x));
    }
}
