namespace Studio.Benchmarks.Records;

/// <summary>One document's answer in a run: a row of the results database, written once, whole.</summary>
public sealed class Sample
{
    public required string RunId { get; set; }

    /// <summary>Place in the run's documents, from 0; with <see cref="RunId"/> the key, so a sample is never recorded twice.</summary>
    public int Ordinal { get; set; }

    public required string DocumentId { get; set; }

    public string Part { get; set; } = "";

    /// <summary>What documents of one video share.</summary>
    public required string Cluster { get; set; }

    /// <summary>Groups of the document (JSON object of texts, names in order).</summary>
    public string Labels { get; set; } = "{}";

    /// <summary>Path of the video below the video folder; empty where there is none.</summary>
    public string Media { get; set; } = "";

    /// <summary>SHA-256 of the video; empty where there is none.</summary>
    public string MediaHash { get; set; } = "";

    /// <summary>The question of the document (<see cref="Evaluation.EvalDocument.Question"/>).</summary>
    public string Question { get; set; } = "";

    /// <summary>The expected interval in seconds (JSON array, [start, end]); null but for grounding.</summary>
    public string? Interval { get; set; }

    /// <summary>The user's turn as the model read it.</summary>
    public string Prompt { get; set; } = "";

    /// <summary>The model's answer as written, or as the judge was given it; null where the sample failed.</summary>
    public string? Answer { get; set; }

    /// <summary>What the judge said; null without one.</summary>
    public string? Judgement { get; set; }

    /// <summary>The expected answer: a letter for options, the text otherwise.</summary>
    public string Expected { get; set; } = "";

    /// <summary>The options as they were shown (JSON array).</summary>
    public string Options { get; set; } = "[]";

    public string? Parsed { get; set; }

    public string? CorrectedParsed { get; set; }

    /// <summary>The original scorer's number, 0 to 1; null where it has none.</summary>
    public double? Official { get; set; }

    /// <summary>The corrected number, 0 to 1; null where the sample failed: it counts as unscored, never as wrong.</summary>
    public double? Corrected { get; set; }

    /// <summary>Letters the original draws from (<see cref="Evaluation.EvalScore.Choices"/>).</summary>
    public int Choices { get; set; }

    public string? OfficialError { get; set; }

    /// <summary>Further numbers of the task (JSON object of numbers): "iou".</summary>
    public string Measures { get; set; } = "{}";

    /// <summary>Kind of failure ("media", "memory", …); null where it was scored.</summary>
    public string? ErrorClass { get; set; }

    public string? Error { get; set; }

    public int Frames { get; set; }

    public int VisualTokens { get; set; }

    /// <summary>Visual tokens alive in each stage (JSON array).</summary>
    public string StageTokens { get; set; } = "[]";

    public int GeneratedTokens { get; set; }

    /// <summary>Share of needle tokens alive after every drop stage, or attention mass its summary tokens hold (JSON, <see cref="NeedleSurvival"/>); null for other tasks.</summary>
    public string? Survival { get; set; }

    /// <summary>What was measured, never what was answered: <see cref="SampleCosts"/>, JSON.</summary>
    public string Costs { get; set; } = "{}";

    public DateTimeOffset RecordedAt { get; set; }
}

/// <summary>Time and memory of one sample. Different from run to run; no part of a result.</summary>
public sealed record SampleCosts
{
    /// <summary>Stages of reading and encoding a video, which come before any setting of compression matters.</summary>
    public static IReadOnlyList<string> EncodingStages { get; } = ["frames", "tower", "connector"];

    /// <summary>Milliseconds of each stage (decode, encode, prefill, decode of tokens, score), by name.</summary>
    public IReadOnlyDictionary<string, double> Milliseconds { get; init; } = new SortedDictionary<string, double>(StringComparer.Ordinal);

    /// <summary>From the question to the end of the answer, without waiting for others.</summary>
    public double TotalMilliseconds { get; init; }

    public double FirstTokenMilliseconds { get; init; }

    public long PeakBytes { get; init; }

    /// <summary>Keys and values of the prompt after dropping.</summary>
    public long KvBytes { get; init; }

    /// <summary>Floating-point operations of tower, prefill and decode.</summary>
    public double Flops { get; init; }

    /// <summary>Whether the visual tokens were there already.</summary>
    public bool WasCached { get; init; }
}

/// <summary>What is left of the needle in the decoder.</summary>
/// <param name="Tokens">Visual tokens of the needle's frames before any drop.</param>
/// <param name="Stages">Per stage of the compression: layer where it starts, and the share (0 to 1) of the needle's tokens alive.</param>
/// <param name="AttentionMass">For models with summary tokens: share of the answer's attention that goes to the needle's own; null otherwise.</param>
public sealed record NeedleSurvival(int Tokens, IReadOnlyList<NeedleStage> Stages, double? AttentionMass = null);

/// <param name="Layer">0-based decoder layer where the stage starts.</param>
/// <param name="Alive">Share of the needle's tokens, 0 to 1.</param>
/// <param name="AliveOfAll">Share of all visual tokens, 0 to 1: what chance would keep.</param>
public sealed record NeedleStage(int Layer, double Alive, double AliveOfAll);
