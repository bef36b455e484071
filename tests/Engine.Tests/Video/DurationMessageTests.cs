using Studio.Engine.Video;
using Xunit;

namespace Studio.Engine.Tests.Video;

public sealed class DurationMessageTests
{
    [Theory]
    [InlineData(10.125, 2, "10.12")] // an exact tie goes to the even digit
    [InlineData(10.375, 2, "10.38")]
    [InlineData(0.35, 1, "0.3")] // the double lies below 0.35
    [InlineData(2.675, 2, "2.67")]
    [InlineData(0.25, 1, "0.2")]
    [InlineData(0.75, 1, "0.8")]
    [InlineData(0.0, 2, "0.00")]
    [InlineData(0.005, 2, "0.01")] // the double lies above 0.005
    [InlineData(-1.25, 1, "-1.2")]
    [InlineData(5e-324, 2, "0.00")]
    [InlineData(7200.0, 2, "7200.00")]
    [InlineData(1e22, 1, "10000000000000000000000.0")]
    [InlineData(2.5, 0, "2")]
    public void Fixed_Value_IsRoundedOnTheExactBinaryValue(double value, int decimals, string expected)
    {
        Assert.Equal(expected, DurationMessage.Fixed(value, decimals));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Fixed_NotFinite_NamesTheValue(double value)
    {
        Assert.Contains($"{value}", Assert.Throws<ArgumentException>(() => DurationMessage.Fixed(value, 2)).Message);
    }

    [Fact]
    public void Short_AnyVideo_StartsWithNewlineAndEndsWithSpace()
    {
        Assert.Equal("\nThe video lasts for 10.12 seconds, and 64 frames are uniformly sampled from it. ", DurationMessage.Short(10.125, 64));
    }
}
