using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Studio.Benchmarks.Evaluation;
using Studio.Benchmarks.Evaluation.Statistics;
using Studio.Benchmarks.Records;
using Studio.Benchmarks.Records.Exchange;
using Studio.Benchmarks.Records.Reports;
using Studio.Benchmarks.Running;

namespace Studio.Cli;

/// <summary>Evaluations as text for a terminal.</summary>
internal static class RunText
{
    /// <summary>Flips that a comparison lists; JSON has all.</summary>
    private const int MaxFlips = 200;

    public static string Line(Run run)
    {
        var summary = SummaryOf(run);
        var result = summary is null ? run.State.ToString().ToLowerInvariant() : $"{Range(summary).TrimStart()} n {RunSummaries.CountText(summary)}{(summary.Failed > 0 ? $", {summary.Failed} unscored" : "")}";
        return $"{run.Id}  {Minute(run.CreatedAt)}  {run.Task,-12} {run.Model,-16} {result}  {EvalText.Setting(run)}";
    }

    public static string Line(Sample s) => SampleDocuments.IsScored(s)
        ? string.Create(CultureInfo.InvariantCulture, $"{s.Ordinal,6}  {s.Corrected:0.###}  {s.DocumentId}  expected {OneLine(s.Expected)}  read {OneLine(s.CorrectedParsed ?? "nothing")}  answer {OneLine(s.Answer ?? "")}")
        : string.Create(CultureInfo.InvariantCulture, $"{s.Ordinal,6}  unscored  {s.DocumentId}  {s.ErrorClass}: {OneLine(s.Error ?? "")}");

