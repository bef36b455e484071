using Studio.Benchmarks.Evaluation;
using Studio.Benchmarks.Evaluation.Data;
using Studio.Benchmarks.Evaluation.Tasks;
using Studio.Benchmarks.Evaluation.Verification;
using Studio.Benchmarks.Records;
using Studio.Engine.Video;
using Xunit;

namespace Studio.Benchmarks.Tests.Evaluation.Data;

public sealed class EvalDataSourceTests : IDisposable
{
    private const string PerceptionRow = """{"video_name":"NAME","question_id":0,"question":"q","options":["cup","key","pen"],"answer_id":1}""";

    private const string VideoMmeRow = """{"question_id":"x-1","videoID":"v","question":"q?","options":["A. a.","B. b.","C. c.","D. d."],"answer":"B","duration":"short","domain":"Knowledge","sub_category":"Law","task_type":"OCR Problems"}""";

    private const string LongRow = """{"id":"ID","video_path":"v.mp4","question":"q?","candidates":["a cup","a key"],"correct_choice":1,"duration_group":15,"question_category":"S2E","duration":4.0,"starting_timestamp_for_subtitles":0,"subtitle_path":"ID.json"}""";

    private readonly DataFolder _data = new();

    public void Dispose() => _data.Dispose();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private IEvalData Open(EvalRequest request) => EvalDataSource.Open(request, _data.Options);

    private EvalRequest Perception(params string[] names)
    {
        _data.Write("annotations/perceptiontest/mc_question_val.json", $"[{string.Join(',', names.Select(n => PerceptionRow.Replace("NAME", n, StringComparison.Ordinal)))}]");
        _data.PathOf("media/x");
        return new() { Task = "perceptiontest", Annotations = Path.Combine(_data.Root, "annotations"), Videos = Path.Combine(_data.Root, "media") };
    }

    [Fact]
    public async Task Official_FilesAndVideos_MissingAreTold()
    {
        var video = _data.CopySample("media/perceptiontest/videos/there.mkv"); // another extension, in the task's folder
        var request = Perception("there", "gone", "there", "gone2", "gone");
        var data = Open(request);
        Assert.Equal(["gone.mp4", "gone2.mp4"], data.Missing);
        Assert.Equal((5, "perceptiontest"), (data.Documents.Count, data.Task.Name));
        var media = await data.MediaAsync(data.Documents[0], Ct);
        Assert.Equal((video, null, null), (media!.Path, media.Clip, media.Frames));
        var e = await Assert.ThrowsAsync<MediaException>(async () => await data.MediaAsync(data.Documents[1], Ct));
        Assert.Equal(MediaError.NotFound, e.Reason);
        Assert.Contains("gone/0", e.Message, StringComparison.Ordinal);
        Assert.Equal(64, data.AnnotationHash.Length);
        Assert.Equal(data.AnnotationHash, Open(request with { Limit = 1 }).AnnotationHash);
        Assert.NotEqual(data.AnnotationHash, Open(Perception("there", "gone")).AnnotationHash);
    }

    [Theory]
    [InlineData("annotations/mc_question_val.jsonl")]
    [InlineData("annotations/mc_question_val.json")]
    public void Official_FilesSideBySideOrOfAnotherFormat_AreFound(string name)
    {
        var request = Perception("v") with { Variant = EvalVariant.Blind, Videos = null };
        Directory.Delete(Path.Combine(_data.Root, "annotations"), recursive: true);
        var row = PerceptionRow.Replace("NAME", "w", StringComparison.Ordinal);
        var file = _data.Write(name, name.EndsWith('l') ? row + "\n" : $"[{row}]");
        Assert.Equal("w.mp4", Open(request).Documents[0].Media);
        Assert.Equal("w.mp4", Open(request with { Annotations = file }).Documents[0].Media);
    }

