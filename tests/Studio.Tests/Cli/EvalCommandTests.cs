using System.Text.Json;
using Studio.Benchmarks.Records;
using Studio.Benchmarks.Records.Store;
using Studio.Cli;
using Studio.Hosting;
using Xunit;

namespace Studio.Tests.Cli;

/// <summary><c>eval</c> on a results database with two finished runs and one that failed in part.</summary>
public sealed class EvalCommandTests : IAsyncLifetime
{
    private static readonly DateTimeOffset s_noon = new(2026, 5, 6, 12, 0, 0, TimeSpan.Zero);

    private readonly string _data = Directory.CreateTempSubdirectory("studio-eval-").FullName;

    private static string First => "0101" + new string('a', 28);

    private static string Second => "0102" + new string('b', 28);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        using var store = await RunStore.ConnectAsync(ResultsTarget.File(new StudioFolders(_data).Results), TimeProvider.System, Ct);
        await AddAsync(store, First, "uniform:1:0.5", [1, 0, 1, 0, null]);
        await AddAsync(store, Second, "off", [1, 1, 1, 0, 1]);
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_data, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task List_ShowsRunsLatestFirst_AndFilters()
    {
        var (code, output, _) = await Run("eval", "list");
        Assert.Equal(ExitCodes.Ok, code);
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        Assert.StartsWith($"{Second}  2026-05-06 12:00  niah", lines[0], StringComparison.Ordinal);
        Assert.EndsWith("  frames uniform 64, compression off", lines[0], StringComparison.Ordinal);
        Assert.Contains("50.0 %", lines[1], StringComparison.Ordinal);
        Assert.Contains("1 unscored", lines[1], StringComparison.Ordinal);
        using var json = JsonDocument.Parse((await Run("eval", "list", "OFF", "--task", "niah", "--json")).Output);
        Assert.Equal(1, json.RootElement.GetProperty("total").GetInt32());
        Assert.Equal(Second, json.RootElement.GetProperty("runs")[0].GetProperty("measured").GetProperty("id").GetString());
        var none = await Run("eval", "list", "--task", "mvbench");
        Assert.Equal((ExitCodes.Ok, ""), (none.Code, none.Output));
        Assert.Contains("no run matches", none.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Usage, (await Run("eval", "list", "--take", "0")).Code);
    }

