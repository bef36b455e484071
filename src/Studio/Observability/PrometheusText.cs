using System.Globalization;
using System.Text;

namespace Studio.Observability;

/// <summary>Metrics in Prometheus' text format, version 0.0.4.</summary>
public static class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    public static string Write(IEnumerable<MetricFamily> families)
    {
        ArgumentNullException.ThrowIfNull(families);
        var text = new StringBuilder();
        foreach (var family in families)
        {
            var series = family.Series;
            if (series.Count == 0) continue;
            var name = NameOf(family);
            _ = text.Append("# HELP ").Append(name).Append(' ').Append(Escape(family.Description)).Append('\n')
                .Append("# TYPE ").Append(name).Append(' ').Append(family.Kind switch { MetricKind.Counter => "counter", MetricKind.Histogram => "histogram", _ => "gauge" }).Append('\n');
            foreach (var one in series)
            {
                if (family.Kind == MetricKind.Histogram) WriteHistogram(text, name, family.Bounds, one);
                else WriteSample(text, name, one.Labels, null, one.Value);
            }
        }

        return text.ToString();
    }

    /// <summary>Dots become underscores, the unit is spelled out at the end, and what only rises ends in _total.</summary>
    internal static string NameOf(MetricFamily family)
    {
        var name = string.Concat(family.Name.Select(c => char.IsAsciiLetterOrDigit(c) || c == '_' ? c : '_'));
        var unit = family.Unit switch { "s" => "_seconds", "ms" => "_milliseconds", "By" => "_bytes", "%" => "_percent", _ => "" };
        if (!name.EndsWith(unit, StringComparison.Ordinal)) name += unit;
        return family.Kind == MetricKind.Counter && !name.EndsWith("_total", StringComparison.Ordinal) ? name + "_total" : name;
    }

    private static void WriteHistogram(StringBuilder text, string name, IReadOnlyList<double> bounds, MetricSeries series)
    {
        long below = 0;
        for (var i = 0; i < bounds.Count; i++)
        {
            below += series.Buckets[i];
            WriteSample(text, name + "_bucket", series.Labels, Number(bounds[i]), below);
        }

        WriteSample(text, name + "_bucket", series.Labels, "+Inf", series.Count);
        WriteSample(text, name + "_sum", series.Labels, null, series.Value);
        WriteSample(text, name + "_count", series.Labels, null, series.Count);
    }

    private static void WriteSample(StringBuilder text, string name, LabelSet labels, string? bound, double value)
    {
        _ = text.Append(name);
        if (labels.Labels.Count > 0 || bound is not null)
        {
            var all = labels.Labels.Select(l => $"{l.Name.Replace('.', '_')}=\"{Escape(l.Value).Replace("\"", "\\\"", StringComparison.Ordinal)}\"");
            if (bound is not null) all = all.Append($"le=\"{bound}\"");
            _ = text.Append('{').AppendJoin(',', all).Append('}');
        }

        _ = text.Append(' ').Append(Number(value)).Append('\n');
    }

    private static string Number(double value) => double.IsPositiveInfinity(value) ? "+Inf" : double.IsNegativeInfinity(value) ? "-Inf" : double.IsNaN(value) ? "NaN" : value.ToString("R", CultureInfo.InvariantCulture);

    private static string Escape(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
