using System.Text.Json;
using System.Text.Json.Serialization;

namespace Studio.Engine.Compression;

/// <summary>
/// What compression did in one answer, recorded in the run itself: frames, merge groups, which tokens live in which layer,
/// how attention spreads, what each stage cost. Visual tokens are numbered 0.. over all media in prompt order.
/// </summary>
public sealed record CompressionTrace
{
    /// <summary>Version of this record's JSON form: 2 added <see cref="TracedLayer.StageMass"/>, 3 <see cref="Windows"/>.</summary>
    public const int CurrentVersion = 3;

    /// <summary>The oldest version that is still read.</summary>
    public const int OldestVersion = 1;

    /// <summary>
    /// The most shares of summary tokens on frames that a trace holds: those of 1,380 frames at a ratio of 8. Beyond it
    /// <see cref="TracedWindow.SummaryFrames"/> is left out; the averages stay.
    /// </summary>
    public const int MaxSummaryShares = 250_000;

    public int Version { get; init; } = CurrentVersion;

    /// <summary>The model's name or folder.</summary>
    public required string Model { get; init; }

    /// <summary>The settings, in the form that <see cref="CompressionSettings.Parse"/> reads.</summary>
    public required string Settings { get; init; }

    /// <summary>Rows of the prompt: visual tokens and text.</summary>
    public required int PromptRows { get; init; }

    /// <summary>Rows that an earlier question had computed and this one re-used.</summary>
    public required int ReusedRows { get; init; }

    public required IReadOnlyList<TracedMedia> Media { get; init; }

    /// <summary>The stages between drops, first to last; together they cover every layer.</summary>
    public required IReadOnlyList<TracedStage> Stages { get; init; }

    /// <summary>One entry a layer, in order.</summary>
    public required IReadOnlyList<TracedLayer> Layers { get; init; }

    /// <summary>The windows of Video-XL's visual spans, in order; empty for VideoChat-Flash.</summary>
    public IReadOnlyList<TracedWindow> Windows { get; init; } = [];

    /// <summary>Measured cost of each stage of the pipeline.</summary>
    public required IReadOnlyList<StageCost> Costs { get; init; }

    [JsonIgnore]
    public int VisualTokens => Media.Sum(m => m.Tokens);

    /// <summary>Whether a visual token is alive in a layer (0-based).</summary>
    public bool IsAlive(int layer, int token) => StageOf(layer).IsAlive(token);

    /// <summary>Visual tokens alive in a layer, ascending.</summary>
    public IEnumerable<int> AliveTokens(int layer)
    {
        var stage = StageOf(layer);
        return Enumerable.Range(0, VisualTokens).Where(stage.IsAlive);
    }

    public string ToJson() => JsonSerializer.Serialize(this, TraceJson.Default.CompressionTrace);

    /// <exception cref="JsonException">Not a trace, or of another version.</exception>
    public static CompressionTrace FromJson(string json)
    {
        var trace = JsonSerializer.Deserialize(json, TraceJson.Default.CompressionTrace) ?? throw new JsonException("the trace is null");
        if (trace.Version is < OldestVersion or > CurrentVersion) throw new JsonException($"trace version {trace.Version}, this program reads {OldestVersion} to {CurrentVersion}");
        // Version 1 wrote owners that were not recorded as an empty text.
        return trace with { Media = [.. trace.Media.Select(m => m.Owners is { Length: 0 } ? m with { Owners = null } : m)] };
    }

    private TracedStage StageOf(int layer) => Stages.First(s => layer >= s.FirstLayer && layer <= s.LastLayer);
}

/// <summary>One video or image of the prompt.</summary>
/// <param name="Name">File name.</param>
/// <param name="Kind">video or image.</param>
/// <param name="FirstRow">Prompt row of its first visual token.</param>
/// <param name="Tokens">Its visual tokens.</param>
/// <param name="FrameTimes">Seconds of each sampled frame.</param>
/// <param name="FrameIndices">Number of each sampled frame in the file, 0-based.</param>
/// <param name="FramesPerClip">Frames encoded and merged together; clip c holds sampled frames c × this and on.</param>
/// <param name="TokensPerClip">Visual tokens that the patches of a clip were merged into.</param>
/// <param name="GridHeight">Rows of patches in a frame.</param>
/// <param name="GridWidth">Columns of patches in a frame.</param>
/// <param name="Owners">
/// Merge groups: for each patch of each clip (clip, frame, row, column order) the token of that clip, 0-based, it went
/// into; base64 of one byte each. Null where tokens do not stand in merge order.
/// </param>
public sealed record TracedMedia(
    string Name, string Kind, int FirstRow, int Tokens, IReadOnlyList<double> FrameTimes, IReadOnlyList<long> FrameIndices,
    int FramesPerClip, int TokensPerClip, int GridHeight, int GridWidth, byte[]? Owners);

