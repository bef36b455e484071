namespace Studio.Engine.Checkpoints;

/// <summary>Where one tensor lies in a safetensors file.</summary>
/// <param name="Name">Name as stored.</param>
/// <param name="Dtype">Element type.</param>
/// <param name="Shape">Sizes, outermost first; empty for a scalar. Row-major, densely packed.</param>
/// <param name="Offset">Byte offset from the start of the file (not of the data section). Need not be aligned.</param>
/// <param name="ByteLength">Length in bytes; product of <paramref name="Shape"/> times the element size.</param>
public sealed record TensorEntry(string Name, SafetensorsDtype Dtype, long[] Shape, long Offset, long ByteLength)
{
    /// <summary>Number of elements.</summary>
    public long ElementCount => ByteLength / Dtype.Size();

    internal static string Format(IReadOnlyList<long> shape) => $"[{string.Join(", ", shape)}]";
}
