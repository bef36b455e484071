using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Studio.Benchmarks.Records.Exchange;

/// <summary>A run as the JSON export holds it: what equal keys make equal, and apart from it what was measured or is of one machine.</summary>
internal sealed record RunFile
{
    public const string FormatName = "studio-run";

    /// <summary>The first field of an export: it says that it is one.</summary>
    public const string FormatField = "format";

    public const int FormatVersion = 1;

    public required string Format { get; init; }

    public required int Version { get; init; }

    public required RunResult Run { get; init; }

    public RunMeasured? Measured { get; init; }

    public required IReadOnlyList<SampleResult> Samples { get; init; }
}

/// <summary>The part of a run that is equal where the key is.</summary>
internal sealed record RunResult
{
    public required string Key { get; init; }

    public required string Task { get; init; }

    public required string Model { get; init; }

    public EvalVariant Variant { get; init; }

    public EvalProtocol Protocol { get; init; }

    public string Compression { get; init; } = "";

    public string Frames { get; init; } = "";

    public int PromptVersion { get; init; }

    public int ScorerVersion { get; init; }

    public string DataHash { get; init; } = "";

    public int Samples { get; init; }

    [JsonConverter(typeof(RawJsonConverter))]
    public required string Resolved { get; init; }

    /// <summary>The summary without its costs.</summary>
    [JsonConverter(typeof(RawJsonConverter))]
    public string? Summary { get; init; }

    public static RunResult Of(Run run) => new()
    {
        Key = run.Key,
        Task = run.Task,
        Model = run.Model,
        Variant = run.Variant,
        Protocol = run.Protocol,
        Compression = run.Compression,
        Frames = run.Frames,
        PromptVersion = run.PromptVersion,
        ScorerVersion = run.ScorerVersion,
        DataHash = run.DataHash,
        Samples = run.Samples,
        Resolved = run.Resolved,
        Summary = WithoutCosts(run.Summary),
    };

    private static string? WithoutCosts(string? summary)
    {
        if (summary is not ['{', ..]) return null;
        var fields = JsonNode.Parse(summary)!.AsObject();
        _ = fields.Remove("costs");
        return fields.ToJsonString(RecordJson.Options);
    }
}

/// <summary>The rest of a run.</summary>
internal sealed record RunMeasured
{
    public required string Id { get; init; }

    public required string Source { get; init; }

    [JsonConverter(typeof(RawJsonConverter))]
    public required string Given { get; init; }

    [JsonConverter(typeof(RawJsonConverter))]
    public required string Provenance { get; init; }

    [JsonConverter(typeof(RawJsonConverter))]
    public string? Summary { get; init; }

    public RunState State { get; init; }

    [JsonConverter(typeof(FreeTextConverter))]
    public string? Error { get; init; }

    public string? SweepId { get; init; }

    public string OwnerId { get; init; } = "";

    [JsonConverter(typeof(FreeTextConverter))]
    public string OwnerName { get; init; } = "";

    [JsonConverter(typeof(FreeTextConverter))]
    public string Note { get; init; } = "";

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    public static RunMeasured Of(Run run) => new()
    {
        Id = run.Id,
        Source = run.Source,
        Given = run.Given,
        Provenance = run.Provenance,
        Summary = run.Summary,
        State = run.State,
        Error = run.Error,
        SweepId = run.SweepId,
        OwnerId = run.OwnerId,
        OwnerName = run.OwnerName,
        Note = run.Note,
        CreatedAt = run.CreatedAt,
        FinishedAt = run.FinishedAt,
    };
}
