using System.Collections.Immutable;

namespace Studio.Benchmarks.Evaluation;

/// <summary>What an answer is worth. Two numbers are kept: the original scorer's, with its defects, and a corrected one.</summary>
public sealed record EvalScore
{
    /// <summary>What the original scorer read in the answer; null for nothing.</summary>
    public string? Parsed { get; init; }

    /// <summary>The original's score, 0 to 1. Null where the original draws a random letter (<see cref="Choices"/>) or fails.</summary>
    public double? Official { get; init; }

    /// <summary>What the corrected extraction read; null for nothing, which is wrong.</summary>
    public string? CorrectedParsed { get; init; }

    /// <summary>0 to 1.</summary>
    public double Corrected { get; init; }

    /// <summary>Letters the original draws from where it could read none; 0 otherwise.</summary>
    public int Choices { get; init; }

    /// <summary>Why the original scorer fails on this answer, or null.</summary>
    public string? OfficialError { get; init; }

    /// <summary>Further numbers of a task, for instance "iou".</summary>
    public IReadOnlyDictionary<string, double> Measures { get; init; } = ImmutableSortedDictionary<string, double>.Empty;
}

/// <summary>A document, the model's answer and what it is worth.</summary>
public sealed record ScoredSample(EvalDocument Document, string Answer, EvalScore Score);

/// <summary>Unit of an aggregate: the originals report either.</summary>
public enum AggregateUnit
{
    /// <summary>0 to 1.</summary>
    Fraction,

    /// <summary>0 to 100.</summary>
    Percent,

    /// <summary>A judge's marks, 0 to 5.</summary>
    Marks,

    /// <summary>Two marks of a judge added, each 1 to 5: 2 to 10.</summary>
    MarksOfTen,
}

/// <summary>One reported number, official and corrected, in one unit.</summary>
/// <param name="Name">"overall", or "group: value".</param>
/// <param name="Official">As the original reports it; null where it reports none.</param>
/// <param name="Count">Documents it is made of.</param>
public sealed record AggregateRow(string Name, double? Official, double Corrected, int Count, AggregateUnit Unit = AggregateUnit.Percent);
