using System.Globalization;
using System.Text;
using Studio.Benchmarks.Records.Reports;

namespace Studio.Benchmarks.Records.Exchange;

/// <summary>Charts of a report as SVG inside the page; colours come from the page's style.</summary>
internal static class RunCharts
{
    private const int Row = 24, LabelWidth = 220, Bar = 360, CellWidth = 74, CellHeight = 40;

    /// <summary>Horizontal bars from 0 to 100 % with their 95 % intervals.</summary>
    public static string Bars(string title, IReadOnlyList<RunGroup> groups)
    {
        var height = (groups.Count * Row) + 24;
        var svg = Start(LabelWidth + Bar + 110, height, title);
        foreach (var tick in new[] { 0, 25, 50, 75, 100 })
        {
            var x = LabelWidth + (Bar * tick / 100);
            _ = svg.Append(CultureInfo.InvariantCulture, $"<line class=\"grid\" x1=\"{x}\" y1=\"0\" x2=\"{x}\" y2=\"{height - 20}\"/><text class=\"tick\" x=\"{x}\" y=\"{height - 5}\" text-anchor=\"middle\">{tick} %</text>");
        }

        for (var i = 0; i < groups.Count; i++)
        {
            var (group, y) = (groups[i], i * Row);
            var (low, high) = (Place(group.Score.Low), Place(group.Score.High));
            _ = svg.Append(CultureInfo.InvariantCulture, $"<g><title>{RunHtml.Encode(group.Value)}: {Percent(group.Score.Value)}, 95 % {Percent(group.Score.Low)} to {Percent(group.Score.High)}, n = {group.Count}</title>")
                .Append(CultureInfo.InvariantCulture, $"<text x=\"{LabelWidth - 8}\" y=\"{y + 16}\" text-anchor=\"end\">{RunHtml.Encode(Cut(group.Value, 30))}</text>")
                .Append(CultureInfo.InvariantCulture, $"<rect class=\"bar\" x=\"{LabelWidth}\" y=\"{y + 4}\" width=\"{Place(group.Score.Value) - LabelWidth:0.#}\" height=\"{Row - 9}\"/>")
                .Append(CultureInfo.InvariantCulture, $"<path class=\"whisker\" d=\"M{low:0.#} {y + 7}v{Row - 15}m0 -{(Row - 15) / 2.0}H{high:0.#}m0 -{(Row - 15) / 2.0}v{Row - 15}\"/>")
                .Append(CultureInfo.InvariantCulture, $"<text x=\"{LabelWidth + Bar + 10}\" y=\"{y + 16}\">{Percent(group.Score.Value)} · n {group.Count}</text></g>");
        }

        return svg.Append("</svg>").ToString();
    }

    /// <summary>Length across, depth or chain length down; the darker, the more are right.</summary>
    public static string HeatMap(IReadOnlyList<NeedleCell> cells)
    {
        var lengths = cells.Select(c => c.Frames).Distinct().Order().ToList();
        var rows = cells.Select(c => (c.Depth, c.Hops)).Distinct().OrderBy(r => r.Depth).ThenBy(r => r.Hops).ToList();
        const int left = 90;
        var svg = Start(left + (lengths.Count * CellWidth) + 4, (rows.Count * CellHeight) + 44, "Share of right answers by length of the haystack and place of the needle");
        for (var i = 0; i < rows.Count; i++) _ = svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{left - 8}\" y=\"{(i * CellHeight) + 24}\" text-anchor=\"end\">{RowName(rows[i].Depth, rows[i].Hops)}</text>");
        for (var i = 0; i < lengths.Count; i++) _ = svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{left + (i * CellWidth) + (CellWidth / 2)}\" y=\"{(rows.Count * CellHeight) + 18}\" text-anchor=\"middle\">{lengths[i]}</text>");
        _ = svg.Append(CultureInfo.InvariantCulture, $"<text class=\"tick\" x=\"{left}\" y=\"{(rows.Count * CellHeight) + 38}\">frames</text>");
        foreach (var cell in cells)
        {
            var (x, y) = (left + (lengths.IndexOf(cell.Frames) * CellWidth), rows.IndexOf((cell.Depth, cell.Hops)) * CellHeight);
            var survival = cell.AttentionMass is { } mass ? $", {Percent(mass)} of the answer's attention on the needle's summary tokens" : cell.Survival is { } alive ? $", {Percent(alive)} of the needle's tokens alive at the end" : "";
            _ = svg.Append(CultureInfo.InvariantCulture, $"<g><title>{cell.Frames} frames, {RowName(cell.Depth, cell.Hops)}: {cell.Right} of {cell.Count} right, 95 % {Percent(cell.Low)} to {Percent(cell.High)}{survival}</title>")
                .Append(CultureInfo.InvariantCulture, $"<rect class=\"cell\" x=\"{x + 1}\" y=\"{y + 1}\" width=\"{CellWidth - 2}\" height=\"{CellHeight - 2}\" fill-opacity=\"{0.08 + (0.62 * (cell.Count == 0 ? 0 : cell.Accuracy)):0.##}\"/>")
                .Append(CultureInfo.InvariantCulture, $"<text x=\"{x + (CellWidth / 2)}\" y=\"{y + 18}\" text-anchor=\"middle\">{Percent(cell.Accuracy)}</text>")
                .Append(CultureInfo.InvariantCulture, $"<text class=\"count\" x=\"{x + (CellWidth / 2)}\" y=\"{y + 32}\" text-anchor=\"middle\">{cell.Right}/{cell.Count}</text></g>");
        }

        return svg.Append("</svg>").ToString();
    }

    public static string Percent(double share) => double.IsNaN(share) ? "–" : (100 * share).ToString("0.0", CultureInfo.InvariantCulture) + " %";

    private static string RowName(double? depth, int? hops) => depth is { } d ? $"depth {(100 * d).ToString("0.#", CultureInfo.InvariantCulture)} %" : hops is { } h ? $"{h} hops" : "all";

    private static double Place(double share) => LabelWidth + (Bar * Math.Clamp(double.IsNaN(share) ? 0 : share, 0, 1));

    private static StringBuilder Start(int width, int height, string title) => new StringBuilder()
        .Append(CultureInfo.InvariantCulture, $"<svg role=\"img\" aria-label=\"{RunHtml.Encode(title)}\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\">");

    private static string Cut(string text, int length) => text.Length > length ? text[..(length - 1)] + "…" : text;
}
