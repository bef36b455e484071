using System.Text.Json;
using System.Text.Json.Serialization;
using Studio.Api;
using Studio.Benchmarks.Records;
using Studio.Benchmarks.Running;
using Studio.Engine.Checkpoints;

namespace Studio.Evaluations;

/// <summary>What an evaluation job is asked for: one setting, or with a grid a sweep.</summary>
public sealed record EvaluationRequest
{
    public required EvalRequest Run { get; init; }

    /// <summary>What a sweep varies; null for one setting.</summary>
    public SweepGrid? Grid { get; init; }

    /// <summary>New runs even where finished ones with the same settings and data exist.</summary>
    public bool Again { get; init; }

    /// <summary>Run although videos are missing: their samples fail and count as unscored.</summary>
    public bool SkipMissing { get; init; }

    /// <summary>Free text, kept with the runs.</summary>
    public string Note { get; init; } = "";

    /// <summary>Set by the server: groups the runs of a sweep.</summary>
    public string? SweepId { get; init; }

    /// <summary>Set by the server: who asked.</summary>
    public string OwnerName { get; init; } = "";

    /// <summary>Set by the server: when. What <see cref="Again"/> has finished since is not done once more after a restart.</summary>
    public DateTimeOffset AskedAt { get; init; }

    internal static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>Every setting.</summary>
    /// <param name="configOf">Tells of which system a model is.</param>
    /// <exception cref="ArgumentException">The grid cannot be.</exception>
    public IReadOnlyList<EvalRequest> Requests(Func<string?, ModelConfig> configOf) => (Grid ?? new SweepGrid()).Requests(Run, configOf);

    /// <exception cref="RequestException">400: it is none.</exception>
    internal static EvaluationRequest Read(JsonElement request)
    {
        try
        {
            return request.Deserialize<EvaluationRequest>(Json) is { Run: not null } read ? read : throw RequestException.Invalid("the request of an evaluation names no run");
        }
        catch (JsonException e)
        {
            throw RequestException.Invalid($"the request is no evaluation's: {e.Message}");
        }
    }
}
