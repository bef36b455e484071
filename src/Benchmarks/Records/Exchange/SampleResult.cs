using System.Text.Json.Serialization;

namespace Studio.Benchmarks.Records.Exchange;

/// <summary>A sample as the JSON export holds it.</summary>
internal sealed record SampleResult
{
    public int Ordinal { get; init; }

    public required string DocumentId { get; init; }

    public string Part { get; init; } = "";

    public required string Cluster { get; init; }

    [JsonConverter(typeof(RawJsonConverter))]
    public string Labels { get; init; } = "{}";

    public string Media { get; init; } = "";

    public string MediaHash { get; init; } = "";

    [JsonConverter(typeof(FreeTextConverter))]
    public string Question { get; init; } = "";

    [JsonConverter(typeof(RawJsonConverter))]
    public string? Interval { get; init; }

    [JsonConverter(typeof(FreeTextConverter))]
    public string Prompt { get; init; } = "";

    [JsonConverter(typeof(RawJsonConverter))]
    public string Options { get; init; } = "[]";

    [JsonConverter(typeof(FreeTextConverter))]
    public string Expected { get; init; } = "";

    [JsonConverter(typeof(FreeTextConverter))]
    public string? Answer { get; init; }

    [JsonConverter(typeof(FreeTextConverter))]
    public string? Judgement { get; init; }

    [JsonConverter(typeof(FreeTextConverter))]
    public string? Parsed { get; init; }

    [JsonConverter(typeof(FreeTextConverter))]
    public string? CorrectedParsed { get; init; }

    public double? Official { get; init; }

    public double? Corrected { get; init; }

    public int Choices { get; init; }

    [JsonConverter(typeof(FreeTextConverter))]
    public string? OfficialError { get; init; }

    [JsonConverter(typeof(RawJsonConverter))]
    public string Measures { get; init; } = "{}";

    public string? ErrorClass { get; init; }

    public int Frames { get; init; }

    public int VisualTokens { get; init; }

    [JsonConverter(typeof(RawJsonConverter))]
    public string StageTokens { get; init; } = "[]";

    public int GeneratedTokens { get; init; }

    [JsonConverter(typeof(RawJsonConverter))]
    public string? Survival { get; init; }

    public SampleMeasured? Measured { get; init; }

    public static SampleResult Of(Sample s, bool resultsOnly) => new()
    {
        Ordinal = s.Ordinal,
        DocumentId = s.DocumentId,
        Part = s.Part,
        Cluster = s.Cluster,
        Labels = s.Labels,
        Media = s.Media,
        MediaHash = s.MediaHash,
        Question = s.Question,
        Interval = s.Interval,
        Prompt = s.Prompt,
        Options = s.Options,
        Expected = s.Expected,
        Answer = s.Answer,
        Judgement = s.Judgement,
        Parsed = s.Parsed,
        CorrectedParsed = s.CorrectedParsed,
        Official = s.Official,
        Corrected = s.Corrected,
        Choices = s.Choices,
        OfficialError = s.OfficialError,
        Measures = s.Measures,
        ErrorClass = s.ErrorClass,
        Frames = s.Frames,
        VisualTokens = s.VisualTokens,
        StageTokens = s.StageTokens,
        GeneratedTokens = s.GeneratedTokens,
        Survival = s.Survival,
        Measured = resultsOnly ? null : new() { Costs = s.Costs, Error = s.Error, RecordedAt = s.RecordedAt },
    };

    public Sample ToSample(string runId) => new()
    {
        RunId = runId,
        Ordinal = Ordinal,
        DocumentId = DocumentId,
        Part = Part,
        Cluster = Cluster,
        Labels = Labels,
        Media = Media,
        MediaHash = MediaHash,
        Question = Question,
        Interval = Interval,
        Prompt = Prompt,
        Options = Options,
        Expected = Expected,
        Answer = Answer,
        Judgement = Judgement,
        Parsed = Parsed,
        CorrectedParsed = CorrectedParsed,
        Official = Official,
        Corrected = Corrected,
        Choices = Choices,
        OfficialError = OfficialError,
        Measures = Measures,
        ErrorClass = ErrorClass,
        Error = Measured?.Error,
        Frames = Frames,
        VisualTokens = VisualTokens,
        StageTokens = StageTokens,
        GeneratedTokens = GeneratedTokens,
        Survival = Survival,
        Costs = Measured?.Costs ?? "{}",
        RecordedAt = Measured?.RecordedAt ?? default,
    };
}

/// <summary>What was measured, or differs from machine to machine.</summary>
internal sealed record SampleMeasured
{
    [JsonConverter(typeof(RawJsonConverter))]
    public string Costs { get; init; } = "{}";

    /// <summary>The message may name what the machine lacked.</summary>
    [JsonConverter(typeof(FreeTextConverter))]
    public string? Error { get; init; }

    public DateTimeOffset RecordedAt { get; init; }
}
