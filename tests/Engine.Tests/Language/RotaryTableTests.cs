using Studio.Engine.Checkpoints;
using Studio.Engine.Language;
using Studio.Engine.Torch;
using Xunit;

namespace Studio.Engine.Tests.Language;

public sealed class RotaryTableTests
{
    [Fact]
    public void Table_HoldsCosinesAndSinesOfPositionTimesFrequency()
    {
        using var table = new RotaryTable(8, 10_000, Device.CPU);
        using var scope = torch.NewDisposeScope();
        Assert.Equal([1, 0.1, 0.01, 0.001], table.PairFrequencies.Select(f => Math.Round(f, 9)));
        Assert.Equal((float)Math.Cos(0.7), table.Cos.select(0, 7).ToArray<float>()[1]);
        Assert.Equal((float)Math.Sin(7), table.Sin.select(0, 7).ToArray<float>()[0]);
    }

    [Fact]
    public void Ensure_GrowsOnDemand_AndKeepsTheValues()
    {
        using var table = new RotaryTable(4, 1e6, Device.CPU);
        using var scope = torch.NewDisposeScope();
        var before = table.Cos.select(0, 1000).ToArray<float>();
        table.Ensure(5000);
        Assert.Equal(5000, table.Positions);
        Assert.Equal(before, table.Cos.select(0, 1000).ToArray<float>());
        Assert.Throws<ArgumentOutOfRangeException>(() => table.Ensure(RotaryTable.MaxPositions + 1L));
    }

    [Fact]
    public void Yarn_KeepsFastDimensions_AndDividesSlowOnesByTheFactor()
    {
        // Qwen2 with factor 4 over 32,768: pairs that turn over 32 times keep their frequency, below one turn they are divided.
        using var plain = new RotaryTable(128, 1e6, Device.CPU);
        using var yarn = new RotaryTable(128, 1e6, Device.CPU, new YarnScaling(4, 32_768));
        double Ratio(int pair) => yarn.PairFrequencies[pair] / plain.PairFrequencies[pair];
        Assert.Equal(1, Ratio(0), 12);
        Assert.Equal(0.25, Ratio(63), 12);
        Assert.All(Enumerable.Range(0, 64), pair =>
        {
            var turns = 32_768 * plain.PairFrequencies[pair] / (2 * Math.PI);
            if (turns > 40) Assert.Equal(1, Ratio(pair), 12);
            if (turns < 0.8) Assert.Equal(0.25, Ratio(pair), 12);
        });
        using var scope = torch.NewDisposeScope();
        Assert.Equal((float)((0.1 * Math.Log(4)) + 1), yarn.Cos.select(0, 0).ToArray<float>()[0]); // the attention factor
    }

    [Fact]
    public void Constructor_OddHeadDimension_IsRefused() => Assert.Throws<ArgumentOutOfRangeException>(() => new RotaryTable(7, 1e4, Device.CPU));
}
