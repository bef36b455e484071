using Studio.Engine.Torch;

namespace Studio.Engine.Checkpoints;

/// <summary>Tensors over a mapped safetensors file: no second copy, pages read on first use, unmapped with the last tensor.</summary>
public static class MappedTensors
{
    /// <summary>One tensor over the mapping; it outlives <paramref name="file"/>.</summary>
    public static Tensor Map(SafetensorsFile file, TensorEntry entry)
    {
        ArgumentNullException.ThrowIfNull(file);
        return Map(file.Mapping, entry);
    }

    /// <summary>One tensor over a mapped file; the mapping lives as long as the tensor or a view of it.</summary>
    public static Tensor Map(MappedFile file, TensorEntry entry)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(entry);
        file.AddReference();
        return torch.from_blob(file.Address + (nint)entry.Offset, entry.Shape, ToScalarType(entry.Dtype), file.Release);
    }

    /// <summary>All tensors of a file, detached from any scope.</summary>
    public static Weights MapAll(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return new(file.Tensors.ToDictionary(t => t.Key, t => Map(file, t.Value).DetachFromDisposeScope(), StringComparer.Ordinal), path);
    }

    public static ScalarType ToScalarType(this SafetensorsDtype dtype) => dtype switch
    {
        SafetensorsDtype.F64 => ScalarType.Float64,
        SafetensorsDtype.F32 => ScalarType.Float32,
        SafetensorsDtype.F16 => ScalarType.Float16,
        SafetensorsDtype.BF16 => ScalarType.BFloat16,
        SafetensorsDtype.I64 => ScalarType.Int64,
        SafetensorsDtype.I32 => ScalarType.Int32,
        SafetensorsDtype.I16 => ScalarType.Int16,
        SafetensorsDtype.I8 => ScalarType.Int8,
        SafetensorsDtype.U8 => ScalarType.UInt8,
        SafetensorsDtype.Bool => ScalarType.Bool,
        _ => throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "no tensor type corresponds to it"),
    };
}
