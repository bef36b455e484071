using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Studio.Benchmarks.Evaluation;
using Studio.Benchmarks.Evaluation.Statistics;

namespace Studio.Benchmarks.Records.Exchange;

/// <summary>
/// Results of lmms-eval as runs: a results file ("DATE_results.json", "results_DATE.json" or "results.json") with per-sample files beside it
/// ("DATE_samples_TASK.jsonl", "samples_TASK_DATE.jsonl", or "TASK.json" with "logs"). A group of sub-tasks is one run, its sub-tasks are its parts. A file with "logs" says what
/// it is of, so that one without a results file beside it is a run, too: published logs are often nothing else.
/// </summary>
internal static class LmmsEvalFolder
{
    public const string Source = "lmms-eval";

    /// <summary>Files of one folder that are a run each; more are refused.</summary>
    public const int MaxFiles = 200;

    /// <summary>Tasks and groups of one results file; more are refused.</summary>
    public const int MaxTasks = 1000;

    private const string NewEnd = "_results.json", OldStart = "results_", LogsStart = "args";

    /// <summary>lmms-eval's names of tasks that have another name here.</summary>
    private static readonly Dictionary<string, string> s_names = new(StringComparer.Ordinal)
    {
        ["perceptiontest_val_mc"] = "perceptiontest",
        ["mlvu_dev"] = "mlvu",
        ["nextqa_mc_test"] = "nextqa",
        ["temporal_grounding_charades"] = "charades",
    };

    /// <summary>Ends of the names of standard errors, the best first.</summary>
    private static readonly string[] s_errors = ["_stderr_clustered", "_stderr", "_stderr_clt"];

    /// <summary>Where a downloaded model lies: "models--OWNER--NAME/snapshots/REVISION".</summary>
    private const string CacheFolder = "models--";

    /// <summary>Arguments of models that say how many frames are read.</summary>
    private static readonly string[] s_frames = ["max_frames_num", "max_num_frames", "num_frames", "nframes", "fps"];

    public static bool IsResults(JsonElement json) => json.ValueKind == JsonValueKind.Object && json.TryGetProperty("results", out var results) && results.ValueKind == JsonValueKind.Object
        && results.EnumerateObject().All(t => t.Value.ValueKind == JsonValueKind.Object);

    /// <summary>A file of samples of the old layout, which names its task and the model's arguments.</summary>
    public static bool IsLogs(JsonElement json) => json.ValueKind == JsonValueKind.Object && json.TryGetProperty("logs", out var logs) && logs.ValueKind == JsonValueKind.Array
        && json.TryGetProperty("model_configs", out var task) && Text(task, "task") is not null;

    public static IEnumerable<(Run Run, IReadOnlyList<Sample> Samples)> Read(string folder, TimeProvider time)
    {
        var all = Directory.EnumerateFiles(folder, "*.json", SearchOption.AllDirectories).ToLookup(f => IsResultsName(Path.GetFileName(f)));
        var told = all[true].Select(f => Path.GetDirectoryName(f)!).ToHashSet(StringComparer.Ordinal); // there, files of samples belong to the results
        var files = all[true].Concat(all[false].Where(f => (!told.Contains(Path.GetDirectoryName(f)!) && BeginsAsLogs(f)) || Begins(f, RunFile.FormatField))).Take(MaxFiles + 1).Order(StringComparer.Ordinal).ToList();
        if (files.Count == 0) throw new InvalidDataException($"{folder} has no results file of lmms-eval (…_results.json, results_….json or results.json), no file of samples that says what it is of, and no JSON export of the studio.");
        if (files.Count > MaxFiles) throw new InvalidDataException($"{folder} has more than {MaxFiles} results files; import folders below it one by one.");
        return files.SelectMany(f => RunImport.Told(f, () => Parse(f) is var json && IsLogs(json) ? [ReadLogs(f, json, time)] : RunImport.IsOwn(json) ? [RunImport.Own(json, f, time)] : ReadResults(f, json, time)));
    }

