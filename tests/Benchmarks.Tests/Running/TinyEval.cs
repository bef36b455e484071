using Studio.Benchmarks.Evaluation;
using Studio.Benchmarks.Evaluation.Data;
using Studio.Benchmarks.Evaluation.Tasks;
using Studio.Benchmarks.Records;
using Studio.Benchmarks.Running;
using Studio.Engine.Chat;
using Studio.Engine.Checkpoints;
using Studio.Engine.Tokenization;
using Studio.Engine.Torch;
using Studio.Engine.Video;
using Studio.Engine.World;

namespace Studio.Benchmarks.Tests.Running;

/// <summary>A tiny random model, three small drawn videos and questions about them: made once a test class.</summary>
public sealed class TinyEval : IAsyncDisposable
{
    private readonly Task<string[]> _videos;

    public TinyEval()
    {
        Folder = Directory.CreateTempSubdirectory("evaluation").FullName;
        string model = Path.Combine(Folder, "model");
        RandomCheckpoint.Create(model, TinyModels.VideoChatFlash(259, 256, 258), 1, SafetensorsDtype.F32);
        ByteLevelTokenizerWriter.Write(Path.Combine(model, "tokenizer.json"), []);
        Model = VideoModel.Load(model, new LoadSettings { Device = Device.CPU, Dtype = ScalarType.Float32 });
        _videos = MakeAsync();
    }

    public string Folder { get; }

    public VideoModel Model { get; }

    public string ModelFolder => Path.Combine(Folder, "model");

    public static MediaEncoder Encoder(long memory = VisualTokenCache.DefaultMemoryBytes) => new(MediaTools.Locate(), new VisualTokenCache(null, memory));

    public async ValueTask DisposeAsync()
    {
        _ = await _videos;
        Model.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>Questions about the videos in turn.</summary>
    public async Task<ListData> DataAsync(int count = 5) => new(new CustomSet("own", "own.jsonl"), await _videos, count);

    public static EvalRequest Request(string? compress = null, int frames = 4) =>
        new() { Task = "own", Setting = new EvalSetting { Frames = frames, Compress = compress, MaxNewTokens = 4 } };

    /// <summary>Opens and runs requests over the same data in one batch.</summary>
    internal async Task<(EvalOutcome Outcome, IReadOnlyList<EvalJob> Jobs)> RunAsync(
        IRunStore store, IEvalData data, IReadOnlyList<EvalRequest> requests, EvalRunnerOptions? options = null, MediaEncoder? encoder = null, Action<EvalProgress>? onProgress = null, bool again = false, TimeProvider? time = null, CancellationToken ct = default)
    {
        var runner = new EvalRunner(store, options ?? Options(), time ?? TimeProvider.System);
        List<EvalJob> jobs = [];
        foreach (EvalRequest request in requests)
        {
            ResolvedRun resolved = ResolvedRun.Of(request, data, request.Variant == EvalVariant.Random ? null : Model, "hash");
            jobs.Add(await runner.OpenAsync(request, resolved, Provenance(), again, ct: ct));
        }

        var batch = new EvalBatch { Data = data, Model = Model, Encoder = encoder ?? Encoder(), Jobs = jobs };
        return (await runner.RunAsync(batch, onProgress, ct), jobs);
    }

    internal static EvalRunnerOptions Options() => new() { Summarise = Summarise };

    /// <summary>Counts only: numbers are the records' tests.</summary>
    internal static RunSummary Summarise(Run run, IEvalData data, IReadOnlyList<Sample> samples) => new()
    {
        Rows = [],
        Scored = samples.Count(s => s.Corrected is not null),
        Failed = samples.Count(s => s.Corrected is null),
        Accuracy = samples.Where(s => s.Corrected is not null).Select(s => s.Corrected!.Value).DefaultIfEmpty().Average(),
        Low = 0,
        High = 1,
        ClusteredError = 0,
        Costs = new(0, 0, 0, 0, 0, 0, 0),
    };

    private static Provenance Provenance() => new()
    {
        Commit = ProvenanceReader.Unknown,
        StudioVersion = "",
        LibtorchVersion = "",
        Device = "cpu",
        Dtype = "fp32",
        Threads = 1,
        ModelHash = "hash",
        AnnotationHash = "annotations",
        Ffmpeg = "",
    };

    private async Task<string[]> MakeAsync()
    {
        string world = Path.Combine(Folder, "world");
        _ = await new WorldFolder(world, MediaTools.Locate()).MakeAsync(new WorldFolderSettings
        {
            Recipe = new WorldRecipe { Seconds = [2], Fps = 4 },
            Split = WorldSplit.Test,
            Seed = 3,
            Count = 3,
            Video = new WorldVideoSettings { Width = 64, Height = 64 },
        });
        return [.. Directory.GetFiles(world, "*.mp4", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
    }
}

/// <summary>Data whose documents a test has in hand.</summary>
public sealed class ListData(EvalTask task, IReadOnlyList<string> videos, int count) : IEvalData
{
    public EvalTask Task => task;

    public IReadOnlyList<EvalDocument> Documents { get; init; } =
    [
        .. Enumerable.Range(0, count).Select(i => new EvalDocument
        {
            Id = $"q{i}",
            Media = Path.GetFileName(videos[i % videos.Count]),
            Question = $"Which is it, number {i}?",
            Options = ["red", "green", "blue"],
            Answer = Letters.At(i % 3),
            Gold = i % 3,
        }),
    ];

    public string AnnotationHash => "annotations";

    public IReadOnlyList<string> Missing => [];

    /// <summary>Called for each video asked for.</summary>
    public Func<EvalDocument, EvalMedia?>? OnMedia { get; init; }

    public ValueTask<EvalMedia?> MediaAsync(EvalDocument document, CancellationToken cancellationToken) =>
        ValueTask.FromResult(OnMedia is null ? Of(document) : OnMedia(document));

    public EvalMedia Of(EvalDocument document) => new(videos.First(v => Path.GetFileName(v) == document.Media), document.Clip, []);
}
