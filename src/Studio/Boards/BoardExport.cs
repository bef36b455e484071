using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Studio.Benchmarks.Records.Exchange;

namespace Studio.Boards;

/// <summary>A leaderboard, or a sweep, as a file.</summary>
internal static class BoardExport
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true, Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };

    private static readonly string[] s_columns =
    [
        "run", "source", "model", "setting", "variant", "protocol", "accuracy", "low", "high", "scored", "unscored", "group", "control", "imported", "milliseconds", "peak_bytes", "kept_tokens", "flops", "prompt", "scorer",
        "data", "commit", "dirty", "device", "dtype", "finished",
    ];

    private static readonly string[] s_sweepColumns =
    [
        "run", "model", "setting", "compression", "accuracy", "low", "high", "scored", "unscored", "milliseconds", "peak_bytes", "visual_tokens", "kept_tokens", "flops", "fronts",
    ];

    public static string Text(BoardView board, ExportFormat format)
    {
        ArgumentNullException.ThrowIfNull(board);
        return format switch
        {
            ExportFormat.Json => JsonSerializer.Serialize(board, s_json),
            ExportFormat.Csv => string.Concat(((string[][])[s_columns, .. board.Rows.Select(Fields)]).Select(row => string.Join(',', row.Select(Cell)) + "\r\n")),
            _ => Html(board),
        };
    }

    public static string Text(SweepView sweep, ExportFormat format)
    {
        ArgumentNullException.ThrowIfNull(sweep);
        return format == ExportFormat.Json ? JsonSerializer.Serialize(sweep, s_json)
            : string.Concat(((string[][])[s_sweepColumns, .. sweep.Settings.Select(Fields)]).Select(row => string.Join(',', row.Select(Cell)) + "\r\n"));
    }

    private static string[] Fields(SweepLine row) =>
    [
        row.Run.Id, row.Run.Model, row.Run.Setting, row.Run.Compression, Number(row.Run.Accuracy?.Value), Number(row.Run.Accuracy?.Low), Number(row.Run.Accuracy?.High), Number(row.Run.Scored), Number(row.Run.Failed),
        Number(row.Costs.Milliseconds), Number(row.Costs.PeakBytes), Number(row.Costs.VisualTokens), Number(row.Costs.KeptTokens), Number(row.Costs.Flops), string.Join(' ', row.Fronts),
    ];

    private static string[] Fields(BoardLine row) =>
    [
        row.Run.Id, row.Run.Source, row.Run.Model, row.Run.Setting, row.Run.Variant.ToString().ToLowerInvariant(), row.Run.Protocol.ToString().ToLowerInvariant(), Number(row.Run.Accuracy?.Value), Number(row.Run.Accuracy?.Low),
        Number(row.Run.Accuracy?.High), Number(row.Run.Scored), Number(row.Run.Failed), Number(row.Group), row.IsControl ? "1" : "0", row.IsImported ? "1" : "0", Number(row.Costs.Milliseconds), Number(row.Costs.PeakBytes),
        Number(row.Costs.KeptTokens), Number(row.Costs.Flops), row.PromptVersion, row.ScorerVersion, row.DataHash, row.Provenance?.Commit ?? "", row.Provenance is { } p ? p.IsDirty ? "1" : "0" : "", row.Provenance?.Device ?? "",
        row.Provenance?.Dtype ?? "", row.Run.FinishedAt?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "",
    ];

    /// <summary>Quoted where need be; what a spreadsheet would take for a formula is marked as text.</summary>
    private static string Cell(string text)
    {
        if (text is ['=' or '+' or '-' or '@' or '\t' or '\r', ..] && !double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _)) text = "'" + text;
        return text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    private static string Html(BoardView board)
    {
        var page = new StringBuilder("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">")
            .Append("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"><style>:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem}")
            .Append(".scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid color-mix(in srgb,currentColor 25%,transparent);vertical-align:top}.n{text-align:right;font-variant-numeric:tabular-nums}</style>")
            .Append(CultureInfo.InvariantCulture, $"<title>{E(board.Title)}</title></head><body><h1>{E(board.Title)}</h1>\n");
        foreach (var warning in board.Warnings) _ = page.Append(CultureInfo.InvariantCulture, $"<p><strong>{E(warning)}</strong></p>\n");
        _ = page.Append("<div class=\"scroll\"><table><thead><tr><th>Model</th><th>Setting</th><th class=\"n\">Right</th><th class=\"n\">95 % interval</th><th class=\"n\">n</th><th class=\"n\">Group</th><th class=\"n\">Median ms</th><th class=\"n\">Tokens kept</th><th>From</th><th>Provenance</th></tr></thead><tbody>\n");
        foreach (var row in board.Rows)
        {
            var made = row.Provenance is { } p ? $"{p.Commit}{(p.IsDirty ? ", changed" : "")}; {p.Device}, {p.Dtype}; libtorch {p.LibtorchVersion}" : "unknown";
            _ = page.Append(CultureInfo.InvariantCulture, $"<tr><td>{E(row.Run.Model)}</td><td>{E(row.Run.Setting)}</td><td class=\"n\">{ResultText.Percent(row.Run.Accuracy?.Value)}</td><td class=\"n\">{ResultText.Range(row.Run.Accuracy)}</td>")
                .Append(CultureInfo.InvariantCulture, $"<td class=\"n\">{row.Run.Scored}</td><td class=\"n\">{(row.IsControl ? "control" : Number(row.Group))}</td><td class=\"n\">{row.Costs.Milliseconds:0}</td><td class=\"n\">{row.Costs.KeptTokens:0}</td><td>{E(row.Run.Source)}</td><td>{E(made)}</td></tr>\n");
        }

        return page.Append("</tbody></table></div></body></html>\n").ToString();
    }

    private static string E(string text) => HtmlEncoder.Default.Encode(text);

    private static string Number(double? value) => value is { } v && double.IsFinite(v) ? v.ToString("R", CultureInfo.InvariantCulture) : "";
}

/// <summary>Shares and costs in words.</summary>
public static class ResultText
{
    /// <summary>Of a share, 0 to 1.</summary>
    public static string Percent(double? share) => share is { } s && double.IsFinite(s) ? string.Create(CultureInfo.InvariantCulture, $"{100 * s:0.0} %") : "–";

    public static string Range(IntervalView? interval) => interval is { Value: not null } i ? $"{Percent(i.Low)} to {Percent(i.High)}" : "–";

    /// <summary>A difference of shares in percentage points, with its sign.</summary>
    public static string Points(double? share) => share is { } s && double.IsFinite(s) ? string.Create(CultureInfo.InvariantCulture, $"{100 * s:+0.0;−0.0;0.0} points") : "–";
}
