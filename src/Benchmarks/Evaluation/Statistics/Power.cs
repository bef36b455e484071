namespace Studio.Benchmarks.Evaluation.Statistics;

/// <summary>How small a difference an evaluation can show.</summary>
public static class Power
{
    public const double DefaultPower = 0.8;

    /// <summary>
    /// The smallest true difference of two shares that a two-sided test finds with the given power, in shares: (z of the level + z of the
    /// power) × the root of the variance of the difference. Source: E. Miller, "Adding Error Bars to Evals" (2024), section 5.
    /// </summary>
    /// <param name="share">Share of right answers, 0 to 1; 0.5 is the worst case.</param>
    /// <param name="count">Documents of each run.</param>
    /// <param name="correlation">Of the two runs' scores on the same documents, 0 for different documents.</param>
    /// <param name="level">Two-sided significance level.</param>
    public static double MinimalDifference(double share, long count, double correlation = 0, double level = 0.05, double power = DefaultPower)
    {
        if (!(share is >= 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(share), share, "Give a share from 0 to 1.");
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        if (!(correlation is >= -1 and <= 1)) throw new ArgumentOutOfRangeException(nameof(correlation), correlation, "Give a correlation from -1 to 1.");
        return MinimalDifference(Math.Sqrt(2 * share * (1 - share) * (1 - correlation) / count), level, power);
    }

    /// <summary>The same from the standard error of the difference, for instance a clustered one.</summary>
    public static double MinimalDifference(double standardError, double level, double power)
    {
        if (!(standardError >= 0)) throw new ArgumentOutOfRangeException(nameof(standardError), standardError, "A standard error is 0 or more.");
        if (!(power > 0 && power < 1)) throw new ArgumentOutOfRangeException(nameof(power), power, "Give a power above 0 and below 1, for instance 0.8.");
        return (Normal.TwoSided(1 - level) + Normal.Quantile(power)) * standardError;
    }
}
