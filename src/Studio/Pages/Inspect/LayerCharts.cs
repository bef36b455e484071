using System.Globalization;
using Studio.Components.Charts;
using Studio.Engine.Compression.Views;

namespace Studio.Pages.Inspect;

/// <summary>Figures whose x is the layer, with the drops marked.</summary>
internal static class LayerCharts
{
    /// <summary>A line of a chart.</summary>
    /// <param name="Values">One a layer from 0 on; null leaves a gap.</param>
    /// <param name="Colour">var(--name).</param>
    /// <param name="Dash">solid, dash, dot …</param>
    /// <param name="Symbol">A marker's shape, so that lines are not told apart by colour alone.</param>
    internal sealed record Line(string Name, IReadOnlyList<double?> Values, string Colour, string Dash = "solid", string Symbol = "circle");

    /// <param name="yFormat">As d3 writes numbers, for example .1% or ~s.</param>
    public static PlotFigure Lines(TraceShape shape, string yTitle, string yFormat, bool fromZero, bool toOne, params Line[] lines)
    {
        ArgumentNullException.ThrowIfNull(shape);
        var data = lines.Select(line => (object)new
        {
            Type = "scatter",
            Mode = "lines+markers",
            line.Name,
            X = Enumerable.Range(0, line.Values.Count).ToArray(),
            Y = line.Values,
            Line = new { Color = line.Colour, Width = 2, line.Dash, Shape = "linear" },
            Marker = new { Size = 6, line.Symbol },
            Hovertemplate = $"layer %{{x}}: %{{y:{yFormat}}}<extra>%{{fullData.name}}</extra>",
        });
        object y = toOne ? new { Title = Title(yTitle), Tickformat = yFormat, Range = new[] { 0, 1.04 } }
            : fromZero ? new { Title = Title(yTitle), Tickformat = yFormat, Rangemode = "tozero" } : new { Title = Title(yTitle), Tickformat = yFormat };
        return new([.. data], new { Xaxis = LayerAxis(), Yaxis = y, Shapes = Drops(shape), Showlegend = lines.Length > 1 });
    }

    public static object LayerAxis() => new { Title = Title("layer"), Tickformat = "d", Zeroline = false };

    public static object Title(string text) => new { Text = text, Standoff = 8 };

    /// <summary>A dashed line before the first layer behind each drop.</summary>
    public static object[] Drops(TraceShape shape) => [.. shape.DropLayers.Select(layer => (object)new
    {
        Type = "line",
        X0 = layer - 0.5,
        X1 = layer - 0.5,
        Yref = "paper",
        Y0 = 0,
        Y1 = 1,
        Line = new { Color = "var(--data-merged)", Width = 1.5, Dash = "dash" },
    })];
}

/// <summary>Numbers for people.</summary>
internal static class Show
{
    public static string Percent(double? share) => share is { } s ? s.ToString("0.0 %", CultureInfo.InvariantCulture) : "–";

    public static string Number(double? value, string format = "0.000") => value is { } v ? v.ToString(format, CultureInfo.InvariantCulture) : "–";

    public static string Count(long? value) => value is { } v ? v.ToString("N0", CultureInfo.InvariantCulture) : "–";

    public static string Bytes(long? bytes) => bytes switch
    {
        null => "–",
        < 1 << 10 => $"{bytes} B",
        < 1 << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0.0} KiB"),
        < 1 << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:0.0} MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1073741824.0:0.00} GiB"),
    };

    public static string Flops(double? flops) => flops switch
    {
        null or 0 => "–",
        < 1e9 => string.Create(CultureInfo.InvariantCulture, $"{flops / 1e6:0.0} MFLOP"),
        < 1e12 => string.Create(CultureInfo.InvariantCulture, $"{flops / 1e9:0.0} GFLOP"),
        < 1e15 => string.Create(CultureInfo.InvariantCulture, $"{flops / 1e12:0.0} TFLOP"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{flops / 1e15:0.00} PFLOP"),
    };

    public static string Milliseconds(double? ms) => ms switch
    {
        null => "–",
        < 1000 => string.Create(CultureInfo.InvariantCulture, $"{ms:0.0} ms"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{ms / 1000:0.00} s"),
    };

    public static string Clock(double seconds)
    {
        var t = TimeSpan.FromSeconds(seconds);
        return t.TotalHours >= 1 ? t.ToString(@"h\:mm\:ss", CultureInfo.InvariantCulture) : t.ToString(@"m\:ss", CultureInfo.InvariantCulture);
    }
}
