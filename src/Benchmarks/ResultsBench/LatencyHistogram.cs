namespace Studio.Benchmarks.ResultsBench;

/// <summary>Durations by logarithmic steps of 5 %: quantiles of any number of them in a fixed space. Not for several threads.</summary>
public sealed class LatencyHistogram
{
    /// <summary>Steps; the last holds everything beyond about half an hour.</summary>
    private const int Steps = 440;

    private const double Least = 0.001, Factor = 1.05;

    private readonly long[] _counts = new long[Steps];

    public long Count { get; private set; }

    /// <summary>Longest, milliseconds, exact.</summary>
    public double Max { get; private set; }

    public void Add(double milliseconds)
    {
        Count++;
        Max = Math.Max(Max, milliseconds);
        _counts[milliseconds <= Least ? 0 : Math.Min(Steps - 1, (int)Math.Ceiling(Math.Log(milliseconds / Least) / Math.Log(Factor)))]++;
    }

    public void Add(LatencyHistogram other)
    {
        ArgumentNullException.ThrowIfNull(other);
        Count += other.Count;
        Max = Math.Max(Max, other.Max);
        for (var i = 0; i < Steps; i++) _counts[i] += other._counts[i];
    }

    /// <summary>Milliseconds that the share of durations does not exceed, at most 5 % too many; 0 for none.</summary>
    public double Quantile(double share)
    {
        var (rank, seen) = (share * Count, 0L);
        for (var i = 0; i < Steps; i++)
        {
            seen += _counts[i];
            if (seen >= rank && seen > 0) return Math.Min(Max, Least * Math.Pow(Factor, i));
        }

        return 0;
    }
}
