using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;

namespace Studio.Engine.Vision;

/// <summary>The order in which visual tokens of several clips or tiles become rows of the prompt.</summary>
public static class VisualOrder
{
    /// <summary>
    /// Order of an image cut into tiles (spec 2.6, Q21): the global view's tokens, then the tiles' tokens, read as
    /// (rows, columns, side, side) and rearranged to (rows, side, columns, side), as if each tile's tokens were a raster.
    /// They are not, since merging permutes them, but models were trained with this order.
    /// </summary>
    /// <param name="rows">Rows of tiles; likewise <paramref name="columns"/>.</param>
    /// <param name="side">Root of the tokens per tile: 8 for 64.</param>
    /// <returns>For every row of the prompt the index of its token, counted through [1 + rows * columns tiles, side²].</returns>
    public static int[] AnyResOrder(int rows, int columns, int side = 8)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(side, 1);
        var perTile = side * side;
        var order = new int[(1 + (rows * columns)) * perTile];
        for (var k = 0; k < perTile; k++) order[k] = k;

        var next = perTile;
        for (var row = 0; row < rows; row++)
        {
            for (var y = 0; y < side; y++)
            {
                for (var column = 0; column < columns; column++)
                {
                    var tile = 1 + (row * columns) + column;
                    for (var x = 0; x < side; x++) order[next++] = (tile * perTile) + (y * side) + x;
                }
            }
        }

        return order;
    }

    /// <summary>
    /// The tokens of a video's clips as rows, clip after clip. With <see cref="NewlinePosition.Frame"/> the learned
    /// separator follows each clip: what the original calls a frame at this place is the connector's unit, the clip,
    /// whose frames merging has already joined.
    /// </summary>
    /// <param name="tokens">[clips, tokens, H].</param>
    /// <param name="frameNewline">[H] in the tokens' type; needed by <see cref="NewlinePosition.Frame"/> only.</param>
    /// <returns>[clips * tokens (+ clips), H].</returns>
    /// <exception cref="ArgumentException">The separator is missing, or the position is one for image grids.</exception>
    public static Tensor VideoRows(Tensor tokens, NewlinePosition position, Tensor? frameNewline = null)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        var (clips, width) = (tokens.size(0), tokens.size(2));
        switch (position)
        {
            case NewlinePosition.Nothing:
                return tokens.reshape(-1, width);
            case NewlinePosition.Frame:
                if (frameNewline is null)
                {
                    throw new ArgumentException("mm_newline_position is 'frame', but the checkpoint has no model.frame_newline");
                }

                using (torch.NewDisposeScope())
                {
                    var separated = torch.cat([tokens, frameNewline.expand(clips, 1, width)], 1);
                    return separated.reshape(-1, width).MoveToOuterDisposeScope();
                }

            default:
                throw new ArgumentException($"mm_newline_position '{position}' does not apply to merged video tokens; use "
                    + "nothing or frame");
        }
    }
}
