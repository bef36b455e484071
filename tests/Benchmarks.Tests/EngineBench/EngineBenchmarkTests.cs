using System.Text.Json;
using Studio.Benchmarks.EngineBench;
using Studio.Engine.Chat;
using Studio.Engine.Chat.Planning;
using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.Engine.Torch;
using Xunit;

namespace Studio.Benchmarks.Tests.EngineBench;

/// <summary>Reads meters of the whole process: runs after the others. Times are never judged here.</summary>
[CollectionDefinition(nameof(EngineBenchmarkTests), DisableParallelization = true)]
public sealed class EngineBenchMeters;

[Collection(nameof(EngineBenchmarkTests))]
public sealed class EngineBenchmarkTests(EngineBenchmarkTests.Tiny tiny) : IClassFixture<EngineBenchmarkTests.Tiny>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static EngineBenchOptions Quick => new()
    {
        Frames = 8,
        PrefillTokens = 128,
        TextTokens = 20,
        DecodeTokens = 4,
        Repeats = 2,
        Video = Path.Combine(AppContext.BaseDirectory, "samples", "shapes.mp4"),
        Probe = new() { Budget = TimeSpan.FromMilliseconds(30), Products = [(64, 64, 64)], BandwidthBytes = 1 << 20 },
    };

    [Fact]
    public void Run_EveryStage_GivesItsRows()
    {
        var options = Quick with { Stages = Enum.GetValues<BenchStage>(), LongFrames = 40, Compression = new VisualDropout(CompressionType.Uniform, [2], [1, 0.5]) };
        var seen = new List<string>();
        var lines = new List<string>();
        var report = new EngineBenchmark(tiny.Model, options).Run(row => seen.Add(row.Name), lines.Add, Ct);
        Assert.Equal(seen, report.Rows.Select(r => r.Name));
        Assert.Equal(["frames", "tower", "connector", "memory", "prefill", "decode"], seen.Take(6));
        Assert.Equal(["reuse", "long prefill"], seen.TakeLast(2));
        Assert.Equal(10, seen.Count(n => n.StartsWith("layer ", StringComparison.Ordinal) || n.StartsWith("block ", StringComparison.Ordinal)));
        Assert.All(report.Rows, r => Assert.True(r.Seconds.All(s => s > 0) && r.Items > 0 && r.Seconds.SequenceEqual(r.Seconds.Order()), r.Name));
        Assert.All(report.Rows.Where(r => r.Name != "memory"), r => Assert.True(r.Share > 0 && r.Limit!.Mean > 0, r.Name));
        string[] metered = ["tower", "memory", "prefill", "decode", "long prefill"];
        Assert.All(report.Rows.Where(r => metered.Contains(r.Name)), r => Assert.True(r.PeakBytes > 0 && r.FormulaBytes > 0 && r.MemoryRatio > 0, r.Name));
        Assert.NotNull(report.Rows.Single(r => r.Name == "decode").AllocatedPerStep);
        Assert.Equal(6, lines.Count(l => l.StartsWith("long: layer ", StringComparison.Ordinal)));
    }

    [Fact]
    public void Run_FlopsOfRows_AreTheCostModels()
    {
        var compression = new VisualDropout(CompressionType.Uniform0Attention, [2, 4], [1, 0.5, 0.25]);
        var options = Quick with { Stages = [BenchStage.Tower, BenchStage.Connector, BenchStage.Prefill, BenchStage.Decode], Compression = compression };
        var rows = new EngineBenchmark(tiny.Model, options).Run(ct: Ct).Rows.ToDictionary(r => r.Name);
        var cost = CostModel.Of(new()
        {
            Model = tiny.Model.Config,
            Visuals = [VisualInput.Video(8)],
            TextTokens = 20,
            NewTokens = 4,
            Compression = compression,
            StoredType = ScalarType.Float32,
        });
        Assert.Equal(cost.Visual.Tower, rows["tower"].Flops);
        Assert.Equal(cost.Visual.Merge + cost.Visual.Connector, rows["connector"].Flops);
        Assert.Equal(cost.Decoder.PrefillFlops, rows["prefill"].Flops);
        Assert.Equal(148, rows["prefill"].Items);
        Assert.Equal(cost.Decoder.DecodePerToken, rows["decode"].Flops);
        Assert.True(rows["decode"].Bytes > cost.Decoder.DecodeBytesPerToken);
    }

    [Fact]
    public void Run_VideoXl_HasAWindowForEachRatio()
    {
        using var model = RandomModels.InMemory(
            new PublishedGeometry("T", "tiny", "tiny", "none/tiny", TinyModels.VideoXl(), new GenerationConfig()), 1, new LoadSettings(), ScalarType.Float32);
        var options = Quick with
        {
            Stages = [BenchStage.Tower, BenchStage.Memory, BenchStage.Prefill, BenchStage.Windows, BenchStage.Decode, BenchStage.Reuse], LongFrames = 128, Compression = VstCompression.Given(8),
        };
        var rows = new EngineBenchmark(model, options).Run(ct: Ct).Rows;
        Assert.Equal(
            ["tower", "memory", "prefill", "decode", "window kept", "window 1/2", "window 1/4", "window 1/8", "window 1/12", "window 1/16", "reuse", "long prefill"], rows.Select(r => r.Name));
        var windows = rows.Where(r => r.Name.StartsWith("window", StringComparison.Ordinal)).ToList();
        Assert.All(windows, r => Assert.Equal(1440, r.Items));
        Assert.True(windows[1].Flops > windows[5].Flops && windows[5].Flops > windows[0].Flops);
        // 4 layers of 2 heads of 16 channels in fp32, keys and values: 1 KiB a row.
        Assert.Contains("cache of 1,000 frames: 8.79 MiB", windows[5].Notes, StringComparison.Ordinal);
        Assert.All(rows.Where(r => r.Name is "tower" or "long prefill" || r.Name.StartsWith("window", StringComparison.Ordinal)), r => Assert.InRange(r.MemoryRatio!.Value, 0.85, 1.15));
    }

    [Fact]
    public void Run_LongerVideo_TakesNoMoreThanItsTokens()
    {
        var row = Assert.Single(new EngineBenchmark(tiny.Model, Quick with { Stages = [BenchStage.Memory] }).Run(ct: Ct).Rows);
        Assert.All(row.Aims, aim => Assert.True(aim.Met, row.Notes));
        Assert.NotEmpty(row.Aims);
    }

    [Fact]
    public void Run_PartOfAClip_IsRoundedUp()
    {
        var rows = new EngineBenchmark(tiny.Model, Quick with { Stages = [BenchStage.Tower, BenchStage.Prefill], Frames = 5, PrefillTokens = 65 }).Run(ct: Ct).Rows;
        Assert.Equal(8, rows[0].Items);
        Assert.Equal(128 + 20, rows[1].Items);
    }

    [Fact]
    public void Run_Cancelled_Throws()
    {
        using var source = new CancellationTokenSource();
        var benchmark = new EngineBenchmark(tiny.Model, Quick with { Stages = [BenchStage.Prefill] });
        var live = torch.CpuMemory().Live;
        Assert.ThrowsAny<OperationCanceledException>(() => benchmark.Run(progress: _ => source.Cancel(), ct: source.Token));
        Assert.Equal(live, torch.CpuMemory().Live);
    }

    [Fact]
    public void Run_Twice_FreesWhatItTook()
    {
        var options = Quick with { Stages = [BenchStage.Tower, BenchStage.Prefill, BenchStage.Decode, BenchStage.Parts, BenchStage.Reuse], Repeats = 1 };
        _ = new EngineBenchmark(tiny.Model, options).Run(ct: Ct);
        var before = Tensor.LiveCount;
        _ = new EngineBenchmark(tiny.Model, options).Run(ct: Ct);
        Assert.Equal(before, Tensor.LiveCount);
    }

    [Theory]
    [InlineData("frames", "0 is not 1")]
    [InlineData("prefill", "-1 is not 1")]
    [InlineData("decode", "4097 is not 1")] // one past the cap
    [InlineData("repeats", "101 is not 1")] // one past the cap
    [InlineData("long", "50001 is not 0")] // one past the cap
    [InlineData("text", "1 is not 2")] // text stands before and behind the video
    [InlineData("video", "missing.mp4 does not exist")]
    [InlineData("no video", "needs a video")]
    [InlineData("nothing", "nothing to measure")]
    [InlineData("deep", "layer 6")] // the tiny decoder has six layers
    public void Run_OptionOutOfRange_IsRefusedWithReason(string option, string reason)
    {
        var options = option switch
        {
            "frames" => Quick with { Frames = 0 },
            "prefill" => Quick with { PrefillTokens = -1 },
            "decode" => Quick with { DecodeTokens = EngineBenchOptions.MaxDecodeTokens + 1 },
            "repeats" => Quick with { Repeats = EngineBenchOptions.MaxRepeats + 1 },
            "long" => Quick with { LongFrames = EngineBenchOptions.MaxFrames + 1 },
            "text" => Quick with { TextTokens = 1 },
            "video" => Quick with { Video = "missing.mp4" },
            "no video" => Quick with { Video = null },
            "nothing" => Quick with { Stages = [] },
            _ => Quick with { Compression = new VisualDropout(CompressionType.Uniform, [6], [1, 0.5]) },
        };
        var e = Assert.Throws<ArgumentException>(() => new EngineBenchmark(tiny.Model, options).Run(ct: Ct));
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ParseStages_Names_AreOrderedAndDistinct() =>
        Assert.Equal([BenchStage.Tower, BenchStage.Prefill, BenchStage.Decode], EngineBenchOptions.ParseStages("decode, tower,prefill,tower"));

    [Theory]
    [InlineData("tower,speed", "'speed'")]
    [InlineData("3", "'3'")] // a number is no name, although it is an enum's value
    [InlineData(" , ", "no stage is named")]
    public void ParseStages_UnknownOrNone_ListsTheNames(string text, string reason)
    {
        var e = Assert.Throws<ArgumentException>(() => EngineBenchOptions.ParseStages(text));
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
        Assert.Contains("frames, tower, connector, memory, prefill, windows, parts, decode, reuse", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Json_OfAReport_IsOneLineWithEveryField()
    {
        var report = Fixed;
        var line = BenchJson.Render(report);
        Assert.DoesNotContain('\n', line);
        using var json = JsonDocument.Parse(line);
        var root = json.RootElement;
        Assert.Equal("model", root.GetProperty("model").GetString());
        Assert.Equal(2, root.GetProperty("threads").GetInt32());
        var rows = root.GetProperty("rows");
        Assert.Equal(2, rows.GetArrayLength());
        Assert.Equal(2.0, rows[0].GetProperty("medianSeconds").GetDouble());
        Assert.Equal(5.0, rows[0].GetProperty("itemsPerSecond").GetDouble());
        Assert.Equal(50.0, rows[0].GetProperty("flopsPerSecond").GetDouble());
        Assert.Equal(100.0, rows[0].GetProperty("limit").GetProperty("before").GetDouble());
        Assert.Equal(0.9, rows[0].GetProperty("memoryRatio").GetDouble(), 12);
        Assert.False(rows[0].GetProperty("aims")[0].GetProperty("met").GetBoolean());
        foreach (var name in new[] { "flops", "bytes", "limit", "share", "peakBytes", "formulaBytes", "memoryRatio", "allocatedPerStep" })
        {
            Assert.Equal(JsonValueKind.Null, rows[1].GetProperty(name).ValueKind); // not measured is not zero
        }

        Assert.Equal(rows[0].EnumerateObject().Select(p => p.Name), rows[1].EnumerateObject().Select(p => p.Name));
    }

    [Fact]
    public void Text_OfAReport_ShowsRatesShareAndMissedAims()
    {
        var text = BenchText.Render(Fixed);
        Assert.Contains("5 tokens/s", text, StringComparison.Ordinal);
        Assert.Contains("50 FLOP/s", text, StringComparison.Ordinal);
        Assert.Contains("0.42", text, StringComparison.Ordinal);
        Assert.Contains("missed: at least 70% of matrix products", text, StringComparison.Ordinal);
        Assert.Contains("(1.00 s to 3.00 s, 3 runs)", text, StringComparison.Ordinal);
    }

    private static BenchReport Fixed => new()
    {
        Model = "model",
        Device = "cpu",
        ComputeType = "fp32",
        StoredType = "bf16",
        Threads = 2,
        Cpu = "a CPU",
        Libtorch = "1",
        Blas = "a BLAS",
        Compression = "off",
        MeasuredAt = DateTimeOffset.UnixEpoch,
        PeakProcessBytes = 1 << 20,
        Rows =
        [
            new()
            {
                Name = "prefill",
                Unit = "tokens",
                Items = 10,
                Seconds = [1, 2, 3],
                Flops = 100,
                Limit = new("matrix products", "FLOP/s", 100, 140),
                Share = 0.42,
                PeakBytes = 90,
                FormulaBytes = 100,
                Aims = [BenchRow.AtLeast(0.42, 0.70, "matrix products")],
                Notes = "sizes",
            },
            new() { Name = "memory", Unit = "frames", Items = 8, Seconds = [1] },
        ],
    };

    /// <summary>The tiny random model in memory.</summary>
    public sealed class Tiny : IDisposable
    {
        public VideoModel Model { get; } = RandomModels.InMemory(
            new PublishedGeometry("T", "tiny", "tiny", "none/tiny", TinyModels.VideoChatFlash(), new GenerationConfig()), 1, new LoadSettings(), ScalarType.Float32);

        public void Dispose() => Model.Dispose();
    }
}
