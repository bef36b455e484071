using Studio.Benchmarks.Records;
using Studio.Benchmarks.Records.Reports;
using Studio.Benchmarks.Records.Store;
using Xunit;

namespace Studio.Benchmarks.Tests.Records;

public sealed class ReportTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("studio-reports-").FullName;
    private RunStore _store = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _store = await RunStore.ConnectAsync(ResultsTarget.File(Path.Combine(_folder, "r.db")), TimeProvider.System, Ct);

    public ValueTask DisposeAsync()
    {
        _store.Dispose();
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Comparison_PairsDocuments_ListsFlips_AndTestsTheDifference()
    {
        // Ten documents: both right 0-3, only the first 4, only the second 5-8, neither 9; 10 is the first's alone, 11 failed in the second.
        var first = await FinishedAsync("a", [1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 1, 1]);
        var second = await FinishedAsync("b", [1, 1, 1, 1, 0, 1, 1, 1, 1, 0, null, null]);
        var c = await RunComparison.OfAsync(_store, first.Id, second.Id, seed: 3, Ct);
        Assert.Equal((10, 2, 0), (c.Paired, c.OnlyFirst, c.OnlySecond));
        Assert.Equal((0.5, 0.8), (c.First.Value, c.Second.Value));
        Assert.Equal((1L, 4L), (c.McNemar!.OnlyFirst, c.McNemar.OnlySecond));
        Assert.Equal(0.375, c.McNemar.Exact, 12); // 2 (1 + 5) / 32
        Assert.Equal(0.3, c.Difference!.Difference.Value, 12);
        Assert.Equal([4, 5, 6, 7, 8], c.Flips.Select(f => f.FirstOrdinal));
        Assert.Equal((1.0, 0.0, "A"), (c.Flips[0].First, c.Flips[0].Second, c.Flips[0].Expected));
        Assert.True(c.MinimalDifference > 0);
        Assert.Equal(["documents"], c.Warnings.Select(w => w.What));
        Assert.Equal(RecordJson.Text(c), RecordJson.Text(await RunComparison.OfAsync(_store, first.Id, second.Id, seed: 3, Ct)));
    }

    /// <summary>Differences that do not vary have an error of 0, which would make every difference visible.</summary>
    [Theory]
    [InlineData(new double[] { 1, 0, 1, 1 }, new double[] { 1, 0, 1, 1 })]
    [InlineData(new double[] { 0, 0, 0, 0 }, new double[] { 1, 1, 1, 1 })]
    public void Comparison_WhoseDifferencesDoNotVary_CannotTellWhatWouldBeSeen(double[] first, double[] second)
    {
        var (a, b) = (Make.Run("a"), Make.Run("b"));
        var c = RunComparison.Of(a, first.Select((s, i) => Make.Sample(a.Id, i, s)), b, second.Select((s, i) => Make.Sample(b.Id, i, s)));
        Assert.True(double.IsNaN(c.MinimalDifference));
        using var json = System.Text.Json.JsonDocument.Parse(RecordJson.Text(c));
        Assert.Equal(System.Text.Json.JsonValueKind.Null, json.RootElement.GetProperty("minimalDifference").ValueKind);
    }

    [Theory]
    [InlineData("frames")]
    [InlineData("prompt")]
    [InlineData("scorer")]
    [InlineData("data")]
    [InlineData("protocol")]
    [InlineData("variant")]
    [InlineData("judge")]
    [InlineData("task")]
    [InlineData("source")]
    public void Comparison_OfRunsThatDiffer_Warns(string what)
    {
        var (first, second) = (Make.Run("a"), Make.Run("b", model: "other"));
        second.Compression = "off";
        Assert.Empty(Comparability.Warnings(first, second)); // that is what is compared
        switch (what)
        {
            case "frames": second.Frames = "uniform 128"; break;
            case "prompt": second.PromptVersion++; break;
            case "scorer": second.ScorerVersion++; break;
            case "data": second.DataHash = "e"; break;
            case "protocol": second.Protocol = EvalProtocol.Generated; break;
            case "variant": second.Variant = EvalVariant.Blind; break;
            case "judge": second.Given = new EvalRequest { Task = "niah", JudgeModel = "j" }.ToJson(); break;
            case "task": second.Task = "mvbench"; break;
            default: second.Source = "lmms-eval"; break;
        }

        Assert.Equal([what], Comparability.Warnings(first, second).Select(w => w.What));
        Assert.NotEqual(Comparability.GroupOf(first), Comparability.GroupOf(second));
    }

    [Fact]
    public void Comparison_OfRunsWithUnknownData_Warns()
    {
        var (first, second) = (Make.Run("a"), Make.Run("b"));
        (first.DataHash, second.DataHash) = ("", "");
        Assert.Contains("unknown for both", Assert.Single(Comparability.Warnings(first, second)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Comparison_OfADocumentTwice_IsRefused()
    {
        var run = Make.Run("a");
        var samples = new[] { Make.Sample(run.Id, 0), Make.Sample(run.Id, 1) };
        samples[1].DocumentId = samples[0].DocumentId;
        Assert.Contains(samples[0].DocumentId, Assert.Throws<InvalidDataException>(() => RunComparison.Of(run, samples, run, [])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Board_HasTheLatestOfEach_MarksControlsAndImports_AndWarnsOfGroups()
    {
        _ = await FinishedAsync("same", [1, 1, 1]);
        var latest = await FinishedAsync("same", [1, 1, 0]); // not the better one of the two: that would be better than the setting is
        var few = await FinishedAsync("few tokens", [0, 0, 1], r => r.Given = (EvalRequest.FromJson(r.Given) with { Setting = new() { MaxNewTokens = 2 } }).ToJson());
        var blind = await FinishedAsync("blind", [1, 0, 0], r => r.Variant = EvalVariant.Blind);
        var small = await FinishedAsync("blind, fewer", [1], r => (r.Variant, r.Samples) = (EvalVariant.Blind, 1));
        var other = await FinishedAsync("other", [1, 1, 1], r => r.Frames = "uniform 8");
        var imported = await FinishedAsync("imported", [1, 1, 1], r => (r.Source, r.DataHash, r.Model) = ("lmms-eval", "", "x"));
        _ = await _store.OpenAsync(Make.Run("unfinished"), again: false, Ct);
        var board = await Leaderboard.ForAsync(_store, "niah", all: false, Ct);
        Assert.Equal("NIAH (single hop)", board.Title);
        Assert.Equal(3, board.Groups);
        _ = Assert.Single(board.Warnings);
        Assert.Equal(6, board.Rows.Count);
        var row = board.Rows.Single(r => r.Run.Id == latest.Id);
        Assert.Equal((1, 1, false, false), (row.Group, row.Others, row.IsControl, row.IsImported));
        Assert.Empty(row.Warnings);
        Assert.Equal("abc", row.Provenance!.Commit);
        Assert.Equal((0, true), board.Rows.Where(r => r.Run.Id == blind.Id).Select(r => (r.Group, r.IsControl)).Single());
        Assert.Equal((1, 0), board.Rows.Where(r => r.Run.Id == few.Id).Select(r => (r.Group, r.Others)).Single());
        Assert.Contains("at most 2 new tokens", Studio.Benchmarks.Running.EvalText.Setting(few), StringComparison.Ordinal);
        Assert.Empty(board.Rows.Single(r => r.Run.Id == blind.Id).Warnings);
        Assert.Contains("1 of them", Assert.Single(board.Rows.Single(r => r.Run.Id == small.Id).Warnings).Message, StringComparison.Ordinal);
        Assert.Equal(["frames"], board.Rows.Single(r => r.Run.Id == other.Id).Warnings.Select(w => w.What));
        Assert.Equal(["data", "source"], board.Rows.Single(r => r.Run.Id == imported.Id && r.IsImported).Warnings.Select(w => w.What));
        Assert.Equal(7, (await Leaderboard.ForAsync(_store, "niah", all: true, Ct)).Rows.Count);
        Assert.True(board.Rows.Zip(board.Rows.Skip(1)).All(p => p.First.Summary.Accuracy >= p.Second.Summary.Accuracy));
    }

    private async Task<Run> FinishedAsync(string key, double?[] scores, Action<Run>? change = null)
    {
        var run = Make.Run(key);
        run.Variant = EvalVariant.Standard;
        change?.Invoke(run);
        _ = await _store.OpenAsync(run, again: true, Ct);
        var samples = scores.Select((s, i) => Make.Sample(run.Id, i, s)).ToList();
        foreach (var sample in samples) _ = await _store.AddAsync(sample, Ct);
        await _store.FinishAsync(run.Id, RunSummaries.Of(null, samples), Ct);
        return await _store.GetAsync(run.Id, Ct);
    }
}
