using Studio.Benchmarks.Evaluation;
using Studio.Benchmarks.Evaluation.Data;
using Studio.Benchmarks.Evaluation.Tasks;
using Studio.Benchmarks.Records;
using Studio.Engine.Video;
using Studio.Engine.World;
using Xunit;

namespace Studio.Benchmarks.Tests.Evaluation.Data;

public sealed class DrawnDataTests : IDisposable
{
    private readonly DataFolder _data = new();

    public void Dispose() => _data.Dispose();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private IEvalData Open(EvalRequest request) => EvalDataSource.Open(request, _data.Options);

    [Fact]
    public void Niah_Default_IsTheWholeGrid()
    {
        var data = Open(new() { Task = "niah" });
        Assert.Equal(4 * 5 * DrawnGrid.PerCell, data.Documents.Count);
        Assert.IsType<WorldNeedle>(data.Task);
        var cells = data.Documents.GroupBy(NeedleGrid.CellOf).ToList();
        Assert.Equal(["64 frames, depth 0", "64 frames, depth 0.25"], cells.Take(2).Select(c => c.Key));
        Assert.Equal(20, cells.Count);
        Assert.All(cells, c => Assert.All(c.GroupBy(d => d.GoldLetter), g => Assert.InRange(g.Count(), 2, 3))); // letters are balanced in every cell
        Assert.All(data.Documents, d => Assert.Equal((4, 1, true), (d.Options.Distinct().Count(), d.Evidence.Count, d.Options[d.Gold!.Value] == d.Answer)));
        Assert.Equal(data.Documents.Count, data.Documents.Select(d => d.Id).Distinct().Count());
        Assert.Empty(data.Missing);
    }

    /// <summary>Cards of the world in the user's own videos: his frames in their order, none twice, and the card's four where the question's evidence says.</summary>
    [Theory]
    [InlineData("niah", 0.0)]
    [InlineData("niah", 0.5)]
    [InlineData("mh-niah", null)]
    public async Task OwnHaystacks_WithDrawnCards_KeepTheirFrames(string task, double? depth)
    {
        for (var v = 0; v < 2; v++) await _data.ColoursAsync($"hay/{v}.mp4", 12, i => Grey((v * 12) + i));
        var request = new EvalRequest { Task = task, Videos = Path.Combine(_data.Root, "hay"), Lengths = depth is null ? [36, 44] : [16, 24], Depths = depth is { } d ? [d] : null, Hops = depth is null ? [1] : null, PerCell = 2 };
        var data = Open(request);
        var drawn = Open(request with { Videos = null });
        Assert.Equal(drawn.Documents.Select(d => (d.Id, d.Question, d.Answer)), data.Documents.Select(d => (d.Id, d.Question, d.Answer))); // the same questions
        Assert.NotEqual(drawn.AnnotationHash, data.AnnotationHash);
        foreach (var document in data.Documents)
        {
            var media = (await data.MediaAsync(document, Ct))!;
            var middles = await DataFolder.MiddlesAsync(media.Path);
            Assert.Equal([int.Parse(document.Labels["frames"]), middles.Count], [media.Frames!.Value, media.Frames.Value]);
            Assert.All(media.Needles, n => Assert.InRange(n.End - n.Start, 2, 4)); // a short chain shows its cards for less
            // Chains have six further cards, which lead elsewhere: none has a middle in one of these greys here.
            var hay = middles.Where((c, i) => !media.Needles.Any(n => i >= n.Start && i < n.End) && Math.Max(c.R, Math.Max(c.G, c.B)) - Math.Min(c.R, Math.Min(c.G, c.B)) < 12)
                .Select(c => (int)Math.Round((c.G - 10) / 8.0)).Where(n => n < 24).ToList();
            Assert.InRange(hay.Count, media.Frames.Value - (depth is null ? 8 * 4 : 4), media.Frames.Value - (depth is null ? 8 : 4));
            var first = document.Id.EndsWith('1') ? 12 : 0; // the second question begins with the second video
            Assert.Equal(Enumerable.Range(0, hay.Count).Select(i => (first + i) % 24), hay);
        }

        File.Delete(_data.PathOf("hay/1.mp4"));
        Assert.NotEqual(data.AnnotationHash, Open(request).AnnotationHash);
        if (depth is not null) Assert.Contains("12 different frames", (await Assert.ThrowsAsync<MediaException>(async () => await Open(request).MediaAsync(data.Documents[0], Ct))).Message, StringComparison.Ordinal);
        Assert.Contains("no folder or video 'nowhere'", Assert.Throws<InvalidDataException>(() => Open(request with { Videos = "nowhere" })).Message, StringComparison.Ordinal);
        Assert.Contains("have no questions", Assert.Throws<ArgumentException>(() => Open(request with { Needles = _data.Root })).Message, StringComparison.Ordinal);

        static (byte R, byte G, byte B) Grey(int i) => ((byte)(10 + (8 * i)), (byte)(10 + (8 * i)), (byte)(10 + (8 * i)));
    }