    /// <summary>A file of samples alone: the numbers are those of its samples.</summary>
    /// <exception cref="InvalidDataException">A sample has none of the known layouts.</exception>
    public static (Run Run, IReadOnlyList<Sample> Samples) ReadLogs(string file, JsonElement json, TimeProvider time)
    {
        var (id, own) = (RunIds.New(time), json.GetProperty("model_configs"));
        var task = Text(own, "task")!;
        var metrics = own.TryGetProperty("metric_list", out var list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray().Select(m => Text(m, "metric")).OfType<string>().ToList() : [];
        var samples = json.GetProperty("logs").EnumerateArray().Select((row, i) => LmmsEvalSample.Read(row, id, i, "", metrics, Path.GetFileName(file))).ToList();
        var arguments = json.TryGetProperty("args", out var args) ? args : default;
        return Run(id, file, task, arguments, json, own, [task], new(StringComparer.Ordinal) { [task] = JsonSerializer.SerializeToElement(new { }) }, samples, time);
    }

    /// <exception cref="InvalidDataException">It has none of the known layouts.</exception>
    public static IEnumerable<(Run Run, IReadOnlyList<Sample> Samples)> ReadResults(string file, JsonElement json, TimeProvider time)
    {
        if (!IsResults(json)) throw new InvalidDataException($"{file} has no object 'results' with an object a task: it is no results file of lmms-eval.");
        var results = json.GetProperty("results").EnumerateObject().ToDictionary(t => t.Name, t => t.Value, StringComparer.Ordinal);
        if (results.Count > MaxTasks) throw new InvalidDataException($"{file} has {results.Count} tasks; at most {MaxTasks} can be imported.");
        var members = Groups(json, results);
        var inside = members.Values.SelectMany(m => m).ToHashSet(StringComparer.Ordinal);
        foreach (var task in results.Keys.Where(t => !inside.Contains(t)))
        {
            var parts = members.GetValueOrDefault(task) ?? [task];
            yield return Run(file, json, results, task, parts, time);
        }
    }

    private static (Run Run, IReadOnlyList<Sample> Samples) Run(string file, JsonElement json, Dictionary<string, JsonElement> results, string task, IReadOnlyList<string> parts, TimeProvider time)
    {
        var id = RunIds.New(time);
        var samples = new List<Sample>();
        foreach (var part in parts)
        {
            var metrics = Metrics(results[part]).Select(m => m.Name).ToList();
            var files = SampleFiles(file, part, results);
            foreach (var (name, path) in files)
            {
                foreach (var row in Rows(path)) samples.Add(LmmsEvalSample.Read(row, id, samples.Count, parts.Count > 1 || files.Count > 1 || name != part ? name : "", metrics, $"{Path.GetFileName(file)}, {name}"));
            }
        }

        var config = json.TryGetProperty("config", out var c) && c.ValueKind == JsonValueKind.Object ? c : default;
        var own = json.TryGetProperty("configs", out var configs) && configs.ValueKind == JsonValueKind.Object && configs.TryGetProperty(parts[0], out var of) ? of : default;
        return Run(id, file, task, config, json, own, parts, results, samples, time);
    }

    /// <param name="config">With "model", "model_args" and "device".</param>
    /// <param name="whole">The file, with "git_hash", "date" and "model_name" where it has them.</param>
    /// <param name="own">The task's settings.</param>
    private static (Run Run, IReadOnlyList<Sample> Samples) Run(
        string id, string file, string task, JsonElement config, JsonElement whole, JsonElement own, IReadOnlyList<string> parts, Dictionary<string, JsonElement> results, List<Sample> samples, TimeProvider time)
    {
        LmmsEvalSample.NameDocuments(samples);
        var arguments = Text(config, "model_args") ?? "";
        var made = Made(whole, file) ?? time.GetUtcNow();
        var count = Math.Max(samples.Count, Counted(whole, parts));
        var run = new Run
        {
            Id = id,
            Key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Source}\n{task}\n{Reported(whole)}\n{string.Join('\n', samples.Select(s => $"{s.DocumentId}\t{s.Answer}\t{s.Corrected}"))}"))),
            Source = Source,
            Task = s_names.GetValueOrDefault(task, task),
            Model = ModelName(Argument(arguments, "pretrained") ?? Argument(arguments, "model_version") ?? Text(whole, "model_name") ?? Text(config, "model") ?? "unknown"),
            Frames = s_frames.Select(n => Argument(arguments, n) is { } v ? $"{n}={v}" : null).FirstOrDefault(f => f is not null) ?? "",
            Given = JsonSerializer.Serialize(new { task, model_args = arguments, file = Path.GetFileName(file), date = Text(whole, "date") }, RecordJson.Options),
            Resolved = own.ValueKind == JsonValueKind.Object ? own.GetRawText() : "{}",
            Provenance = RecordJson.Text(new Provenance
            {
                Commit = Text(whole, "git_hash") ?? "unknown", StudioVersion = Source, LibtorchVersion = "", Device = Text(config, "device") ?? "", Dtype = Argument(arguments, "torch_dtype") ?? "", Threads = 0,
                ModelHash = "", AnnotationHash = "", Ffmpeg = "",
            }),
            Samples = count,
            State = RunState.Finished,
            CreatedAt = made,
            FinishedAt = made,
        };
        run.Summary = RecordJson.Text(Summary(results, task, parts, samples, count, whole));
        return (run, samples);
    }

