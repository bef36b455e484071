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
        return Interval((double)hits / n, (double)n, z);
    }

    /// <param name="share">0 to 1.</param>
    /// <param name="n">Samples above 0; no whole number where they are an effective number.</param>
    public static Interval Interval(double share, double n, double z = Z95)
    {
        if (!(share is >= 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(share), share, "Give a share from 0 to 1.");
        if (!(n > 0)) throw new ArgumentOutOfRangeException(nameof(n), n, "Give samples above 0.");
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(z);
        double square = z * z / n;
        double middle = (share + (square / 2)) / (1 + square);
        double half = z / (1 + square) * Math.Sqrt((share * (1 - share) / n) + (square / (4 * n)));
        return new(share == 0 ? 0 : middle - half, share == 1 ? 1 : middle + half);
    }
}
