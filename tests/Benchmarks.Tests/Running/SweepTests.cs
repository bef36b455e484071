using Studio.Benchmarks.Evaluation.Tasks;
using Studio.Benchmarks.Machine;
using Studio.Benchmarks.Records;
using Studio.Benchmarks.Running;
using Studio.Engine.Checkpoints;
using Xunit;

namespace Studio.Benchmarks.Tests.Running;

public sealed class SweepTests(TinyEval tiny) : IClassFixture<TinyEval>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public void Front_MarksWhatNobodyBeats()
    {
        Assert.Equal([true, false, true, false, true, true], ParetoFront.Of([(0.5, 1), (0.5, 2), (0.7, 3), (0.6, 3), (0.9, 10), (0.5, 1)]));
        Assert.Equal([false, true, false], ParetoFront.Of([(double.NaN, 0), (0, 5), (1, double.NaN)]));
        Assert.Equal([true, false], ParetoFront.Of([(0.8, 1), (0.8, 1.5)]));
        Assert.Empty(ParetoFront.Of([]));
    }

    /// <summary>Against the definition, point by point.</summary>
    [Fact]
    public void Front_OfManyPoints_IsTheDefinition()
    {
        var points = Enumerable.Range(0, 200).Select(i => ((double)(i * 37 % 11), (double)(i * 53 % 13))).ToList();
        bool Beaten((double Gain, double Cost) p) => points.Any(q => q.Item1 >= p.Gain && q.Item2 <= p.Cost && (q.Item1 > p.Gain || q.Item2 < p.Cost));
        Assert.Equal(points.Select(p => !Beaten(p)), ParetoFront.Of(points));
    }

    [Fact]
    public void Grid_OrdersModelsThenFramesThenCompression()
    {
        var grid = new SweepGrid { Models = ["a", "b"], Frames = [8, 16], Compress = ["off", "strong"] };
        IReadOnlyList<EvalRequest> requests = grid.Requests(new EvalRequest { Task = "niah", Seed = 3, Setting = new EvalSetting { MaxNewTokens = 9 } }, Config);
        Assert.Equal(
            ["a 8 off", "a 8 strong", "a 16 off", "a 16 strong", "b 8 off", "b 8 strong", "b 16 off", "b 16 strong"],
            requests.Select(r => $"{r.Setting.Model} {r.Setting.Frames} {r.Setting.Compress}"));
        Assert.All(requests, r => Assert.True(r is { Seed: 3, Setting.MaxNewTokens: 9 }));
        Assert.Equal(new EvalRequest { Task = "x" }, Assert.Single(new SweepGrid().Requests(new EvalRequest { Task = "x" }, Config)));
    }

    [Fact]
    public void Grid_OverBothSystems_GivesEachModelWhatIsOfItsSystem()
    {
        var grid = new SweepGrid { Models = ["flash", "xl"], Compress = ["off", "uniform:4:1,0.5", "vst:8", "strong"] };
        Assert.Equal(
            ["flash off", "flash uniform:4:1,0.5", "flash strong", "xl off", "xl vst:8", "xl strong"],
            grid.Requests(new EvalRequest { Task = "niah" }, Config).Select(r => $"{r.Setting.Model} {r.Setting.Compress}"));
        // One model is asked what is written: that it does not take it is told where it is read.
        Assert.Equal(2, new SweepGrid { Compress = ["off", "vst:8"] }.Requests(new EvalRequest { Task = "niah", Setting = new() { Model = "flash" } }, _ => throw new InvalidOperationException("not asked")).Count);
    }

    [Fact]
    public void Grid_WhereAModelOrACompressionIsLeftAlone_IsRefusedByName()
    {
        var basis = new EvalRequest { Task = "niah" };
        var alone = Assert.Throws<ArgumentException>(() => new SweepGrid { Models = ["flash", "xl"], Compress = ["uniform:4:1,0.5"] }.Requests(basis, Config)).Message;
        Assert.Contains("'xl'", alone, StringComparison.Ordinal);
        Assert.Contains("vst:8", alone, StringComparison.Ordinal);
        var other = Assert.Throws<ArgumentException>(() => new SweepGrid { Models = ["flash", "flash-2"], Compress = ["off", "vst:8"] }.Requests(basis, Config)).Message;
        Assert.Contains("'vst:8'", other, StringComparison.Ordinal);
        Assert.Contains("drops visual tokens between layers", other, StringComparison.Ordinal);
        var set = Assert.Throws<ArgumentException>(() => new SweepGrid { Models = ["flash", "xl"] }.Requests(basis with { Setting = new() { Compress = "vst:2,4" } }, Config)).Message;
        Assert.Contains("'flash'", set, StringComparison.Ordinal);
    }

    [Fact]
    public void Grid_ThatCannotBe_IsRefusedByName()
    {
        var basis = new EvalRequest { Task = "x" };
        Assert.Contains("off,off", Assert.Throws<ArgumentException>(() => new SweepGrid { Compress = ["off", "off"] }.Requests(basis, Config)).Message, StringComparison.Ordinal);
        Assert.Contains("fps", Assert.Throws<ArgumentException>(() => new SweepGrid { Frames = [1], Fps = [1] }.Requests(basis, Config)).Message, StringComparison.Ordinal);
        Assert.Equal(SweepGrid.MaxSettings, new SweepGrid { Frames = [.. Enumerable.Range(1, SweepGrid.MaxSettings)] }.Requests(basis, Config).Count);
        Assert.Contains("1001", Assert.Throws<ArgumentException>(() => new SweepGrid { Frames = [.. Enumerable.Range(1, SweepGrid.MaxSettings + 1)] }.Requests(basis, Config)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1/1", 5, 5)]
    [InlineData("1/2", 5, 3)]
    [InlineData("2/2", 5, 2)]
    [InlineData("4/4", 3, 0)]
    public void Shard_TakesItsPart(string text, int samples, int expected)
    {
        Shard shard = Shard.Parse(text);
        Assert.Equal(expected, Enumerable.Range(0, samples).Count(shard.Holds));
        Assert.Equal(expected, shard.Count(samples));
        Assert.Equal(text, shard.ToString());
    }

    [Theory]
    [InlineData("0/2")]
    [InlineData("3/2")]
    [InlineData("1")]
    [InlineData("a/b")]
    [InlineData("1/5000")]
    public void Shard_ThatIsNone_IsRefused(string text) => Assert.Contains("k/n", Assert.Throws<ArgumentException>(() => Shard.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void EncodingCosts_BeyondTheirBound_ForgetTheOldest()
    {
        var costs = new EncodingCosts();
        for (int i = 0; i <= EncodingCosts.Most; i++) costs.Add($"{i}", [new("tower", i, 1, 1, 1)], i);
        Assert.Equal(EncodingCosts.Most, costs.Count);
        Assert.Empty(costs.Use("0").Costs);
        Assert.Equal((1.0, false), (costs.Use("1").Costs[0].Milliseconds, costs.Use("2").WasUsed));
        Assert.True(costs.Use("2").WasUsed);
    }

    [Fact]
    public async Task Session_OfASweep_LoadsTheModelOnceAndGivesItsRows()
    {
        ListData data = await tiny.DataAsync(3);
        var store = new MemoryRunStore();
        var (taken, released) = (0, 0);
        var surroundings = new EvalSurroundings
        {
            OpenData = _ => data,
            TakeModel = (_, _) =>
            {
                taken++;
                return Task.FromResult(new ModelLease(tiny.Model, "hash", TinyEval.Encoder(), () => released++));
            },
            Provenance = new ProvenanceReader(tiny.Folder, tiny.Folder),
        };
        var session = new EvalSession(store, surroundings, new EvalRunnerOptions(), TimeProvider.System);
        IReadOnlyList<EvalRequest> requests = new SweepGrid { Frames = [4, 8], Compress = ["off", "uniform:1:1,0.5"] }.Requests(TinyEval.Request(), Config);
        var told = new List<EvalProgress>();
        IReadOnlyList<Run> runs = await session.RunAsync(session.Prepare(requests), onProgress: told.Add, ct: Ct);
        Assert.Equal((1, 1), (taken, released));
        Assert.Equal(["off", "uniform:1:1,0.5", "off", "uniform:1:1,0.5"], runs.Select(r => r.Compression));
        Assert.Equal(["uniform 4", "uniform 4", "uniform 8", "uniform 8"], runs.Select(r => r.Frames));
        Assert.Single(runs.Select(r => r.SweepId).Distinct());
        Assert.NotNull(runs[0].SweepId);
        Assert.Equal((12, 12), (told[^1].Done, told[^1].Total));
        IReadOnlyList<SweepRow> rows = SweepRow.Of(runs);
        Assert.Equal(4, rows.Count);
        Assert.All(rows, r => Assert.True(r.Summary is { Scored: 3, Costs: { Milliseconds: > 0, PeakBytes: > 0, Flops: > 0 } }));
        Assert.Equal([64, 32, 128, 64], rows.Select(r => (int)r.Summary.Costs.KeptTokens));
        Assert.Contains("tokens", rows[1].Fronts);
        string table = EvalText.Sweep(rows);
        Assert.Equal(6, table.TrimEnd('\n').Split('\n').Length);
        Assert.Contains("compression uniform:1:1,0.5", table, StringComparison.Ordinal);
        Assert.Contains("| overall |", EvalText.Run(runs[0], rows[0].Summary), StringComparison.Ordinal);

        // Asked for once more with one setting more: what is done is found, and is the new sweep's, too.
        requests = new SweepGrid { Frames = [8], Compress = ["off", "uniform:1:1,0.5", "uniform:1:1,0.25"] }.Requests(TinyEval.Request(), Config);
        IReadOnlyList<Run> wider = await session.RunAsync(session.Prepare(requests), ct: Ct);
        Assert.Equal([runs[2].Id, runs[3].Id], wider.Take(2).Select(r => r.Id));
        Assert.NotEqual(runs[0].SweepId, wider[2].SweepId);
        Assert.Equal([(wider[2].SweepId!, runs[2].Id), (wider[2].SweepId!, runs[3].Id)], store.Joined);

        Provenance provenance = RecordJson.Read<Provenance>(runs[0].Provenance);
        Assert.Equal(("fp32", "hash", "annotations", 1), (provenance.Dtype, provenance.ModelHash, provenance.AnnotationHash, provenance.Threads));
        Assert.True(provenance is { LibtorchVersion.Length: > 0, Ffmpeg.Length: > 0 });
    }

    [Fact]
    public void NeedleGrid_HasLengthsAcrossAndDepthsDown()
    {
        string table = EvalText.Needles([new(64, 0, null, 4, 4, 0.51, 1, 0.5), new(128, 0, null, 4, 1, 0.05, 0.7, null), new(64, 0.5, null, 4, 2, 0.15, 0.85, null)]);
        Assert.Equal("| depth | 64 frames | 128 frames |\n|--:|--:|--:|\n| 0 % | 4/4 (51 to 100 %), 50 % alive | 1/4 (5 to 70 %) |\n| 50 % | 2/4 (15 to 85 %) |  |\n", table);
        Assert.StartsWith("| hops |", EvalText.Needles([new(64, null, 2, 1, 1, 0, 1, null)]), StringComparison.Ordinal);
    }

    [Fact]
    public void Key_ChangesWithWhatDecidesAndNothingElse()
    {
        ListData data = new(new CustomSet("own", "own.jsonl"), ["x.mp4"], 2);
        EvalRequest basis = TinyEval.Request();
        string Key(EvalRequest r, string hash = "h") => ResolvedRun.Of(r, data, tiny.Model, hash).Key();
        string key = Key(basis);
        Assert.Equal(key, Key(basis with { Videos = "/elsewhere", Needles = "/n" }));
        Assert.Equal(key, Key(basis with { Setting = basis.Setting with { Compress = "off" } })); // what the model does anyway
        string[] others =
        [
            Key(basis, "other weights"), Key(basis with { Seed = 1 }), Key(basis with { Variant = EvalVariant.Blind }), Key(basis with { Setting = basis.Setting with { Frames = 8 } }),
            Key(basis with { Setting = basis.Setting with { Compress = "uniform:1:1,0.5" } }), Key(basis with { Setting = basis.Setting with { MaxNewTokens = 5 } }), Key(basis with { Limit = 2 }),
        ];
        Assert.Equal(others.Length, others.Append(key).Distinct().Count() - 1);
        ResolvedRun resolved = ResolvedRun.Of(basis, data, tiny.Model, "h");
        Assert.Equal(resolved.ToJson(), ResolvedRun.FromJson(resolved.ToJson()).ToJson());
    }

    [Fact]
    public void Source_WithAndWithoutHistory_IsTold()
    {
        ProvenanceReader Reader(Func<string, ToolAnswer> git) => new("/source", tiny.Folder, (_, arguments, _) => git(arguments[2]));
        Assert.Equal(("abc", true), Reader(verb => new(ToolState.Works, verb == "rev-parse" ? "abc\n" : " M file\n")).Source(null));
        Assert.Equal(("abc", false), Reader(verb => new(ToolState.Works, verb == "rev-parse" ? "abc\n" : "")).Source(null));
        Assert.Equal((ProvenanceReader.Unknown, false), Reader(_ => new(ToolState.Fails, "not a repository")).Source(null));
        Assert.Equal((ProvenanceReader.Unknown, false), Reader(_ => ToolAnswer.Missing).Source(null));
        Assert.Equal(("abc", false), Reader(verb => new(ToolState.Works, verb == "rev-parse" ? "abc\n" : "")).Source("abc"));
        Assert.Equal(("old", true), Reader(verb => new(ToolState.Works, verb == "rev-parse" ? "abc\n" : "")).Source("old")); // pulled since it was built
        Assert.Equal(("old", true), Reader(_ => ToolAnswer.Missing).Source("old"));
        File.WriteAllText(Path.Combine(tiny.Folder, "x.deps.json"), """{ "libraries": { "A.B/1.2.3": { "type": "package" }, "Own/1.0.0": { "type": "project" } } }""");
        Assert.Equal("1.2.3", Assert.Single(Reader(_ => ToolAnswer.Missing).Packages()).Value);
    }

    [Fact]
    public async Task ModelHash_ChangesWithAnyFileThatDecides()
    {
        string folder = Directory.CreateDirectory(Path.Combine(tiny.Folder, "hashed")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "config.json"), "{}", Ct);
        string first = await ProvenanceReader.ModelHashAsync(folder, Ct);
        await File.WriteAllTextAsync(Path.Combine(folder, "README.md"), "words", Ct);
        Assert.Equal(first, await ProvenanceReader.ModelHashAsync(folder, Ct));
        await File.WriteAllTextAsync(Path.Combine(folder, "model.safetensors"), "weights", Ct);
        Assert.NotEqual(first, await ProvenanceReader.ModelHashAsync(folder, Ct));
    }

    /// <summary>Of Video-XL where the name begins so, else of VideoChat-Flash.</summary>
    private static ModelConfig Config(string? model) => PublishedGeometries.Find(model is not null && model.StartsWith("xl", StringComparison.Ordinal) ? "xl" : "2b@448").Config;
}
