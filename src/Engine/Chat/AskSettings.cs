using Studio.Engine.Compression;
using Studio.Engine.Language;
using Studio.Engine.Video;

namespace Studio.Engine.Chat;

/// <summary>Everything about one question that changes its answer, beside the question and the media.</summary>
public sealed record AskSettings
{
    /// <summary>Which frames are read; the published rule by default.</summary>
    public SamplingSettings Sampling { get; init; } = SamplingSettings.Default;

    /// <summary>Which visual tokens live in which layer.</summary>
    public CompressionSettings Compression { get; init; } = CompressionSettings.Off;

    public required GenerationSettings Generation { get; init; }

    /// <summary>Whether to record a <see cref="CompressionTrace"/>: one attention row a layer, no second pass.</summary>
    public bool Trace { get; init; }

    /// <summary>How the question is written.</summary>
    public PromptForm Form { get; init; } = PromptForm.Chat;
}

/// <summary>Why an answer ended.</summary>
public enum StopReason
{
    /// <summary>The model wrote a stop token.</summary>
    Stop,

    /// <summary>It reached the most tokens allowed.</summary>
    Length,

    /// <summary>The caller cancelled; the text so far is kept.</summary>
    Cancelled,
}

/// <summary>What happens while an answer is made.</summary>
public abstract record AnswerEvent
{
    private AnswerEvent() { }

    /// <param name="Stage">frames, prefill.</param>
    /// <param name="Done">Of <paramref name="Total"/> items.</param>
    public sealed record Progress(string Stage, string Name, int Done, int Total) : AnswerEvent;

    /// <summary>More of the answer: never part of a character.</summary>
    public sealed record Text(string Delta) : AnswerEvent;
}

/// <summary>A finished answer with what was measured while it was made.</summary>
public sealed record Answer
{
    public required string Text { get; init; }

    public required StopReason StopReason { get; init; }

    /// <summary>The question's turn as the model read it, with <see cref="Tokenization.ChatMl.VisualPlaceholder"/> for visual tokens.</summary>
    public string UserTurn { get; init; } = "";

    /// <summary>Frames and images shown in all turns, repeats included.</summary>
    public int Frames { get; init; }

    /// <summary>Text tokens of the prompt.</summary>
    public required int TextTokens { get; init; }

    public required int VisualTokens { get; init; }

    /// <summary>Visual tokens alive in each stage of the compression, before any drop first.</summary>
    public required IReadOnlyList<int> StageTokens { get; init; }

    public required int GeneratedTokens { get; init; }

    /// <summary>Prompt rows an earlier question had computed.</summary>
    public required int ReusedRows { get; init; }

    /// <summary>From the question to the first token.</summary>
    public required TimeSpan TimeToFirstToken { get; init; }

    public required TimeSpan Total { get; init; }

    /// <summary>Cache rows of the prompt × their size, after dropping.</summary>
    public required long KvBytes { get; init; }

    /// <summary>Peak of CPU tensor memory while answering, mapped weights not counted; 0 on other devices.</summary>
    public required long PeakBytes { get; init; }

    public required IReadOnlyList<StageCost> Costs { get; init; }

    /// <summary>Things a reader of the answer should know: a prompt beyond the trained length, repeated frames.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    public CompressionTrace? Trace { get; init; }
}
