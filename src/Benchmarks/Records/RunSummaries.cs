using System.Globalization;
using Studio.Benchmarks.Evaluation;
using Studio.Benchmarks.Evaluation.Data;
using Studio.Benchmarks.Evaluation.Statistics;

namespace Studio.Benchmarks.Records;

/// <summary>From samples to the reported numbers.</summary>
public static class RunSummaries
{
    /// <summary>Labels of a needle test's cells.</summary>
    private const string FramesLabel = "frames", DepthLabel = "depth", HopsLabel = "hops";

    /// <summary>The numbers of a run whose documents are at hand.</summary>
    /// <param name="samples">In any order; the ordinal is the place in the data's documents.</param>
    public static RunSummary Of(Run run, IEvalData data, IReadOnlyList<Sample> samples)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(data);
        return Summarise(data.Task, samples, sample => data.Documents[sample.Ordinal], EvalRequest.FromJson(run.Given).Seed);
    }

    /// <summary>The numbers from the rows alone.</summary>
    /// <param name="task">Its aggregate is taken; null leaves the mean score as the only row.</param>
    /// <param name="seed">For originals that draw letters at random.</param>
    /// <exception cref="InvalidDataException">A row is damaged.</exception>
    public static RunSummary Of(EvalTask? task, IReadOnlyList<Sample> samples, ulong seed = 0) => Summarise(task, samples, SampleDocuments.Document, seed);

    private static RunSummary Summarise(EvalTask? task, IReadOnlyList<Sample> samples, Func<Sample, EvalDocument> document, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(samples);
        var ordered = samples.OrderBy(s => s.Ordinal).ToList();
        var scored = ordered.Where(s => SampleDocuments.IsScored(s)).Select(s => (Row: s, Sample: SampleDocuments.Scored(s, document(s)))).ToList();
        IReadOnlyList<ScoredSample> members = [.. scored.Select(s => s.Sample)];
        var units = task?.Units(members) ?? [.. scored.Select(s => ScoredUnit.Of(s.Sample) with { Cluster = s.Row.Cluster })]; // another program's rows name clusters of their own
        List<double> scores = [.. units.Select(u => u.Score)];
        List<string> clusters = [.. units.Select(u => u.Cluster)], groups = [.. units.Select(u => u.Group)];
        var (estimate, method) = Headline(scores, clusters, groups);
        double? chance = members.Any(s => Variants.AppliesTo(s.Document)) && units.Count > 0 ? Grouped.Mean([.. units.Select(u => u.Chance)], groups) : null;
        return new RunSummary
        {
            Rows = task?.Aggregate(members, seed) ?? [new("overall", null, 100 * estimate.Value, scored.Count)],
            Scored = scored.Count,
            Failed = ordered.Count - scored.Count,
            Accuracy = estimate.Value,
            Low = estimate.Low,
            High = estimate.High,
            Interval = method,
            Units = units.Count == scored.Count ? null : units.Count,
            Measure = task is null || task.Measure == EvalTask.Right ? null : task.Measure,
            ClusteredError = Grouped.ClusteredError(scores, clusters, groups),
            Chance = chance,
            Cells = Cells(scored),
            Costs = Costs(scored.ConvertAll(s => s.Row)),
        };
    }

    /// <summary>The mean score with its 95 % interval: Wilson where every score is 0 or 1, else by clustered standard error, within 0 and 1.</summary>
    public static Estimate Estimate(IReadOnlyList<double> scores, IReadOnlyList<string> clusters)
    {
        ArgumentNullException.ThrowIfNull(scores);
        return Headline(scores, clusters, [.. scores.Select(_ => "")]).Estimate;
    }

    /// <summary>The same of the mean of groups' means, and how the interval was found.</summary>
    private static (Estimate Estimate, IntervalMethod Method) Headline(IReadOnlyList<double> scores, IReadOnlyList<string> clusters, IReadOnlyList<string> groups)
    {
        if (scores.Count == 0) return (Estimates.Share(0, 0), IntervalMethod.None);
        if (scores.All(s => s is 0 or 1)) return (Grouped.Share(scores, groups), groups.Distinct(StringComparer.Ordinal).Count() == 1 ? IntervalMethod.Wilson : IntervalMethod.GroupedWilson);
        var (mean, half) = (Grouped.Mean(scores, groups), Normal.TwoSided(Estimates.DefaultConfidence) * Grouped.ClusteredError(scores, clusters, groups));
        // One cluster says nothing of the spread between clusters.
        return double.IsNaN(half) ? (new(mean, 0, 1), IntervalMethod.None) : (new(mean, Math.Max(0, mean - half), Math.Min(1, mean + half)), IntervalMethod.Clustered);
    }

    /// <summary>Rows that say something: those without samples are left out, but for an imported number that came without its count.</summary>
    public static IReadOnlyList<AggregateRow> Told(RunSummary summary)
    {
        ArgumentNullException.ThrowIfNull(summary);
        static bool IsNumber(double? value) => value is { } number && number != 0 && !double.IsNaN(number);
        return [.. summary.Rows.Where(r => r.Count > 0 || IsNumber(r.Corrected) || IsNumber(r.Official))];
    }

    /// <summary>What the headline is made of: "600", or "150 (600 samples)" where several samples are one unit.</summary>
    public static string CountText(RunSummary summary)
    {
        ArgumentNullException.ThrowIfNull(summary);
        var scored = summary.Scored.ToString(CultureInfo.InvariantCulture);
        return summary.Units is { } units ? string.Create(CultureInfo.InvariantCulture, $"{units} ({scored} samples)") : scored;
    }

    private static List<NeedleCell> Cells(List<(Sample Row, ScoredSample Sample)> scored) =>
    [
        .. from s in scored
           let labels = s.Sample.Document.Labels
           let frames = labels.TryGetValue(FramesLabel, out var f) && int.TryParse(f, NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : -1
           where frames >= 0
           let depth = labels.TryGetValue(DepthLabel, out var d) && double.TryParse(d, NumberStyles.Float, CultureInfo.InvariantCulture, out var share) ? share : (double?)null
           let hops = labels.TryGetValue(HopsLabel, out var h) && int.TryParse(h, NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : (int?)null
           group s by (Frames: frames, Depth: depth, Hops: hops) into cell
           orderby cell.Key.Frames, cell.Key.Depth, cell.Key.Hops
           select Cell(cell.Key.Frames, cell.Key.Depth, cell.Key.Hops, [.. cell]),
    ];

    private static NeedleCell Cell(int frames, double? depth, int? hops, List<(Sample Row, ScoredSample Sample)> members)
    {
        var right = members.Count(m => m.Sample.Score.Corrected >= 1);
        var interval = Estimates.Share(right, members.Count);
        var survivals = members.Select(m => m.Row.Survival is { } text ? RecordJson.Read<NeedleSurvival>(text) : null).OfType<NeedleSurvival>().ToList();
        var alive = survivals.Where(s => s.Stages.Count > 0).Select(s => s.Stages[^1].Alive).ToList();
        var mass = survivals.Select(s => s.AttentionMass).OfType<double>().ToList();
        return new(frames, depth, hops, members.Count, right, interval.Low, interval.High, alive.Count == 0 ? null : alive.Average(), mass.Count == 0 ? null : mass.Average());
    }

    private static RunCosts Costs(List<Sample> scored)
    {
        var costs = scored.ConvertAll(s => RecordJson.Read<SampleCosts>(s.Costs));
        return new(
            Median(costs.Select(c => c.TotalMilliseconds)),
            Median(costs.Select(c => c.FirstTokenMilliseconds)),
            (long)Median(costs.Select(c => (double)c.PeakBytes)),
            (long)Median(costs.Select(c => (double)c.KvBytes)),
            Median(scored.Select(s => (double)s.VisualTokens)),
            Median(scored.Select(s => RecordJson.Read<List<double>>(s.StageTokens) is { Count: > 0 } stages ? stages[^1] : s.VisualTokens)),
            Median(costs.Select(c => c.Flops)),
            Median(costs.Select(c => SampleCosts.EncodingStages.Sum(s => c.Milliseconds.GetValueOrDefault(s)))));
    }

    /// <summary>0 for nothing.</summary>
    internal static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? 0 : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