    /// <summary>What a file says besides its samples, which are named one by one.</summary>
    private static string Reported(JsonElement whole) => IsLogs(whole) ? $"{whole.GetProperty("model_configs").GetRawText()}\n{(whole.TryGetProperty("args", out var args) ? args.GetRawText() : "")}" : whole.GetRawText();

    /// <summary>
    /// The reported numbers as they were reported. Accuracy is that of the samples where all of them are there and could be scored, else the first reported number; its interval
    /// comes from the reported error, or from Wilson's of as many samples as were reported, which is no narrower than that of any other score from 0 to 1.
    /// </summary>
    /// <param name="count">Samples as they were reported: the files of some may not be there.</param>
    private static RunSummary Summary(Dictionary<string, JsonElement> results, string task, IReadOnlyList<string> parts, List<Sample> samples, int count, JsonElement whole)
    {
        var rows = (parts.Contains(task) ? parts : parts.Prepend(task)).SelectMany(t => Metrics(results[t])
            .Select(m => Row(t == task ? m.Name : $"{t} {m.Name}", m.Value, t == task ? count : Math.Max(samples.Count(s => s.Part == t), Counted(whole, [t]))))).ToList();
        var own = RunSummaries.Of(null, samples) with { Chance = Chance(samples) };
        if (rows.Count == 0) rows.AddRange(own.Rows);
        if (own.Scored > 0 && samples.Count == count) return own with { Rows = rows };
        var headline = Metrics(results[task]).Concat(parts.SelectMany(p => Metrics(results[p]))).FirstOrDefault();
        var scale = headline.Value > 1 ? 100 : 1;
        var half = Normal.TwoSided(Estimates.DefaultConfidence) * headline.Error / scale;
        var accuracy = headline.Name is null || headline.Value is < 0 or > 100 ? double.NaN : headline.Value / scale; // sums of points, as of MME, are no accuracy
        var interval = double.IsNaN(accuracy) ? new Interval(double.NaN, double.NaN)
            : !double.IsNaN(half) ? new(Math.Max(0, accuracy - half), Math.Min(1, accuracy + half))
            : count > 0 ? Wilson.Interval((int)Math.Round(accuracy * count), count) : new(double.NaN, double.NaN);
        return own with
        {
            Rows = rows,
            Scored = double.IsNaN(accuracy) ? 0 : count,
            Failed = 0,
            Accuracy = accuracy,
            Low = interval.Low,
            High = interval.High,
            Interval = double.IsNaN(interval.Low) ? IntervalMethod.None : double.IsNaN(half) ? IntervalMethod.Wilson : IntervalMethod.Reported,
            ClusteredError = headline.Error / scale,
        };
    }