    [Fact]
    public void Official_NotThere_SaysWhatIsMissingAndWhatToDo()
    {
        var request = Perception("v");
        Assert.Contains("perceptiontest: its annotation files (perceptiontest/mc_question_val.json) do not ship", Error(request with { Annotations = null }), StringComparison.Ordinal);
        Assert.Contains("there is no folder or file", Error(request with { Annotations = "nowhere" }), StringComparison.Ordinal);
        Assert.Contains("name the folder that holds them, or take the variant without video", Error(request with { Videos = null }), StringComparison.Ordinal);
        Assert.Contains("there is no folder 'nowhere'", Error(request with { Videos = "nowhere" }), StringComparison.Ordinal);
        var mvbench = Error(request with { Task = "mvbench" });
        Assert.Contains("mvbench: 20 of 20 annotation files are not in", mvbench, StringComparison.Ordinal);
        Assert.Contains("mvbench/action_sequence.json", mvbench, StringComparison.Ordinal);
        Assert.Contains("the task has 20", Error(request with { Task = "mvbench", Annotations = _data.Write("one.json", "[]") }), StringComparison.Ordinal);
        Assert.Contains("holds no questions", Error(request with { Annotations = Path.Combine(_data.Root, "one.json") }), StringComparison.Ordinal);
        Assert.Contains("row 0: no field 'options'", Error(request with { Annotations = _data.Write("two.json", "[{}]") }), StringComparison.Ordinal);
        Assert.Contains("Tasks:", Assert.Throws<ArgumentException>(() => Open(request with { Task = "mvbenhc" })).Message, StringComparison.Ordinal);
        Assert.Contains("0 or more", Assert.Throws<ArgumentException>(() => Open(request with { Offset = -1 })).Message, StringComparison.Ordinal);
        Assert.Contains("leaves none of 1", Assert.Throws<ArgumentException>(() => Open(request with { Offset = 1 })).Message, StringComparison.Ordinal);
        Assert.Contains("1 or more documents", Assert.Throws<ArgumentException>(() => Open(request with { Limit = 0 })).Message, StringComparison.Ordinal);
    }

    private string Error(EvalRequest request) => Assert.Throws<InvalidDataException>(() => Open(request)).Message;

    [Fact]
    public void Variants_OffsetLimitSeed_DecideTheDocuments()
    {
        var request = Perception([.. Enumerable.Range(0, 12).Select(i => $"v{i}")]);
        var all = Open(request).Documents;
        Assert.Equal(all.Skip(3).Take(4).Select(d => d.Id), Open(request with { Offset = 3, Limit = 4 }).Documents.Select(d => d.Id));
        var shuffled = Open(request with { Variant = EvalVariant.Shuffled, Seed = 5 }).Documents;
        Assert.Equal(all.Select(d => Variants.Shuffled(d, 5).Options), shuffled.Select(d => d.Options));
        Assert.NotEqual(all.Select(d => d.GoldLetter), shuffled.Select(d => d.GoldLetter));
        Assert.Equal(12, Open(request).Missing.Count);
        Assert.Empty(Open(request with { Variant = EvalVariant.Blind }).Missing);
        Assert.Equal(["v3.mp4", "v4.mp4"], Open(request with { Offset = 3, Limit = 2 }).Missing);
    }

    [Fact]
    public async Task Custom_CsvBesideItsVideos()
    {
        var video = _data.CopySample("set/clips/v.mp4");
        var outside = _data.CopySample("w.mp4");
        var file = _data.Write("set/mine.csv", "video,question,option_a,option_b,answer,start,end\nclips/v.mp4,What?,cup,key,B,0.5,2\n../w.mp4,Who?,,,cat,,\n");
        var data = Open(new() { Task = "custom", Annotations = file });
        Assert.Equal(("custom/mine", 2), (data.Task.Name, data.Documents.Count));
        var media = await data.MediaAsync(data.Documents[0], Ct);
        Assert.Equal((video, (0.5, 2.0)), (media!.Path, media.Clip!.Value));
        Assert.Equal(["../w.mp4"], data.Missing); // there, but outside of the folder
        Assert.True(File.Exists(outside));
        await Assert.ThrowsAsync<MediaException>(async () => await data.MediaAsync(data.Documents[1], Ct));
        Assert.Contains("CSV or JSONL", Error(new() { Task = "custom" }), StringComparison.Ordinal);
    }

