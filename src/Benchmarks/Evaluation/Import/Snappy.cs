using System.Buffers.Binary;

namespace Studio.Benchmarks.Evaluation.Import;

/// <summary>Snappy's raw block format. Source: format_description.txt of the Snappy project.</summary>
internal static class Snappy
{
    /// <param name="expected">Size that the page announces.</param>
    public static byte[] Decompress(ReadOnlySpan<byte> source, int expected)
    {
        var (length, at, shift) = (0L, 0, 0);
        byte head;
        do
        {
            if (at >= source.Length || shift > 28) throw Damaged();
            head = source[at++];
            length |= (long)(head & 0x7f) << shift;
            shift += 7;
        }
        while (head >= 0x80);
        if (length != expected) throw Damaged();
        var output = new byte[expected];
        var written = 0;
        while (at < source.Length)
        {
            var tag = source[at++];
            if ((tag & 3) == 0) Literal(source, tag, ref at, output, ref written);
            else Copy(source, tag, ref at, output, ref written);
        }

        return written == expected ? output : throw Damaged();
    }

    private static void Literal(ReadOnlySpan<byte> source, byte tag, ref int at, byte[] output, ref int written)
    {
        var count = (tag >> 2) + 1;
        if (count > 60)
        {
            var bytes = count - 60;
            if (at + bytes > source.Length) throw Damaged();
            var read = 0L;
            for (var i = 0; i < bytes; i++) read |= (long)source[at + i] << (8 * i);
            at += bytes;
            if (read >= int.MaxValue) throw Damaged();
            count = (int)read + 1;
        }

        if (count > source.Length - at || count > output.Length - written) throw Damaged();
        source.Slice(at, count).CopyTo(output.AsSpan(written));
        at += count;
        written += count;
    }

    private static void Copy(ReadOnlySpan<byte> source, byte tag, ref int at, byte[] output, ref int written)
    {
        var bytes = (tag & 3) switch { 1 => 1, 2 => 2, _ => 4 };
        if (at + bytes > source.Length) throw Damaged();
        var (count, distance) = bytes switch
        {
            1 => (((tag >> 2) & 7) + 4, ((tag >> 5) << 8) | source[at]),
            2 => ((tag >> 2) + 1, BinaryPrimitives.ReadUInt16LittleEndian(source[at..])),
            _ => ((tag >> 2) + 1, BinaryPrimitives.ReadInt32LittleEndian(source[at..])),
        };
        at += bytes;
        if (distance <= 0 || distance > written || count > output.Length - written) throw Damaged();
        // The copy may overlap what it writes.
        for (var i = 0; i < count; i++, written++) output[written] = output[written - distance];
    }

    private static InvalidDataException Damaged() => new("A compressed page of the Parquet file is damaged.");
}
