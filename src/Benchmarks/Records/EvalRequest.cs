using System.Text.Json;
using System.Text.Json.Serialization;

namespace Studio.Benchmarks.Records;

/// <summary>Which control of a task is run.</summary>
public enum EvalVariant
{
    /// <summary>The task as it is.</summary>
    Standard,

    /// <summary>Without the video: what the questions give away.</summary>
    Blind,

    /// <summary>Options in an order drawn by seed and document.</summary>
    Shuffled,

    /// <summary>A letter drawn by seed and document in place of a model.</summary>
    Random,
}

/// <summary>How an answer is read.</summary>
public enum EvalProtocol
{
    /// <summary>The model writes an answer through the real compression path, and it is read.</summary>
    Generated,

    /// <summary>The original's own: for needles the likeliest token where the gold letter is forced, on the original's grid.</summary>
    Original,
}

/// <summary>What a sweep varies; null takes the model's or the task's own.</summary>
public sealed record EvalSetting
{
    /// <summary>An installed model.</summary>
    public string? Model { get; init; }

    /// <summary>Exactly this many frames, evenly spread.</summary>
    public int? Frames { get; init; }

    /// <summary>Frames a second of video; not together with <see cref="Frames"/>.</summary>
    public double? Fps { get; init; }

    /// <summary>Upper bound of the published rule.</summary>
    public int? MaxFrames { get; init; }

    /// <summary>As <see cref="Engine.Compression.CompressionSettings.Parse"/> reads it.</summary>
    public string? Compress { get; init; }

    public int? MaxNewTokens { get; init; }

    /// <summary>fp32, bf16 or fp16; null as the machine does it best.</summary>
    public string? Dtype { get; init; }
}

/// <summary>
/// One evaluation as it is asked for: the same on the command line, on the page and over HTTP, and all that is needed to ask for it again.
/// </summary>
public sealed record EvalRequest
{
    /// <summary>Name of a task (<see cref="Evaluation.Tasks.TaskCatalog"/>), of the ready-made set, or "custom" with a file of one's own.</summary>
    public required string Task { get; init; }

    public EvalSetting Setting { get; init; } = new();

    public EvalVariant Variant { get; init; }

    public EvalProtocol Protocol { get; init; }

    /// <summary>Folder of annotation files, or the file of one's own set; null takes what ships with the studio.</summary>
    public string? Annotations { get; init; }

    /// <summary>Folder of videos, or of haystack videos for needle tasks.</summary>
    public string? Videos { get; init; }

    /// <summary>Folder of needle images.</summary>
    public string? Needles { get; init; }

    /// <summary>Haystack lengths in frames, for needle tasks; null takes the task's.</summary>
    public IReadOnlyList<int>? Lengths { get; init; }

    /// <summary>Needle depths, 0 to 1; null takes the task's.</summary>
    public IReadOnlyList<double>? Depths { get; init; }

    /// <summary>Steps of a chain (its pictures less one), for multi-hop needles; null takes the task's.</summary>
    public IReadOnlyList<int>? Hops { get; init; }

    /// <summary>Questions a cell; null takes the task's.</summary>
    public int? PerCell { get; init; }

    /// <summary>Documents left out at the beginning.</summary>
    public int Offset { get; init; }

    /// <summary>Documents at most; null for all.</summary>
    public int? Limit { get; init; }

    public ulong Seed { get; init; }

    /// <summary>Base address of an OpenAI-compatible judge, for tasks that need one.</summary>
    public string? JudgeEndpoint { get; init; }

    public string? JudgeModel { get; init; }

    internal static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>One line of JSON; fields in the order of this type, those without a value left out.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <summary>What a run was asked for; null where it cannot be read: an imported run was not asked for here, and another version may write what this one does not know.</summary>
    public static EvalRequest? Of(Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        try
        {
            return FromJson(run.Given);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <exception cref="JsonException">Not a request.</exception>
    public static EvalRequest FromJson(string json) => JsonSerializer.Deserialize<EvalRequest>(json, Json) ?? throw new JsonException("The request is null.");
}
