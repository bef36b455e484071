using Studio.Engine.Compression.Views;
using Xunit;

namespace Studio.Engine.Tests.Compression.Views;

public sealed class TraceComparisonTests
{
    [Fact]
    public void KvBytes_SplitsTheMeasuredBytesByRows()
    {
        // 56 rows in all, 5600 bytes.
        Assert.Equal([1600, 1400, 1400, 1200], TraceComparison.KvBytes(Traces.Small()));
        Assert.Empty(TraceComparison.KvBytes(Traces.Small() with { Costs = [] }));
    }

    [Fact]
    public void Of_DifferentDepthsAndStages_StandsSideBySide()
    {
        var first = Traces.Small();
        var second = Traces.VideoAndPicture() with { Costs = [new("probe", 1, 1, 0, 0), new("prefill", 30, 20, 4000, 5e9)] };
        var compared = TraceComparison.Of(first, second);
        Assert.Equal(4, compared.Layers.Count);
        Assert.Equal((new LayerFigures(14, 4, 1400), new LayerFigures(20, 10, 2000)), (compared.Layers[1].First, compared.Layers[1].Second));
        Assert.Null(compared.Layers[3].Second);
        Assert.Equal(["frames", "tower", "prefill", "decode", "probe"], compared.Stages.Select(s => s.Stage));
        Assert.Equal((10.0, 30.0), (compared.Stages[2].First!.Milliseconds, compared.Stages[2].Second!.Milliseconds));
        Assert.Null(compared.Stages[1].Second);
        Assert.Equal(new ComparedTotals(4, 16, 0, 6, 4, 56, 5600, 39, 3.001e9), compared.First);
        Assert.Equal(new ComparedTotals(2, 16, 0, 10, 5, 40, 4000, 31, 5e9), compared.Second);
    }
}
