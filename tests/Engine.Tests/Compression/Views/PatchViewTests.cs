using Studio.Engine.Compression.Views;
using Xunit;

namespace Studio.Engine.Tests.Compression.Views;

public sealed class PatchViewTests
{
    [Fact]
    public void Of_FrameWithGroups_TellsWhereEachPatchWentAndWhatBecameOfIt()
    {
        var view = PatchView.Of(TraceShape.Of(Traces.Small()), column: 3, layer: 2);
        Assert.Equal(1, view.Stage);
        Assert.Equal([2, 2, 0, 1], view.Owners!);
        Assert.Equal([3, 4, 5], view.Tokens.Select(t => t.Token));
        Assert.Equal([0, 1, 2], view.Tokens.Select(t => t.Slot));
        Assert.Equal([true, true, false], view.Tokens.Select(t => t.Alive));
        Assert.Equal([3, null, 1], view.Tokens.Select(t => t.DroppedBefore));
        Assert.Equal([1, 1, 2], view.Tokens.Select(t => t.PatchesInFrame!.Value));
        Assert.Equal([2, 4, 2], view.Tokens.Select(t => t.PatchesInClip!.Value));
        Assert.Equal([2, 2, 1], view.Tokens.Select(t => t.Frames!.Value));
    }

    [Fact]
    public void Of_DropByAttention_GivesScoreAndRank()
    {
        var view = PatchView.Of(TraceShape.Of(Traces.Small()), column: 1, layer: 3);
        Assert.Equal([0, 1, 2], view.Tokens.Select(t => t.Token));
        Assert.Equal(new TokenRanking(2, 3, 0.1f, 3, 4, 2), Assert.Single(view.Tokens[0].Rankings)); // ties with token 3, which comes later
        Assert.Equal(new TokenRanking(2, 3, 0.3f, 1, 4, 2), Assert.Single(view.Tokens[1].Rankings));
        Assert.Empty(view.Tokens[2].Rankings); // gone before anything ranked it
    }

    [Fact]
    public void Of_FrameOfOneToken_HasOneToken() =>
        Assert.Equal([0], PatchView.Of(TraceShape.Of(Traces.Small()), 0, 0).Tokens.Select(t => t.Token));

    [Fact]
    public void Of_PictureWithoutGroups_HasItsTokensAndNoOwners()
    {
        var view = PatchView.Of(TraceShape.Of(Traces.VideoAndPicture()), column: 4, layer: 0);
        Assert.Null(view.Owners);
        Assert.Equal([6, 7, 8, 9], view.Tokens.Select(t => t.Token));
        Assert.All(view.Tokens, t => Assert.Null(t.PatchesInFrame));
        Assert.All(view.Tokens, t => Assert.True(t.Alive));
    }
}
