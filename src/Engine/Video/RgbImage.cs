namespace Studio.Engine.Video;

/// <summary>One picture as RGB24: height × width × 3 bytes, row by row.</summary>
public sealed class RgbImage
{
    /// <exception cref="ArgumentException">The bytes do not fit the size.</exception>
    public RgbImage(int width, int height, byte[] rgb)
    {
        ArgumentNullException.ThrowIfNull(rgb);
        if (width < 1 || height < 1 || rgb.LongLength != (long)width * height * 3)
        {
            throw new ArgumentException($"A {width}x{height} RGB picture needs {(long)width * height * 3} bytes and sides of at least 1; got {rgb.Length}.", nameof(rgb));
        }

        (Width, Height, Rgb) = (width, height, rgb);
    }

    public int Width { get; }

    public int Height { get; }

    public ReadOnlyMemory<byte> Rgb { get; }

    /// <summary>Stretched to a size with Pillow's bicubic filter, aspect ratio not kept.</summary>
    public RgbImage Resize(int width, int height)
    {
        byte[] rgb = new byte[checked(width * height * 3)];
        PillowResize.Bicubic(Rgb.Span, Width, Height, rgb, width, height);
        return new RgbImage(width, height, rgb);
    }

    /// <summary>Copies out a part.</summary>
    /// <exception cref="ArgumentException">The part is not inside the picture.</exception>
    public RgbImage Crop(int left, int top, int width, int height)
    {
        if (left < 0 || top < 0 || width < 1 || height < 1 || left + width > Width || top + height > Height)
        {
            throw new ArgumentException($"A part of {width}x{height} at ({left}, {top}) is not inside the {Width}x{Height} picture.");
        }

        byte[] rgb = new byte[width * height * 3];
        for (int y = 0; y < height; y++)
        {
            Rgb.Span.Slice(((((top + y) * Width) + left) * 3), width * 3).CopyTo(rgb.AsSpan(y * width * 3));
        }

        return new RgbImage(width, height, rgb);
    }
}