    [Fact]
    public void VideoMme_Subtitles_AreAttached()
    {
        _data.Write("annotations/test-00000-of-00001.json", $"[{VideoMmeRow},{VideoMmeRow.Replace("\"v\"", "\"w\"", StringComparison.Ordinal).Replace("x-1", "x-2", StringComparison.Ordinal)}]");
        _data.CopySample("media/data/v.mp4");
        var request = new EvalRequest { Task = "videomme_w_subtitle", Annotations = Path.Combine(_data.Root, "annotations"), Videos = Path.Combine(_data.Root, "media") };
        Assert.Contains("unpack the benchmark's subtitles", Error(request), StringComparison.Ordinal);
        _data.Write("media/subtitle/v.srt", "1\n00:00:01,000 --> 00:00:02,000\n<font color=\"white\" size=\".72c\">mind</font>\n");
        var data = Open(request);
        Assert.Contains("mind", data.Documents[0].SubtitleFile, StringComparison.Ordinal);
        Assert.Null(data.Documents[1].SubtitleFile);
        Assert.Equal(["w.mp4"], data.Missing);
        var plain = Open(request with { Task = "videomme" });
        Assert.Null(plain.Documents[0].SubtitleFile);
        Assert.NotEqual(plain.AnnotationHash, data.AnnotationHash);
        var probed = Open(request with { Task = "videomme_videoxl_w_subtitle" });
        Assert.Contains("mind", probed.Task.Prompt(probed.Documents[0]).Text, StringComparison.Ordinal); // lines at frames: the video was probed
        Assert.Contains("No subtitles available", probed.Task.Prompt(probed.Documents[1]).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void LongVideoBench_SubtitlesThatAreMissing_AreTold()
    {
        _data.Write("annotations/lvb_val.json", $"[{LongRow.Replace("ID", "a", StringComparison.Ordinal)},{LongRow.Replace("ID", "b", StringComparison.Ordinal)}]");
        _data.CopySample("media/v.mp4");
        _data.Write("media/subtitles/a.json", """[{"timestamp":[0.5,1.8],"text":"mind"}]""");
        var request = new EvalRequest { Task = "longvideobench", Annotations = Path.Combine(_data.Root, "annotations"), Videos = Path.Combine(_data.Root, "media") };
        var data = Open(request);
        Assert.Equal(["subtitles/b.json"], data.Missing);
        Assert.Contains("mind", data.Task.Prompt(data.Documents[0]).Text, StringComparison.Ordinal);
        Assert.Empty(Open(request with { Task = "longvideobench_val_v" }).Missing);
    }

    [Fact]
    public async Task FrameFolder_BecomesOneVideo_OfTheOriginalsFrames()
    {
        var colours = Enumerable.Range(0, 10).Select(i => ((byte)(20 * i), (byte)(200 - (15 * i)), (byte)90)).ToArray();
        var source = await _data.ColoursAsync("source.mp4", 10, i => colours[i]);
        var number = 0;
        foreach (var jpeg in await DataFolder.JpegsAsync(source, 10)) await File.WriteAllBytesAsync(_data.PathOf($"set/frames/f_{++number}.jpg"), jpeg, Ct);
        var file = _data.Write("set/mine.jsonl", """{"video":"frames","question":"q","answer":"x"}""");
        var request = new EvalRequest { Task = "custom", Annotations = file };
        var data = Open(request);
        var media = await data.MediaAsync(data.Documents[0], Ct);
        var (indices, seconds) = FrameFolders.Choose(10, 1, null, 512);
        Assert.Equal((8, 8, 10.0), (media!.Frames, indices.Count, seconds));
        var info = await new VideoProbe(DataFolder.Tools).ProbeAsync(media.Path, cancellationToken: Ct);
        Assert.Equal((8, seconds), (info.FrameCount, Math.Round(info.FrameCount / info.AverageFrameRate, 2)));
        var shown = await DataFolder.MiddlesAsync(media.Path);
        Assert.All(indices.Zip(shown), p => Assert.InRange(Math.Abs(colours[(int)p.First].Item1 - p.Second.R), 0, 9));
        Assert.Equal(media.Path, (await Open(request).MediaAsync(data.Documents[0], Ct))!.Path);

        // A setting of its own chooses among all.
        var whole = await Open(request with { Setting = new() { Frames = 4 } }).MediaAsync(data.Documents[0], Ct);
        Assert.Null(whole!.Frames);
        Assert.Equal(10, (await new VideoProbe(DataFolder.Tools).ProbeAsync(whole.Path, cancellationToken: Ct)).FrameCount);

        Directory.CreateDirectory(Path.Combine(_data.Root, "set", "empty"));
        var empty = Open(request with { Annotations = _data.Write("set/empty.jsonl", """{"video":"empty","question":"q","answer":"x"}""") });
        Assert.Contains("holds no frames", (await Assert.ThrowsAsync<MediaException>(async () => await empty.MediaAsync(empty.Documents[0], Ct))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OfficialAnnotations_WhereTheyAreThere_AllOpen()
    {
        var golden = EvalVerifier.Locate(null, AppContext.BaseDirectory);
        var folder = golden is null ? null : Path.GetFullPath(Path.Combine(golden, "..", "..", "annotations"));
        Assert.SkipUnless(Directory.Exists(folder), $"no official annotations beside golden evaluation files above {AppContext.BaseDirectory}");
        var opened = new List<string>();
        foreach (var task in TaskCatalog.All.Where(t => !SubtitleFiles.Apply(t) && t.Files.All(f => File.Exists(Path.Combine(folder!, f.File)))))
        {
            var data = Open(new() { Task = task.Name, Annotations = folder, Variant = EvalVariant.Blind });
            Assert.NotEmpty(data.Documents);
            Assert.All(data.Documents, d => Assert.NotEmpty(data.Task.Prompt(d).Text));
            opened.Add(task.Name);
        }

        Assert.Superset(new HashSet<string>(["niah", "mh-niah", "niah-videoxl", "videomme", "mvbench", "mlvu", "lvbench", "charades", "longvideobench_val_v"]), opened.ToHashSet());
    }
}
