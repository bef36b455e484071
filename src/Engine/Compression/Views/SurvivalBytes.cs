using System.Buffers.Binary;

namespace Studio.Engine.Compression.Views;

/// <summary>
/// A survival matrix as bytes, for drawing: exact counts, a row a stage. Little-endian: the letters SRV1; uint32 columns,
/// stages, layers, bytes of a value (2 or 4); the first layer of each stage as uint32; then values: the total of each column,
/// and for each stage the count of each column.
/// </summary>
public static class SurvivalBytes
{
    public const int HeaderBytes = 20;

    private static ReadOnlySpan<byte> Magic => "SRV1"u8;

    public static byte[] Write(SurvivalMatrix matrix)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        var (columns, stages) = (matrix.Totals.Count, matrix.Shape.Stages);
        var size = matrix.Totals.All(t => t <= ushort.MaxValue) ? 2 : 4;
        var bytes = new byte[checked(HeaderBytes + (4 * stages) + (size * columns * (stages + 1)))];
        Magic.CopyTo(bytes);
        var at = 4;
        foreach (var number in new[] { columns, stages, matrix.Shape.Layers, size })
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at), (uint)number);
            at += 4;
        }

        foreach (var stage in matrix.Shape.Trace.Stages)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at), (uint)stage.FirstLayer);
            at += 4;
        }

        for (var row = -1; row < stages; row++)
        {
            foreach (var value in row < 0 ? matrix.Totals : matrix.Counts(row))
            {
                if (size == 2) BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(at), (ushort)value);
                else BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at), (uint)value);
                at += size;
            }
        }

        return bytes;
    }
}
