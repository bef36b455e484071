using System.Globalization;
using System.Text;
using Studio.Benchmarks.Evaluation;
using Studio.Benchmarks.Records;

namespace Studio.Benchmarks.Running;

/// <summary>A setting of a sweep with its numbers.</summary>
/// <param name="Fronts">Costs for which no other setting of the sweep is as right and cheaper: "time", "memory", "tokens", "FLOPs".</param>
public sealed record SweepRow(Run Run, RunSummary Summary, IReadOnlyList<string> Fronts)
{
    /// <summary>Rows of a sweep's finished runs, in their order; the others are left out.</summary>
    public static IReadOnlyList<SweepRow> Of(IReadOnlyList<Run> runs)
    {
        ArgumentNullException.ThrowIfNull(runs);
        List<(Run Run, RunSummary Summary)> finished = [.. runs.Where(r => r.Summary is not null).Select(r => (r, RecordJson.Read<RunSummary>(r.Summary!)))];
        (string Name, Func<RunCosts, double> Of)[] costs = [("time", c => c.Milliseconds), ("memory", c => c.PeakBytes), ("tokens", c => c.KeptTokens), ("FLOPs", c => c.Flops)];
        var fronts = costs.Select(cost => ParetoFront.Of([.. finished.Select(f => (f.Summary.Scored == 0 ? double.NaN : f.Summary.Accuracy, cost.Of(f.Summary.Costs)))])).ToList();
        return [.. finished.Select((f, i) => new SweepRow(f.Run, f.Summary, [.. costs.Where((_, c) => fronts[c][i]).Select(c => c.Name)]))];
    }
}

