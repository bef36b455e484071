using System.Collections.Frozen;

namespace Studio.Benchmarks.Machine;

/// <summary>The processor as Linux describes it.</summary>
/// <param name="Model">Its name, or <c>unknown CPU</c>.</param>
/// <param name="Flags">Instruction sets, in the kernel's words (avx2, avx512f, amx_bf16).</param>
public sealed record CpuInfo(string Model, FrozenSet<string> Flags)
{
    /// <summary>Where Linux describes it.</summary>
    public const string Path = "/proc/cpuinfo";

    public bool Has(string flag) => Flags.Contains(flag);

    /// <summary>Reads the text of <see cref="Path"/>; null or foreign text gives an unknown processor without flags.</summary>
    public static CpuInfo Parse(string? text)
    {
        var lines = (text ?? "").Split('\n');
        string? Field(string name) => lines.FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal) && l.Contains(':'))?.Split(':', 2)[1].Trim();
        var flags = Field("flags") ?? Field("Features") ?? ""; // x86, Arm
        return new(Field("model name") ?? "unknown CPU", flags.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToFrozenSet(StringComparer.Ordinal));
    }
}
