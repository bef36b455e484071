using Studio.Benchmarks.Evaluation.Scoring;
using Studio.Benchmarks.Evaluation.Statistics;

namespace Studio.Benchmarks.Records.Reports;

/// <summary>Mean score of the samples that share a label.</summary>
/// <param name="Label">"part" or a label's name.</param>
public sealed record RunGroup(string Label, string Value, int Count, Estimate Score);

/// <summary>Scores by part and label, each with its interval.</summary>
public static class RunGroups
{
    /// <summary>A label with more values than this tells documents apart, not groups.</summary>
    public const int MaxValues = 24;

    /// <summary>The label of a sample's part of the set.</summary>
    public const string Part = "part";

    /// <summary>Groups in the order in which labels and values first appear, values that begin with numbers by these; samples without a score are left out.</summary>
    public static async Task<IReadOnlyList<RunGroup>> OfAsync(IAsyncEnumerable<Sample> samples, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(samples);
        var labels = new Dictionary<string, Dictionary<string, (List<double> Scores, List<string> Clusters)>?>(StringComparer.Ordinal);
        await foreach (var sample in samples.WithCancellation(ct).ConfigureAwait(false))
        {
            if (!SampleDocuments.IsScored(sample)) continue;
            if (sample.Part.Length > 0) Add(Part, sample.Part, sample);
            foreach (var (label, value) in RecordJson.Read<SortedDictionary<string, string>>(sample.Labels)) Add(label, value, sample);
        }

        return [.. labels.Where(l => l.Value is { Count: > 1 }).SelectMany(l => Means.InOrder(l.Value!, v => v.Key).Select(v => new RunGroup(l.Key, v.Key, v.Value.Scores.Count, RunSummaries.Estimate(v.Value.Scores, v.Value.Clusters))))];

        void Add(string label, string value, Sample sample)
        {
            if (!labels.TryGetValue(label, out var values)) labels[label] = values = new(StringComparer.Ordinal);
            if (values is null) return;
            if (!values.TryGetValue(value, out var members))
            {
                if (values.Count == MaxValues)
                {
                    labels[label] = null;
                    return;
                }

                values[value] = members = ([], []);
            }

            members.Scores.Add(sample.Corrected!.Value);
            members.Clusters.Add(sample.Cluster);
        }
    }
}
