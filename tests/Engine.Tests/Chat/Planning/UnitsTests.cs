using Studio.Engine.Chat.Planning;
using Xunit;

namespace Studio.Engine.Tests.Chat.Planning;

public sealed class UnitsTests
{
    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1024, "1.00 KiB")]
    [InlineData(31_195_136, "29.8 MiB")]
    [InlineData(4_143_004_672, "3.86 GiB")]
    public void Bytes_AnySize_ThreeDigits(double bytes, string expected) => Assert.Equal(expected, Units.Bytes(bytes));

    [Theory]
    [InlineData(43.95e12, "44.0 TFLOP")]
    [InlineData(3.27e9, "3.27 GFLOP")]
    [InlineData(6.866e15, "6.87 PFLOP")]
    public void Flops_AnySize_ThreeDigits(double flops, string expected) => Assert.Equal(expected, Units.Flops(flops));

    [Theory]
    [InlineData(0, "< 1 ms")]
    [InlineData(0.012, "12 ms")]
    [InlineData(3.4, "3.40 s")]
    [InlineData(59.94, "59.9 s")]
    [InlineData(60, "1 min 00 s")]
    [InlineData(119.7, "2 min 00 s")] // rounds before it splits
    [InlineData(320, "5 min 20 s")]
    [InlineData(7500, "2 h 05 min")]
    [InlineData(86_400, "24 h 00 min")]
    public void Seconds_AnyLength_ReadsAsSpoken(double seconds, string expected) => Assert.Equal(expected, Units.Seconds(seconds));

    [Fact]
    public void Seconds_Range_OneNumberOrTwo()
    {
        Assert.Equal("2.00 s", Units.Seconds(new SecondsRange(2, 2)));
        Assert.Equal("2.00 s to 1 min 00 s", Units.Seconds(new SecondsRange(2, 60)));
    }
}
