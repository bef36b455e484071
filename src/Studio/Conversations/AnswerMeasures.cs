using System.Text.Json;
using Studio.Engine.Chat;
using Studio.Engine.Compression;

namespace Studio.Conversations;

/// <summary>What was measured while an answer was made. Times in milliseconds.</summary>
public sealed record AnswerMeasures
{
    /// <summary>The model's name.</summary>
    public required string Model { get; init; }

    /// <summary>As resolved for the model, in the form TYPE:LAYERS:RATIOS, or off.</summary>
    public required string Compression { get; init; }

    /// <summary>stop, length or cancelled.</summary>
    public required string StopReason { get; init; }

    public required int VisualTokens { get; init; }

    /// <summary>Text tokens of the prompt.</summary>
    public required int TextTokens { get; init; }

    public required int GeneratedTokens { get; init; }

    /// <summary>Prompt rows that an earlier question had computed.</summary>
    public required int ReusedRows { get; init; }

    /// <summary>Visual tokens alive in each stage, before any drop first.</summary>
    public required IReadOnlyList<int> StageTokens { get; init; }

    public required double TimeToFirstTokenMs { get; init; }

    public required double TotalMs { get; init; }

    /// <summary>Key/value cache behind the prompt.</summary>
    public required long KvBytes { get; init; }

    /// <summary>Peak of CPU tensor memory, weights not counted; 0 on other devices.</summary>
    public required long PeakBytes { get; init; }

    /// <summary>Of all stages, by formula.</summary>
    public required double Flops { get; init; }

    /// <summary>Stages in the order of the pipeline: probe, frames, tower, connector, prefill, decode.</summary>
    public required IReadOnlyList<StageCost> Costs { get; init; }

    public required IReadOnlyList<string> Warnings { get; init; }

    public static AnswerMeasures From(string model, AskSettings settings, Answer answer)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(answer);
        return new()
        {
            Model = model,
            Compression = settings.Compression.ToString(),
            StopReason = answer.StopReason.ToString().ToLowerInvariant(),
            VisualTokens = answer.VisualTokens,
            TextTokens = answer.TextTokens,
            GeneratedTokens = answer.GeneratedTokens,
            ReusedRows = answer.ReusedRows,
            StageTokens = answer.StageTokens,
            TimeToFirstTokenMs = answer.TimeToFirstToken.TotalMilliseconds,
            TotalMs = answer.Total.TotalMilliseconds,
            KvBytes = answer.KvBytes,
            PeakBytes = answer.PeakBytes,
            Flops = answer.Costs.Sum(c => c.Flops),
            Costs = answer.Costs,
            Warnings = answer.Warnings,
        };
    }

    public string ToJson() => JsonSerializer.Serialize(this, ConversationJson.Default.AnswerMeasures);

    /// <exception cref="JsonException">Not measures.</exception>
    public static AnswerMeasures FromJson(string json) =>
        JsonSerializer.Deserialize(json, ConversationJson.Default.AnswerMeasures) ?? throw new JsonException("the measures are null");
}
