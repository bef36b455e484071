using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Xunit;

namespace Studio.Engine.Tests.Compression;

public sealed class ContentWindowsTests
{
    private const int PerFrame = 144;

    [Fact]
    public void Cut_AtSceneChanges_EndsWindowsThere()
    {
        // Frames 0 to 6, 7 to 9, 10 to 19: two sudden changes in an even flow.
        var similarity = Flow(20);
        similarity[6] = similarity[9] = 0.2f;
        var windows = Cut(similarity, 8);
        Assert.Equal([7, 3, 10], windows.Select(w => w.Length / PerFrame));
        Assert.Equal([8, 4, 8], windows.Select(w => w.Ratio)); // three frames, below half of ten: busy, so half the ratio
        Assert.Equal([0, 7 * PerFrame, 10 * PerFrame], windows.Select(w => w.Start));
    }

    [Fact]
    public void Cut_LongStretches_AreSplitIntoEqualWindows()
    {
        var windows = Cut(Flow(25), 16);
        Assert.Equal([9, 8, 8], windows.Select(w => w.Length / PerFrame));
        Assert.All(windows, w => Assert.Equal(16, w.Ratio));
    }

    [Theory]
    [InlineData(2, 2)] // the gentlest there is
    [InlineData(9, 9)] // odd
    [InlineData(12, 6)]
    public void Cut_BusyWindow_TakesHalfTheRatioWhereThereIsOne(int ratio, int expected)
    {
        var similarity = Flow(20);
        similarity[6] = similarity[9] = 0.2f;
        Assert.Equal(expected, Cut(similarity, ratio)[1].Ratio);
    }

    [Fact]
    public void Cut_CoversEveryTokenInWholeFrames()
    {
        var random = new Random(3);
        for (var frames = 2; frames < 60; frames += 7)
        {
            float[] similarity = [.. Enumerable.Range(0, frames - 1).Select(_ => random.NextSingle())];
            var windows = Cut(similarity, 8);
            Assert.Equal(frames * PerFrame, windows.Sum(w => w.Length));
            Assert.All(windows, w => Assert.True(w.Length % PerFrame == 0 && w.Length is > 0 and <= 1440));
            Assert.Equal(windows, Cut(similarity, 8)); // the same video gives the same windows
        }
    }

    [Fact]
    public void Cut_WithoutTimeOrWithOneFrame_IsEven()
    {
        var rule = VstCompression.ByContent(8).RuleFor(new VstConfig());
        Assert.Equal([1440, 288], rule.Cut(new(1728, PerFrame, null), 1440).Select(w => w.Length));
        Assert.Equal([144], rule.Cut(new(144, PerFrame, () => throw new InvalidOperationException("not asked for")), 1440).Select(w => w.Length));
        Assert.Contains("fewer than frames", Assert.Throws<ArgumentException>(() => rule.Cut(new(1440, PerFrame, () => [1, 1]), 1440)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Cut_RestBehindTheFrames_IsAWindowOfItsOwn() =>
        Assert.Equal([288, 1], VstCompression.ByContent(8).RuleFor(new VstConfig()).Cut(new(289, PerFrame, () => [0.9f]), 1440).Select(w => w.Length));

    private static IReadOnlyList<VstWindow> Cut(float[] similarity, int ratio) =>
        VstCompression.ByContent(ratio).RuleFor(new VstConfig()).Cut(new((similarity.Length + 1) * PerFrame, PerFrame, () => similarity), 1440);

    private static float[] Flow(int frames) => [.. Enumerable.Repeat(0.9f, frames - 1)];
}
