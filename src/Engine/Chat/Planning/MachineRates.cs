using System.Text.Json;
using Studio.Engine.Torch;

namespace Studio.Engine.Chat.Planning;

/// <summary>What measured rates depend on: another value of any of these makes them void.</summary>
/// <param name="CpuModel">As the operating system names it.</param>
/// <param name="Threads">Threads of libtorch and its BLAS.</param>
/// <param name="Libtorch">Version.</param>
/// <param name="Blas">The library that multiplies matrices: exchanging it changes the rate thirtyfold.</param>
/// <param name="Device">cpu, or cuda:N with the card's name where known.</param>
public sealed record MachineKey(string CpuModel, int Threads, string Libtorch, string Blas, string Device);

/// <summary>What a machine reached when it was measured.</summary>
/// <param name="MeasuredAt">When.</param>
/// <param name="GemmFp32">FLOP/s of the best fp32 matrix product.</param>
/// <param name="GemmBf16">FLOP/s of the best bf16 one; null where the machine has no fast one.</param>
/// <param name="ReadBytesPerSecond">Bytes a second of a matrix-vector product over a matrix that no cache holds.</param>
/// <param name="CopyBytesPerSecond">Bytes read plus bytes written a second.</param>
public sealed record MachineRates(
    MachineKey Key, DateTimeOffset MeasuredAt, double GemmFp32, double? GemmBf16, double ReadBytesPerSecond, double CopyBytesPerSecond)
{
    /// <summary>16-bit products as a share of the fp32 rate where no fast ones were measured: AVX-512 without bf16 instructions.</summary>
    public const double SlowHalfShare = 0.25;

    /// <summary>FLOP/s of products in a type.</summary>
    public double Gemm(ScalarType type) => type is ScalarType.BFloat16 or ScalarType.Float16 ? GemmBf16 ?? (GemmFp32 * SlowHalfShare) : GemmFp32;

    public string ToJson() => JsonSerializer.Serialize(this, PlanningJson.Default.MachineRates);

    /// <returns>Null where the text is no such record, or a rate in it is no positive number.</returns>
    public static MachineRates? TryParse(string json)
    {
        try
        {
            var rates = JsonSerializer.Deserialize(json, PlanningJson.Default.MachineRates);
            return rates is { Key: not null } && Usable(rates.GemmFp32) && Usable(rates.GemmBf16 ?? 1) && Usable(rates.ReadBytesPerSecond) && Usable(rates.CopyBytesPerSecond)
                ? rates : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static bool Usable(double rate) => double.IsFinite(rate) && rate > 0;
}
