using System.Buffers.Binary;
using System.IO.Compression;
using Studio.Engine.Video;

namespace Studio.Inspect;

/// <summary>Writes pictures as PNG (8-bit RGB), so that a frame is shown as it was decoded: without loss.</summary>
internal static class PngWriter
{
    private static readonly uint[] s_crc = CrcTable();

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    public static byte[] Write(RgbImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        using var png = new MemoryStream();
        png.Write(Signature);
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, image.Width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), image.Height);
        (header[8], header[9]) = (8, 2); // bits a channel, RGB
        Chunk(png, "IHDR"u8, header);
        Chunk(png, "IDAT"u8, Pixels(image));
        Chunk(png, "IEND"u8, []);
        return png.ToArray();
    }

    /// <summary>Rows as differences to the pixel on the left (filter 1), which pictures compress better as.</summary>
    private static byte[] Pixels(RgbImage image)
    {
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            var stride = image.Width * 3;
            var row = new byte[stride + 1];
            row[0] = 1;
            for (var y = 0; y < image.Height; y++)
            {
                var source = image.Rgb.Span.Slice(y * stride, stride);
                source[..3].CopyTo(row.AsSpan(1));
                for (var x = 3; x < stride; x++) row[x + 1] = (byte)(source[x] - source[x - 3]);
                zlib.Write(row);
            }
        }

        return packed.ToArray();
    }

    private static void Chunk(MemoryStream png, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        png.Write(number);
        png.Write(type);
        png.Write(data);
        var crc = 0xFFFFFFFF;
        foreach (var b in type) crc = s_crc[(byte)(crc ^ b)] ^ (crc >> 8);
        foreach (var b in data) crc = s_crc[(byte)(crc ^ b)] ^ (crc >> 8);
        BinaryPrimitives.WriteUInt32BigEndian(number, ~crc);
        png.Write(number);
    }

    private static uint[] CrcTable()
    {
        var table = new uint[256];
        for (uint n = 0; n < 256; n++)
        {
            var c = n;
            for (var k = 0; k < 8; k++) c = (c & 1) != 0 ? 0xEDB88320 ^ (c >> 1) : c >> 1;
            table[n] = c;
        }

        return table;
    }
}
