namespace Studio.Benchmarks.Records.Exchange;

/// <summary>A form of export.</summary>
public enum ExportFormat
{
    /// <summary>Everything, for another database; without what was measured: equal for equal keys.</summary>
    Json,

    /// <summary>A row a sample, for spreadsheets.</summary>
    Csv,

    /// <summary>A report in one file, for people.</summary>
    Html,
}

/// <summary>Writes a run out of the database; samples are streamed.</summary>
public static class RunExport
{
    /// <param name="resultsOnly">Leaves out identifiers, times, costs and the machine: two runs of equal key give equal bytes.</param>
    /// <exception cref="KeyNotFoundException">There is no such run.</exception>
    public static async Task WriteAsync(IRunStore store, string runId, ExportFormat format, TextWriter output, bool resultsOnly, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(output);
        var run = await store.GetAsync(runId, ct).ConfigureAwait(false);
        var samples = store.SamplesAsync(runId, ct);
        switch (format)
        {
            case ExportFormat.Json:
                await WriteJsonAsync(run, samples, output, resultsOnly).ConfigureAwait(false);
                break;
            case ExportFormat.Csv:
                await RunCsv.WriteAsync(samples, output, resultsOnly).ConfigureAwait(false);
                break;
            case ExportFormat.Html:
                await RunHtml.WriteAsync(run, samples, output, resultsOnly).ConfigureAwait(false);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(format), format, "Give json, csv or html.");
        }
    }

    /// <summary>A run without its samples, as the export has it: "run" and "measured".</summary>
    public static string RunJson(Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return $"{{\"run\":{RecordJson.Text(RunResult.Of(run))},\"measured\":{RecordJson.Text(RunMeasured.Of(run))}}}";
    }

    /// <summary>One object, a sample a line.</summary>
    /// <param name="samples">All of the run's for an export that can be imported again.</param>
    public static async Task WriteJsonAsync(Run run, IAsyncEnumerable<Sample> samples, TextWriter output, bool resultsOnly = false)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(samples);
        ArgumentNullException.ThrowIfNull(output);
        await output.WriteAsync($"{{\"format\":\"{RunFile.FormatName}\",\"version\":{RunFile.FormatVersion},\n\"run\":{RecordJson.Text(RunResult.Of(run))},\n").ConfigureAwait(false);
        if (!resultsOnly) await output.WriteAsync($"\"measured\":{RecordJson.Text(RunMeasured.Of(run))},\n").ConfigureAwait(false);
        await output.WriteAsync("\"samples\":[").ConfigureAwait(false);
        var separator = "\n";
        await foreach (var sample in samples.ConfigureAwait(false))
        {
            await output.WriteAsync(separator + RecordJson.Text(SampleResult.Of(sample, resultsOnly))).ConfigureAwait(false);
            separator = ",\n";
        }

        await output.WriteAsync("\n]}\n").ConfigureAwait(false);
    }
}
