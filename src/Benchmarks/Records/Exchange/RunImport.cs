using System.Text.Json;
using Studio.Benchmarks.Records.Store;

namespace Studio.Benchmarks.Records.Exchange;

/// <summary>What an import did.</summary>
/// <param name="WasThere">The same run had been imported before; nothing was written.</param>
public sealed record ImportedRun(Run Run, int Samples, bool WasThere);

/// <summary>Brings runs into the database: this program's JSON export, and the result folders of lmms-eval.</summary>
public static class RunImport
{
    /// <summary>Larger files are refused: they are read whole.</summary>
    public const long MaxBytes = 512L << 20;

    /// <param name="path">A JSON export, a file of results or of samples (with "logs") of lmms-eval, or a folder with such files.</param>
    /// <param name="time">When an imported run without a date was made.</param>
    /// <exception cref="InvalidDataException">It is none of these, damaged, or at odds with a run that is there; nothing of that run is written.</exception>
    public static async Task<IReadOnlyList<ImportedRun>> FromAsync(RunStore store, string path, TimeProvider time, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        ArgumentNullException.ThrowIfNull(time);
        var imported = new List<ImportedRun>();
        foreach (var (run, samples) in Read(path, time)) imported.Add(await AddAsync(store, run, samples, ct).ConfigureAwait(false));
        return imported;
    }

    /// <summary>Text of a file that is not too large to be read whole.</summary>
    internal static string ReadText(string path)
    {
        var info = new FileInfo(path);
        if (!info.Exists) throw new FileNotFoundException($"There is no file or folder {path} to import.", path);
        if (info.Length > MaxBytes) throw new InvalidDataException($"{path} has {info.Length >> 20} MiB; at most {MaxBytes >> 20} can be imported.");
        return File.ReadAllText(path);
    }

    private static IEnumerable<(Run Run, IReadOnlyList<Sample> Samples)> Read(string path, TimeProvider time)
    {
        if (Directory.Exists(path)) return LmmsEvalFolder.Read(path, time);
        JsonElement json;
        try
        {
            json = JsonSerializer.Deserialize<JsonElement>(ReadText(path));
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path} is no valid JSON: {e.Message}", e);
        }

        if (json.ValueKind == JsonValueKind.Object && json.TryGetProperty("format", out var format) && format.ValueKind == JsonValueKind.String && format.GetString() == RunFile.FormatName) return [Own(json, path, time)];
        if (LmmsEvalFolder.IsResults(json)) return LmmsEvalFolder.ReadResults(path, json, time);
        if (LmmsEvalFolder.IsLogs(json)) return [LmmsEvalFolder.ReadLogs(path, json, time)];
        throw new InvalidDataException($"{path} is neither a JSON export of the studio nor a file of lmms-eval: results (an object with 'results') or samples (one with 'model_configs' and 'logs').");
    }

    private static (Run, IReadOnlyList<Sample>) Own(JsonElement json, string path, TimeProvider time)
    {
        if (!json.TryGetProperty("version", out var version) || !version.TryGetInt32(out var number) || number is < 1 or > RunFile.FormatVersion)
        {
            throw new InvalidDataException($"{path} is of version {(version.ValueKind == JsonValueKind.Undefined ? "unknown" : version.GetRawText())}; this program reads up to {RunFile.FormatVersion}. Update the studio.");
        }

        RunFile file;
        try
        {
            file = json.Deserialize<RunFile>(RecordJson.Options) ?? throw new JsonException("It is empty.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path} is a damaged export: {e.Message}", e);
        }

        var (r, m) = (file.Run, file.Measured);
        var id = m?.Id ?? RunIds.New(time);
        if (id.Length != 32 || !id.All(char.IsAsciiHexDigitLower)) throw new InvalidDataException($"{path}: '{id}' is no identifier of a run.");
        var run = new Run
        {
            Id = id,
            Key = r.Key,
            Task = r.Task,
            Model = r.Model,
            Variant = r.Variant,
            Protocol = r.Protocol,
            Compression = r.Compression,
            Frames = r.Frames,
            PromptVersion = r.PromptVersion,
            ScorerVersion = r.ScorerVersion,
            DataHash = r.DataHash,
            Samples = r.Samples,
            Resolved = r.Resolved,
            Source = m?.Source ?? "import",
            Given = m?.Given ?? new EvalRequest { Task = r.Task, Variant = r.Variant, Protocol = r.Protocol }.ToJson(),
            Provenance = m?.Provenance ?? "{}",
            // A run that another program is at work on is, here, one that was left.
            State = m?.State is { } state ? state == RunState.Running ? RunState.Open : state : file.Samples.Count >= r.Samples ? RunState.Finished : RunState.Open,
            Error = m?.Error,
            SweepId = m?.SweepId,
            OwnerId = m?.OwnerId ?? "",
            OwnerName = m?.OwnerName ?? "",
            Note = m?.Note ?? "",
            CreatedAt = m?.CreatedAt ?? time.GetUtcNow(),
            FinishedAt = m?.FinishedAt,
            Summary = m?.Summary ?? WithoutCosts(r.Summary),
        };
        return (run, [.. file.Samples.Select(s => s.ToSample(id))]);
    }

    private static string? WithoutCosts(string? summary)
    {
        if (summary is null) return null;
        var fields = System.Text.Json.Nodes.JsonNode.Parse(summary)!.AsObject();
        fields["costs"] = JsonSerializer.SerializeToNode(new RunCosts(0, 0, 0, 0, 0, 0, 0), RecordJson.Options);
        return fields.ToJsonString(RecordJson.Options);
    }

    private static async Task<ImportedRun> AddAsync(RunStore store, Run run, IReadOnlyList<Sample> samples, CancellationToken ct)
    {
        if (samples.GroupBy(s => s.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twice) throw new InvalidDataException($"Sample {twice.Key} occurs twice in the file.");
        var there = await store.ImportAsync(run, samples, ct).ConfigureAwait(false);
        return there is null ? new(run, samples.Count, false) : new(there, samples.Count, true);
    }
}
