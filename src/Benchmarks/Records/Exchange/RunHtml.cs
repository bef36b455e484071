using System.Globalization;
using System.Net;
using System.Text;
using Studio.Benchmarks.Evaluation;
using Studio.Benchmarks.Records.Reports;

namespace Studio.Benchmarks.Records.Exchange;

/// <summary>A report in one file: no script, nothing from elsewhere, light and dark as the reader's screen is.</summary>
internal static class RunHtml
{
    /// <summary>Samples in the table; the other forms have all.</summary>
    public const int MaxSamples = 2000;

    private const string Style = """
        :root{color-scheme:light dark;--fg:#1c2430;--soft:#556070;--bg:#fff;--line:#d5dae2;--accent:#2563c9;--bad:#b3261e;--good:#1a7f37}
        @media(prefers-color-scheme:dark){:root{--fg:#e6eaf0;--soft:#9aa6b5;--bg:#12161c;--line:#323b47;--accent:#7aa9f7;--bad:#ff8a80;--good:#6fd08c}}
        body{font:15px/1.5 system-ui,sans-serif;color:var(--fg);background:var(--bg);margin:2rem auto;max-width:70rem;padding:0 1rem}
        h1{font-size:1.5rem;margin-bottom:.2rem}h2{font-size:1.15rem;margin-top:2rem}.soft,.tick{color:var(--soft);fill:var(--soft)}
        .head{font-size:2rem;font-weight:600}.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}
        th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid var(--line)}th{font-weight:600}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
        svg{font:12px system-ui,sans-serif;max-width:none}svg text{fill:var(--fg)}svg .tick{fill:var(--soft);font-size:11px}svg .count{font-size:11px}
        .grid{stroke:var(--line)}.bar{fill:var(--accent);fill-opacity:.55}.whisker{stroke:var(--fg);fill:none}.cell{fill:var(--accent);stroke:var(--line)}
        .wrong{color:var(--bad)}.right{color:var(--good)}pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:.3rem 0;font:13px/1.4 ui-monospace,monospace}
        dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
        """;

    /// <param name="samples">Read twice: once for the groups, once for the table.</param>
    public static async Task WriteAsync(Run run, IAsyncEnumerable<Sample> samples, TextWriter output, bool resultsOnly)
    {
        var groups = await RunGroups.OfAsync(samples, CancellationToken.None).ConfigureAwait(false);
        var summary = run.Summary is { } text ? RecordJson.Read<RunSummary>(text) : null;
        await output.WriteAsync(Head(run, summary, groups, resultsOnly)).ConfigureAwait(false);
        await output.WriteAsync("<h2>Samples</h2>\n<div class=\"scroll\"><table><thead><tr><th>#</th><th>Document</th><th>Question</th><th>Expected</th><th>Answer</th><th>Score</th></tr></thead><tbody>\n").ConfigureAwait(false);
        var (shown, left) = (0, 0);
        await foreach (var sample in samples.ConfigureAwait(false))
        {
            if (shown == MaxSamples)
            {
                left++;
                continue;
            }

            await output.WriteAsync(Row(sample, resultsOnly)).ConfigureAwait(false);
            shown++;
        }

        await output.WriteAsync("</tbody></table></div>\n").ConfigureAwait(false);
        if (left > 0) await output.WriteAsync($"<p class=\"soft\">{left.ToString(CultureInfo.InvariantCulture)} more samples are in the JSON and CSV exports.</p>\n").ConfigureAwait(false);
        await output.WriteAsync("</body></html>\n").ConfigureAwait(false);
    }

    /// <summary>Safe in text and in attributes; characters that HTML forbids are shown as unknown.</summary>
    public static string Encode(string? text) => WebUtility.HtmlEncode(text is null ? "" : string.Concat(text.Select(c => c < ' ' && c is not ('\n' or '\t' or '\r') ? '\ufffd' : c)));

