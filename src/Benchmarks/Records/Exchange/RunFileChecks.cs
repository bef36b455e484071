using System.Text.Json;
using Studio.Benchmarks.Records.Store;

namespace Studio.Benchmarks.Records.Exchange;

/// <summary>Whether what lists and groups read of a run can be read: one run that cannot would end the list for everybody. The rest is a text where it is no JSON.</summary>
internal static class RunFileChecks
{
    /// <exception cref="JsonException">A field has another form; the message names it.</exception>
    public static void Check(RunFile file)
    {
        var (run, measured) = (file.Run, file.Measured);
        Read<RunSummary>(run.Summary is { } numbers ? Whole(numbers) : null, "summary");
        Read<RunSummary>(measured?.Summary, "measured.summary");
        if (measured?.Note.Length > RunStore.MaxNote) throw new JsonException($"The note has {measured.Note.Length} characters; {RunStore.MaxNote} are possible.");
        foreach (var sample in file.Samples)
        {
            if (sample is null) throw new JsonException("A sample is null.");
            Read<SortedDictionary<string, string>>(sample.Labels, "labels");
        }
    }

    /// <summary>With costs: the part of an export that is equal where the key is has none.</summary>
    private static string Whole(string summary)
    {
        var fields = System.Text.Json.Nodes.JsonNode.Parse(summary) as System.Text.Json.Nodes.JsonObject ?? throw new JsonException("The field 'summary' is no object.");
        fields["costs"] = JsonSerializer.SerializeToNode(new RunCosts(0, 0, 0, 0, 0, 0, 0), RecordJson.Options);
        return fields.ToJsonString(RecordJson.Options);
    }

    private static void Read<T>(string? json, string field)
    {
        if (json is null) return;
        try
        {
            _ = RecordJson.Read<T>(json);
        }
        catch (JsonException e)
        {
            throw new JsonException($"The field '{field}' cannot be read: {e.Message}", e);
        }
    }
}
