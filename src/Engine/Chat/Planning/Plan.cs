using System.Text.Json;

namespace Studio.Engine.Chat.Planning;

/// <summary>Expected seconds: one number where the machine was measured (both ends equal), else the range that machines span.</summary>
public readonly record struct SecondsRange(double Low, double High)
{
    public bool IsExact => Low == High;

    public static SecondsRange operator +(SecondsRange a, SecondsRange b) => new(a.Low + b.Low, a.High + b.High);

    public static SecondsRange Add(SecondsRange left, SecondsRange right) => left + right;
}

/// <summary>One step of answering.</summary>
/// <param name="Name">encode, connect, prefill or decode.</param>
/// <param name="Flops">Executed.</param>
/// <param name="Bytes">Weights and cache moved where that is what takes the time; else 0.</param>
public sealed record PlannedStep(string Name, double Flops, double Bytes, SecondsRange Seconds);

/// <summary>What a question will cost, known before anything runs.</summary>
public sealed record Plan
{
    /// <summary>Model type and tower.</summary>
    public required string Model { get; init; }

    public required string Device { get; init; }

    /// <summary>fp32, bf16 or fp16.</summary>
    public required string ComputeType { get; init; }

    public required string StoredType { get; init; }

    /// <summary>In the form that <c>CompressionSettings.Parse</c> reads.</summary>
    public required string Compression { get; init; }

    public required Cost Cost { get; init; }

    /// <summary>encode, connect, prefill, decode: always all four, in this order.</summary>
    public required IReadOnlyList<PlannedStep> Steps { get; init; }

    /// <summary>The rates behind the seconds; null where they are assumed.</summary>
    public MachineRates? Rates { get; init; }

    /// <summary>What the user should know before running: overflows and how to avoid them. Empty when all is well.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>Until the first token: all steps but decoding.</summary>
    public SecondsRange FirstToken => Steps.Where(s => s.Name != Planner.Decode).Aggregate(default(SecondsRange), (sum, s) => sum + s.Seconds);

    public SecondsRange Total => Steps.Aggregate(default(SecondsRange), (sum, s) => sum + s.Seconds);

    public string ToJson() => JsonSerializer.Serialize(this, PlanningJson.Default.Plan);

    /// <exception cref="JsonException">Not a plan.</exception>
    public static Plan Parse(string json) => JsonSerializer.Deserialize(json, PlanningJson.Default.Plan) ?? throw new JsonException("a plan cannot be null");
}