/// <summary>Numbers of runs as tables in Markdown.</summary>
public static class EvalText
{
    /// <summary>A run's numbers: the task's rows, then the needle grid where there is one.</summary>
    public static string Run(Run run, RunSummary summary)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(summary);
        var text = new StringBuilder();
        var failed = summary.Failed == 0 ? "" : $", {summary.Failed} failed and in no number";
        Line(text, $"{run.Task}, {run.Model}, {Setting(run)}: {Headline(summary)}, n = {RunSummaries.CountText(summary)}{failed}{(summary.Chance is { } chance ? $", by guessing {Percent(chance)}" : "")}");
        if (summary.Scored == 0) Line(text, $"median –, as no sample was scored");
        else Line(text, $"median {summary.Costs.Milliseconds:0} ms, {Bytes(summary.Costs.PeakBytes)} peak, {summary.Costs.KeptTokens:0} of {summary.Costs.VisualTokens:0} visual tokens kept, {summary.Costs.Flops / 1e9:0.#} GFLOPs");
        var rows = RunSummaries.Told(summary);
        if (rows.Count > 0) _ = text.AppendLine().AppendLine("| row | original's score | corrected | n |").AppendLine("|---|--:|--:|--:|");
        foreach (var row in rows) Line(text, $"| {row.Name} | {(row.Official is { } official ? Value(official, row.Unit) : "")} | {Value(row.Corrected, row.Unit)} | {row.Count} |");
        if (summary.Cells.Count > 0) _ = text.AppendLine().Append(Needles(summary.Cells));
        return text.ToString();
    }

    /// <summary>Lengths across, depths (or steps of a chain) down: right of asked, and what was left of the needle where known: the share of its tokens behind the last drop, or of attention that its summary tokens got.</summary>
    public static string Needles(IReadOnlyList<NeedleCell> cells)
    {
        ArgumentNullException.ThrowIfNull(cells);
        var text = new StringBuilder();
        List<int> lengths = [.. cells.Select(c => c.Frames).Distinct().Order()];
        Line(text, $"| {(cells.Any(c => c.Depth is not null) ? "depth" : "hops")} | {string.Join(" | ", lengths.Select(l => $"{l} frames"))} |");
        Line(text, $"|--:|{string.Concat(lengths.Select(_ => "--:|"))}");
        foreach (var line in cells.GroupBy(c => (c.Depth, c.Hops)).OrderBy(g => g.Key.Depth).ThenBy(g => g.Key.Hops))
        {
            var name = line.Key.Depth is { } depth ? $"{100 * depth:0.#} %" : line.Key.Hops?.ToString(CultureInfo.InvariantCulture) ?? "all";
            Line(text, $"| {name} | {string.Join(" | ", lengths.Select(l => line.FirstOrDefault(c => c.Frames == l) is { } cell ? Cell(cell) : ""))} |");
        }

        return text.ToString();
    }

    /// <summary>Accuracy and costs of each setting of a sweep; the last column names the costs for which it is on the Pareto front.</summary>
    public static string Sweep(IReadOnlyList<SweepRow> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var text = new StringBuilder();
        _ = text.AppendLine("| model | setting | right | 95 % interval | n | median ms | peak memory | tokens | kept | GFLOPs | Pareto front |").AppendLine("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|---|");
        foreach (var (run, summary, fronts) in rows)
        {
            var (costs, failed) = (summary.Costs, summary.Failed == 0 ? "" : $" (+ {summary.Failed} failed)");
            var cells = summary.Scored == 0 ? "– | – | – | – | –" : FormattableString.Invariant($"{costs.Milliseconds:0} | {Bytes(costs.PeakBytes)} | {costs.VisualTokens:0} | {costs.KeptTokens:0} | {costs.Flops / 1e9:0.#}");
            var interval = double.IsNaN(summary.Accuracy) ? "–" : $"{Percent(summary.Low)} to {Percent(summary.High)}";
            Line(text, $"| {run.Model} | {Setting(run)} | {Percent(summary.Accuracy)} | {interval} | {RunSummaries.CountText(summary)}{failed} | {cells} | {string.Join(", ", fronts)} |");
        }

        return text.ToString();
    }

    /// <summary>Variant, frames and compression of a run in few words, the same wherever a run is shown.</summary>
    public static string Setting(Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        List<string> parts = [];
        if (run.Variant != EvalVariant.Standard) parts.Add(run.Variant.ToString().ToLowerInvariant());
        if (run.Protocol != EvalProtocol.Generated) parts.Add("original protocol");
        if (run.Frames.Length > 0 && run.Variant is not (EvalVariant.Blind or EvalVariant.Random)) parts.Add($"frames {run.Frames}");
        if (run.Compression.Length > 0) parts.Add($"compression {run.Compression}");
        parts.AddRange(Asked(run));
        return parts.Count == 0 ? "as published" : string.Join(", ", parts);
    }

    /// <summary>What else was asked for that may tell settings of a sweep apart: length of the haystack, type of numbers, tokens of an answer.</summary>
    private static IEnumerable<string> Asked(Run run)
    {
        if (EvalRequest.Of(run)?.Setting is not { } setting) yield break;
        if (setting.Frames is { } frames && run.Frames == "all") yield return string.Create(CultureInfo.InvariantCulture, $"haystacks of {frames}");
        if (setting.Dtype is { Length: > 0 } dtype) yield return dtype;
        if (setting.MaxNewTokens is { } tokens) yield return string.Create(CultureInfo.InvariantCulture, $"at most {tokens} new tokens");
    }

    private static string Headline(RunSummary summary) => double.IsNaN(summary.Accuracy) ? "–"
        : $"{Percent(summary.Accuracy)} {summary.Measure ?? EvalTask.Right}, 95 % interval {Percent(summary.Low)} to {Percent(summary.High)}";

    private static string Cell(NeedleCell cell) =>
        string.Create(CultureInfo.InvariantCulture, $"{cell.Right}/{cell.Count} ({100 * cell.Low:0} to {100 * cell.High:0} %)") + (cell.AttentionMass is { } mass ? string.Create(CultureInfo.InvariantCulture, $", {100 * mass:0.0} % of attention")
            : cell.Survival is { } alive ? string.Create(CultureInfo.InvariantCulture, $", {100 * alive:0} % alive") : "");

    private static string Percent(double share) => double.IsNaN(share) ? "–" : string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.0} %");

    private static string Value(double value, AggregateUnit unit) => unit switch
    {
        AggregateUnit.Percent => Percent(value / 100),
        AggregateUnit.Marks or AggregateUnit.MarksOfTen => value.ToString("0.00", CultureInfo.InvariantCulture),
        _ => Percent(value),
    };

    private static string Bytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:0} MiB");

    private static void Line(StringBuilder text, FormattableString line) => text.AppendLine(FormattableString.Invariant(line));
}
