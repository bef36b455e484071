namespace Studio.Engine.Checkpoints;

/// <summary>Element types of the safetensors format that the engine reads and writes.</summary>
public enum SafetensorsDtype
{
    F64,
    F32,
    F16,
    BF16,
    I64,
    I32,
    I16,
    I8,
    U8,
    Bool,
}

/// <summary>Sizes and spellings of <see cref="SafetensorsDtype"/>.</summary>
public static class SafetensorsDtypes
{
    internal const string Supported = "F64, F32, F16, BF16, I64, I32, I16, I8, U8 or BOOL";

    /// <summary>Bytes per element.</summary>
    public static int Size(this SafetensorsDtype dtype) => dtype switch
    {
        SafetensorsDtype.F64 or SafetensorsDtype.I64 => 8,
        SafetensorsDtype.F32 or SafetensorsDtype.I32 => 4,
        SafetensorsDtype.F16 or SafetensorsDtype.BF16 or SafetensorsDtype.I16 => 2,
        SafetensorsDtype.I8 or SafetensorsDtype.U8 or SafetensorsDtype.Bool => 1,
        _ => throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "Not a safetensors dtype."),
    };

    /// <summary>The spelling used in file headers, for example <c>BF16</c>.</summary>
    public static string HeaderName(this SafetensorsDtype dtype) => dtype == SafetensorsDtype.Bool ? "BOOL" : dtype.ToString();

    /// <summary>Whether weights may be stored in this type.</summary>
    public static bool IsFloat(this SafetensorsDtype dtype) =>
        dtype is SafetensorsDtype.F64 or SafetensorsDtype.F32 or SafetensorsDtype.F16 or SafetensorsDtype.BF16;

    /// <summary>The spelling of <c>torch_dtype</c> in config.json; only float types have one.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The type is not a float type.</exception>
    public static string TorchName(this SafetensorsDtype dtype) => dtype switch
    {
        SafetensorsDtype.F64 => "float64",
        SafetensorsDtype.F32 => "float32",
        SafetensorsDtype.F16 => "float16",
        SafetensorsDtype.BF16 => "bfloat16",
        _ => throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "Weights are stored as F64, F32, F16 or BF16."),
    };

    internal static bool TryParseHeaderName(string name, out SafetensorsDtype dtype)
    {
        foreach (SafetensorsDtype candidate in Enum.GetValues<SafetensorsDtype>())
        {
            if (candidate.HeaderName() == name)
            {
                dtype = candidate;
                return true;
            }
        }

        dtype = default;
        return false;
    }

    internal static bool TryParseTorchName(string name, out SafetensorsDtype dtype)
    {
        dtype = name switch
        {
            "float64" => SafetensorsDtype.F64,
            "float32" => SafetensorsDtype.F32,
            "float16" => SafetensorsDtype.F16,
            "bfloat16" => SafetensorsDtype.BF16,
            _ => (SafetensorsDtype)(-1),
        };
        return (int)dtype >= 0;
    }
}
