using System.Globalization;
using Studio.Benchmarks.Evaluation;
using Studio.Benchmarks.Records;

namespace Studio.Benchmarks.Tests.Records;

/// <summary>Rows for tests; every field that a database could lose has a value of its own.</summary>
internal static class Make
{
    public static readonly DateTimeOffset Noon = new(2026, 3, 4, 12, 0, 0, TimeSpan.Zero);

    private static int s_made;

    public static Run Run(string key = "k", string task = "niah", string model = "tiny", RunState state = RunState.Open, string note = "", DateTimeOffset? created = null) => new()
    {
        Id = RunIds.New(TimeProvider.System)[..24] + Interlocked.Increment(ref s_made).ToString("x8", CultureInfo.InvariantCulture),
        Key = key,
        Task = task,
        Model = model,
        Variant = EvalVariant.Shuffled,
        Protocol = EvalProtocol.Original,
        Compression = "uniform:1:0.5",
        Frames = "uniform 64",
        PromptVersion = 2,
        ScorerVersion = 3,
        DataHash = new string('d', 64),
        Given = new EvalRequest { Task = task, Seed = 7, Limit = 4 }.ToJson(),
        Resolved = """{"frames":64}""",
        Provenance = RecordJson.Text(Provenance()),
        Samples = 4,
        State = state,
        SweepId = "sweep",
        OwnerId = "o1",
        OwnerName = "Ada",
        Note = note,
        CreatedAt = created ?? Noon,
    };

    public static Provenance Provenance(string device = "cpu") => new()
    {
        Commit = "abc", IsDirty = true, StudioVersion = "1.2.3", LibtorchVersion = "2.0", Device = device, Dtype = "fp32", Threads = 2,
        ModelHash = new string('m', 64), AnnotationHash = new string('a', 64), Ffmpeg = "5.1", Packages = new Dictionary<string, string> { ["Npgsql"] = "10.0.0" },
    };

    public static Sample Sample(string run, int ordinal, double? score = 1, string? answer = "A. A dog\0 = \ud800 \ue000 \U0001F600") => new()
    {
        RunId = run,
        Ordinal = ordinal,
        DocumentId = string.Create(CultureInfo.InvariantCulture, $"doc/{ordinal}"),
        Part = "part",
        Cluster = string.Create(CultureInfo.InvariantCulture, $"video{ordinal / 2}.mp4"),
        Labels = """{"depth":"0.5","frames":"64"}""",
        Media = string.Create(CultureInfo.InvariantCulture, $"video{ordinal / 2}.mp4"),
        MediaHash = new string('e', 64),
        Question = "What is \"shown\"?",
        Interval = "[1.5,2.25]",
        Prompt = "What is shown?\n(A) A dog\n(B) A cat",
        Answer = score is null ? null : answer,
        Judgement = score is null ? null : "{'pred': 'yes'}",
        Expected = "A",
        Options = """["A dog","A cat"]""",
        Parsed = "a",
        CorrectedParsed = "A",
        Official = score,
        Corrected = score,
        Choices = 2,
        OfficialError = "none",
        Measures = """{"iou":0.125}""",
        ErrorClass = score is null ? "media" : null,
        Error = score is null ? "cannot be read" : null,
        Frames = 64,
        VisualTokens = 1024,
        StageTokens = "[1024,512]",
        GeneratedTokens = 3,
        Survival = """{"tokens":16,"stages":[{"layer":1,"alive":0.75,"aliveOfAll":0.5}]}""",
        Costs = RecordJson.Text(new SampleCosts { Milliseconds = new SortedDictionary<string, double>(StringComparer.Ordinal) { ["decode"] = 1.5 + ordinal }, TotalMilliseconds = 100 + ordinal, PeakBytes = 1L << 40, KvBytes = 5, Flops = 1e18 }),
        RecordedAt = Noon.AddTicks(ordinal),
    };

    public static RunSummary Summary(double accuracy = 0.75) => new()
    {
        Rows = [new AggregateRow("overall", null, 75, 4)],
        Scored = 4, Failed = 0, Accuracy = accuracy, Low = 0.3, High = 0.95, ClusteredError = double.NaN,
        Costs = new(1, 2, 3, 4, 5, 6, 7),
    };
}
