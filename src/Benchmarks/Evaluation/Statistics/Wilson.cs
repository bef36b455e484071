namespace Studio.Benchmarks.Evaluation.Statistics;

/// <summary>From below to above, both included.</summary>
public readonly record struct Interval(double Low, double High);

/// <summary>The score interval of a share (Wilson 1927, J. Am. Stat. Assoc. 22, p. 209): sound for few samples and for shares near 0 and 1.</summary>
public static class Wilson
{
    /// <summary>Normal quantile of 97.5 %: two-sided 95 %.</summary>
    public const double Z95 = 1.959963984540054;

    /// <param name="hits">0 to <paramref name="n"/>.</param>
    /// <param name="n">Samples, 1 or more.</param>
    public static Interval Interval(int hits, int n, double z = Z95)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(n, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(hits);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(hits, n);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(z);
        double share = (double)hits / n;
        double square = z * z / n;
        double middle = (share + (square / 2)) / (1 + square);
        double half = z / (1 + square) * Math.Sqrt((share * (1 - share) / n) + (square / (4 * n)));
        return new(hits == 0 ? 0 : middle - half, hits == n ? 1 : middle + half);
    }
}
