using System.Globalization;
using Studio.Boards;
using Studio.Components.Charts;
using Studio.Engine.Chat.Planning;

namespace Studio.Pages.Results.Parts;

/// <summary>Accuracy over one cost.</summary>
/// <param name="Front">Name of the cost's Pareto front.</param>
/// <param name="Value">The cost in words.</param>
internal sealed record SweepChart(string Name, string Title, string Axis, string Front, string Definition, string Label, PlotFigure Figure, Func<SweepLine, string> Value);

/// <summary>Charts across the settings of a sweep.</summary>
internal static class SweepCharts
{
    private static readonly string[] s_symbols = ["circle", "square", "diamond", "triangle-up", "cross", "star"];

    /// <summary>Per cent; room for a whisker's end.</summary>
    private static readonly int[] s_range = [0, 105];

    /// <summary>Settings that have a colour and a sign of their own; of more, those of a model look alike.</summary>
    private const int MaxTold = 8;

    private static readonly string[] s_colours = ["var(--data-kept)", "var(--data-2)", "var(--data-3)", "var(--data-4)", "var(--muted)"];

    public static IReadOnlyList<SweepChart> Of(SweepView sweep)
    {
        ArgumentNullException.ThrowIfNull(sweep);
        return
        [
            Chart(sweep, "tokens", "Accuracy and tokens", "visual tokens kept", "tokens", ",.0f", r => r.Costs.KeptTokens, r => Units.Count((long)r.Costs.KeptTokens)),
            Chart(sweep, "time", "Accuracy and time", "milliseconds a sample", "time", ",.0f", r => r.Costs.Milliseconds, r => $"{r.Costs.Milliseconds.ToString("0", CultureInfo.InvariantCulture)} ms"),
            Chart(sweep, "memory", "Accuracy and memory", "peak memory, MiB", "memory", ",.0f", r => r.Costs.PeakBytes / 1048576.0, r => Units.Bytes(r.Costs.PeakBytes)),
            Chart(sweep, "flops", "Accuracy and work", "GFLOP a sample", "FLOPs", ",.1f", r => r.Costs.Flops / 1e9, r => Units.Flops(r.Costs.Flops)),
        ];
    }

    /// <summary>What tells a setting apart: its compression, else all of it.</summary>
    public static string Name(SweepLine row) => row.Run.Preset ?? (row.Run.Compression.Length > 0 ? row.Run.Compression : row.Run.Setting);

    /// <summary>The settings of a chart's traces: each by itself, or those of a model together. Names that stand twice are whole settings.</summary>
    private static List<(string Name, List<SweepLine> Rows)> Told(List<SweepLine> rows)
    {
        var models = rows.Select(r => r.Run.Model).Distinct(StringComparer.Ordinal).Count();
        if (rows.Count > MaxTold) return [.. rows.GroupBy(r => r.Run.Model).Select(g => (g.Key, g.ToList()))];
        var isOnce = rows.Select(r => (Name(r), r.Run.Model)).Distinct().Count() == rows.Count;
        return [.. rows.Select(r => ($"{(isOnce ? Name(r) : r.Run.SettingWords)}{(models > 1 ? $", {r.Run.Model}" : "")}", new List<SweepLine> { r }))];
    }

    private static SweepChart Chart(SweepView sweep, string name, string title, string axis, string front, string format, Func<SweepLine, double> cost, Func<SweepLine, string> value)
    {
        var rows = sweep.Settings.Where(r => r.Run.Accuracy?.Value is not null).ToList();
        var best = rows.Where(r => r.Fronts.Contains(front)).OrderBy(cost).ToList();
        var traces = new List<object>
        {
            new
            {
                Type = "scatter", Mode = "lines", Name = "Pareto front", X = best.Select(cost).ToArray(), Y = best.Select(r => 100 * r.Run.Accuracy!.Value!.Value).ToArray(), Hoverinfo = "skip",
                Line = new { Color = "var(--data-merged)", Width = 2, Dash = "dash" },
            },
        };
        traces.AddRange(Told(rows).Select((told, k) => (object)new
        {
            Type = "scatter",
            Mode = "markers",
            Name = told.Name,
            X = told.Rows.Select(cost).ToArray(),
            Y = told.Rows.Select(r => 100 * r.Run.Accuracy!.Value!.Value).ToArray(),
            Text = told.Rows.Select(r => Name(r) + (r.Fronts.Contains(front) ? ", on the front" : "")).ToArray(),
            Error_y = new
            {
                Type = "data", Symmetric = false, Array = told.Rows.Select(r => 100 * (r.Run.Accuracy!.High - r.Run.Accuracy.Value!.Value)).ToArray(),
                Arrayminus = told.Rows.Select(r => 100 * (r.Run.Accuracy!.Value!.Value - r.Run.Accuracy.Low)).ToArray(), Thickness = 1.5, Color = s_colours[k % s_colours.Length],
            },
            Marker = new { Line = new { Color = "var(--surface)", Width = 1 }, Size = told.Rows.Select(r => r.Fronts.Contains(front) ? 12 : 8).ToArray(), Symbol = s_symbols[k % s_symbols.Length], Color = s_colours[k % s_colours.Length] },
            Hovertemplate = $"%{{text}}<br>%{{y:.1f}} % right, %{{x:{format}}}<extra>%{{fullData.name}}</extra>",
        }));
        var label = $"{title}: {string.Join("; ", rows.Select(r => $"{Name(r)} {ResultText.Percent(r.Run.Accuracy?.Value)} at {value(r)}"))}";
        return new(
            name, title, axis, front, $"Share of right answers (corrected score) with its 95 % interval, over the median {axis}. The dashed line joins the Pareto front: settings that no other one beats in both.",
            label.Length > 600 ? string.Concat(label.AsSpan(0, 599), "…") : label,
            new(traces, new
            {
                Xaxis = new { Title = Title(axis), Rangemode = "tozero", Tickformat = "~s" },
                Yaxis = new { Title = Title("right, %"), Range = s_range },
                Showlegend = true,
            }),
            value);
    }

    private static object Title(string text) => new { Text = text, Standoff = 8 };
}
