using Studio.Benchmarks.Evaluation.Statistics;
using Xunit;

namespace Studio.Benchmarks.Tests.Evaluation.Statistics;

public sealed class WilsonTests
{
    /// <summary>Newcombe 1998 (Statistics in Medicine 17, table I), method 3: score without continuity correction.</summary>
    [Theory]
    [InlineData(81, 263, 0.2553, 0.3662)]
    [InlineData(15, 148, 0.0624, 0.1605)]
    [InlineData(0, 20, 0.0000, 0.1611)]
    [InlineData(1, 29, 0.0061, 0.1718)]
    public void Interval_PublishedTable_Agrees(int hits, int n, double low, double high)
    {
        Interval interval = Wilson.Interval(hits, n);
        Assert.Equal(low, interval.Low, 4);
        Assert.Equal(high, interval.High, 4);
        Interval mirrored = Wilson.Interval(n - hits, n);
        Assert.Equal(1 - high, mirrored.Low, 4);
        Assert.Equal(1 - low, mirrored.High, 4);
    }

    [Fact]
    public void Interval_CountsThatCannotBe_AreRefused()
    {
        _ = Assert.Throws<ArgumentOutOfRangeException>(() => Wilson.Interval(0, 0));
        _ = Assert.Throws<ArgumentOutOfRangeException>(() => Wilson.Interval(3, 2));
        _ = Assert.Throws<ArgumentOutOfRangeException>(() => Wilson.Interval(-1, 2));
        _ = Assert.Throws<ArgumentOutOfRangeException>(() => Wilson.Interval(1, 2, 0));
    }
}