    private static string Head(Run run, RunSummary? summary, IReadOnlyList<RunGroup> groups, bool resultsOnly)
    {
        var page = new StringBuilder("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">")
            .Append("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">")
            .Append(CultureInfo.InvariantCulture, $"<title>{Encode(run.Task)} · {Encode(run.Model)}</title><style>{Style}</style></head><body>\n")
            .Append(CultureInfo.InvariantCulture, $"<h1>{Encode(run.Task)} · {Encode(run.Model)}</h1>\n");
        if (summary is null)
        {
            _ = page.Append("<p>The run is not finished: no numbers yet.</p>\n");
        }
        else
        {
            _ = page.Append(CultureInfo.InvariantCulture, $"<p><span class=\"head\">{RunCharts.Percent(summary.Accuracy)}</span> <span class=\"soft\">{(double.IsNaN(summary.Accuracy) ? "" : $"{summary.Measure ?? EvalTask.Right}, 95 % interval {RunCharts.Percent(summary.Low)} to {RunCharts.Percent(summary.High)}; ")}{summary.Scored} scored{(summary.Units is { } units ? $" as {units} units" : "")}, {summary.Failed} unscored")
                .Append(summary.Chance is { } chance ? $"; by lot {RunCharts.Percent(chance)}" : "").Append("</span></p>\n");
        }

        Facts(page, run, summary, resultsOnly);
        if (summary is not null)
        {
            if (summary.Cells.Count > 0) _ = page.Append("<h2>Needles</h2>\n<div class=\"scroll\">").Append(RunCharts.HeatMap(summary.Cells)).Append("</div>\n");
            Table(page, RunSummaries.Told(summary));
        }

        foreach (var label in groups.GroupBy(g => g.Label))
        {
            _ = page.Append(CultureInfo.InvariantCulture, $"<h2>By {Encode(label.Key)}</h2>\n<div class=\"scroll\">").Append(RunCharts.Bars($"Mean score by {label.Key}", [.. label])).Append("</div>\n");
        }

        return page.ToString();
    }

    private static void Facts(StringBuilder page, Run run, RunSummary? summary, bool resultsOnly)
    {
        List<(string Name, string Value)> facts =
        [
            ("Variant", run.Variant.ToString().ToLowerInvariant()), ("Protocol", run.Protocol.ToString().ToLowerInvariant()), ("Compression", run.Compression), ("Frames", run.Frames),
            ("Prompt and scorer", $"versions {run.PromptVersion} and {run.ScorerVersion}"), ("Data", run.DataHash), ("Key", run.Key), ("Settings", run.Resolved),
        ];
        if (!resultsOnly)
        {
            facts.AddRange([("Run", run.Id), ("From", run.Source), ("Made", run.CreatedAt.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture)), ("Asked for", run.Given), ("Provenance", run.Provenance), ("Note", run.Note)]);
            if (summary is { Scored: > 0, Costs: { } c })
            {
                facts.Add(("Medians", string.Create(CultureInfo.InvariantCulture, $"{c.Milliseconds:0} ms a sample, {c.FirstTokenMilliseconds:0} ms to the first token, {c.PeakBytes / 1048576.0:0} MiB peak, {c.VisualTokens:0} visual tokens of which {c.KeptTokens:0} are kept, {c.Flops:0.##e0} FLOPs")));
            }
        }

        _ = page.Append("<dl>");
        foreach (var (name, value) in facts.Where(f => f.Value.Length > 0)) _ = page.Append(CultureInfo.InvariantCulture, $"<dt>{name}</dt><dd>{Encode(value)}</dd>");
        _ = page.Append("</dl>\n");
    }

    private static void Table(StringBuilder page, IReadOnlyList<AggregateRow> rows)
    {
        if (rows.Count == 0) return;
        _ = page.Append("<h2>Reported numbers</h2>\n<div class=\"scroll\"><table><thead><tr><th>Row</th><th class=\"n\">As the original reports it</th><th class=\"n\">Corrected</th><th class=\"n\">n</th><th>Unit</th></tr></thead><tbody>\n");
        foreach (var row in rows)
        {
            _ = page.Append(CultureInfo.InvariantCulture, $"<tr><td>{Encode(row.Name)}</td><td class=\"n\">{(row.Official is { } official ? Number(official) : "–")}</td><td class=\"n\">{Number(row.Corrected)}</td><td class=\"n\">{row.Count}</td><td>{row.Unit switch { AggregateUnit.Percent => "per cent", AggregateUnit.Marks => "marks of 5", AggregateUnit.MarksOfTen => "marks of 10", _ => "share" }}</td></tr>\n");
        }

        _ = page.Append("</tbody></table></div>\n");
    }

    private static string Row(Sample s, bool resultsOnly)
    {
        var score = s.Corrected is { } corrected && s.ErrorClass is null ? $"<span class=\"{(corrected >= 1 ? "right" : corrected <= 0 ? "wrong" : "")}\">{Number(corrected)}</span>" : $"<span class=\"wrong\">unscored: {Encode(s.ErrorClass)}</span>";
        var answer = s.Answer is null ? resultsOnly ? "" : Encode(s.Error) : $"<details><summary>{Encode(Cut(s.CorrectedParsed ?? s.Parsed ?? s.Answer))}</summary><pre>{Encode(s.Answer)}</pre>{(s.Judgement is null ? "" : $"<pre>{Encode(s.Judgement)}</pre>")}</details>";
        return $"<tr><td class=\"n\">{s.Ordinal.ToString(CultureInfo.InvariantCulture)}</td><td>{Encode(s.DocumentId)}<br><span class=\"soft\">{Encode(s.Media)}</span></td>"
            + $"<td><details><summary>{Encode(Cut(s.Question.Length > 0 ? s.Question : s.Prompt))}</summary><pre>{Encode(s.Prompt)}</pre></details></td><td>{Encode(s.Expected)}</td><td>{answer}</td><td class=\"n\">{score}</td></tr>\n";
    }

    private static string Number(double value) => double.IsNaN(value) ? "–" : value.ToString("0.###", CultureInfo.InvariantCulture);

    private static string Cut(string text) => text.Length > 90 ? text[..89] + "…" : text.Length == 0 ? "(empty)" : text;
}
