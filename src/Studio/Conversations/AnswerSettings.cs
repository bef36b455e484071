using System.Text.Json;
using System.Text.Json.Serialization;
using Studio.Engine.Chat;
using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.Engine.Language;
using Studio.Engine.Video;

namespace Studio.Conversations;

/// <summary>
/// How to answer: what a person may choose about an answer beside the question and the videos. Null takes the default. The
/// command line, the pages and the API all go through this record.
/// </summary>
public sealed record AnswerSettings
{
    /// <summary>The most answers of one question that stand side by side.</summary>
    public const int MaxSideBySide = 4;

    private const int MaxTextLength = 200;

    /// <summary>An installed model; null takes the default.</summary>
    public string? Model { get; init; }

    /// <summary>Exactly this many frames, evenly spread; null takes the published rule, 64 to 512 by length.</summary>
    public int? Frames { get; init; }

    /// <summary>Frames a second of video; not together with <see cref="Frames"/>.</summary>
    public double? Fps { get; init; }

    /// <summary>Upper bound of the published rule and of <see cref="Fps"/>; null takes 512.</summary>
    public int? MaxFrames { get; init; }

    /// <summary>Seconds from the beginning where to start.</summary>
    public double? Start { get; init; }

    /// <summary>Seconds from the beginning where to end.</summary>
    public double? End { get; init; }

    /// <summary>
    /// off, balanced, strong; TYPE:LAYERS:RATIOS for models that drop tokens; vst:RATIO, vst:RATIO,RATIO…, vst:random@SEED or
    /// vst:dynamic@RATIO for models with visual summary tokens; null as the checkpoint says.
    /// </summary>
    public string? Compress { get; init; }

    /// <summary>0 is greedy.</summary>
    public double? Temperature { get; init; }

    public double? TopP { get; init; }

    public int? TopK { get; init; }

    public ulong? Seed { get; init; }

    /// <summary>Longest answer, in tokens.</summary>
    public int? MaxNewTokens { get; init; }

    public double? RepetitionPenalty { get; init; }

    /// <summary>The names of the fields in JSON.</summary>
    internal static IReadOnlyList<string> FieldNames { get; } = [.. ConversationJson.Default.AnswerSettings.Properties.Select(p => p.Name)];

    /// <summary>Refuses values that no model could use; what depends on the model is checked by <see cref="For"/>.</summary>
    /// <exception cref="ArgumentException">A value cannot be used; the message names it and the remedy.</exception>
    public void Validate()
    {
        if (Frames is not null && Fps is not null) throw new ArgumentException($"frames {Frames} and fps {Fps} were given; give one of them");
        InRange("frames", Frames, 1, SamplingSettings.MaxSelectedFrames);
        InRange("maxFrames", MaxFrames, 1, SamplingSettings.MaxSelectedFrames);
        if (Fps is { } rate && !(rate > 0 && double.IsFinite(rate))) throw new ArgumentException($"fps is {rate}; give a number above 0");
        foreach (var (name, text) in new[] { ("model", Model), ("compression", Compress) })
        {
            if (text?.Length > MaxTextLength) throw new ArgumentException($"the {name} has {text.Length} characters; at most {MaxTextLength} are read");
        }

        if (Start is { } start && !(start >= 0 && double.IsFinite(start))) throw new ArgumentException($"start {Start} s is before the beginning; give 0 or more");
        if (End is { } end && !(end > (Start ?? 0) && double.IsFinite(end))) throw new ArgumentException($"end {end:0.###} s is not after start {Start ?? 0:0.###} s");
        _ = Sampling();
        _ = Generation(new());
        if (Compress is not null) CompressionSettings.CheckForm(Compress);
    }

    /// <summary>Which frames are read.</summary>
    /// <param name="model">The model that reads them, whose rule they follow; null to check the values alone.</param>
    /// <exception cref="ArgumentException">A value is out of range.</exception>
    public SamplingSettings Sampling(ModelConfig? model = null)
    {
        var settings = Frames is { } n ? SamplingSettings.Uniform(n) : Fps is { } fps ? SamplingSettings.AtRate(fps) : SamplingSettings.Default;
        settings = settings with { StartSeconds = Start, EndSeconds = End };
        if (MaxFrames is { } max) settings = settings with { MaxFrames = max };
        settings.Validate();
        return model is null ? settings : VideoModel.SamplingOf(settings, model);
    }

    /// <summary>Which visual tokens stay.</summary>
    /// <exception cref="ArgumentException">It cannot be read or does not fit the model.</exception>
    public CompressionSettings Compression(ModelConfig model) =>
        Compress is null ? CompressionSettings.DefaultOf(model) : CompressionSettings.Parse(Compress, model);

    /// <summary>How the next token is chosen.</summary>
    /// <exception cref="ArgumentException">A value is out of range.</exception>
    public GenerationSettings Generation(GenerationSettings fallback)
    {
        ArgumentNullException.ThrowIfNull(fallback);
        return fallback with
        {
            MaxNewTokens = MaxNewTokens ?? fallback.MaxNewTokens,
            Temperature = Temperature ?? fallback.Temperature,
            TopP = TopP ?? fallback.TopP,
            TopK = TopK ?? fallback.TopK,
            RepetitionPenalty = RepetitionPenalty ?? fallback.RepetitionPenalty,
            Seed = Seed ?? fallback.Seed,
        };
    }

    /// <summary>The engine's settings for a loaded model.</summary>
    /// <exception cref="ArgumentException">A value does not fit the model.</exception>
    public AskSettings For(VideoModel model, bool trace)
    {
        ArgumentNullException.ThrowIfNull(model);
        Validate();
        return new()
        {
            Sampling = Sampling(model.Config),
            Compression = Compression(model.Config),
            Generation = Generation(model.DefaultGeneration),
            Trace = trace,
        };
    }

    public string ToJson() => JsonSerializer.Serialize(this, ConversationJson.Default.AnswerSettings);

    private static void InRange(string name, int? value, int low, int high)
    {
        if (value < low || value > high) throw new ArgumentException($"{name} is {value}; give {low} to {high}");
    }

    /// <exception cref="JsonException">Not settings.</exception>
    public static AnswerSettings FromJson(string json) =>
        JsonSerializer.Deserialize(json, ConversationJson.Default.AnswerSettings) ?? throw new JsonException("the settings are null");
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AnswerSettings))]
[JsonSerializable(typeof(AnswerMeasures))]
internal sealed partial class ConversationJson : JsonSerializerContext;
