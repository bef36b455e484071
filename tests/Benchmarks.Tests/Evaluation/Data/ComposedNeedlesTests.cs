using Studio.Benchmarks.Evaluation.Data;
using Studio.Benchmarks.Evaluation.Tasks;
using Studio.Benchmarks.Records;
using Studio.Engine.Video;
using Xunit;

namespace Studio.Benchmarks.Tests.Evaluation.Data;

public sealed class ComposedNeedlesTests : IDisposable
{
    private const string Question = "Find it. what is it\\nOptions: (A) cup\\n(B) key\\nOnly give the best option. Best option: (";

    private readonly DataFolder _data = new();

    public void Dispose() => _data.Dispose();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private IEvalData Open(EvalRequest request) => EvalDataSource.Open(request, _data.Options);

    /// <summary>Grey haystack videos that brighten frame by frame, and red, green and blue needle images.</summary>
    private async Task<EvalRequest> MakeAsync(string task, int videos = 1, int frames = 12)
    {
        for (var v = 0; v < videos; v++) await _data.ColoursAsync($"hay/{v}.mp4", frames, i => Grey((v * frames) + i));
        foreach (var (name, colour) in new[] { ("red", (R: (byte)230, G: (byte)20, B: (byte)20)), ("green", (R: (byte)20, G: (byte)200, B: (byte)20)), ("blue", (R: (byte)20, G: (byte)20, B: (byte)230)) })
        {
            var jpeg = (await DataFolder.JpegsAsync(await _data.ColoursAsync($"source/{name}.mp4", 1, _ => colour, 80, 60), 1))[0];
            await File.WriteAllBytesAsync(_data.PathOf($"needles/{name}.jpg"), jpeg, Ct);
        }

        _data.Write("annotations/niah-coco-singlehop_20.json", $$"""[{"question":"{{Question}}","answer":"B","image":"single/red.jpg"},{"question":"{{Question}}","answer":"A","image":"blue.jpg"}]""");
        _data.Write("annotations/niah-coco-multihop-100.json", $$"""[{"images":["red.jpg","green.jpg","blue.jpg"],"question1":"{{Question}}","answer1":"A","question2":"{{Question}}","answer2":"B"},{"images":["red.jpg","green.jpg"],"question1":"{{Question}}","answer1":"A","question2":"{{Question}}","answer2":"B"}]""");
        _data.Write("annotations/qa.json", $$"""{"retrieval_question":["Question: What?"],"answer":["A"],"needle":["red.jpg"]}""");
        return new() { Task = task, Annotations = Path.Combine(_data.Root, "annotations"), Videos = Path.Combine(_data.Root, "hay"), Needles = Path.Combine(_data.Root, "needles") };
    }

    private static (byte R, byte G, byte B) Grey(int i) => ((byte)(10 + (8 * i)), (byte)(10 + (8 * i)), (byte)(10 + (8 * i)));

    /// <summary>The number of a haystack frame, or r, g or b for a needle.</summary>
    private static async Task<string> ReadAsync(string video) => string.Join(' ', (await DataFolder.MiddlesAsync(video)).Select(c =>
        Math.Max(c.R, Math.Max(c.G, c.B)) - Math.Min(c.R, Math.Min(c.G, c.B)) < 40 ? $"{(int)Math.Round((c.G - 10) / 8.0)}" : c.R > 128 ? "r" : c.G > 128 ? "g" : "b"));

    [Fact]
    public async Task Niah_NeedleAtEveryDepth_ExactToTheFrame()
    {
        var data = Open(await MakeAsync("niah") with { Lengths = [5, 9], Depths = [0, 0.5, 1] });
        Assert.Equal((typeof(NiahSingle), 2 * 2 * 3, 0), (data.Task.GetType(), data.Documents.Count, data.Missing.Count));
        Assert.Equal("single/0@5 frames, depth 0", data.Documents[0].Id);
        var shown = new List<string>();
        foreach (var document in data.Documents.Where(d => d.Id.StartsWith("single/0", StringComparison.Ordinal)))
        {
            var media = (await data.MediaAsync(document, Ct))!;
            var info = await new VideoProbe(DataFolder.Tools).ProbeAsync(media.Path, PacketPass.Always, Ct);
            Assert.Equal((media.Frames, 1.0, false, 448), ((int)info.FrameCount, info.AverageFrameRate, info.IsVariableFrameRate, info.Width));
            var text = await ReadAsync(media.Path);
            shown.Add(text);
            var needle = Assert.Single(media.Needles);
            Assert.Equal(Array.IndexOf(text.Split(' '), "r"), (int)needle.Start);
            Assert.Equal(4, needle.End - needle.Start);
        }

        Assert.Equal(
            ["r r r r 0 1 2 3 4", "0 1 r r r r 2 3 4", "0 1 2 3 4 r r r r", "r r r r 0 1 2 3 4 5 6 7 8", "0 1 2 3 r r r r 4 5 6 7 8", "0 1 2 3 4 5 6 7 8 r r r r"], shown);
        Assert.Equal(1 + 1 + 6, _data.Store.Made); // a haystack, a needle, six joined
        Assert.Contains("b", await ReadAsync((await data.MediaAsync(data.Documents[1], Ct))!.Path), StringComparison.Ordinal);
    }

