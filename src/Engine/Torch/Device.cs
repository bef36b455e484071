using System.Globalization;

namespace Studio.Engine.Torch;

/// <summary>Element types, with libtorch's own numbers.</summary>
public enum ScalarType
{
    UInt8 = 0,
    Int8 = 1,
    Int16 = 2,
    Int32 = 3,
    Int64 = 4,
    Float16 = 5,
    Float32 = 6,
    Float64 = 7,
    Bool = 11,
    BFloat16 = 15,
}

/// <summary>Where tensors live: the CPU, or one CUDA card.</summary>
public readonly record struct Device(DeviceType Type, int Index = -1)
{
    public static readonly Device CPU = new(DeviceType.CPU);

    public bool IsCpu => Type == DeviceType.CPU;

    /// <summary>libtorch's type in the low byte, index above it (-1: the current one).</summary>
    internal long Packed => (byte)Type | ((IsCpu ? -1L : Index) << 8);

    internal static Device Unpack(long packed) => new((DeviceType)(packed & 0xff), (int)(packed >> 8));

    /// <summary>There is one CPU whatever its index, and a card without one is the first.</summary>
    public bool Equals(Device other) => Type == other.Type && (IsCpu || Math.Max(0, Index) == Math.Max(0, other.Index));

    public override int GetHashCode() => IsCpu ? 0 : 1 + Math.Max(0, Index);

    /// <summary>Reads <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</summary>
    /// <exception cref="ArgumentException">Any other text.</exception>
    public static Device Parse(string text) => text switch
    {
        "cpu" => CPU,
        "cuda" => new(DeviceType.CUDA, 0),
        _ when text.StartsWith("cuda:", StringComparison.Ordinal)
            && int.TryParse(text.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < 128 => new(DeviceType.CUDA, index),
        _ => throw new ArgumentException($"unknown device '{text}'; use cpu, cuda or cuda:N"),
    };

    public override string ToString() => Type == DeviceType.CPU ? "cpu" : $"cuda:{Math.Max(0, Index)}";
}

public enum DeviceType
{
    CPU = 0,
    CUDA = 1,
}

public static class ScalarTypes
{
    /// <summary>Bytes of one element.</summary>
    public static int ItemSize(this ScalarType type) => type switch
    {
        ScalarType.UInt8 or ScalarType.Int8 or ScalarType.Bool => 1,
        ScalarType.Int16 or ScalarType.Float16 or ScalarType.BFloat16 => 2,
        ScalarType.Int32 or ScalarType.Float32 => 4,
        _ => 8,
    };

    public static bool IsFloatingPoint(this ScalarType type) =>
        type is ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 or ScalarType.Float64;

    /// <summary>The short names of settings and reports: fp32, bf16, fp16; others as libtorch writes them.</summary>
    public static string ShortName(this ScalarType type) => type switch
    {
        ScalarType.Float32 => "fp32",
        ScalarType.BFloat16 => "bf16",
        ScalarType.Float16 => "fp16",
        _ => type.ToString().ToLowerInvariant(),
    };
}
