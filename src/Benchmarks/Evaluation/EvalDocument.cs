using System.Collections.Immutable;

namespace Studio.Benchmarks.Evaluation;

/// <summary>How the visual input of a document is stored.</summary>
public enum MediaKind
{
    /// <summary>A video file.</summary>
    Video,

    /// <summary>A folder of numbered frames; the rate is not in the files.</summary>
    Frames,
}

/// <summary>One question of a benchmark, as read from its annotation file. Immutable: what a prompt and a score are made of.</summary>
public sealed record EvalDocument
{
    /// <summary>Unique in its task.</summary>
    public required string Id { get; init; }

    /// <summary>Sub-task, for instance MVBench's "action_antonym"; empty where a task has none.</summary>
    public string Part { get; init; } = "";

    /// <summary>Path of the video file or frame folder below the task's video folder, with forward slashes; empty where there is none.</summary>
    public string Media { get; init; } = "";

    public MediaKind MediaKind { get; init; } = MediaKind.Video;

    /// <summary>Seconds where the clip starts and ends, or null for the whole video.</summary>
    public (double Start, double End)? Clip { get; init; }

    /// <summary>The question, or the caption or event to be found.</summary>
    public required string Question { get; init; }

    /// <summary>The options as the annotation gives them, in the order they are shown; empty for open questions.</summary>
    public IReadOnlyList<string> Options { get; init; } = [];

    /// <summary>The expected answer as the annotation gives it.</summary>
    public string Answer { get; init; } = "";

    /// <summary>Index of the right option; null for open questions, and where the annotation's answer is none of its options.</summary>
    public int? Gold { get; init; }

    /// <summary>The expected interval in seconds, for grounding.</summary>
    public (double Start, double End)? Interval { get; init; }

    /// <summary>Groups the results are also reported by: name ("duration") to value ("short").</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Subtitles in file order, or null where there is no subtitle file.</summary>
    public IReadOnlyList<Subtitle>? Subtitles { get; init; }

    /// <summary>The subtitle file as text (SubRip), or null where there is none.</summary>
    public string? SubtitleFile { get; init; }

    /// <summary>Needle images in the order of their insertion, as paths below the needle folder.</summary>
    public IReadOnlyList<string> Needles { get; init; } = [];

    /// <summary>Seconds in which the answer can be seen, in order of time, where that is known; a needle's own.</summary>
    public IReadOnlyList<(double Start, double End)> Evidence { get; init; } = [];

    /// <summary>Questions and answers about a caption, for a judge.</summary>
    public IReadOnlyList<(string Question, string Answer)> Checks { get; init; } = [];

    /// <summary>What a good answer mentions, for a judge.</summary>
    public IReadOnlyList<string> Points { get; init; } = [];

    /// <summary>What documents of one video share, for standard errors by cluster.</summary>
    public string Cluster => Media.Length > 0 ? Media : Id;

    /// <summary>A, B, … of the right option, or null.</summary>
    public string? GoldLetter => Gold is { } index ? Letters.At(index) : null;
}

/// <summary>One line of subtitles. Seconds; the end may be missing.</summary>
/// <param name="WholeEnd">Whether the file gives the end as a whole number: one of the original readers takes that for a missing end.</param>
public sealed record Subtitle(double Start, double? End, string Text, bool WholeEnd = false);

/// <summary>Option letters.</summary>
public static class Letters
{
    /// <summary>More options than letters is refused where documents are read.</summary>
    public const int Max = 26;

    /// <exception cref="ArgumentOutOfRangeException">There is no such letter.</exception>
    public static string At(int index) => index is >= 0 and < Max ? ((char)('A' + index)).ToString()
        : throw new ArgumentOutOfRangeException(nameof(index), index, $"Option {index + 1} has no letter; at most {Max} options have.");

    /// <summary>The index of an upper-case letter, or -1.</summary>
    public static int IndexOf(string? letter) => letter is [>= 'A' and <= 'Z'] ? letter[0] - 'A' : -1;
}