    [Fact]
    public async Task Show_TakesTheBeginningOfAnIdentifier_AndListsFailedSamples()
    {
        var (_, output, _) = await Run("eval", "show", "0101", "--failed");
        Assert.Contains("50.0 %, 95 % interval 15.0 % to 85.0 %; 4 scored, 1 unscored", output, StringComparison.Ordinal);
        Assert.Contains("media: no such video", output, StringComparison.Ordinal);
        Assert.DoesNotContain("doc/1", output, StringComparison.Ordinal);
        using var json = JsonDocument.Parse((await Run("eval", "show", "0101", "--samples", "--json")).Output);
        Assert.Equal(5, json.RootElement.GetProperty("samples").GetArrayLength());
        var (code, _, error) = await Run("eval", "show", "01");
        Assert.Equal(ExitCodes.BadInput, code);
        Assert.Contains("Several runs", error, StringComparison.Ordinal);
        (code, _, error) = await Run("eval", "show", "ffff");
        Assert.Equal(ExitCodes.BadInput, code);
        Assert.Contains("eval list", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Diff_ListsFlips_AndIsTheSameEachTime()
    {
        var (code, output, _) = await Run("eval", "diff", "0101", "0102");
        Assert.Equal(ExitCodes.Ok, code);
        Assert.Contains("4 documents scored in both; 0 in A only, 1 in B only", output, StringComparison.Ordinal);
        Assert.Contains("0 → 1  doc/1", output, StringComparison.Ordinal);
        Assert.Contains("1 documents differ", output, StringComparison.Ordinal);
        Assert.Equal(output, (await Run("eval", "diff", "0101", "0102")).Output);
        using var json = JsonDocument.Parse((await Run("eval", "diff", "0101", "0102", "--json")).Output);
        Assert.Equal("doc/1", json.RootElement.GetProperty("flips")[0].GetProperty("documentId").GetString());
    }

    [Fact]
    public async Task Diff_OfEqualRuns_SaysThatNothingCanBeTold()
    {
        var (_, output, _) = await Run("eval", "diff", "0101", "0101");
        Assert.Contains("cannot be told from these documents", output, StringComparison.Ordinal);
        Assert.DoesNotContain("difference of 0.0 %", output, StringComparison.Ordinal);
        using var json = JsonDocument.Parse((await Run("eval", "diff", "0101", "0101", "--json")).Output);
        Assert.Equal(JsonValueKind.Null, json.RootElement.GetProperty("minimalDifference").ValueKind);
    }

    /// <summary>No run is ever cancelled: it is open, and the same command goes on with it.</summary>
    [Fact]
    public async Task List_OffersTheStatesThatRunsHave()
    {
        Assert.Equal(ExitCodes.Usage, (await Run("eval", "list", "--state", "cancelled")).Code);
        foreach (var state in Enum.GetNames<RunState>()) Assert.Equal(ExitCodes.Ok, (await Run("eval", "list", "--state", state.ToLowerInvariant())).Code);
        var (code, _, error) = await Run("eval", "show", "");
        Assert.Equal(ExitCodes.BadInput, code);
        Assert.Contains("eval list", error, StringComparison.Ordinal);
        Assert.DoesNotContain("Parameter", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Board_ListsTheBestFirst()
    {
        var (code, output, _) = await Run("eval", "board", "niah");
        Assert.Equal(ExitCodes.Ok, code);
        Assert.True(output.IndexOf(Second, StringComparison.Ordinal) < output.IndexOf(First, StringComparison.Ordinal), output);
        using var json = JsonDocument.Parse((await Run("eval", "board", "niah", "--json")).Output);
        Assert.Equal(2, json.RootElement.GetProperty("rows").GetArrayLength());
        Assert.Equal(1, json.RootElement.GetProperty("rows")[0].GetProperty("group").GetInt32());
    }

    [Fact]
    public async Task ExportDeleteImport_GivesTheRunBack()
    {
        var file = Path.Combine(_data, "run.json");
        Assert.Equal(ExitCodes.Ok, (await Run("eval", "export", "0101", "--out", file)).Code);
        Assert.Equal(await File.ReadAllTextAsync(file, Ct), (await Run("eval", "export", "0101", "--format", "json")).Output);
        Assert.Equal(ExitCodes.Ok, (await Run("eval", "delete", "0101")).Code);
        Assert.Equal(ExitCodes.BadInput, (await Run("eval", "show", "0101")).Code);
        Assert.Contains(First, (await Run("eval", "import", file)).Output, StringComparison.Ordinal);
        Assert.Equal(await File.ReadAllTextAsync(file, Ct), (await Run("eval", "export", "0101")).Output);
        Assert.Contains("there already", (await Run("eval", "import", file)).Error, StringComparison.Ordinal);
        Assert.StartsWith("<!doctype html>", (await Run("eval", "export", "0101", "--format", "html")).Output, StringComparison.Ordinal);
        Assert.StartsWith("ordinal,", (await Run("eval", "export", "0101", "--format", "csv", "--results-only")).Output, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Usage, (await Run("eval", "export", "0101", "--format", "xml")).Code);
    }

    [Fact]
    public async Task Backup_MakesADatabase_AndLeavesAFileThatIsThereAlone()
    {
        var file = Path.Combine(_data, "backup.db");
        var (code, _, error) = await Run("eval", "backup", file);
        Assert.Equal(ExitCodes.Ok, code);
        Assert.Contains("2 runs are in the backup", error, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.BadInput, (await Run("eval", "backup", file)).Code);
    }

    [Fact]
    public async Task BenchResults_Short_LosesNothing()
    {
        var (code, output, error) = await Run("bench", "results", "--writers", "2", "--readers", "2", "--minutes", "0.01");
        Assert.True(code == ExitCodes.Ok, output + error);
        Assert.Contains("no call failed, nothing was lost", output, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Usage, (await Run("bench", "results", "--writers", "0")).Code);
    }

    private static async Task AddAsync(RunStore store, string id, string compression, double?[] scores)
    {
        var run = new Run
        {
            Id = id, Key = id, Task = "niah", Model = "tiny", Compression = compression, Frames = "uniform 64", PromptVersion = 1, ScorerVersion = 1, DataHash = "d", Given = new EvalRequest { Task = "niah" }.ToJson(),
            Resolved = "{}", Provenance = "{}", Samples = scores.Length, CreatedAt = s_noon,
        };
        _ = await store.OpenAsync(run, again: false, Ct);
        var samples = scores.Select((s, i) => new Sample
        {
            RunId = id, Ordinal = i, DocumentId = $"doc/{i}", Cluster = $"v{i}", Expected = "A", Options = """["x","y"]""", Answer = s is null ? null : "A", CorrectedParsed = s == 1 ? "A" : "B",
            Official = s, Corrected = s, ErrorClass = s is null ? "media" : null, Error = s is null ? "no such video" : null, RecordedAt = s_noon,
        }).ToList();
        foreach (var sample in samples) _ = await store.AddAsync(sample, Ct);
        await store.FinishAsync(id, RunSummaries.Of(null, samples), Ct);
    }

    private async Task<(int Code, string Output, string Error)> Run(params string[] arguments)
    {
        await using var output = new StringWriter();
        await using var error = new StringWriter();
        var code = await CommandLine.RunAsync(arguments, output, error, TextReader.Null, _data);
        return (code, output.ToString(), error.ToString());
    }
}
