using Studio.Engine.Checkpoints;
using Studio.Engine.Vision;
using Xunit;
using static Studio.Engine.Torch.torch;

namespace Studio.Engine.Tests.Vision;

public sealed class VisualOrderTests
{
    [Fact]
    public void AnyResOrder_SmallGrid_ByHand() =>
        // side 2: tile 0 is the global view, tiles 1 2 above tiles 3 4; rows of pixels run across the tiles of a row.
        Assert.Equal(
            [0, 1, 2, 3, /**/ 4, 5, 8, 9, 6, 7, 10, 11, /**/ 12, 13, 16, 17, 14, 15, 18, 19],
            VisualOrder.AnyResOrder(2, 2, 2));

    [Fact]
    public void AnyResOrder_OneColumn_KeepsTheOrder() => Assert.Equal(Enumerable.Range(0, 3 * 64), VisualOrder.AnyResOrder(2, 1));

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 6)]
    [InlineData(3, 2)]
    public void AnyResOrder_IsAPermutationOfThePermutedView(int rows, int columns)
    {
        using var scope = NewDisposeScope();
        var tiles = arange(64, 64 * (1 + (rows * columns))).reshape(rows, columns, 8, 8).permute(0, 2, 1, 3);
        var order = VisualOrder.AnyResOrder(rows, columns);
        Assert.Equal(Enumerable.Range(0, 64), order[..64]);
        Assert.Equal(tiles.reshape(-1).ToArray<long>(), order[64..].Select(i => (long)i));
        Assert.Equal(order.Length, order.Distinct().Count());
    }

    [Fact]
    public void AnyResOrder_NoTiles_IsRefused() => Assert.Throws<ArgumentOutOfRangeException>(() => VisualOrder.AnyResOrder(0, 2));

    [Fact]
    public void VideoRows_Nothing_IsClipAfterClip()
    {
        using var scope = NewDisposeScope();
        var rows = VisualOrder.VideoRows(arange(0, 12).reshape(2, 3, 2), NewlinePosition.Nothing);
        Assert.Equal([6, 2], rows.shape);
        Assert.Equal(Enumerable.Range(0, 12), rows.ToArray<int>());
    }

    [Fact]
    public void VideoRows_Frame_PutsTheSeparatorAfterEachClip()
    {
        using var scope = NewDisposeScope();
        var rows = VisualOrder.VideoRows(arange(0, 8).reshape(2, 2, 2), NewlinePosition.Frame, arange(90, 92));
        Assert.Equal([0, 1, 2, 3, 90, 91, 4, 5, 6, 7, 90, 91], rows.ToArray<int>());
    }

    [Fact]
    public void VideoRows_WithoutWhatItNeeds_IsRefused()
    {
        using var scope = NewDisposeScope();
        var tokens = ones([1, 2, 2]);
        Assert.Contains("frame_newline", Assert.Throws<ArgumentException>(() => VisualOrder.VideoRows(tokens, NewlinePosition.Frame)).Message, StringComparison.Ordinal);
        Assert.Contains("Grid", Assert.Throws<ArgumentException>(() => VisualOrder.VideoRows(tokens, NewlinePosition.Grid)).Message, StringComparison.Ordinal);
    }
}