    /// <summary>Guessing's share, where every sample says between how many options.</summary>
    private static double? Chance(List<Sample> samples)
    {
        var options = samples.ConvertAll(s => RecordJson.Read<List<string>>(s.Options).Count);
        return options.Count > 0 && options.TrueForAll(o => o > 1) ? options.Average(o => 1.0 / o) : null;
    }

    private static AggregateRow Row(string name, double value, int count) => new(name, value, value, count, value is >= 0 and <= 1 ? AggregateUnit.Fraction : AggregateUnit.Percent);

    /// <summary>
    /// "accuracy,none" and its standard error, of which the one clustered by video counts most where there are several; a name without a filter is of an older program.
    /// </summary>
    private static IEnumerable<(string Name, double Value, double Error)> Metrics(JsonElement task)
    {
        foreach (var field in task.EnumerateObject())
        {
            var (name, filter) = field.Name.Split(',', 2) is [var n, var f] ? (n, "," + f) : (field.Name, "");
            if (name is "alias" or "samples" || s_errors.Any(e => name.EndsWith(e, StringComparison.Ordinal))) continue;
            if (field.Value.ValueKind != JsonValueKind.Number) continue;
            var error = s_errors.Select(e => task.TryGetProperty($"{name}{e}{filter}", out var of) && of.ValueKind == JsonValueKind.Number ? of.GetDouble() : double.NaN).FirstOrDefault(e => !double.IsNaN(e), double.NaN);
            yield return (name, field.Value.GetDouble(), error);
        }
    }

    /// <summary>Groups whose sub-tasks are all there, by name.</summary>
    private static Dictionary<string, IReadOnlyList<string>> Groups(JsonElement json, Dictionary<string, JsonElement> results)
    {
        var groups = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        if (!json.TryGetProperty("group_subtasks", out var all) || all.ValueKind != JsonValueKind.Object) return groups;
        foreach (var group in all.EnumerateObject().Where(g => g.Value.ValueKind == JsonValueKind.Array && results.ContainsKey(g.Name)))
        {
            var tasks = group.Value.EnumerateArray().Where(t => t.ValueKind == JsonValueKind.String).Select(t => t.GetString()!).Where(t => t != group.Name).ToList();
            if (tasks.Count > 0 && tasks.TrueForAll(results.ContainsKey)) groups[group.Name] = tasks;
        }

        return groups;
    }

    /// <summary>
    /// Files with the samples of a task, each with the name of what it holds; none where lmms-eval was not asked to write them. In the old layout a task's samples may lie in
    /// files of parts that have no number of their own ("videomme_short.json" beside results of "videomme"), as results that were put together by hand have them.
    /// </summary>
    private static IReadOnlyList<(string Name, string Path)> SampleFiles(string results, string task, Dictionary<string, JsonElement> all)
    {
        var (folder, name) = (Path.GetDirectoryName(Path.GetFullPath(results))!, Path.GetFileName(results));
        var file = name.EndsWith(NewEnd, StringComparison.Ordinal) ? $"{name[..^NewEnd.Length]}_samples_{task}.jsonl"
            : name.StartsWith(OldStart, StringComparison.Ordinal) ? $"samples_{task}_{name[OldStart.Length..^".json".Length]}.jsonl" : $"{task}.json";
        if (Path.Combine(folder, file) is var path && File.Exists(path)) return [(task, path)];
        if (file.EndsWith(".jsonl", StringComparison.Ordinal)) return [];
        return [.. Directory.EnumerateFiles(folder, $"{task}_*.json").Order(StringComparer.Ordinal).Select(f => (Name: Path.GetFileNameWithoutExtension(f), Path: f))
            .Where(f => !all.Keys.Any(t => t.Length > task.Length && (f.Name == t || f.Name.StartsWith(t + "_", StringComparison.Ordinal))) && BeginsAsLogs(f.Path))];
    }

