namespace Studio.Benchmarks.Evaluation.Statistics;

/// <summary>
/// The mean of groups' means, each group counting the same however many scores it has: the headline of sets that are made of equal tasks.
/// With one group it is the plain mean, its error and its interval.
/// </summary>
public static class Grouped
{
    /// <summary>NaN for nothing.</summary>
    public static double Mean(IReadOnlyList<double> values, IReadOnlyList<string> groups)
    {
        Check(values, groups);
        return values.Count == 0 ? double.NaN : Members(groups).Values.Average(members => members.Average(i => values[i]));
    }

    /// <summary>
    /// Standard error clustered by video: the root of the summed squares of each cluster's total deviation from its groups' means, each score
    /// with its weight in the whole. For clusters within groups it is the root of the groups' squared errors over their number. NaN where a
    /// group has fewer than two clusters: what it would vary by is unknown.
    /// Source: as <see cref="Estimates.ClusteredError"/>, for a weighted mean.
    /// </summary>
    public static double ClusteredError(IReadOnlyList<double> scores, IReadOnlyList<string> clusters, IReadOnlyList<string> groups)
    {
        ArgumentNullException.ThrowIfNull(clusters);
        Check(scores, groups);
        var members = Members(groups);
        if (members.Count == 1) return Estimates.ClusteredError(scores, clusters);
        if (scores.Count != clusters.Count) throw new ArgumentException($"{scores.Count} scores, but {clusters.Count} cluster names.", nameof(clusters));
        if (scores.Count == 0 || members.Values.Any(m => m.Select(i => clusters[i]).Distinct(StringComparer.Ordinal).Count() < 2)) return double.NaN;
        var deviations = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var group in members.Values)
        {
            var mean = group.Average(i => scores[i]);
            foreach (var i in group) deviations[clusters[i]] = deviations.GetValueOrDefault(clusters[i]) + ((scores[i] - mean) / group.Count);
        }

        return Math.Sqrt(deviations.Values.Sum(d => d * d)) / members.Count;
    }

    /// <summary>
    /// The mean of groups' shares of right ones with Wilson's interval for as many draws as would vary like it. How much a group varies is
    /// taken from the middle of its own Wilson interval, so that groups that are small, or wholly right or wrong, are not taken for certain.
    /// Source: C. Franco and others, "Comparative Study of Confidence Intervals for Proportions in Complex Sample Surveys" (2019), J. Survey
    /// Statistics and Methodology 7, p. 334, for the effective number of draws.
    /// </summary>
    /// <param name="scores">Each 0 or 1.</param>
    public static Estimate Share(IReadOnlyList<double> scores, IReadOnlyList<string> groups, double confidence = Estimates.DefaultConfidence)
    {
        Check(scores, groups);
        var members = Members(groups).Values.Select(g => (Right: g.Count(i => scores[i] == 1), g.Count)).ToList();
        if (members.Count < 2) return Estimates.Share(members.Sum(g => g.Right), members.Sum(g => g.Count), confidence);
        var z = Normal.TwoSided(confidence);
        var middles = members.ConvertAll(g => (g.Right + (z * z / 2)) / (g.Count + (z * z)));
        var variance = members.Zip(middles, (g, m) => m * (1 - m) / g.Count).Sum() / members.Count / members.Count;
        var middle = middles.Average();
        var share = members.Average(g => (double)g.Right / g.Count);
        var interval = Wilson.Interval(share, middle * (1 - middle) / variance, z);
        return new(share, interval.Low, interval.High);
    }

    /// <summary>Places of each group's members, groups in the order in which they first appear.</summary>
    private static OrderedDictionary<string, List<int>> Members(IReadOnlyList<string> groups)
    {
        var members = new OrderedDictionary<string, List<int>>(StringComparer.Ordinal);
        for (var i = 0; i < groups.Count; i++)
        {
            if (!members.TryGetValue(groups[i], out var places)) members[groups[i]] = places = [];
            places.Add(i);
        }

        return members;
    }

    private static void Check(IReadOnlyList<double> values, IReadOnlyList<string> groups)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentNullException.ThrowIfNull(groups);
        if (values.Count != groups.Count) throw new ArgumentException($"{values.Count} values, but {groups.Count} group names.", nameof(groups));
    }
}
