using Studio.Benchmarks.Evaluation;

namespace Studio.Benchmarks.Records;

/// <summary>Reported numbers of a finished run.</summary>
public sealed record RunSummary
{
    /// <summary>The task's own rows, headline first.</summary>
    public required IReadOnlyList<AggregateRow> Rows { get; init; }

    /// <summary>Samples with a score.</summary>
    public required int Scored { get; init; }

    /// <summary>Samples that failed: unscored, in no number.</summary>
    public required int Failed { get; init; }

    /// <summary>Mean corrected score of the scored samples, 0 to 1, with its 95 % interval: Wilson where scores are 0 or 1, else by clustered standard error.</summary>
    public required double Accuracy { get; init; }

    public required double Low { get; init; }

    public required double High { get; init; }

    /// <summary>Standard error clustered by video.</summary>
    public required double ClusteredError { get; init; }

    /// <summary>Mean probability of guessing right, 0 to 1; null for open questions.</summary>
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
