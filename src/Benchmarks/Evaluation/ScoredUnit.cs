namespace Studio.Benchmarks.Evaluation;

/// <summary>What a task's headline counts as one: a sample, or the tries of a question together.</summary>
/// <param name="Score">Corrected, 0 to 1.</param>
/// <param name="Cluster">What units of one video share.</param>
/// <param name="Chance">Probability of guessing it right, 0 to 1; 0 for open questions.</param>
/// <param name="Group">Part of the set whose mean counts as much as that of every other part; the same for all where the headline is a plain mean.</param>
public sealed record ScoredUnit(double Score, string Cluster, double Chance, string Group = "")
{
    /// <summary>A sample on its own.</summary>
    public static ScoredUnit Of(ScoredSample sample, string group = "")
    {
        ArgumentNullException.ThrowIfNull(sample);
        return new(sample.Score.Corrected, sample.Document.Cluster, Variants.Chance(sample.Document), group);
    }
}
