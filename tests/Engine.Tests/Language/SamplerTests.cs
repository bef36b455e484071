using Studio.Engine.Language;
using Xunit;

namespace Studio.Engine.Tests.Language;

public sealed class SamplerTests
{
    [Fact]
    public void Next_Greedy_TakesTheLowestOfEqualLogits() => Assert.Equal(1, new Sampler(new()).Next([0f, 3, 3, float.NaN]));

    [Fact]
    public void Next_AllNaN_SaysTheModelOverflowed()
    {
        var e = Assert.Throws<InvalidOperationException>(() => new Sampler(new()).Next([float.NaN, float.NaN]));
        Assert.Contains("--dtype fp32", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Next_WithPenalty_DividesPositiveAndMultipliesNegativeLogitsOfSeenTokens()
    {
        var sampler = new Sampler(new() { RepetitionPenalty = 2 });
        Assert.Equal(0, sampler.Next([4f, 3, -1]));
        Assert.Equal(1, sampler.Next([4f, 3, -1])); // 4 / 2 < 3
        Assert.Equal(0, sampler.Next([4f, 3, -1])); // 2 > 1.5
        float[] logits = [-1f, -3, -1.5f];
        Assert.Equal(2, sampler.Next(logits)); // -1 * 2 and -3 * 2 against -1.5
        Assert.Equal([-2f, -6, -1.5f], logits);
    }

    [Fact]
    public void Next_TopK_And_TopP_NeverLeaveTheirCandidates()
    {
        float[] logits = [5, 4.9f, 0, -1, -2];
        var byK = new Sampler(new() { Temperature = 50, TopK = 2, Seed = 3 });
        var byP = new Sampler(new() { Temperature = 1, TopP = 0.6, Seed = 3 });
        for (var i = 0; i < 300; i++)
        {
            Assert.InRange(byK.Next([.. logits]), 0, 1);
            Assert.InRange(byP.Next([.. logits]), 0, 1);
        }
    }

    [Fact]
    public void Next_Sampling_FollowsTheSoftmax()
    {
        var sampler = new Sampler(new() { Temperature = 1, Seed = 11 });
        var counts = new int[3];
        for (var i = 0; i < 20_000; i++) counts[sampler.Next([MathF.Log(0.5f), MathF.Log(0.3f), MathF.Log(0.2f)])]++;
        Assert.InRange(counts[0] / 20_000.0, 0.485, 0.515); // 4 standard errors are 0.014
        Assert.InRange(counts[1] / 20_000.0, 0.287, 0.313);
    }

    [Fact]
    public void Next_SameSeed_RepeatsWhateverOtherSamplersDid()
    {
        static int[] Draw(ulong seed)
        {
            var sampler = new Sampler(new() { Temperature = 2, Seed = seed });
            return [.. Enumerable.Range(0, 50).Select(_ => sampler.Next([1f, 2, 3, 4, 5]))];
        }

        var first = Draw(1);
        _ = Draw(2);
        Assert.Equal(first, Draw(1));
        Assert.NotEqual(first, Draw(2));
    }

    [Fact]
    public void Next_AfterItsFirst_AllocatesNothing()
    {
        var sampler = new Sampler(new() { Temperature = 1, RepetitionPenalty = 1.1, TopK = 50 });
        var logits = new float[1000];
        for (var i = 0; i < 20; i++) _ = sampler.Next(logits);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) _ = sampler.Next(logits);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(GenerationSettings.MaxNewTokensLimit + 1)]
    public void Settings_MaxNewTokensOutOfRange_NamesTheValue(int value) =>
        Assert.Contains($"not {value}", Assert.Throws<ArgumentException>(() => new GenerationSettings { MaxNewTokens = value }).Message, StringComparison.Ordinal);

    [Fact]
    public void Settings_OutOfRange_AreRefused()
    {
        Assert.Throws<ArgumentException>(() => new GenerationSettings { Temperature = -1 });
        Assert.Throws<ArgumentException>(() => new GenerationSettings { Temperature = double.NaN });
        Assert.Throws<ArgumentException>(() => new GenerationSettings { TopP = 0 });
        Assert.Throws<ArgumentException>(() => new GenerationSettings { TopP = 1.1 });
        Assert.Throws<ArgumentException>(() => new GenerationSettings { TopK = -1 });
        Assert.Throws<ArgumentException>(() => new GenerationSettings { RepetitionPenalty = 0 });
    }
}
