namespace Studio.Benchmarks.Evaluation.Scoring;

/// <summary>Parts of aggregates that several tasks share.</summary>
internal static class Means
{
    public static double Corrected(IEnumerable<ScoredSample> samples, double scale = 100)
    {
        var (sum, count) = (0.0, 0);
        foreach (var sample in samples)
        {
            sum += sample.Score.Corrected;
            count++;
        }

        return count == 0 ? 0 : scale * sum / count;
    }

    /// <summary>Samples by a label, in the order in which its values first appear.</summary>
    public static IEnumerable<IGrouping<string, ScoredSample>> By(IReadOnlyList<ScoredSample> samples, string label) =>
        samples.Where(s => s.Document.Labels.ContainsKey(label)).GroupBy(s => s.Document.Labels[label]);
}
