using Studio.Benchmarks.Exams;
using Studio.Engine.Chat;
using Studio.Engine.Checkpoints;
using Studio.Engine.Tokenization;
using Studio.Engine.Torch;
using Studio.Engine.Video;
using Studio.Engine.World;
using Xunit;

namespace Studio.Benchmarks.Tests.Exams;

public sealed class ExamTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("exam").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private string Record => Path.Combine(_root, "answers.jsonl");

    [Fact]
    public async Task Run_KilledAtAnyAnswer_GoesOnWithTheSameAnswers()
    {
        await MakeAsync(4);
        using var model = Model();
        string whole = Path.Combine(_root, "whole.jsonl");
        IReadOnlyList<ExamAnswer> all = Run(model, Settings(model), whole);
        Assert.Equal(4, all.Count);
        Assert.All(all, a => Assert.True(a is { Counts: true, Error: null, VisualTokens: > 0, CacheBytes: > 0, Milliseconds: > 0 } && a.Reply is not null));

        string[] lines = await File.ReadAllLinesAsync(whole, TestContext.Current.CancellationToken);
        Assert.Equal(5, lines.Length);
        await File.WriteAllTextAsync(Record, string.Join('\n', lines[..3]) + "\n" + lines[3][..20], TestContext.Current.CancellationToken); // killed while the third was written
        var asked = new List<int>();
        IReadOnlyList<ExamAnswer> again = Run(model, Settings(model), Record, (a, of) => asked.Add(a.Line + (10 * of)));
        Assert.Equal([42, 43], asked);
        Assert.Equal(all.Select(a => a with { Milliseconds = 0 }), again.Select(a => a with { Milliseconds = 0 }));
        Assert.Equal(5, (await File.ReadAllLinesAsync(Record, TestContext.Current.CancellationToken)).Length);
    }

    [Fact]
    public async Task Run_Cancelled_KeepsWhatWasAnswered()
    {
        await MakeAsync(3);
        using var model = Model();
        using var stop = new CancellationTokenSource();
        _ = Assert.ThrowsAny<OperationCanceledException>(() => Exam(model).Run(Settings(model), Record, (_, _) => stop.Cancel(), stop.Token));
        Assert.Equal(2, (await File.ReadAllLinesAsync(Record, TestContext.Current.CancellationToken)).Length);
    }

    [Fact]
    public async Task Run_OtherSettingsOnTheSameRecord_IsRefused()
    {
        await MakeAsync(2);
        using var model = Model();
        _ = Run(model, Settings(model) with { Limit = 1 }, Record);
        InvalidOperationException thrown = Assert.Throws<InvalidOperationException>(() => Run(model, Settings(model) with { IsBlind = true }, Record));
        Assert.Contains(Record, thrown.Message, StringComparison.Ordinal);
        Assert.Equal(2, Run(model, Settings(model), Record).Count); // a longer one of the same goes on
    }

    [Fact]
    public async Task Run_Blind_SeesNoVideo()
    {
        await MakeAsync(1);
        using var model = Model();
        foreach (string video in Directory.GetFiles(Folder, "*.mp4", SearchOption.AllDirectories))
        {
            File.Delete(video);
        }

        ExamAnswer blind = Assert.Single(Run(model, Settings(model) with { IsBlind = true }, Record));
        Assert.Equal((true, 0), (blind.Counts, blind.VisualTokens));
        ExamAnswer failed = Assert.Single(Run(model, Settings(model), Path.Combine(_root, "seeing.jsonl")));
        Assert.False(failed.Counts);
        Assert.Contains("NotFound", failed.Error, StringComparison.OrdinalIgnoreCase);
        ExamRow row = ExamReport.Rows([blind, failed], a => a.Kind)[0];
        Assert.Equal((1, 1), (row.Questions, row.Unasked));
    }

    [Fact]
    public void Run_NoAnnotations_SaysHowToMakeThem()
    {
        using var model = Model();
        _ = Directory.CreateDirectory(Folder);
        Assert.Contains("world make", Assert.Throws<InvalidDataException>(() => Run(model, Settings(model), Record)).Message, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(Folder, "annotations.jsonl"), "{}\n");
        Assert.Contains("line 1", Assert.Throws<InvalidDataException>(() => Run(model, Settings(model), Record)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Table_CountsAnswersAndNamesChance()
    {
        ExamAnswer[] answers = [.. Enumerable.Range(0, 10).Select(i => new ExamAnswer(i, $"v{i}", i < 6 ? "where" : "needle", "lettered", 0.25, i % 2 == 0, "A", "A", null, 8, 64, 1, 1)),
            new(10, "v10", "where", "lettered", 0.25, null, null, "A", "NotFound: gone", 8, 0, 0, 0)];
        string table = ExamReport.Table(ExamReport.Rows(answers, a => a.Kind), "kind");
        Assert.Contains("| where | 50.0 % | 19 to 81 % | 6 (+ 1 failed) | 25 % |", table, StringComparison.Ordinal);
        Assert.Contains("| needle | 50.0 % | 15 to 85 % | 4 | 25 % |", table, StringComparison.Ordinal);
        Assert.Contains("| all | 50.0 % | 24 to 76 % | 10 (+ 1 failed) | 25 % |", table, StringComparison.Ordinal);
    }

    private string Folder => Path.Combine(_root, "world");

    private async Task MakeAsync(int count) => _ = await new WorldFolder(Folder, MediaTools.Locate()).MakeAsync(
        new WorldFolderSettings
        {
            Recipe = new WorldRecipe { Seconds = [2], Fps = 4 },
            Split = WorldSplit.Test,
            Seed = 3,
            Count = count,
            Video = new WorldVideoSettings { Width = 64, Height = 64 },
        },
        cancellationToken: TestContext.Current.CancellationToken);

    private IReadOnlyList<ExamAnswer> Run(VideoModel model, ExamSettings settings, string path, Action<ExamAnswer, int>? onAnswer = null) =>
        Exam(model).Run(settings, path, onAnswer, TestContext.Current.CancellationToken);

    private WorldExam Exam(VideoModel model) => new(Folder, model, new MediaEncoder(MediaTools.Locate(), new VisualTokenCache(null)), TimeProvider.System);

    private static ExamSettings Settings(VideoModel model) => new()
    {
        Ask = new AskSettings { Generation = model.DefaultGeneration with { MaxNewTokens = 3 }, Sampling = SamplingSettings.Default with { Mode = SamplingMode.Frames, FrameCount = 4 } },
    };

    private VideoModel Model()
    {
        string folder = Path.Combine(_root, "model");
        if (!Directory.Exists(folder))
        {
            RandomCheckpoint.Create(folder, TinyModels.VideoChatFlash(259, 256, 258), 1, SafetensorsDtype.F32);
            ByteLevelTokenizerWriter.Write(Path.Combine(folder, "tokenizer.json"), []);
        }

        return VideoModel.Load(folder, new LoadSettings { Device = Device.CPU, Dtype = ScalarType.Float32 });
    }
}
