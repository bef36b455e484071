using System.Text.RegularExpressions;

namespace Studio.Engine.Video;

/// <summary>A width and a height in pixels.</summary>
public readonly record struct PictureSize(int Width, int Height)
{
    internal long Area => (long)Width * Height;
}

/// <summary>
/// Cuts a still image into tiles: without padding, mode "anyres_nopad" (videochat-flash.md 2.6), or with its proportions kept on
/// a black canvas, mode "anyres" (video-xl.md 2.2).
/// </summary>
public static partial class AnyResTiling
{
    /// <summary>Candidates one setting may list.</summary>
    public const int MaxCandidates = 4096;

    /// <summary>Reads the setting <c>image_grid_pinpoints</c>.</summary>
    /// <param name="text">
    /// A range of grids "(1x1),...,(6x6)" (columns x rows), a list of grids "(1x2),(2x1)", or a list of sizes in pixels
    /// "[[448, 224], [224, 448]]" or "[(448,224)]".
    /// </param>
    /// <param name="patch">Tile side in pixels.</param>
    /// <returns>Sizes in pixels, in the order in which ties are decided: widths outside, heights inside for a range.</returns>
    /// <exception cref="ArgumentException">Nothing of these forms, too many candidates, or a size that is no multiple of the tile.</exception>
    public static IReadOnlyList<PictureSize> ParsePinpoints(string text, int patch)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentOutOfRangeException.ThrowIfLessThan(patch, 1);
        string compact = Whitespace().Replace(text, "");
        var sizes = new List<PictureSize>();
        if (GridRange().Match(compact) is { Success: true } range)
        {
            (int firstColumns, int firstRows) = (Int(range, 1), Int(range, 2));
            (int lastColumns, int lastRows) = (Int(range, 3), Int(range, 4));
            long count = (long)Math.Max(0, lastColumns - firstColumns + 1) * Math.Max(0, lastRows - firstRows + 1);
            if (firstColumns < 1 || firstRows < 1 || count is 0 or > MaxCandidates)
            {
                throw new ArgumentException($"Grid pinpoints '{text}' span {count} grids; give an ascending range of 1 to {MaxCandidates}, from (1x1) on.");
            }

            for (int columns = firstColumns; columns <= lastColumns; columns++)
            {
                for (int rows = firstRows; rows <= lastRows; rows++)
                {
                    sizes.Add(new PictureSize(columns * patch, rows * patch));
                }
            }
        }
        else if (PairList().IsMatch(compact))
        {
            foreach (Match pair in Pair().Matches(compact))
            {
                int unit = pair.Groups[2].ValueSpan is "x" ? patch : 1;
                sizes.Add(new PictureSize(Int(pair, 1) * unit, Int(pair, 3) * unit));
            }
        }

        if (sizes.Count is 0 or > MaxCandidates)
        {
            throw new ArgumentException(
                $"Grid pinpoints '{text}' give {sizes.Count} candidates; write \"(1x1),...,(6x6)\", \"(1x2),(2x1)\" or \"[[448, 224], ...]\" with at most {MaxCandidates}.");
        }

        foreach (PictureSize size in sizes)
        {
            if (size.Width < 1 || size.Height < 1 || size.Width % patch != 0 || size.Height % patch != 0)
            {
                throw new ArgumentException($"Grid pinpoint {size.Width}x{size.Height} is no multiple of the tile side {patch}; give multiples of it.");
            }
        }

