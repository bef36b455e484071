namespace Studio.Benchmarks.Evaluation.Statistics;

/// <summary>
/// McNemar's test of two runs on the same documents.
/// </summary>
/// <param name="OnlyFirst">Documents that only the first run has right.</param>
/// <param name="OnlySecond">Documents that only the second run has right.</param>
/// <param name="Exact">Two-sided p-value of the exact binomial test.</param>
/// <param name="Statistic">Chi-square with one degree of freedom, with Edwards' continuity correction.</param>
/// <param name="Corrected">Its p-value.</param>
public sealed record McNemar(long OnlyFirst, long OnlySecond, double Exact, double Statistic, double Corrected)
{
    /// <summary>From the documents on which the runs differ. None: nothing speaks for a difference, both p-values are 1.</summary>
    public static McNemar Of(long onlyFirst, long onlySecond)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(onlyFirst);
        ArgumentOutOfRangeException.ThrowIfNegative(onlySecond);
        var count = onlyFirst + onlySecond;
        if (count == 0) return new(0, 0, 1, 0, 1);
        var distance = Math.Max(0, Math.Abs(onlyFirst - onlySecond) - 1.0);
        var statistic = distance * distance / count;
        return new(onlyFirst, onlySecond, Binomial(Math.Min(onlyFirst, onlySecond), count), statistic, 2 * Normal.UpperTail(Math.Sqrt(statistic)));
    }

    /// <summary>From right and wrong, document by document.</summary>
    public static McNemar Of(IReadOnlyList<bool> first, IReadOnlyList<bool> second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        if (first.Count != second.Count) throw new ArgumentException($"The runs have {first.Count} and {second.Count} documents; pair them first.", nameof(second));
        var (a, b) = (0L, 0L);
        for (var i = 0; i < first.Count; i++)
        {
            if (first[i] && !second[i]) a++;
            if (!first[i] && second[i]) b++;
        }

        return Of(a, b);
    }

    /// <summary>Twice the probability of at most so many heads in a fair coin's tosses, at most 1; summed from the largest term, so nothing underflows early.</summary>
    private static double Binomial(long few, long count)
    {
        var (logTerm, sum) = (-count * Math.Log(2), 0.0);
        for (long k = 0; k <= few; k++)
        {
            sum += Math.Exp(logTerm);
            logTerm += Math.Log(count - k) - Math.Log(k + 1);
        }

        return Math.Min(1, 2 * sum);
    }
}

/// <summary>The difference of two runs' means with a percentile interval, and a two-sided p-value for no difference.</summary>
public sealed record BootstrapResult(Estimate Difference, double PValue, int Resamples);

/// <summary>
/// Paired bootstrap: documents, or their clusters whole, are drawn with replacement, and the mean difference (second minus first) is taken of
/// each draw. The same seed gives the same numbers on every machine.
/// Source: B. Efron, R. Tibshirani, "An Introduction to the Bootstrap" (1993), chapters 13 and 16.
/// </summary>
public static class PairedBootstrap
{
    public const int DefaultResamples = 10_000;

    /// <summary>More are refused: each is a pass over all clusters.</summary>
    public const int MaxResamples = 1_000_000;

    /// <param name="clusters">A name for each document; null draws documents one by one.</param>
    public static BootstrapResult Run(IReadOnlyList<double> first, IReadOnlyList<double> second, ulong seed, IReadOnlyList<string>? clusters = null,
        int resamples = DefaultResamples, double confidence = Estimates.DefaultConfidence)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        if (first.Count != second.Count || first.Count == 0) throw new ArgumentException($"The runs have {first.Count} and {second.Count} documents; give the same, at least one.", nameof(second));
        if (clusters is not null && clusters.Count != first.Count) throw new ArgumentException($"{first.Count} documents, but {clusters.Count} cluster names.", nameof(clusters));
        if (resamples is < 1 or > MaxResamples) throw new ArgumentOutOfRangeException(nameof(resamples), resamples, $"Give 1 to {MaxResamples} resamples.");
        if (!(confidence > 0 && confidence < 1)) throw new ArgumentOutOfRangeException(nameof(confidence), confidence, "Give a confidence above 0 and below 1, for instance 0.95.");
        var units = Units(first, second, clusters);
        var random = new SplitMix(seed);
        var means = new double[resamples];
        for (var i = 0; i < resamples; i++)
        {
            var (sum, count) = (0.0, 0L);
            for (var k = 0; k < units.Length; k++)
            {
                var unit = units[random.Below((uint)units.Length)];
                sum += unit.Sum;
                count += unit.Count;
            }

            means[i] = sum / count;
        }

        Array.Sort(means);
        var value = units.Sum(u => u.Sum) / units.Sum(u => u.Count);
        var tail = (1 - confidence) / 2;
        // One resample is added on either side: p is never 0.
        var (below, above) = (means.Count(m => m <= 0), means.Count(m => m >= 0));
        var p = Math.Min(1, 2 * (Math.Min(below, above) + 1.0) / (resamples + 1.0));
        return new(new(value, Percentile(means, tail), Percentile(means, 1 - tail)), p, resamples);
    }

    private static (double Sum, long Count)[] Units(IReadOnlyList<double> first, IReadOnlyList<double> second, IReadOnlyList<string>? clusters)
    {
        if (clusters is null) return [.. first.Select((f, i) => (second[i] - f, 1L))];
        // In the order of their first document: the draw must not hang on a hash.
        var (places, units) = (new Dictionary<string, int>(StringComparer.Ordinal), new List<(double Sum, long Count)>());
        for (var i = 0; i < first.Count; i++)
        {
            if (!places.TryGetValue(clusters[i], out var at))
            {
                places[clusters[i]] = at = units.Count;
                units.Add((0, 0));
            }

            units[at] = (units[at].Sum + second[i] - first[i], units[at].Count + 1);
        }

        return [.. units];
    }

    private static double Percentile(double[] sorted, double share)
    {
        var place = share * (sorted.Length - 1);
        var low = (int)Math.Floor(place);
        var high = Math.Min(low + 1, sorted.Length - 1);
        return sorted[low] + ((place - low) * (sorted[high] - sorted[low]));
    }

    /// <summary>SplitMix64 (Steele, Lea, Flood 2014), with unbiased draws below a bound (Lemire 2019).</summary>
    private struct SplitMix(ulong seed)
    {
        private ulong _state = seed;

        public int Below(uint bound)
        {
            while (true)
            {
                var product = (ulong)(uint)(Next() >> 32) * bound;
                if ((uint)product >= (uint)(-(int)bound) % bound) return (int)(product >> 32);
            }
        }

        private ulong Next()
        {
            var z = _state += 0x9e3779b97f4a7c15;
            z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
            z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
            return z ^ (z >> 31);
        }
    }
}