    [Fact]
    public async Task MhNiah_Chain_LiesWhereTheOriginalPutsIt()
    {
        var request = await MakeAsync("mh-niah") with { Lengths = [6] };
        var data = Open(request);
        Assert.Equal(["multi/0/caption@6 frames", "multi/0/qa@6 frames"], data.Documents.Take(2).Select(d => d.Id));
        var media = (await data.MediaAsync(data.Documents[1], Ct))!;
        Assert.Equal("r r r r 0 1 2 g g g g 3 4 5 b b b b", await ReadAsync(media.Path));
        Assert.Equal([(0.0, 4.0), (7.0, 11.0), (14.0, 18.0)], media.Needles);
        Assert.Equal(18, media.Frames);
        Assert.Equal(data.Documents[0].Cluster, data.Documents[1].Cluster);
        Assert.Equal(["multi/1/caption@6 frames", "multi/1/qa@6 frames"], Open(request with { Hops = [1] }).Documents.Select(d => d.Id));
        Assert.Equal(2, Open(request with { PerCell = 1 }).Documents.Count);
        Assert.Contains("no chain has 5 hops; there are 1, 2", Assert.Throws<ArgumentException>(() => Open(request with { Hops = [5] })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task VideoXl_OneFrameANeedle_HaystackSpreadOverTheVideo()
    {
        var data = Open(await MakeAsync("niah-videoxl") with { Lengths = [4], Depths = [0.5] });
        var media = (await data.MediaAsync(data.Documents[0], Ct))!;
        Assert.Equal("0 3 r 7 11", await ReadAsync(media.Path)); // truncated linspace(0, 11, 4)
        Assert.Equal((5, (2.0, 3.0)), (media.Frames, Assert.Single(media.Needles)));
    }

    [Fact]
    public async Task Haystack_GoesOnWithTheNextVideo_AndNeverRepeats()
    {
        var data = Open(await MakeAsync("niah", videos: 2, frames: 6) with { Lengths = [10], Depths = [0] });
        Assert.Equal("r r r r 0 1 2 3 4 5 6 7 8 9", await ReadAsync((await data.MediaAsync(data.Documents[0], Ct))!.Path));
        Assert.Equal("b b b b 6 7 8 9 10 11 0 1 2 3", await ReadAsync((await data.MediaAsync(data.Documents[1], Ct))!.Path)); // the second question begins with the second video
        var longer = Open(await MakeAsync("niah", videos: 2, frames: 6) with { Lengths = [13], Depths = [0] });
        var e = await Assert.ThrowsAsync<MediaException>(async () => await longer.MediaAsync(longer.Documents[0], Ct));
        Assert.Contains("niah: the 2 haystack videos have together 12 different frames", e.Message, StringComparison.Ordinal);
        Assert.Contains("a haystack of 13", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Haystack_ThatStandsStill_IsOneFrame()
    {
        var request = await MakeAsync("niah");
        Directory.Delete(Path.Combine(_data.Root, "hay"), recursive: true);
        await _data.ColoursAsync("hay/still.mp4", 30, _ => Grey(3));
        var data = Open(request with { Lengths = [8], Depths = [0] });
        var e = await Assert.ThrowsAsync<MediaException>(async () => await data.MediaAsync(data.Documents[0], Ct));
        Assert.Contains("give longer videos, or shorter lengths", e.Message, StringComparison.Ordinal);
        Assert.Matches(@"still.mp4' has [1-9] different frames \(30 at one a second\)", e.Message); // the encoder's own noise aside
    }

    [Fact]
    public async Task Original_LaysItsOwnGrid()
    {
        var single = Open(await MakeAsync("niah") with { Protocol = EvalProtocol.Original });
        Assert.Equal(["1000 frames, depth 0", "1000 frames, depth 0.2"], single.Documents.Select(NeedleGrid.CellOf).Distinct().Take(2));
        Assert.Equal(10 * 6 * 2, single.Documents.Count);
        var videoXl = Open(await MakeAsync("niah-videoxl") with { Protocol = EvalProtocol.Original });
        Assert.Equal([1, 187, 373, 559], videoXl.Documents.Select(d => int.Parse(d.Labels["frames"])).Distinct().Take(4));
        Assert.Equal(12 * 5, videoXl.Documents.Count);
        var multi = Open(await MakeAsync("mh-niah") with { Protocol = EvalProtocol.Original });
        Assert.Equal((10 * 2 * 2, "10000"), (multi.Documents.Count, multi.Documents[^1].Labels["frames"]));
    }

    [Fact]
    public async Task WhatIsMissing_IsTold()
    {
        var request = await MakeAsync("niah") with { Lengths = [4] };
        File.Delete(Path.Combine(_data.Root, "needles", "blue.jpg"));
        var data = Open(request);
        Assert.Equal(["blue.jpg"], data.Missing);
        Assert.Contains("blue.jpg", (await Assert.ThrowsAsync<MediaException>(async () => await data.MediaAsync(data.Documents[1], Ct))).Message, StringComparison.Ordinal);
        Assert.Contains("name both folders, or leave the annotations out", Error(request with { Needles = null }), StringComparison.Ordinal);
        Assert.Contains("name the folder of needle images", Error(request with { Needles = "nowhere" }), StringComparison.Ordinal);
        Assert.Contains("no folder or video 'nowhere'", Error(request with { Videos = "nowhere" }), StringComparison.Ordinal);
        Assert.Contains("holds no videos", Error(request with { Videos = request.Needles }), StringComparison.Ordinal);
        Assert.Equal(10, Open(request with { Variant = EvalVariant.Blind, Videos = null, Needles = null }).Documents.Count);

        string Error(EvalRequest r) => Assert.Throws<InvalidDataException>(() => Open(r)).Message;
    }
}
