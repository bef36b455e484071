using Studio.Engine.Compression;
using Studio.Engine.Compression.Views;
using Xunit;

namespace Studio.Engine.Tests.Compression.Views;

public sealed class TraceShapeTests
{
    [Fact]
    public void Of_VideoAndPicture_NumbersFramesClipsAndTokens()
    {
        var shape = TraceShape.Of(Traces.VideoAndPicture());
        Assert.Equal(5, shape.Columns.Count);
        Assert.Equal(new FrameColumn(3, 0, 3, 1, 3, 30, 3, 3), shape.Column(3));
        Assert.Equal(new FrameColumn(4, 1, 0, 2, 0, 0, 6, 4), shape.Column(4));
        Assert.Equal(4, shape.TotalClips);
        Assert.Equal([0, 0, 1, 1], Enumerable.Range(0, 4).Select(shape.MediaOfClip));
        Assert.Equal((8, 10), shape.TokensOfClip(3));
        Assert.Equal((4, 5), shape.ColumnsOfClip(3));
        Assert.Equal((2, 4), shape.ColumnsOfClip(1));
        Assert.Empty(shape.DropLayers);
    }

    [Fact]
    public void Of_Drops_KnowsTheStageOfEveryLayer()
    {
        var shape = TraceShape.Of(Traces.Small());
        Assert.Equal([0, 1, 1, 2], Enumerable.Range(0, 4).Select(shape.StageOfLayer));
        Assert.Equal([1, 3], shape.DropLayers);
        Assert.Equal([1, 4], shape.Alive(2));
        Assert.Throws<ArgumentOutOfRangeException>(() => shape.StageOfLayer(4));
        Assert.Throws<ArgumentOutOfRangeException>(() => shape.Column(4));
    }

    public static TheoryData<string, CompressionTrace> Damaged()
    {
        var good = Traces.Small();
        var media = good.Media[0];
        return new()
        {
            { "a token that is dropped and comes back", good with { Stages = [good.Stages[0], good.Stages[1], good.Stages[2] with { Alive = Traces.Bits(6, 1, 2) }] } },
            { "a wrong count", good with { Stages = [good.Stages[0], good.Stages[1] with { VisualTokens = 5 }, good.Stages[2] with { Scores = [1, 1, 1, 1, 1] }] } },
            { "too few scores", good with { Stages = [good.Stages[0], good.Stages[1], good.Stages[2] with { Scores = [1, 2] }] } },
            { "a token beyond the last", good with { Stages = [good.Stages[0], good.Stages[1] with { Alive = [0b01001011], VisualTokens = 4 }, good.Stages[2]] } },
            { "a gap between stages", good with { Stages = [good.Stages[0], good.Stages[1] with { FirstLayer = 2 }, good.Stages[2]] } },
            { "a missing last stage", good with { Stages = [good.Stages[0], good.Stages[1]] } },
            { "layers out of order", good with { Layers = [good.Layers[1], good.Layers[0], good.Layers[2], good.Layers[3]] } },
            { "attention on too many clips", good with { Layers = [good.Layers[0] with { ClipMass = [1, 2, 3] }, good.Layers[1], good.Layers[2], good.Layers[3]] } },
            { "an owner outside the clip", good with { Media = [media with { Owners = [.. media.Owners!.Select(o => (byte)(o + 1))] }] } },
            { "too few owners", good with { Media = [media with { Owners = [0] }] } },
            { "too many frames", good with { Media = [media with { FrameTimes = [0, 1, 2, 3, 4], FrameIndices = [0, 1, 2, 3, 4] }] } },
            { "frames without numbers", good with { Media = [media with { FrameIndices = [] }] } },
            { "no tokens", good with { Media = [media with { Tokens = 0 }] } },
            { "too few marks", good with { Stages = [good.Stages[0] with { Alive = [] }, good.Stages[1], good.Stages[2]] } },
        };
    }

    [Theory]
    [MemberData(nameof(Damaged))]
    public void Of_DamagedTrace_IsRefused(string what, CompressionTrace trace)
    {
        var e = Assert.Throws<InvalidDataException>(() => TraceShape.Of(trace));
        Assert.True(e.Message.StartsWith("the trace is damaged: ", StringComparison.Ordinal), what);
    }
}
