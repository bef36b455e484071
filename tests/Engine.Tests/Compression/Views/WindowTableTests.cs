using Studio.Engine.Compression.Views;
using Xunit;

namespace Studio.Engine.Tests.Compression.Views;

public sealed class WindowTableTests
{
    /// <summary>3 frames of 4 tokens in two windows of 6: the second frame falls into both.</summary>
    private static TraceShape Shape(float[]? second = null) => TraceShape.Of(Traces.Small() with
    {
        Settings = "vst:2,3",
        Media = [new("clip.mp4", "video", 3, 12, [0, 1, 2], [0, 10, 20], 1, 4, 2, 2, null)],
        Stages = [new(0, 0, "summaries", 12, Traces.Bits(12, [.. Enumerable.Range(0, 12)]), [])],
        Layers = [new(0, 9, 5, null, [])],
        Windows =
        [
            new(0, 6, 2, 3, 3, 0, [0.1f, 0.05f, 0.15f], [0.3f, 0.2f], null, new(0.4f, 0, 0.1f)),
            new(6, 6, 3, 2, 6, 1, [0.25f, 0.125f], second, null, second is null ? null : new(0.25f, 0.125f, 0.125f)),
        ],
    });

    [Fact]
    public void Of_Windows_HaveTheirPlaceInTimeAndTheirMasses()
    {
        var rows = WindowTable.Of(Shape([0.25f, 0.25f]));
        Assert.Equal([(0, 2, 0.0, 1.0), (1, 3, 1.0, 2.0)], rows.Select(r => (r.FirstFrame, r.EndFrame, r.StartTime, r.EndTime)));
        Assert.Equal([(6, 2, 3, 3), (6, 3, 2, 2)], rows.Select(r => (r.VisualTokens, r.Ratio, r.Summaries, r.Left)));
        Assert.Equal(0.3, rows[0].AnswerMass, 6);
        Assert.Equal(1.0, (rows[1].VisualMass + rows[1].TextMass + rows[1].EarlierMass + rows[1].OwnMass)!.Value, 6);
        Assert.Empty(WindowTable.Of(TraceShape.Of(Traces.Small())));
    }

    [Fact]
    public void Frames_OfEveryWindow_StandAtTheirFrames_AndUnrecordedOnesAreLeftOut()
    {
        Assert.Equal([(0, 0), (0, 1), (1, 1), (1, 2)], WindowTable.Frames(Shape([0.25f, 0.25f])).Select(f => (f.Window, f.FirstFrame)));
        Assert.Equal([(0, 0), (0, 1)], WindowTable.Frames(Shape()).Select(f => (f.Window, f.FirstFrame)));
        Assert.Null(WindowTable.Of(Shape())[1].VisualMass);
    }

    [Fact]
    public void Answer_TokensStandInTheirPartOfTheWindow()
    {
        var shares = WindowTable.Answer(Shape());
        Assert.Equal([(0, 0), (0, 0), (0, 1), (1, 1), (1, 2)], shares.Select(f => (f.Window, f.FirstFrame)));
        Assert.Equal(0.25, shares[3].Mass, 6);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void Answer_AddedUp_HoldsEveryShareOnce_AndStaysWithinABound(int most)
    {
        var shares = WindowTable.Answer(Shape(), most);
        Assert.InRange(shares.Count, 2, Math.Max(2, most));
        Assert.Equal(0.675, shares.Sum(s => s.Mass), 6);
        Assert.Equal([(0, 3), (1, 2)], shares.GroupBy(s => s.Window).Select(g => (g.Key, g.Sum(s => s.End - s.First))));
        Assert.Throws<ArgumentOutOfRangeException>(() => WindowTable.Answer(Shape(), 0));
    }
}
