using System.Text;
using Studio.Benchmarks.Records;

namespace Studio.Benchmarks.Running;

/// <summary>A run's results as text: what must be equal, byte for byte, however it was interrupted and divided.</summary>
public static class RunResults
{
    /// <summary>The settings, a line for each sample in order, the numbers; without identifiers, times and costs.</summary>
    public static async Task<string> TextAsync(IRunStore store, Run run, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(run);
        var text = new StringBuilder();
        _ = text.Append(run.Key).Append('\n').Append(run.Resolved).Append('\n');
        await foreach (var sample in store.SamplesAsync(run.Id, ct).ConfigureAwait(false))
        {
            (sample.RunId, sample.Costs, sample.RecordedAt) = ("", "{}", default);
            _ = text.Append(RecordJson.Text(sample)).Append('\n');
        }

        if (run.Summary is { } summary) _ = text.Append(RecordJson.Text(RecordJson.Read<RunSummary>(summary) with { Costs = new(0, 0, 0, 0, 0, 0, 0) })).Append('\n');
        return text.ToString();
    }
}
