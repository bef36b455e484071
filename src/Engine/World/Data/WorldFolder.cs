using System.Text.Json;
using System.Text.Json.Nodes;
using Studio.Engine.Checkpoints;
using Studio.Engine.Video;

namespace Studio.Engine.World;

/// <summary>What a folder of world videos is to hold.</summary>
public sealed record WorldFolderSettings
{
    /// <summary>Most videos in one folder.</summary>
    public const int MaxCount = 1_000_000;

    /// <summary>Most videos written at once.</summary>
    public const int MaxJobs = 64;

    public required WorldRecipe Recipe { get; init; }

    public required WorldSplit Split { get; init; }

    public required ulong Seed { get; init; }

    /// <summary>Number of videos; a folder can be extended by a larger one later.</summary>
    public required int Count { get; init; }

    public WorldVideoSettings Video { get; init; } = new();

    /// <summary>Questions a video at most: the one it was made for first.</summary>
    public int Questions { get; init; } = 1;

    /// <summary>Videos written at once; each takes a core for drawing and one for encoding.</summary>
    public int Jobs { get; init; } = 1;
}

/// <summary>How far a folder is.</summary>
/// <param name="Done">Videos that are there.</param>
/// <param name="Kept">Those of them that were there before.</param>
/// <param name="Total">Videos wanted.</param>
/// <param name="Frames">Frames written since the start.</param>
public readonly record struct WorldProgress(int Done, int Kept, int Total, long Frames);

/// <summary>
/// Makes folders of videos with annotations: <c>world.json</c> (what was asked for), <c>videos/ID.mp4</c> and, once all videos are there,
/// <c>annotations.jsonl</c>. Started again it keeps what is finished; a video is never seen half-written.
/// </summary>
public sealed class WorldFolder(string folder, MediaTools tools)
{
    public const string AnnotationsName = "annotations.jsonl";
    public const string ManifestName = "world.json";

    private const string LockName = "world.lock";
    private const string Videos = "videos";
    private const int FramesBetweenReports = 64;

    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <summary>The file of questions and answers.</summary>
    public string AnnotationsPath => Path.Combine(folder, AnnotationsName);

    /// <summary>Makes what is missing.</summary>
    /// <param name="settings">What the folder is to hold.</param>
    /// <param name="onProgress">Called now and then, one call at a time.</param>
    /// <param name="cancellationToken">Stops after removing what is half-written; what is finished stays.</param>
    /// <returns>The final count.</returns>
    /// <exception cref="ArgumentException">A setting cannot be met, or the folder was made with other settings; the message names them.</exception>
    /// <exception cref="IOException">Another process is writing into the folder.</exception>
    /// <exception cref="MediaException">ffmpeg failed.</exception>
    public async Task<WorldProgress> MakeAsync(WorldFolderSettings settings, Action<WorldProgress>? onProgress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(settings);
        Validate(settings);
        var dataset = new WorldDataset(settings.Recipe, settings.Split, settings.Seed);
        _ = dataset.Item(0); // what cannot be composed is refused before anything is written
        Directory.CreateDirectory(Path.Combine(folder, Videos));
        using FileStream held = Hold();
        CheckManifest(settings);
        foreach (string left in Directory.EnumerateFiles(Path.Combine(folder, Videos), "*.mp4.*.tmp"))
        {
            File.Delete(left); // of a process that was killed; nobody else writes here now
        }

        var counter = new Counter(settings.Count, onProgress);
        var writer = new WorldVideoWriter(tools);
        await Parallel.ForAsync(
            0,
            settings.Count,
            new ParallelOptions { MaxDegreeOfParallelism = settings.Jobs, CancellationToken = cancellationToken },
            async (index, stop) =>
            {
                WorldItem item = dataset.Item(index);
                string path = Path.Combine(folder, VideoOf(item));
                if (File.Exists(path))
                {
                    counter.Finished(kept: true);
                    return;
                }

                await writer.WriteAsync(item.Script, path, settings.Video, frame => counter.Frame(frame), stop).ConfigureAwait(false);
                counter.Finished(kept: false);
            }).ConfigureAwait(false);
        await WriteAnnotationsAsync(dataset, settings, cancellationToken).ConfigureAwait(false);
        return counter.Now;
    }

    private static string VideoOf(WorldItem item) => $"{Videos}/{item.Id}.mp4";

