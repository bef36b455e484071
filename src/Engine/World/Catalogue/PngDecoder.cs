using System.Buffers.Binary;
using System.IO.Compression;

namespace Studio.Engine.World;

/// <summary>Reads the PNG files that the build embeds: 8 bits a channel, colour or grey with alpha, not interlaced (PNG specification, third edition).</summary>
internal static class PngDecoder
{
    /// <summary>Largest side that is accepted.</summary>
    internal const int MaxSide = 1024;

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>Decodes a picture.</summary>
    /// <param name="file">The whole file.</param>
    /// <returns>Width, height, and width × height × 4 bytes: red, green, blue, alpha, not premultiplied.</returns>
    /// <exception cref="InvalidDataException">Not such a PNG, or damaged.</exception>
    public static (int Width, int Height, byte[] Rgba) Decode(ReadOnlySpan<byte> file)
    {
        if (!file.StartsWith(Signature))
        {
            throw new InvalidDataException("The picture does not start like a PNG file.");
        }

        (int width, int height, int channels) = (0, 0, 0);
        using var packed = new MemoryStream();
        ReadOnlySpan<byte> rest = file[Signature.Length..];
        while (rest.Length >= 12)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(rest);
            if (length > rest.Length - 12)
            {
                break;
            }

            ReadOnlySpan<byte> name = rest.Slice(4, 4);
            ReadOnlySpan<byte> data = rest.Slice(8, (int)length);
            if (name.SequenceEqual("IHDR"u8))
            {
                (width, height, channels) = ReadHeader(data);
            }
            else if (name.SequenceEqual("IDAT"u8))
            {
                packed.Write(data);
            }
            else if (name.SequenceEqual("IEND"u8) && width > 0)
            {
                packed.Position = 0;
                return (width, height, Unpack(packed, width, height, channels));
            }

            rest = rest[(12 + (int)length)..];
        }

        throw new InvalidDataException("The PNG file ends before its IEND chunk.");
    }

    private static (int Width, int Height, int Channels) ReadHeader(ReadOnlySpan<byte> data)
    {
        if (data.Length != 13)
        {
            throw new InvalidDataException($"The PNG header has {data.Length} bytes instead of 13.");
        }

        uint width = BinaryPrimitives.ReadUInt32BigEndian(data);
        uint height = BinaryPrimitives.ReadUInt32BigEndian(data[4..]);
        if (width is 0 or > MaxSide || height is 0 or > MaxSide)
        {
            throw new InvalidDataException($"The PNG picture has {width}x{height} pixels; 1 to {MaxSide} a side can be read.");
        }

        (int depth, int kind, int interlace) = (data[8], data[9], data[12]);
        return (depth, kind, interlace) is (8, 4 or 6, 0)
            ? ((int)width, (int)height, kind == 6 ? 4 : 2)
            : throw new InvalidDataException(
                $"The PNG picture has bit depth {depth}, colour type {kind}, interlacing {interlace}; only 8 bits with alpha (types 4 and 6) without interlacing can be read.");
    }

    private static byte[] Unpack(Stream packed, int width, int height, int channels)
    {
        byte[] rgba = new byte[width * height * 4];
        byte[] line = new byte[(width * channels) + 1];
        byte[] above = new byte[width * channels];
        using var zlib = new ZLibStream(packed, CompressionMode.Decompress);
        try
        {
            for (int y = 0; y < height; y++)
            {
                zlib.ReadExactly(line);
                Span<byte> row = line.AsSpan(1);
                Unfilter(line[0], row, above, channels);
                Expand(row, channels, rgba.AsSpan(y * width * 4, width * 4));
                row.CopyTo(above);
            }
        }
        catch (EndOfStreamException e)
        {
            throw new InvalidDataException("The PNG file holds fewer pixels than its header says.", e);
        }

        return rgba;
    }

    private static void Expand(ReadOnlySpan<byte> row, int channels, Span<byte> rgba)
    {
        if (channels == 4)
        {
            row.CopyTo(rgba);
            return;
        }

        for (int x = 0; x < rgba.Length / 4; x++)
        {
            rgba.Slice(4 * x, 3).Fill(row[2 * x]);
            rgba[(4 * x) + 3] = row[(2 * x) + 1];
        }
    }

    private static void Unfilter(int filter, Span<byte> row, ReadOnlySpan<byte> above, int channels)
    {
        for (int i = 0; i < row.Length; i++)
        {
            int left = i >= channels ? row[i - channels] : 0;
            int up = above[i];
            int corner = i >= channels ? above[i - channels] : 0;
            int predicted = filter switch
            {
                0 => 0,
                1 => left,
                2 => up,
                3 => (left + up) / 2,
                4 => Paeth(left, up, corner),
                _ => throw new InvalidDataException($"The PNG file uses filter {filter}; there are 0 to 4."),
            };
            row[i] = (byte)(row[i] + predicted);
        }
    }

    private static int Paeth(int left, int up, int corner)
    {
        int guess = left + up - corner;
        (int a, int b, int c) = (Math.Abs(guess - left), Math.Abs(guess - up), Math.Abs(guess - corner));
        return a <= b && a <= c ? left : b <= c ? up : corner;
    }
}
