using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;
using Studio.Engine.Video;
using F = Studio.Engine.Torch.torch.nn.functional;

namespace Studio.Engine.Vision;

/// <summary>
/// The order in which the tokens of a tiled image become rows of Video-XL's prompt. The published model uses
/// <see cref="TileMerge.Unires"/>; the others are those of its code.
/// </summary>
public static class TileOrder
{
    /// <summary>Beyond this many times the allowed side, a grid is shrunk.</summary>
    private const double ShrinkFrom = 1.1;

    /// <summary>Whether the whole picture, squashed to one tile, is part of the tokens; else it need not be encoded.</summary>
    public static bool TakesWholePicture(TileMerge merge) => merge is not (TileMerge.Unires or TileMerge.SpatialNoBase);

    /// <summary>Whether each tile's tokens are pooled by themselves.</summary>
    public static bool PoolsTiles(TileMerge merge) => merge == TileMerge.Unires;

    /// <summary>The pictures that an image becomes: the whole one where <see cref="TakesWholePicture"/>, and its tiles on the canvas that fits best.</summary>
    /// <returns>Views of the tower's side, columns and rows of tiles.</returns>
    public static (IReadOnlyList<RgbImage> Views, int Columns, int Rows) Views(RgbImage image, ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(config);
        var side = config.Vision.ImageSize;
        var canvas = AnyResTiling.Pad(image, AnyResTiling.ParsePinpoints(config.ImageGridPinpoints ?? PublishedGeometries.TilePinpoints(side, mostTiles: 49), side));
        RgbImage[] whole = TakesWholePicture(config.Connector.TileMerge) ? [image.Resize(side, side)] : [];
        return ([.. whole, .. AnyResTiling.Cut(canvas, side)], canvas.Width / side, canvas.Height / side);
    }

    /// <summary>One row after another.</summary>
    /// <param name="tokens">[tiles, side², H], row by row; before them the whole picture where <see cref="TakesWholePicture"/>.</param>
    /// <param name="columns">Tiles from left to right; likewise <paramref name="rows"/>.</param>
    /// <param name="image">Size of the picture before tiling: where the unpadded grid ends.</param>
    /// <param name="newline">[H], the learned row of <see cref="TileMerge.SpatialUnpad"/>.</param>
    /// <param name="maxTiles">Bound of the unpadded grid in tiles' worth of tokens; null for none.</param>
    /// <exception cref="ArgumentException">The tiles do not make the grid, or the learned row is missing.</exception>
    public static Tensor Rows(Tensor tokens, TileMerge merge, int columns, int rows, PictureSize image, Tensor? newline = null, int? maxTiles = null)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        var (whole, width) = (TakesWholePicture(merge) ? 1 : 0, tokens.size(2));
        if (tokens.size(0) != whole + ((long)columns * rows)) throw new ArgumentException($"{tokens.size(0)} tiles do not make {columns} x {rows}{(whole == 1 ? " and the whole picture" : "")}");
        if (merge is TileMerge.Unires or TileMerge.Flat) return tokens.reshape(-1, width);
        using var scope = torch.NewDisposeScope();
        var side = (long)Math.Round(Math.Sqrt(tokens.size(1)));
        var grid = tokens.narrow(0, whole, (long)columns * rows).reshape(rows, columns, side, side, width)
            .permute(0, 2, 1, 3, 4).reshape(rows * side, columns * side, width);
        var laid = merge switch
        {
            TileMerge.SpatialMaxPool2x2 => MaxPool(grid),
            TileMerge.SpatialUnpad => WithNewlines(Shrink(Unpad(grid, image), side, maxTiles), Needed(newline)),
            _ => grid,
        };
        var flat = laid.reshape(-1, width);
        return (whole == 1 ? torch.cat([tokens.select(0, 0), flat]) : flat).MoveToOuterDisposeScope();
    }

    /// <summary>Tokens [tokens, H] of a picture that was not tiled, or of all frames of a video: the learned row ends them where there is one.</summary>
    public static Tensor Ended(Tensor tokens, TileMerge merge, Tensor? newline)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        return merge == TileMerge.SpatialUnpad ? torch.cat([tokens, Needed(newline).unsqueeze(0)]) : tokens;
    }

    private static Tensor Needed(Tensor? newline) =>
        newline ?? throw new ArgumentException($"mm_patch_merge_type is 'spatial_unpad', but the checkpoint has no {TensorLayout.ImageNewline}");

    /// <summary>The part of the grid that the picture with its proportions kept covers.</summary>
    private static Tensor Unpad(Tensor grid, PictureSize image)
    {
        var (height, width) = (grid.size(0), grid.size(1));
        if ((double)image.Width / image.Height > (double)width / height)
        {
            var margin = (height - (long)(image.Height * ((double)width / image.Width))) / 2;
            return grid.narrow(0, margin, height - (2 * margin));
        }

        var side = (width - (long)(image.Width * ((double)height / image.Height))) / 2;
        return grid.narrow(1, side, width - (2 * side));
    }

    private static Tensor Shrink(Tensor grid, long side, int? maxTiles)
    {
        var (height, width) = (grid.size(0), grid.size(1));
        if (maxTiles is not { } most) return grid;
        var times = Math.Sqrt((double)height * width / ((double)most * side * side));
        if (times <= ShrinkFrom) return grid;
        var channels = grid.permute(2, 0, 1).unsqueeze(0);
        return F.interpolate_bilinear(channels, (long)Math.Floor(height / times), (long)Math.Floor(width / times)).squeeze(0).permute(1, 2, 0);
    }

    private static Tensor WithNewlines(Tensor grid, Tensor newline) =>
        torch.cat([grid, newline.to(grid.dtype).expand(grid.size(0), 1, grid.size(2))], 1);

    private static Tensor MaxPool(Tensor grid)
    {
        long height = grid.size(0) / 2, width = grid.size(1) / 2;
        return grid.narrow(0, 0, height * 2).narrow(1, 0, width * 2).reshape(height, 2, width, 2, grid.size(2)).amax(3).amax(1);
    }
}