    private static bool BeginsAsLogs(string path) => Begins(path, LogsStart);

    /// <summary>Whether a file's first field has a name; it is not read further.</summary>
    private static bool Begins(string path, string field)
    {
        Span<byte> start = stackalloc byte[256];
        using var stream = File.OpenRead(path);
        try
        {
            var reader = new Utf8JsonReader(start[..stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)], isFinalBlock: false, default);
            return reader.Read() && reader.TokenType == JsonTokenType.StartObject && reader.Read() && reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals(field);
        }
        catch (JsonException)
        {
            return false; // whatever it is, it is no such file
        }
    }

    private static IEnumerable<JsonElement> Rows(string path)
    {
        if (new FileInfo(path).Length > RunImport.MaxBytes) throw new InvalidDataException($"{path} is too large; at most {RunImport.MaxBytes >> 20} MiB can be imported.");
        if (!path.EndsWith(".jsonl", StringComparison.Ordinal))
        {
            return Parse(path) is { ValueKind: JsonValueKind.Object } whole && whole.TryGetProperty("logs", out var logs) && logs.ValueKind == JsonValueKind.Array ? logs.EnumerateArray()
                : throw new InvalidDataException($"{path} has no list 'logs': it is no sample file of lmms-eval.");
        }

        return File.ReadLines(path).Select((line, i) => (Line: line, Number: i + 1)).Where(l => l.Line.Length > 0).Select(l =>
        {
            try
            {
                return JsonSerializer.Deserialize<JsonElement>(l.Line);
            }
            catch (JsonException e)
            {
                throw new InvalidDataException($"{path}, line {l.Number} is no valid JSON: {e.Message}", e);
            }
        });
    }

    private static bool IsResultsName(string name) => name.EndsWith(NewEnd, StringComparison.Ordinal) || name == "results.json" || name.StartsWith(OldStart, StringComparison.Ordinal);

    private static int Counted(JsonElement json, IReadOnlyList<string> parts) => json.TryGetProperty("n-samples", out var all) && all.ValueKind == JsonValueKind.Object
        ? parts.Sum(p => all.TryGetProperty(p, out var n) && n.ValueKind == JsonValueKind.Object && n.TryGetProperty("effective", out var e) && e.TryGetInt32(out var count) ? count : 0) : 0;

    /// <summary>"date" in seconds or as "20260131_235959", or the date in the file's name.</summary>
    private static DateTimeOffset? Made(JsonElement json, string file)
    {
        if (json.TryGetProperty("date", out var date) && date.ValueKind == JsonValueKind.Number && date.GetDouble() is > 0 and < 1e11 and var seconds) return DateTimeOffset.UnixEpoch.AddSeconds(Math.Floor(seconds));
        var name = Text(json, "date") is { Length: 15 } written ? written : Path.GetFileName(file);
        return name.Length >= 15 && DateTimeOffset.TryParseExact(name[..15], "yyyyMMdd_HHmmss", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var made) ? made : null;
    }

    private static string? Text(JsonElement json, string name) => json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;

    /// <summary>A model by its published name also where it was read from the folder it was downloaded to.</summary>
    private static string ModelName(string given)
    {
        var folder = given.Split('/').FirstOrDefault(p => p.StartsWith(CacheFolder, StringComparison.Ordinal));
        return folder is null ? given : string.Join('/', folder[CacheFolder.Length..].Split("--", 2));
    }

    /// <summary>A value of "a=1,b=2".</summary>
    private static string? Argument(string arguments, string name) => arguments.Split(',').Select(a => a.Split('=', 2)).FirstOrDefault(a => a.Length == 2 && a[0].Trim() == name)?[1].Trim();

    private static JsonElement Parse(string file)
    {
        try
        {
            return JsonSerializer.Deserialize<JsonElement>(RunImport.ReadText(file));
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{file} is no valid JSON: {e.Message}", e);
        }
    }
}
