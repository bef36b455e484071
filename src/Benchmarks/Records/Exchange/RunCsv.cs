using System.Globalization;
using System.Text;

namespace Studio.Benchmarks.Records.Exchange;

/// <summary>Samples as comma-separated values (RFC 4180), numbers not rounded.</summary>
internal static class RunCsv
{
    private static readonly (string Name, Func<Sample, object?> Value)[] s_columns =
    [
        ("ordinal", s => s.Ordinal), ("document", s => s.DocumentId), ("part", s => s.Part), ("labels", s => s.Labels), ("media", s => s.Media), ("question", s => s.Question),
        ("options", s => s.Options), ("prompt", s => s.Prompt), ("expected", s => s.Expected), ("answer", s => s.Answer), ("judgement", s => s.Judgement), ("parsed", s => s.Parsed),
        ("corrected_parsed", s => s.CorrectedParsed), ("official", s => s.Official), ("corrected", s => s.Corrected), ("measures", s => s.Measures), ("error_class", s => s.ErrorClass),
        ("frames", s => s.Frames), ("visual_tokens", s => s.VisualTokens), ("stage_tokens", s => s.StageTokens), ("generated_tokens", s => s.GeneratedTokens), ("survival", s => s.Survival),
    ];

    private static readonly (string Name, Func<Sample, SampleCosts, object?> Value)[] s_measured =
    [
        ("error", (s, _) => s.Error), ("total_ms", (_, c) => c.TotalMilliseconds), ("first_token_ms", (_, c) => c.FirstTokenMilliseconds), ("peak_bytes", (_, c) => c.PeakBytes),
        ("kv_bytes", (_, c) => c.KvBytes), ("flops", (_, c) => c.Flops), ("cached", (_, c) => c.WasCached ? "true" : "false"), ("recorded_at", (s, _) => s.RecordedAt.UtcDateTime.ToString("O", CultureInfo.InvariantCulture)),
    ];

    public static async Task WriteAsync(IAsyncEnumerable<Sample> samples, TextWriter output, bool resultsOnly)
    {
        await output.WriteAsync(Line(s_columns.Select(c => (object?)c.Name).Concat(resultsOnly ? [] : s_measured.Select(c => (object?)c.Name)))).ConfigureAwait(false);
        await foreach (var sample in samples.ConfigureAwait(false))
        {
            var values = s_columns.Select(c => c.Value(sample));
            if (!resultsOnly)
            {
                var costs = RecordJson.Read<SampleCosts>(sample.Costs);
                values = values.Concat(s_measured.Select(c => c.Value(sample, costs)));
            }

            await output.WriteAsync(Line(values)).ConfigureAwait(false);
        }
    }

    private static string Line(IEnumerable<object?> values)
    {
        var line = new StringBuilder();
        foreach (var value in values) _ = line.Append(line.Length > 0 ? "," : "").Append(Field(value));
        return line.Append("\r\n").ToString();
    }

    internal static string Field(object? value)
    {
        var text = value switch
        {
            null => "",
            double d => d.ToString("R", CultureInfo.InvariantCulture),
            IFormattable f => f.ToString(null, CultureInfo.InvariantCulture),
            _ => value.ToString() ?? "",
        };
        // A spreadsheet would take a text that begins like this for a formula.
        if (value is string && text.TrimStart(' ') is ['=' or '+' or '-' or '@' or '\t' or '\r' or '\n', ..]) text = "'" + text;
        return text.AsSpan().IndexOfAny(",\"\r\n") >= 0 ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
    }
}
