namespace Studio.Benchmarks.Evaluation.Statistics;

/// <summary>A value with its two-sided confidence interval.</summary>
public sealed record Estimate(double Value, double Low, double High);

/// <summary>Estimates of shares and means with their intervals.</summary>
public static class Estimates
{
    public const double DefaultConfidence = 0.95;

    /// <summary>A share with Wilson's interval at any confidence. Nothing tried: no value, 0 to 1.</summary>
    public static Estimate Share(int right, int count, double confidence = DefaultConfidence)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (right < 0 || right > count) throw new ArgumentOutOfRangeException(nameof(right), right, $"Give 0 to {count} right ones of {count}.");
        if (count == 0) return new(double.NaN, 0, 1);
        var interval = Wilson.Interval(right, count, Normal.TwoSided(confidence));
        return new((double)right / count, interval.Low, interval.High);
    }

    /// <summary>Standard error of a mean of independent scores; NaN for fewer than two.</summary>
    public static double StandardError(IReadOnlyList<double> scores)
    {
        ArgumentNullException.ThrowIfNull(scores);
        if (scores.Count < 2) return double.NaN;
        var mean = scores.Average();
        return Math.Sqrt(scores.Sum(s => (s - mean) * (s - mean)) / (scores.Count - 1) / scores.Count);
    }

    /// <summary>
    /// Standard error of a mean whose scores come in clusters (questions about one video): the root of the summed squares of each cluster's
    /// total deviation, over the number of scores. Without small-sample correction. NaN for fewer than two clusters.
    /// Source: E. Miller, "Adding Error Bars to Evals" (2024), equation 4; Liang and Zeger (1986).
    /// </summary>
    public static double ClusteredError(IReadOnlyList<double> scores, IReadOnlyList<string> clusters)
    {
        ArgumentNullException.ThrowIfNull(scores);
        ArgumentNullException.ThrowIfNull(clusters);
        if (scores.Count != clusters.Count) throw new ArgumentException($"{scores.Count} scores, but {clusters.Count} cluster names.", nameof(clusters));
        if (scores.Count == 0) return double.NaN;
        var mean = scores.Average();
        var deviations = new Dictionary<string, double>(StringComparer.Ordinal);
        for (var i = 0; i < scores.Count; i++) deviations[clusters[i]] = deviations.GetValueOrDefault(clusters[i]) + scores[i] - mean;
        return deviations.Count < 2 ? double.NaN : Math.Sqrt(deviations.Values.Sum(d => d * d)) / scores.Count;
    }

    /// <summary>The mean with the normal interval of its clustered error.</summary>
    public static Estimate Clustered(IReadOnlyList<double> scores, IReadOnlyList<string> clusters, double confidence = DefaultConfidence)
    {
        var error = ClusteredError(scores, clusters);
        var mean = scores.Count == 0 ? double.NaN : scores.Average();
        var half = Normal.TwoSided(confidence) * error;
        return new(mean, mean - half, mean + half);
    }
}
