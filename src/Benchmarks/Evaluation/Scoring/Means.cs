using System.Globalization;

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

    /// <summary>In the order of the numbers their names begin with, where all do ("8 s" before "64 s"); else as they come.</summary>
    /// <param name="name">Of a group.</param>
    public static IReadOnlyList<T> InOrder<T>(IEnumerable<T> groups, Func<T, string> name)
    {
        var numbered = groups.Select(g => (Group: g, IsNumber: double.TryParse(name(g).Split(' ')[0], NumberStyles.Float, CultureInfo.InvariantCulture, out var number), Number: number)).ToList();
        return [.. (numbered.TrueForAll(g => g.IsNumber) ? numbered.OrderBy(g => g.Number) : numbered.AsEnumerable()).Select(g => g.Group)];
    }

    /// <summary>Samples by a label, in the order in which its values first appear.</summary>
    public static IEnumerable<IGrouping<string, ScoredSample>> By(IReadOnlyList<ScoredSample> samples, string label) =>
        samples.Where(s => s.Document.Labels.ContainsKey(label)).GroupBy(s => s.Document.Labels[label]);
}
