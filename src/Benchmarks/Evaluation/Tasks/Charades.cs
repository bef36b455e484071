using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Studio.Benchmarks.Evaluation.Originals;
using Studio.Benchmarks.Evaluation.Scoring;

namespace Studio.Benchmarks.Evaluation.Tasks;

/// <summary>
/// Charades-STA: when does an event happen. R@0.3, 0.5 and 0.7 and the mean intersection over union. VideoChat-Flash's scorer prints the
/// recalls only and stops altogether at a number with two points; upstream's newer extraction is kept beside it, and a corrected one.
/// </summary>
public sealed class Charades : EvalTask
{
    private const string Before = "Please find the visual event described by a sentence in the video, determining its starting and ending times. The format should be: 'The event happens in the start time - end time'. For example, The event 'person turn a light on' happens in the 24.3 - 30.4 seonds. Now I will give you the textual sentence: ";

    private static readonly double[] s_thresholds = [0.3, 0.5, 0.7];

    public override string Name => "charades";

    public override string Title => "Charades-STA";

    public override string Measure => "mean IoU";

    public override EvalLimits Limits => new(512, 50);

    public override IReadOnlyList<(string File, string Part)> Files => [("charades/temporal_grounding_charades.json", "")];

    public override EvalDocument Read(JsonElement row, string part, int index)
    {
        var fields = new Row(row, $"{Name} row {index}");
        var interval = fields.Pair("timestamp");
        if (!(interval.End >= interval.Start)) throw fields.Problem($"'timestamp' ends at {interval.End} before it starts at {interval.Start}.");
        return new EvalDocument
        {
            Id = $"{index}",
            Media = fields.Text("video"),
            Question = fields.Text("caption"),
            Interval = interval,
            Answer = FormattableString.Invariant($"{interval.Start} - {interval.End}"),
        };
    }

    // The caption has its own period; the doubled one is the original's.
    public override EvalPrompt Prompt(EvalDocument document) => new($"{Before}{document.Question}. Please return its start time and end time.");

    public override EvalScore Score(EvalDocument document, string answer)
    {
        var truth = document.Interval ?? throw new ArgumentException($"{document.Id} has no expected interval.", nameof(document));
        var measures = ImmutableSortedDictionary.CreateBuilder<string, double>(StringComparer.Ordinal);
        (double Start, double End)? parsed = null;
        string? error = null;
        try
        {
            parsed = TimeRanges.Flash(answer);
        }
        catch (FormatException e)
        {
            error = e.Message;
        }

        if (parsed is { } span) (measures["start"], measures["end"]) = (span.Start, span.End);
        if (TimeRanges.Upstream(answer) is { } newer) (measures["upstream.start"], measures["upstream.end"]) = (newer.Start, newer.End);
        measures["upstream.iou"] = TimeRanges.Upstream(answer) is { } other ? TimeRanges.Overlap(truth, other) : 0;
        var read = IntervalReader.Read(answer);
        return new EvalScore
        {
            Parsed = Shown(parsed),
            Official = error is not null ? null : parsed is { } found ? TimeRanges.Overlap(truth, found) : 0,
            OfficialError = error,
            CorrectedParsed = Shown(read),
            Corrected = read is { } interval ? TimeRanges.Overlap(truth, interval) : 0,
            Measures = measures.ToImmutable(),
        };
    }

    /// <summary>
    /// "mIoU", "R@0.3", "R@0.5", "R@0.7" in per cent, then the same by upstream's extraction. Officially documents of one video, caption
    /// and interval are one, the last answer; the corrected numbers count each. One answer the original cannot read leaves it without numbers.
    /// </summary>
    public override IReadOnlyList<AggregateRow> Aggregate(IReadOnlyList<ScoredSample> samples, ulong seed = 0)
    {
        var distinct = samples.GroupBy(s => (s.Document.Media, s.Document.Question, s.Document.Interval)).Select(g => g.Last()).ToList();
        var fails = distinct.Exists(s => s.Score.OfficialError is not null);
        var rows = new List<AggregateRow>();
        foreach (var (prefix, iou) in new (string, Func<ScoredSample, double>)[] { ("", s => s.Score.Official ?? 0), ("upstream ", s => s.Score.Measures["upstream.iou"]) })
        {
            var official = prefix.Length > 0 || !fails;
            rows.Add(new($"{prefix}mIoU", official ? 100 * Mean(distinct, iou) : null, Means.Corrected(samples), samples.Count));
            rows.AddRange(s_thresholds.Select(t => new AggregateRow(string.Create(CultureInfo.InvariantCulture, $"{prefix}R@{t}"),
                official ? 100 * Mean(distinct, s => iou(s) >= t ? 1 : 0) : null, 100 * Mean(samples, s => s.Score.Corrected >= t ? 1 : 0), samples.Count)));
        }

        return rows;
    }

    private static double Mean(IReadOnlyList<ScoredSample> samples, Func<ScoredSample, double> value) => samples.Count == 0 ? 0 : samples.Sum(value) / samples.Count;

    private static string? Shown((double Start, double End)? span) => span is { } s ? FormattableString.Invariant($"{s.Start} - {s.End}") : null;
}