/// <summary>The layers between two drops.</summary>
/// <param name="FirstLayer">0-based; the drop happened right before it (none before stage 0).</param>
/// <param name="LastLayer">0-based, inclusive.</param>
/// <param name="Method">How the drop before it chose: none, uniform or attention; summaries where windows leave summary tokens.</param>
/// <param name="VisualTokens">Visual tokens alive.</param>
/// <param name="Alive">A bit a visual token (token t: bit t % 8 of byte t / 8, lowest first); base64.</param>
/// <param name="Scores">What the drop ranked by, for the tokens alive in the stage before, in order; empty when uniform.</param>
public sealed record TracedStage(int FirstLayer, int LastLayer, string Method, int VisualTokens, byte[] Alive, float[] Scores)
{
    public bool IsAlive(int token) => (Alive[token / 8] & (1 << (token % 8))) != 0;
}

/// <summary>One layer.</summary>
/// <param name="Layer">0-based.</param>
/// <param name="Rows">Rows of its cache behind the prompt.</param>
/// <param name="VisualTokens">Visual ones among them.</param>
/// <param name="Attention">Of the last prompt row, averaged over heads; null when not asked for.</param>
/// <param name="ClipMass">The same row's share on each clip, over all media in order.</param>
/// <param name="StageMass">
/// The same row's share on the visual tokens that are alive in the layer's own stage, in the next one, and so on to the last:
/// what the layer saw in tokens that later drops keep. Null where attention was not asked for, and in version 1.
/// </param>
public sealed record TracedLayer(int Layer, int Rows, int VisualTokens, AttentionFigures? Attention, float[] ClipMass, float[]? StageMass = null);

/// <summary>A window of visual tokens that the decoder read at once, and what it left. Shares of attention are averages over heads and layers.</summary>
/// <param name="FirstToken">Its first visual token, over all media.</param>
/// <param name="Tokens">Visual tokens.</param>
/// <param name="Ratio">Visual tokens for each summary token; 0: every visual token stayed.</param>
/// <param name="Summaries">Summary tokens.</param>
/// <param name="FirstRow">Row of the cache of the first token it left.</param>
/// <param name="FirstClip">The clip (a frame, of an image a tile), over all media, of its first visual token.</param>
/// <param name="AnswerMass">Share of the last prompt row on each token it left, in order.</param>
/// <param name="FrameMass">
/// Share of its summary tokens on each frame from <paramref name="FirstClip"/> on, their average; null without summary tokens, and
/// where an earlier question had read the window without recording them.
/// </param>
/// <param name="SummaryFrames">The same of each summary token, [summaries, frames]; null also beyond <see cref="CompressionTrace.MaxSummaryShares"/>.</param>
/// <param name="Elsewhere">The rest of the summary tokens' attention; null as <paramref name="FrameMass"/>.</param>
public sealed record TracedWindow(
    int FirstToken, int Tokens, int Ratio, int Summaries, int FirstRow, int FirstClip, float[] AnswerMass, float[]? FrameMass, float[]? SummaryFrames, SummaryElsewhere? Elsewhere);

/// <summary>Where summary tokens look beside their window's visual tokens; with the frames' shares these sum to 1.</summary>
/// <param name="Text">On text before the window.</param>
/// <param name="Earlier">On what earlier windows left.</param>
/// <param name="Own">On the window's own summary tokens.</param>
public sealed record SummaryElsewhere(float Text, float Earlier, float Own);

/// <summary>Measured cost of one stage.</summary>
/// <param name="Stage">
/// probe, frames, tower, connector, prefill or decode; of Video-XL also restore (summary tokens of an earlier question read back)
/// and keep (handed on for later ones, behind the answer).
/// </param>
/// <param name="Milliseconds">Wall time.</param>
/// <param name="Items">How many frames, clips, rows or tokens went through.</param>
/// <param name="Bytes">What it produced: pixels, visual tokens, cache rows.</param>
/// <param name="Flops">Floating point operations by formula (2 per multiply-add); 0 where none are counted.</param>
public sealed record StageCost(string Stage, double Milliseconds, long Items, long Bytes, double Flops);

// By metadata: the faster generated writer would write owners that are null as an empty text.
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(CompressionTrace))]
internal sealed partial class TraceJson : JsonSerializerContext;