    [Fact]
    public void MhNiah_Default_ChainsOfOneToThreeHops()
    {
        var data = Open(new() { Task = "mh-niah" });
        Assert.Equal(4 * 3 * DrawnGrid.PerCell, data.Documents.Count);
        Assert.All(data.Documents, d => Assert.Equal(int.Parse(d.Labels["hops"]) + 1, d.Evidence.Count)); // every card of the chain
        Assert.Equal("64 frames, hops 1", NeedleGrid.CellOf(data.Documents[0]));
        var samples = data.Documents.Select((d, i) => new ScoredSample(d, "", data.Task.Score(d, i % 2 == 0 ? $"({d.GoldLetter}) {d.Answer}" : "none"))).ToList();
        var rows = data.Task.Aggregate(samples);
        Assert.Equal((13, "overall", 0.5), (rows.Count, rows[0].Name, rows[0].Corrected));
    }

    [Fact]
    public void Niah_SameSeed_SameData_AndALargerGridKeepsItsCells()
    {
        var small = new EvalRequest { Task = "niah", Lengths = [16], Depths = [0.5], PerCell = 3, Seed = 7 };
        var one = Open(small);
        Assert.Equal(one.Documents.Select(Shown), Open(small).Documents.Select(Shown));
        Assert.Equal(one.AnnotationHash, Open(small).AnnotationHash);
        var larger = Open(small with { Lengths = [8, 16], Depths = [0, 0.5], PerCell = 4 });
        Assert.Subset(larger.Documents.Select(Shown).ToHashSet(), one.Documents.Select(Shown).ToHashSet());
        Assert.NotEqual(one.AnnotationHash, larger.AnnotationHash);
        Assert.NotEqual(one.Documents.Select(Shown), Open(small with { Seed = 8 }).Documents.Select(Shown));
        Assert.Equal(["16"], Open(small with { Lengths = null, Setting = new() { Frames = 16 } }).Documents.Select(d => d.Labels["frames"]).Distinct());

        static string Shown(EvalDocument d) => $"{d.Id} {d.Question} {string.Join('|', d.Options)} {d.Answer} {string.Join(' ', d.Evidence)}";
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0.5, 6)]
    [InlineData(1, 12)]
    public async Task Niah_Video_HasTheNeedleWhereItSays(double depth, int start)
    {
        var data = Open(new() { Task = "niah", Lengths = [16], Depths = [depth], PerCell = 1 });
        var media = await data.MediaAsync(data.Documents[0], Ct);
        Assert.Equal((16, (start, start + 4.0)), (media!.Frames, Assert.Single(media.Needles)));
        var info = await new VideoProbe(DataFolder.Tools).ProbeAsync(media.Path, cancellationToken: Ct);
        Assert.Equal((16, 16.0, "h264"), (info.FrameCount, info.Duration, info.Codec));

        // Every frame is read, once and in order, by either model's rule.
        foreach (var rule in Enum.GetValues<SamplingRule>())
        {
            var selection = FrameSampling.Select(info, SamplingSettings.Uniform(media.Frames!.Value) with { Rule = rule });
            Assert.Equal(Enumerable.Range(0, 16).Select(i => (long)i), selection.Indices);
        }

        // The card stands still for its four seconds; what is around it does not.
        var frames = new List<byte[]>();
        await foreach (var frame in new FrameReader(DataFolder.Tools).ReadAsync(info, FrameSampling.Select(info, SamplingSettings.Uniform(16)), Ct))
        {
            frames.Add(frame.Rgb.ToArray());
            frame.Dispose();
        }

        double Change(int from) => frames[from].Zip(frames[from + 1], (a, b) => Math.Abs(a - b)).Average();
        Assert.All(Enumerable.Range(start, 3), i => Assert.InRange(Change(i), 0, 6));
        if (start > 0) Assert.InRange(Change(start - 1), 12, 255);
        if (start < 12) Assert.InRange(Change(start + 3), 12, 255);
        Assert.Equal(media.Path, (await data.MediaAsync(data.Documents[0], Ct))!.Path);
        Assert.Equal(1, _data.Store.Made);
    }

    [Fact]
    public async Task MhNiah_Video_ShowsEveryCard()
    {
        var data = Open(new() { Task = "mh-niah", Lengths = [24], Hops = [2], PerCell = 1 });
        var media = await data.MediaAsync(data.Documents[0], Ct);
        Assert.Equal((24, 3), (media!.Frames, media.Needles.Count));
        Assert.All(media.Needles.Zip(media.Needles.Skip(1)), p => Assert.True(p.First.End <= p.Second.Start));
        Assert.Equal(24, (await new VideoProbe(DataFolder.Tools).ProbeAsync(media.Path, cancellationToken: Ct)).FrameCount);
    }

    [Theory]
    [InlineData("niah", "16", null, null, EvalProtocol.Original, "original's protocol")]
    [InlineData("mh-niah", "8", "3", null, EvalProtocol.Generated, "a chain of 3 hops in 8 frames; give 16 to")]
    [InlineData("mh-niah", "64", "7", null, EvalProtocol.Generated, "hops of 7; give 1 to 6")]
    [InlineData("niah", "16,16", null, null, EvalProtocol.Generated, "each once")]
    [InlineData("niah", "0", null, null, EvalProtocol.Generated, "lengths of 0")]
    [InlineData("niah", "16", null, 16, EvalProtocol.Generated, "16 frames beside lengths")]
    public void Needles_WhatCannotBe_IsRefused(string task, string lengths, string? hops, int? frames, EvalProtocol protocol, string message)
    {
        var request = new EvalRequest { Task = task, Lengths = Numbers(lengths), Hops = hops is null ? null : Numbers(hops), Protocol = protocol, Setting = new() { Frames = frames } };
        Assert.Contains(message, Assert.Throws<ArgumentException>(() => Open(request)).Message, StringComparison.Ordinal);

        static int[] Numbers(string list) => [.. list.Split(',').Select(int.Parse)];
    }

    [Fact]
    public async Task World_ReadyMade_HasEveryKindInEveryLength()
    {
        var data = Open(new() { Task = "world" });
        Assert.Equal(WorldKinds.All.Count * 4, data.Documents.Count);
        Assert.Equal(WorldKinds.All.Count * 4, data.Documents.Select(d => (d.Labels["kind"], d.Labels["length"])).Distinct().Count());
        Assert.Equal(["lettered", "open"], data.Documents.Select(d => d.Labels["form"]).Distinct().Order());
        Assert.Equal(WorldKinds.All.Count * 8, Open(new() { Task = "world", PerCell = 2 }).Documents.Count);
        Assert.NotEqual(data.AnnotationHash, Open(new() { Task = "world", Seed = 1 }).AnnotationHash);
        var shortest = data.Documents.First(d => d.Labels["length"] == "8 s");
        var media = await data.MediaAsync(shortest, Ct);
        var info = await new VideoProbe(DataFolder.Tools).ProbeAsync(media!.Path, cancellationToken: Ct);
        Assert.Equal((16, 8.0, 8), (info.FrameCount, info.Duration, media.Frames));
        Assert.Null((await Open(new() { Task = "world", Setting = new() { Frames = 4 } }).MediaAsync(shortest, Ct))!.Frames);
        var needle = data.Documents.First(d => d.Labels["kind"] == "chain" && d.Labels["length"] == "8 s" || d.Labels["kind"] == "needle");
        Assert.Equal(needle.Evidence, (await data.MediaAsync(needle, Ct))!.Needles);
        Assert.NotEmpty(needle.Evidence);
    }

    [Fact]
    public void World_RightAndWrongAnswers_AreTold()
    {
        var data = Open(new() { Task = "world" });
        foreach (var document in data.Documents)
        {
            var right = document.Options.Count > 0 ? $"({document.GoldLetter}) {document.Answer}" : document.Answer;
            Assert.Equal((1, 1.0), (data.Task.Score(document, right).Corrected, data.Task.Score(document, right).Official));
            Assert.Equal(0, data.Task.Score(document, "???").Corrected);

            // What leads to the answer may name every option.
            var led = string.Join(", ", document.Options) + ". Answer: ";
            Assert.Equal(1, data.Task.Score(document, led + document.Answer).Corrected);
            Assert.Equal(0, data.Task.Score(document, led + (document.Options.FirstOrDefault(o => o != document.Answer) ?? "nothing")).Corrected);
            Assert.Equal(0, data.Task.Score(document, led).Corrected);
        }

        var samples = data.Documents.Select(d => new ScoredSample(d, "", data.Task.Score(d, d.Answer))).ToList();
        var rows = data.Task.Aggregate(samples);
        Assert.Contains(rows, r => r is { Name: "kind: needle", Corrected: 100, Count: 4 });
        Assert.Contains(rows, r => r is { Name: "length: 64 s", Count: 12 });
    }

    [Fact]
    public async Task World_FolderThatWasMade_IsAsked()
    {
        var folder = Path.Combine(_data.Root, "made");
        _ = await new WorldFolder(folder, DataFolder.Tools).MakeAsync(
            new() { Recipe = new WorldRecipe { Kinds = new Dictionary<WorldKind, int> { [WorldKind.Needle] = 1 }, Seconds = [4], Fps = 2 }, Split = WorldSplit.Test, Seed = 3, Count = 2, Video = new() { Width = 64, Height = 64 } },
            cancellationToken: Ct);
        var data = Open(new() { Task = "world", Annotations = folder });
        Assert.Equal((2, 0), (data.Documents.Count, data.Missing.Count));
        var media = await data.MediaAsync(data.Documents[1], Ct);
        Assert.Equal(Path.Combine(folder, data.Documents[1].Media), media!.Path);
        Assert.Equal((1, null), (media.Needles.Count, media.Frames));
        var document = data.Documents[0];
        Assert.Equal(1, data.Task.Score(document, document.GoldLetter ?? document.Answer).Corrected);
    }
}