    public static string Whole(Run run)
    {
        var text = new StringBuilder();
        void Fact(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value)) _ = text.Append(CultureInfo.InvariantCulture, $"{name,-12} {value}\n");
        }

        Fact("run", run.Id);
        Fact("task", run.Task);
        Fact("model", run.Model);
        Fact("state", run.State.ToString().ToLowerInvariant() + (run.Error is { } error ? $": {error}" : ""));
        Fact("settings", EvalText.Setting(run));
        Fact("versions", $"prompt {run.PromptVersion}, scorer {run.ScorerVersion}, data {Short(run.DataHash)}");
        Fact("from", run.Source + (run.OwnerName.Length > 0 ? $", {run.OwnerName}" : ""));
        Fact("made", Minute(run.CreatedAt) + (run.FinishedAt is { } end ? $", finished {Minute(end)}" : ""));
        Fact("sweep", run.SweepId);
        Fact("note", run.Note);
        if (run.Provenance.Length > 2 && RecordJson.Read<Provenance>(run.Provenance) is { } p)
        {
            Fact("made with", $"{p.StudioVersion} at {Short(p.Commit)}{(p.IsDirty ? " with changes" : "")}, libtorch {p.LibtorchVersion}, {p.Device} {p.Dtype}, {p.Threads} threads");
            Fact("model hash", Short(p.ModelHash));
        }

        if (SummaryOf(run) is not { } summary) return text.ToString();
        Fact("score", $"{Headline(summary)}; {summary.Scored} scored{(summary.Units is { } units ? $" as {units} units" : "")}, {summary.Failed} unscored{(summary.Chance is { } chance ? $"; by lot {Percent(chance)}" : "")}");
        if (summary is { Scored: > 0, Costs: { Milliseconds: > 0 } c })
        {
            Fact("medians", string.Create(CultureInfo.InvariantCulture, $"{c.Milliseconds:0} ms a sample, {c.FirstTokenMilliseconds:0} ms to the first token, {c.PeakBytes / 1048576.0:0} MiB, {c.VisualTokens:0} visual tokens, {c.KeptTokens:0} kept"));
        }

        _ = text.Append('\n');
        foreach (var row in RunSummaries.Told(summary)) _ = text.Append(CultureInfo.InvariantCulture, $"{row.Name,-40} {(row.Official is { } o ? Number(o, row.Unit) : "–"),9} {Number(row.Corrected, row.Unit),9}  n {row.Count}\n");
        if (summary.Cells.Count > 0) _ = text.Append('\n');
        foreach (var cell in summary.Cells)
        {
            var place = cell.Depth is { } d ? $"depth {Percent(d)}" : cell.Hops is { } h ? $"{h} hops" : "all";
            _ = text.Append(CultureInfo.InvariantCulture, $"{cell.Frames,7} frames  {place,-14} {Percent(cell.Accuracy),8} [{Percent(cell.Low)}, {Percent(cell.High)}]  {cell.Right}/{cell.Count}{(cell.Survival is { } s ? $"  {Percent(s)} of the needle alive" : "")}\n");
        }

        return text.ToString();
    }

    public static string Whole(RunComparison c, Run first, Run second)
    {
        var text = new StringBuilder();
        foreach (var warning in c.Warnings) _ = text.Append(CultureInfo.InvariantCulture, $"warning: {warning.Message}\n");
        _ = text.Append(CultureInfo.InvariantCulture, $"A  {Line(first)}\nB  {Line(second)}\n\n{c.Paired} documents scored in both; {c.OnlyFirst} in A only, {c.OnlySecond} in B only\n")
            .Append(CultureInfo.InvariantCulture, $"A           {Range(c.First)}\nB           {Range(c.Second)}\n");
        if (c.Difference is { } d) _ = text.Append(CultureInfo.InvariantCulture, $"B − A       {Range(d.Difference)}  p {P(d.PValue)} (paired bootstrap, {d.Resamples} draws)\n");
        if (c.McNemar is { } m) _ = text.Append(CultureInfo.InvariantCulture, $"McNemar     only A right {m.OnlyFirst}, only B right {m.OnlySecond}, p {P(m.Exact)} (exact)\n");
        _ = text.Append(CultureInfo.InvariantCulture, $"visible     {(double.IsNaN(c.MinimalDifference) ? "which true difference would be found cannot be told from these documents" : $"a true difference of {Percent(c.MinimalDifference)} or more would be found in 80 % of such comparisons")}\n");
        _ = text.Append(CultureInfo.InvariantCulture, $"\n{c.Flips.Count} documents differ\n");
        foreach (var f in c.Flips.Take(MaxFlips)) _ = text.Append(CultureInfo.InvariantCulture, $"  {f.First:0.##} → {f.Second:0.##}  {f.DocumentId}  expected {OneLine(f.Expected)}  A {OneLine(f.FirstAnswer ?? "nothing")}  B {OneLine(f.SecondAnswer ?? "nothing")}\n");
        if (c.Flips.Count > MaxFlips) _ = text.Append(CultureInfo.InvariantCulture, $"  … {c.Flips.Count - MaxFlips} more with --json\n");
        return text.ToString();
    }

    public static string Whole(Leaderboard board)
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{board.Title}\n");
        foreach (var warning in board.Warnings) _ = text.Append(CultureInfo.InvariantCulture, $"warning: {warning}\n");
        var places = new Dictionary<int, int>(); // a rank is one of its group: others must not be compared with it
        foreach (var row in board.Rows)
        {
            var marks = string.Concat(row.IsControl ? $"  [{row.Run.Variant.ToString().ToLowerInvariant()}]" : "", row.IsImported ? $"  [{row.Run.Source}]" : "", row.Others > 0 ? $"  (latest of {row.Others + 1})" : "");
            _ = text.Append(CultureInfo.InvariantCulture, $"{(row.IsControl ? "-" : $"{places[row.Group] = places.GetValueOrDefault(row.Group) + 1}"),3}  {(row.Group > 0 ? $"group {row.Group}" : ""),-8}{Range(row.Summary)}  n {RunSummaries.CountText(row.Summary),-6} {row.Run.Model,-20} {EvalText.Setting(row.Run)}{marks}  {row.Run.Id}\n");
            foreach (var warning in row.Warnings) _ = text.Append(CultureInfo.InvariantCulture, $"       warning: {warning.Message}\n");
        }

        return text.ToString();
    }

    public static string Json(Leaderboard board) => new JsonObject
    {
        ["task"] = board.Task,
        ["title"] = board.Title,
        ["groups"] = board.Groups,
        ["warnings"] = JsonNode.Parse(RecordJson.Text(board.Warnings)),
        ["rows"] = new JsonArray([.. board.Rows.Select(row =>
        {
            var node = JsonNode.Parse(RunExport.RunJson(row.Run))!.AsObject();
            (node["group"], node["isControl"], node["isImported"], node["others"]) = (row.Group, row.IsControl, row.IsImported, row.Others);
            node["warnings"] = JsonNode.Parse(RecordJson.Text(row.Warnings));
            return (JsonNode?)node;
        })]),
    }.ToJsonString();

    private static RunSummary? SummaryOf(Run run) => run.Summary is { } text ? RecordJson.Read<RunSummary>(text) : null;

    private static string Headline(RunSummary s) => double.IsNaN(s.Accuracy) ? "–" : $"{Percent(s.Accuracy)}{(s.Measure is { } measure ? $" {measure}" : "")}, 95 % interval {Percent(s.Low)} to {Percent(s.High)}";

    private static string Range(RunSummary s) => double.IsNaN(s.Accuracy) ? $"{"–",8}" : Range(new Estimate(s.Accuracy, s.Low, s.High));

    private static string Range(Estimate e) => $"{Percent(e.Value),8} [{Percent(e.Low)}, {Percent(e.High)}]";

    private static string Percent(double share) => double.IsNaN(share) ? "–" : string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.0} %");

    private static string Number(double value, AggregateUnit unit) => value.ToString(unit == AggregateUnit.Fraction ? "0.0000" : "0.00", CultureInfo.InvariantCulture);

    private static string P(double p) => p < 0.001 ? "< 0.001" : p.ToString("0.000", CultureInfo.InvariantCulture);

    private static string Minute(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    private static string Short(string hash) => hash.Length > 12 ? hash[..12] : hash;

    private static string OneLine(string text)
    {
        var line = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return line.Length == 0 ? "(empty)" : line.Length > 80 ? line[..79] + "…" : line;
    }
}