        return sizes;
    }

    /// <summary>
    /// The candidate that keeps most of the image's pixels, of those the one that wastes least, of those the first.
    /// </summary>
    /// <param name="image">Size of the image.</param>
    /// <param name="candidates">Sizes to choose from, in order.</param>
    /// <param name="maxPixels">Candidates with more pixels are passed over; null: no limit.</param>
    /// <exception cref="ArgumentException">The image has no pixels, or no candidate is small enough.</exception>
    public static PictureSize SelectBestResolution(PictureSize image, IReadOnlyList<PictureSize> candidates, long? maxPixels = null)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        if (image.Width < 1 || image.Height < 1)
        {
            throw new ArgumentException($"An image of {image.Width}x{image.Height} has no pixels; give sides of at least 1.", nameof(image));
        }

        PictureSize? best = null;
        long bestEffective = 0;
        long bestWasted = long.MaxValue;
        foreach (PictureSize candidate in candidates)
        {
            if (maxPixels is { } limit && candidate.Area > limit)
            {
                continue;
            }

            double scale = Math.Min((double)candidate.Width / image.Width, (double)candidate.Height / image.Height);
            long effective = Math.Min((long)(image.Width * scale) * (long)(image.Height * scale), image.Area);
            long wasted = candidate.Area - effective;
            if (effective > bestEffective || (effective == bestEffective && wasted < bestWasted))
            {
                (best, bestEffective, bestWasted) = (candidate, effective, wasted);
            }
        }

        return best ?? throw new ArgumentException(
            $"None of {candidates.Count} candidates has at most {maxPixels} pixels; raise the limit or add a smaller grid.", nameof(candidates));
    }

    /// <summary>
    /// The whole image stretched to one tile, followed by the tiles of the image stretched to the best candidate, row by row.
    /// </summary>
    /// <exception cref="ArgumentException">No candidate fits, or the chosen one is no multiple of the tile side.</exception>
    public static IReadOnlyList<RgbImage> Tile(RgbImage image, IReadOnlyList<PictureSize> candidates, int patch, long? maxPixels = null)
    {
        ArgumentNullException.ThrowIfNull(image);
        PictureSize best = SelectBestResolution(new PictureSize(image.Width, image.Height), candidates, maxPixels);
        return [image.Resize(patch, patch), .. Cut(image.Resize(best.Width, best.Height), patch)];
    }

    /// <summary>
    /// The image with its proportions kept, in the middle of the best candidate, the rest black (video-xl.md 2.2). The side that
    /// does not fill the canvas is rounded up.
    /// </summary>
    /// <exception cref="ArgumentException">The image has no pixels, or there is no candidate.</exception>
    public static RgbImage Pad(RgbImage image, IReadOnlyList<PictureSize> candidates)
    {
        ArgumentNullException.ThrowIfNull(image);
        PictureSize best = SelectBestResolution(new PictureSize(image.Width, image.Height), candidates);
        (double across, double down) = ((double)best.Width / image.Width, (double)best.Height / image.Height);
        (int width, int height) = across < down
            ? (best.Width, Math.Min((int)Math.Ceiling(image.Height * across), best.Height))
            : (Math.Min((int)Math.Ceiling(image.Width * down), best.Width), best.Height);
        RgbImage resized = image.Resize(width, height);
        byte[] canvas = new byte[checked(best.Width * best.Height * 3)];
        (int left, int top) = ((best.Width - width) / 2, (best.Height - height) / 2);
        for (int y = 0; y < height; y++)
        {
            resized.Rgb.Span.Slice(y * width * 3, width * 3).CopyTo(canvas.AsSpan((((top + y) * best.Width) + left) * 3));
        }

        return new RgbImage(best.Width, best.Height, canvas);
    }

    /// <summary>The tiles of a picture, row by row.</summary>
    /// <exception cref="ArgumentException">A side is no multiple of the tile side.</exception>
    public static IReadOnlyList<RgbImage> Cut(RgbImage picture, int patch)
    {
        ArgumentNullException.ThrowIfNull(picture);
        if (patch < 1 || picture.Width % patch != 0 || picture.Height % patch != 0)
        {
            throw new ArgumentException($"The grid {picture.Width}x{picture.Height} is no multiple of the tile side {patch}; give multiples of it.", nameof(picture));
        }

        var tiles = new List<RgbImage>();
        for (int top = 0; top < picture.Height; top += patch)
        {
            for (int left = 0; left < picture.Width; left += patch)
            {
                tiles.Add(picture.Crop(left, top, patch, patch));
            }
        }

        return tiles;
    }

    private static int Int(Match match, int group) =>
        int.TryParse(match.Groups[group].ValueSpan, out int value) && value <= 1 << 16
            ? value
            : throw new ArgumentException($"'{match.Value}' is too large for grid pinpoints; sides go up to 65536.");

    [GeneratedRegex(@"\s+")]
    private static partial Regex Whitespace();

    [GeneratedRegex(@"^\(?\((\d+)x(\d+)\),\.\.\.,\((\d+)x(\d+)\)\)?$")]
    private static partial Regex GridRange();

    [GeneratedRegex(@"^\[?[\[(]\d+[x,]\d+[\])](,[\[(]\d+[x,]\d+[\])])*\]?$")]
    private static partial Regex PairList();

    [GeneratedRegex(@"(\d+)([x,])(\d+)(?=[\])])")]
    private static partial Regex Pair();
}
