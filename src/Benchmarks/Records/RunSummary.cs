using Studio.Benchmarks.Evaluation;

namespace Studio.Benchmarks.Records;

/// <summary>Where the ends of an interval come from.</summary>
public enum IntervalMethod
{
    /// <summary>Wilson's score interval of a share.</summary>
    Wilson,

    /// <summary>Wilson's of the mean of groups' shares (<see cref="Evaluation.Statistics.Grouped.Share"/>).</summary>
    GroupedWilson,

    /// <summary>The normal interval of the standard error clustered by video.</summary>
    Clustered,

    /// <summary>The normal interval of a standard error that another program reported.</summary>
    Reported,

    /// <summary>Nothing is known of it: 0 to 1.</summary>
    None,
}

/// <summary>Reported numbers of a finished run.</summary>
public sealed record RunSummary
{
    /// <summary>The task's own rows, headline first.</summary>
    public required IReadOnlyList<AggregateRow> Rows { get; init; }

    /// <summary>Samples with a score.</summary>
    public required int Scored { get; init; }

    /// <summary>Samples that failed: unscored, in no number.</summary>
    public required int Failed { get; init; }

    /// <summary>
    /// The task's headline, 0 to 1, with its 95 % interval: the mean corrected score of its units (<see cref="EvalTask.Units"/>), or of its parts' means; NaN without any.
    /// </summary>
    public required double Accuracy { get; init; }

    public required double Low { get; init; }

    public required double High { get; init; }

    /// <summary>How the interval was found; null in summaries from before it was told.</summary>
    public IntervalMethod? Interval { get; init; }

    /// <summary>Units the headline counts where they are not the scored samples, else null: questions whose tries were all scored.</summary>
    public int? Units { get; init; }

    /// <summary>What the headline is where it is no share of right answers, else null: "mean IoU".</summary>
    public string? Measure { get; init; }

    /// <summary>Standard error of the headline clustered by video; NaN where clusters are too few.</summary>
    public required double ClusteredError { get; init; }

    /// <summary>What guessing has as headline in the long run, 0 to 1; null for open questions.</summary>
    public double? Chance { get; init; }

    /// <summary>Cells of a needle grid; empty for other tasks.</summary>
    public IReadOnlyList<NeedleCell> Cells { get; init; } = [];

    /// <summary>Medians over the scored samples; not a part of what must be equal from run to run.</summary>
    public required RunCosts Costs { get; init; }
}

/// <summary>A cell of a length × depth grid, or a chain length.</summary>
/// <param name="Frames">Haystack length.</param>
/// <param name="Depth">0 to 1; null for chains.</param>
/// <param name="Hops">Pictures of the chain; null for single needles.</param>
/// <param name="Survival">Mean share of needle tokens alive after the last stage; null where unknown.</param>
/// <param name="AttentionMass">Of models with summary tokens, whose visual tokens are all gone: mean share of the answer's attention on the needle's own; null otherwise.</param>
public sealed record NeedleCell(int Frames, double? Depth, int? Hops, int Count, int Right, double Low, double High, double? Survival, double? AttentionMass = null)
{
    public double Accuracy => Count == 0 ? double.NaN : (double)Right / Count;
}

/// <summary>Medians of what was measured.</summary>
/// <param name="EncodeMilliseconds">Of <paramref name="Milliseconds"/>, what reading and encoding the video took; settings that share a video share it. 0 in summaries from before it was told apart.</param>
public sealed record RunCosts(
    double Milliseconds, double FirstTokenMilliseconds, long PeakBytes, long KvBytes, double VisualTokens, double KeptTokens, double Flops, double EncodeMilliseconds = 0);
