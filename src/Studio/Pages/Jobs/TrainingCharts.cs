using System.Globalization;
using Studio.Components.Charts;
using Studio.Jobs.Trainings;

namespace Studio.Pages.Jobs;

/// <param name="Text">Of a point, for the table.</param>
internal sealed record ChartColumn(string Name, Func<int, string> Text);

internal sealed record TrainingChart(string Name, string Title, string Definition, string Label, PlotFigure Figure, IReadOnlyList<ChartColumn> Columns);

/// <summary>What is drawn of a training's curve, over its updates and with its stages marked.</summary>
internal static class TrainingCharts
{
    /// <summary>Rows of a table; the CSV has every point.</summary>
    public const int MaxRows = 60;

    private static readonly string[] s_colours = ["var(--data-kept)", "var(--data-merged)", "var(--data-2)", "var(--data-3)", "var(--data-4)"];

    private static readonly string[] s_dashes = ["solid", "dash", "dot", "dashdot", "longdash"];

    public static IReadOnlyList<TrainingChart> Of(TrainingCurve curve)
    {
        ArgumentNullException.ThrowIfNull(curve);
        var points = curve.UpdatesPerPoint > 1 ? $" A point stands for up to {curve.UpdatesPerPoint} updates of one stage." : "";
        return
        [
            new(
                "loss", "Loss", $"Mean of the batches' losses of an update.{points} The thick line is the running median of {curve.MedianWindow} points.",
                $"Loss over {curve.Updates} updates, at last {Number(curve.MedianLoss[^1])} (running median)",
                Figure(curve, "loss", "~g", log: false, Trace(curve, "loss", curve.Loss, "var(--line-strong)", width: 1), Trace(curve, "running median", curve.MedianLoss, "var(--data-kept)", width: 3)),
                [new("Loss", i => Number(curve.Loss[i])), new("Running median", i => Number(curve.MedianLoss[i]))]),
            new(
                "gradient-norm", "Gradient norm", $"Joint norm of all gradients before clipping.{points}", $"Gradient norm over {curve.Updates} updates, at last {Number(curve.GradientNorm[^1])}",
                Figure(curve, "norm", "~g", log: true, Trace(curve, "gradient norm", curve.GradientNorm, "var(--data-kept)", width: 1.5)), [new("Gradient norm", i => Number(curve.GradientNorm[i]))]),
            new(
                "rates", "Learning rates", $"Of each group of parameters in the update.{(points.Length > 0 ? " Of several updates, the last." : "")}", $"Learning rates of {curve.Rates.Count} groups over {curve.Updates} updates",
                Figure(curve, "learning rate", ".0e", log: false, [.. curve.Rates.Select((r, k) => Trace(curve, r.Key, r.Value, s_colours[k % s_colours.Length], width: 2, s_dashes[k / s_colours.Length % s_dashes.Length]))]),
                [.. curve.Rates.Select(r => new ChartColumn(r.Key, i => r.Value[i] is { } rate ? rate.ToString("0.##e0", CultureInfo.InvariantCulture) : "–"))]),
            new(
                "speed", "Tokens a second", $"Rows of the decoder's input over the seconds of the update.{points}", $"Tokens a second over {curve.Updates} updates, at last {curve.TokensPerSecond[^1].ToString("0", CultureInfo.InvariantCulture)}",
                Figure(curve, "tokens/s", "~s", log: false, Trace(curve, "tokens/s", curve.TokensPerSecond, "var(--data-kept)", width: 1.5)), [new("Tokens a second", i => curve.TokensPerSecond[i].ToString("0", CultureInfo.InvariantCulture))]),
        ];
    }

    /// <summary>Points for a table: evenly spread, the first and the last among them.</summary>
    public static IEnumerable<int> Rows(TrainingCurve curve)
    {
        ArgumentNullException.ThrowIfNull(curve);
        var (n, rows) = (curve.Update.Count, Math.Min(MaxRows, curve.Update.Count));
        return Enumerable.Range(0, rows).Select(k => rows == 1 ? 0 : (int)((long)k * (n - 1) / (rows - 1)));
    }

    private static object Trace(TrainingCurve curve, string name, IReadOnlyList<double> values, string colour, double width) => Trace(curve, name, [.. values.Select(v => (double?)v)], colour, width, "solid");

    private static object Trace(TrainingCurve curve, string name, IReadOnlyList<double?> values, string colour, double width, string dash) => new
    {
        Type = "scatter",
        // A single point is no line.
        Mode = curve.Update.Count == 1 ? "markers" : "lines",
        Name = name,
        X = curve.Update,
        Y = values,
        Line = new { Color = colour, Width = width, Dash = dash },
        Marker = new { Color = colour, Size = 7 },
        Connectgaps = false,
        Hovertemplate = "update %{x}: %{y:.4~g}<extra>%{fullData.name}</extra>",
    };

    private static PlotFigure Figure(TrainingCurve curve, string yTitle, string format, bool log, params object[] traces) => new(traces, new
    {
        Xaxis = new { Title = Title("update"), Tickformat = "~s", Zeroline = false },
        Yaxis = new { Title = Title(yTitle), Tickformat = format, Type = log ? "log" : "linear", Rangemode = log ? "normal" : "tozero" },
        Shapes = curve.Stages.Skip(1).Select(s => new { Type = "line", X0 = s.From, X1 = s.From, Yref = "paper", Y0 = 0, Y1 = 1, Line = new { Color = "var(--data-merged)", Width = 1.5, Dash = "dash" } }).ToArray(),
        Annotations = curve.Stages.Where(_ => curve.Stages.Count > 1).Select(s => new
        {
            X = s.From, Yref = "paper", Y = 0, Text = s.Name, Showarrow = false, Xanchor = "left", Yanchor = "bottom", Textangle = -90, Xshift = 2, Font = new { Size = 11, Color = "var(--muted)" },
        }).ToArray(),
        Showlegend = traces.Length > 1,
    });

    private static object Title(string text) => new { Text = text, Standoff = 8 };

    private static string Number(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);
}
