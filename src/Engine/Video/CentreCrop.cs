using System.Buffers;

namespace Studio.Engine.Video;

/// <summary>
/// CLIP's way from a picture to its square input (video-xl.md 2.1): the shorter edge is resized to the side, the longer one in
/// proportion, and the middle is cut out. What lies beyond the square is lost: of a 16:9 frame, 44 % of its width.
/// </summary>
public static class CentreCrop
{
    /// <summary>
    /// Pictures longer than this many times their width (or the reverse) are cut to it before resizing, so that a strip cannot
    /// take memory without bound; a fraction of a pixel's scale changes then.
    /// </summary>
    public const int MaxElongation = 64;

    private const int Channels = 3;

    /// <param name="rgb">Height × width × 3 bytes.</param>
    /// <param name="destination">side × side × 3 bytes.</param>
    /// <exception cref="ArgumentException">A size is below 1 or a span too short.</exception>
    public static void Resize(ReadOnlySpan<byte> rgb, int width, int height, Span<byte> destination, int side)
    {
        if (width < 1 || height < 1 || rgb.Length < (long)width * height * Channels)
        {
            throw new ArgumentException($"A {width}x{height} RGB picture needs {(long)width * height * Channels} bytes and sides of at least 1; got {rgb.Length}.", nameof(rgb));
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(side, 1);
        (int shorter, int longer) = (Math.Min(width, height), Math.Max(width, height));
        byte[]? strip = null;
        byte[]? resized = null;
        try
        {
            if (longer > (long)shorter * MaxElongation)
            {
                longer = shorter * MaxElongation;
                (int cutWidth, int cutHeight) = width > height ? (longer, height) : (width, longer);
                strip = ArrayPool<byte>.Shared.Rent(cutWidth * cutHeight * Channels);
                Cut(rgb, width, height, strip, cutWidth, cutHeight);
                rgb = strip;
                (width, height) = (cutWidth, cutHeight);
            }

            // The original truncates a double, whose quotient is exact for whole results.
            int beyond = (int)(side * (double)longer / shorter);
            (int toWidth, int toHeight) = width <= height ? (side, beyond) : (beyond, side);
            resized = ArrayPool<byte>.Shared.Rent(checked(toWidth * toHeight * Channels));
            PillowResize.Bicubic(rgb, width, height, resized, toWidth, toHeight);
            Cut(resized, toWidth, toHeight, destination, side, side);
        }
        finally
        {
            if (strip is not null) ArrayPool<byte>.Shared.Return(strip);
            if (resized is not null) ArrayPool<byte>.Shared.Return(resized);
        }
    }

    /// <summary>The same for an image held as an object.</summary>
    public static RgbImage Resize(RgbImage image, int side)
    {
        ArgumentNullException.ThrowIfNull(image);
        byte[] square = new byte[checked(side * side * Channels)];
        Resize(image.Rgb.Span, image.Width, image.Height, square, side);
        return new RgbImage(side, side, square);
    }

    /// <summary>The middle, half a surplus pixel rounded towards the top left.</summary>
    private static void Cut(ReadOnlySpan<byte> rgb, int width, int height, Span<byte> destination, int toWidth, int toHeight)
    {
        (int left, int top) = ((width - toWidth) / 2, (height - toHeight) / 2);
        for (int y = 0; y < toHeight; y++)
        {
            rgb.Slice((((top + y) * width) + left) * Channels, toWidth * Channels).CopyTo(destination[(y * toWidth * Channels)..]);
        }
    }
}
