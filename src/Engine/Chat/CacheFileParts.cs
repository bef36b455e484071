using System.Runtime.InteropServices;
using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;

namespace Studio.Engine.Chat;

/// <summary>What the files of all caches have in common: tensors in pieces, their checksum, their types.</summary>
internal static class CacheFileParts
{
    private const int PieceBytes = 16 << 20;

    /// <summary>Rows in pieces, as a span over a whole long video could not count its bytes.</summary>
    internal static IEnumerable<Tensor> Pieces(Tensor tokens)
    {
        var (rows, rowBytes) = (tokens.size(0), tokens.nbytes / tokens.size(0));
        var step = Math.Max(1, PieceBytes / rowBytes);
        for (long row = 0; row < rows; row += step)
        {
            using var piece = tokens.narrow(0, row, Math.Min(step, rows - row));
            yield return piece;
        }
    }

    internal static ReadOnlySpan<byte> Bytes(Tensor piece) => piece.dtype.ItemSize() == sizeof(float)
        ? MemoryMarshal.AsBytes(piece.data<float>()) : MemoryMarshal.AsBytes(piece.data<ushort>());

    internal static void Append(ref ContentCacheChecksum checksum, SafetensorsFile file, TensorEntry entry)
    {
        for (long done = 0; done < entry.ByteLength; done += PieceBytes)
        {
            checksum.Append(file.Mapping.Span(entry.Offset + done, (int)Math.Min(PieceBytes, entry.ByteLength - done)));
        }
    }

    internal static SafetensorsDtype Stored(ScalarType type) => type switch
    {
        ScalarType.Float32 => SafetensorsDtype.F32,
        ScalarType.BFloat16 => SafetensorsDtype.BF16,
        _ => SafetensorsDtype.F16, // EncodedMedia admits no other
    };

    internal static void Require(bool holds, string path, string expected, string found)
    {
        if (!holds) throw new InvalidDataException($"{path}: expected {expected}, found {found}");
    }
}
