using System.Runtime.CompilerServices;
using System.Text.Json;
using Studio.Benchmarks.Records.Store;

namespace Studio.Benchmarks.Records.Exchange;

/// <summary>What an import did.</summary>
/// <param name="WasThere">The same run had been imported before; nothing was written.</param>
public sealed record ImportedRun(Run Run, int Samples, bool WasThere);

/// <summary>Whose imported runs are.</summary>
/// <param name="Id">Of the account.</param>
/// <param name="Name">For people.</param>
/// <param name="IsTrusted">An export that says it was measured in a studio stays one of a studio's; else it is marked as imported.</param>
public sealed record ImportedBy(string Id, string Name, bool IsTrusted);

/// <summary>Brings runs into the database: this program's JSON export, and the result folders of lmms-eval.</summary>
public static class RunImport
{
    /// <summary>Larger files are refused: they are read whole.</summary>
    public const long MaxBytes = 512L << 20;

    /// <summary>Characters that a name in a file (task, model, setting) may have: all of them stand in lists.</summary>
    public const int MaxName = 1000;

    private const string OwnSource = "studio", ImportSource = "import";

    /// <summary>A null where a value belongs would only be noticed by whoever reads the run.</summary>
    private static readonly JsonSerializerOptions s_strict = new(RecordJson.Options) { RespectNullableAnnotations = true };

    /// <inheritdoc cref="EachAsync"/>
    /// <returns>All of them.</returns>
    public static async Task<IReadOnlyList<ImportedRun>> FromAsync(RunStore store, string path, TimeProvider time, CancellationToken ct)
    {
        var imported = new List<ImportedRun>();
        await foreach (var run in EachAsync(store, path, time, ct: ct).ConfigureAwait(false)) imported.Add(run);
        return imported;
    }

    /// <summary>Imports run by run: those before a defect are there.</summary>
    /// <param name="path">A JSON export, a file of results or of samples (with "logs") of lmms-eval, or a folder with such files.</param>
    /// <param name="time">When an imported run without a date was made.</param>
    /// <param name="by">Whose the runs are; null keeps what a file says.</param>
    /// <exception cref="InvalidDataException">It is none of these, damaged, or at odds with a run that is there; nothing of that run is written.</exception>
    public static async IAsyncEnumerable<ImportedRun> EachAsync(RunStore store, string path, TimeProvider time, ImportedBy? by = null, [EnumeratorCancellation] CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        ArgumentNullException.ThrowIfNull(time);
        foreach (var (run, samples) in Read(path, time))
        {
            ct.ThrowIfCancellationRequested();
            if (by is not null)
            {
                (run.OwnerId, run.OwnerName) = (by.Id, by.Name);
                // Anybody can write a file that says it was measured here: only who runs the studio is believed.
                if (!by.IsTrusted && run.Source == OwnSource) run.Source = ImportSource;
            }

            yield return await AddAsync(store, run, samples, ct).ConfigureAwait(false);
        }
    }

    /// <summary>What reading a file gives; where its content is of another kind than its fields promise, the message names it.</summary>
    /// <exception cref="InvalidDataException">Its fields hold something else than they do in a file of results.</exception>
    internal static IEnumerable<(Run Run, IReadOnlyList<Sample> Samples)> Told(string path, Func<IEnumerable<(Run Run, IReadOnlyList<Sample> Samples)>> read)
    {
        using var runs = Try(() => read().GetEnumerator());
        while (Try(runs.MoveNext)) yield return runs.Current;

        T Try<T>(Func<T> step)
        {
            try
            {
                return step();
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or KeyNotFoundException or ArgumentException or OverflowException)
            {
                throw new InvalidDataException($"{path} has a field with another kind of value than results have: {e.Message}", e);
            }
        }
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
        return Directory.Exists(path) ? LmmsEvalFolder.Read(path, time) : Told(path, () => ReadFile(path, time));
    }

    private static IEnumerable<(Run Run, IReadOnlyList<Sample> Samples)> ReadFile(string path, TimeProvider time)
    {
        JsonElement json;
        try
        {
            json = JsonSerializer.Deserialize<JsonElement>(ReadText(path));
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path} is no valid JSON: {e.Message}", e);
        }

        if (IsOwn(json)) return [Own(json, path, time)];
        if (LmmsEvalFolder.IsResults(json)) return LmmsEvalFolder.ReadResults(path, json, time);
        if (LmmsEvalFolder.IsLogs(json)) return [LmmsEvalFolder.ReadLogs(path, json, time)];
        throw new InvalidDataException($"{path} is neither a JSON export of the studio nor a file of lmms-eval: results (an object with 'results') or samples (one with 'model_configs' and 'logs').");
    }

    internal static bool IsOwn(JsonElement json) => json.ValueKind == JsonValueKind.Object
        && json.TryGetProperty(RunFile.FormatField, out var format) && format.ValueKind == JsonValueKind.String && format.GetString() == RunFile.FormatName;

    internal static (Run Run, IReadOnlyList<Sample> Samples) Own(JsonElement json, string path, TimeProvider time)
    {
        if (!json.TryGetProperty("version", out var version) || !version.TryGetInt32(out var number) || number is < 1 or > RunFile.FormatVersion)
        {
            throw new InvalidDataException($"{path} is of version {(version.ValueKind == JsonValueKind.Undefined ? "unknown" : version.GetRawText())}; this program reads up to {RunFile.FormatVersion}. Update the studio.");
        }

        RunFile file;
        try
        {
            file = json.Deserialize<RunFile>(s_strict) ?? throw new JsonException("It is empty.");
            RunFileChecks.Check(file);
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
            Source = m?.Source ?? ImportSource,
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
        if (new[] { run.Key, run.Source, run.Task, run.Model, run.Compression, run.Frames, run.DataHash, run.SweepId }.FirstOrDefault(n => n?.Length > MaxName || n?.Any(char.IsControl) == true) is { } name)
        {
            throw new InvalidDataException($"A name in the file has {name.Length} characters, or control characters among them; at most {MaxName} visible ones are possible: '{string.Concat(name.Take(40).Where(c => !char.IsControl(c)))}…'.");
        }

        if (samples.GroupBy(s => s.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twice) throw new InvalidDataException($"Sample {twice.Key} occurs twice in the file.");
        var there = await store.ImportAsync(run, samples, ct).ConfigureAwait(false);
        return there is null ? new(run, samples.Count, false) : new(there, samples.Count, true);
    }
}