    private static void Validate(WorldFolderSettings settings)
    {
        settings.Video.Validate();
        Require(settings.Count is >= 1 and <= WorldFolderSettings.MaxCount, $"{settings.Count} videos", $"1 to {WorldFolderSettings.MaxCount}");
        Require(settings.Jobs is >= 1 and <= WorldFolderSettings.MaxJobs, $"{settings.Jobs} videos at once", $"1 to {WorldFolderSettings.MaxJobs}");
        Require(settings.Questions >= 1, $"{settings.Questions} questions a video", "1 or more");
    }

    private static void Require(bool met, string value, string allowed)
    {
        if (!met)
        {
            throw new ArgumentException($"A folder of {value}; give {allowed}.");
        }
    }

    private FileStream Hold()
    {
        string path = Path.Combine(folder, LockName);
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (IOException e) when (File.Exists(path))
        {
            throw new IOException($"Another process is writing into '{folder}'; wait for it, or name another folder.", e);
        }
    }

    /// <summary>Writes down what the folder holds, or compares with what is written there.</summary>
    private void CheckManifest(WorldFolderSettings settings)
    {
        var wanted = new JsonObject
        {
            ["version"] = WorldDataset.Version,
            ["split"] = settings.Split.ToString().ToLowerInvariant(),
            ["seed"] = settings.Seed,
            ["video"] = JsonSerializer.SerializeToNode(settings.Video, s_json),
            ["recipe"] = JsonSerializer.SerializeToNode(settings.Recipe with { Kinds = settings.Recipe.Kinds.OrderBy(k => k.Key).ToDictionary() }, s_json),
        };
        wanted = JsonNode.Parse(wanted.ToJsonString())!.AsObject(); // numbers as a file has them
        string path = Path.Combine(folder, ManifestName);
        if (!File.Exists(path))
        {
            if (Directory.EnumerateFiles(Path.Combine(folder, Videos)).Any())
            {
                throw new ArgumentException($"'{folder}' holds videos but no {ManifestName} that says what they are; name another folder.");
            }

            AtomicFile.WriteAllText(path, wanted.ToJsonString(s_json) + "\n");
            return;
        }

        JsonNode? found;
        try
        {
            found = JsonNode.Parse(File.ReadAllText(path));
        }
        catch (JsonException e)
        {
            throw new ArgumentException($"'{path}' cannot be read ({e.Message}); name another folder.", e);
        }

        var differing = new List<string>();
        Compare(wanted, found as JsonObject ?? [], "", differing);
        if (differing.Count > 0)
        {
            throw new ArgumentException($"'{folder}' was made with other settings: {string.Join(", ", differing)}. Give the same ones, or name another folder.");
        }
    }

    private static void Compare(JsonObject wanted, JsonObject found, string prefix, List<string> differing)
    {
        foreach ((string name, JsonNode? value) in wanted)
        {
            JsonNode? other = found[name];
            if (value is JsonObject part && other is JsonObject otherPart && name != "kinds")
            {
                Compare(part, otherPart, $"{prefix}{name}.", differing);
            }
            else if (!JsonNode.DeepEquals(value, other))
            {
                differing.Add($"{prefix}{name} {other?.ToJsonString() ?? "null"} instead of {value?.ToJsonString() ?? "null"}");
            }
        }
    }

    private async Task WriteAnnotationsAsync(WorldDataset dataset, WorldFolderSettings settings, CancellationToken cancellationToken)
    {
        string temporary = AtomicFile.TemporaryName(AnnotationsPath);
        try
        {
            var writer = new StreamWriter(temporary);
            await using (writer.ConfigureAwait(false))
            {
                for (int i = 0; i < settings.Count; i++)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    WorldItem item = dataset.Item(i);
                    foreach (WorldAnnotation annotation in WorldAnnotation.Of(item, VideoOf(item), settings.Questions))
                    {
                        await writer.WriteAsync(annotation.ToJson() + "\n").ConfigureAwait(false);
                    }
                }
            }

            File.Move(temporary, AnnotationsPath, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>Counts what several writers do, and reports one at a time.</summary>
    private sealed class Counter(int total, Action<WorldProgress>? onProgress)
    {
        private readonly Lock _lock = new();
        private WorldProgress _now = new(0, 0, total, 0);

        public WorldProgress Now
        {
            get
            {
                lock (_lock)
                {
                    return _now;
                }
            }
        }

        public void Frame(int frame)
        {
            lock (_lock)
            {
                _now = _now with { Frames = _now.Frames + 1 };
                if (frame % FramesBetweenReports == 0)
                {
                    onProgress?.Invoke(_now);
                }
            }
        }

        public void Finished(bool kept)
        {
            lock (_lock)
            {
                _now = _now with { Done = _now.Done + 1, Kept = _now.Kept + (kept ? 1 : 0) };
                onProgress?.Invoke(_now);
            }
        }
    }
}
