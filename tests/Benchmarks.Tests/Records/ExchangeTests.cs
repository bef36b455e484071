using System.Text;
using Studio.Benchmarks.Evaluation.Import;
using Studio.Benchmarks.Records;
using Studio.Benchmarks.Records.Exchange;
using Studio.Benchmarks.Records.Store;
using Xunit;

namespace Studio.Benchmarks.Tests.Records;

public sealed class ExchangeTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("studio-exchange-").FullName;
    private RunStore _store = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _store = await OpenAsync("one.db");

    public ValueTask DisposeAsync()
    {
        _store.Dispose();
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Json_ImportedIntoAnotherDatabase_IsTheSame()
    {
        var run = await FilledAsync("k", RunStore.PageSize + 3, finish: true);
        var text = await ExportAsync(run.Id, ExportFormat.Json);
        using var other = await OpenAsync("two.db");
        var imported = Assert.Single(await RunImport.FromAsync(other, Write("run.json", text), TimeProvider.System, Ct));
        Assert.False(imported.WasThere);
        Assert.Equal(RecordJson.Text(await _store.GetAsync(run.Id, Ct)), RecordJson.Text(await other.GetAsync(run.Id, Ct)));
        var (before, after) = (await _store.SamplesAsync(run.Id, Ct).ToListAsync(Ct), await other.SamplesAsync(run.Id, Ct).ToListAsync(Ct));
        Assert.Equal(RunStore.PageSize + 3, after.Count);
        foreach (var field in typeof(Sample).GetProperties()) Assert.Equal(before.Select(field.GetValue), after.Select(field.GetValue));
        Assert.Equal(text, await ExportAsync(run.Id, ExportFormat.Json, store: other));
        Assert.True(Assert.Single(await RunImport.FromAsync(other, Write("run.json", text), TimeProvider.System, Ct)).WasThere);
    }

    [Fact]
    public async Task ResultsOnly_OfTwoRunsOfEqualKey_IsEqualByteForByte()
    {
        var (first, second) = (await FilledAsync("k", 5, finish: true), await FilledAsync("k", 5, finish: true, other: true));
        Assert.NotEqual(first.Id, second.Id);
        foreach (var format in Enum.GetValues<ExportFormat>())
        {
            Assert.NotEqual(await ExportAsync(first.Id, format), await ExportAsync(second.Id, format));
            Assert.Equal(await ExportAsync(first.Id, format, resultsOnly: true), await ExportAsync(second.Id, format, resultsOnly: true));
        }
    }

    [Fact]
    public async Task ResultsOnly_NamesNoIdTimeCostOrMachine_AndCanBeImported()
    {
        var run = await FilledAsync("k", 3, finish: true);
        var text = await ExportAsync(run.Id, ExportFormat.Json, resultsOnly: true);
        foreach (var secret in new[] { run.Id, "2026-", "milliseconds", "\"cpu\"", "Ada", "abc", "costs" }) Assert.DoesNotContain(secret, text, StringComparison.Ordinal);
        using var other = await OpenAsync("two.db");
        var imported = Assert.Single(await RunImport.FromAsync(other, Write("run.json", text), TimeProvider.System, Ct)).Run;
        Assert.Equal(("import", RunState.Finished, 0.75), (imported.Source, imported.State, RecordJson.Read<RunSummary>(imported.Summary!).Accuracy));
        Assert.Equal(text, await ExportAsync(imported.Id, ExportFormat.Json, resultsOnly: true, other));
    }

    [Fact]
    public async Task Import_OfAnotherRunWithTheSameId_IsRefused_AndWritesNothing()
    {
        var run = await FilledAsync("k", 3);
        var text = await ExportAsync(run.Id, ExportFormat.Json);
        _ = await _store.AddAsync(Make.Sample(run.Id, 3), Ct);
        var problem = await Assert.ThrowsAsync<InvalidDataException>(() => RunImport.FromAsync(_store, Write("run.json", text), TimeProvider.System, Ct));
        Assert.Contains(run.Id, problem.Message, StringComparison.Ordinal);
        Assert.Equal(4, (await _store.RecordedAsync(run.Id, Ct)).Count);
    }

    [Theory]
    [InlineData("{", "no valid JSON")]
    [InlineData("[]", "neither")]
    [InlineData("""{"results":[1]}""", "neither")]
    [InlineData("""{"format":"studio-run","version":2,"run":{},"samples":[]}""", "Update the studio")]
    [InlineData("""{"format":"studio-run","version":1,"run":{},"samples":[]}""", "damaged")]
    public async Task Import_OfSomethingElse_IsRefused(string text, string named)
    {
        var problem = await Assert.ThrowsAsync<InvalidDataException>(() => RunImport.FromAsync(_store, Write("x.json", text), TimeProvider.System, Ct));
        Assert.Contains(named, problem.Message, StringComparison.Ordinal);
        Assert.Equal(0, (await _store.ListAsync(new RunFilter(), Ct)).Total);
    }

    [Fact]
    public async Task Csv_IsReadBack_AndHoldsNoFormula()
    {
        var run = await FilledAsync("k", 4);
        var evil = Make.Sample(run.Id, 4, answer: "=HYPERLINK(\"http://x\"), then\r\n\"quoted\"");
        evil.Expected = "  @SUM(A1)";
        _ = await _store.AddAsync(evil, Ct);
        var text = await ExportAsync(run.Id, ExportFormat.Csv);
        var rows = CsvRows.Read(text).EnumerateArray().ToList();
        Assert.Equal(5, rows.Count);
        Assert.Equal("'=HYPERLINK(\"http://x\"), then\r\n\"quoted\"", rows[4].GetProperty("answer").GetString());
        Assert.Equal("'  @SUM(A1)", rows[4].GetProperty("expected").GetString());
        Assert.Equal(("doc/2", "1", "102"), (rows[2].GetProperty("document").GetString(), rows[2].GetProperty("corrected").GetString(), rows[2].GetProperty("total_ms").GetString()));
        Assert.Equal("cannot be read", rows[3].GetProperty("error").GetString()); // the fourth of Filled failed
        Assert.EndsWith("\r\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Html_IsOneFile_Escaped_WithChartsOfCellsAndGroups()
    {
        var run = await FilledAsync("k", 6, note: "<script>alert(1)</script>");
        var samples = new List<Sample>();
        await foreach (var s in _store.SamplesAsync(run.Id, Ct)) samples.Add(s);
        await _store.FinishAsync(run.Id, RunSummaries.Of(null, samples), Ct);
        var text = await ExportAsync(run.Id, ExportFormat.Html);
        Assert.DoesNotContain("<script", text, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("&lt;script&gt;", text, StringComparison.Ordinal);
        Assert.DoesNotContain("http", text.Replace("http-equiv", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("prefers-color-scheme:dark", text, StringComparison.Ordinal);
        Assert.Contains("class=\"cell\"", text, StringComparison.Ordinal);
        Assert.Contains("64 frames, depth 50 %", text, StringComparison.Ordinal);
        Assert.Contains("<h2>By kind</h2>", text, StringComparison.Ordinal);
        Assert.Contains("unscored: media", text, StringComparison.Ordinal);
        Assert.DoesNotContain('\0', text);
    }

    [Fact]
    public async Task Html_OfMoreSamplesThanItShows_SaysHowManyAreLeftOut()
    {
        var run = Make.Run("many");
        _ = await _store.ImportAsync(run, [.. Enumerable.Range(0, RunHtml.MaxSamples + 7).Select(i => Make.Sample(run.Id, i))], Ct);
        var text = await ExportAsync(run.Id, ExportFormat.Html);
        Assert.Contains(">7 more samples", text, StringComparison.Ordinal);
        Assert.Contains("not finished", text, StringComparison.Ordinal);
    }

    private Task<RunStore> OpenAsync(string file) => RunStore.ConnectAsync(ResultsTarget.File(Path.Combine(_folder, file)), TimeProvider.System, Ct);

    private string Write(string file, string text)
    {
        var path = Path.Combine(_folder, file);
        File.WriteAllText(path, text, new UTF8Encoding(false));
        return path;
    }

    private async Task<string> ExportAsync(string run, ExportFormat format, bool resultsOnly = false, RunStore? store = null)
    {
        await using var writer = new StringWriter();
        await RunExport.WriteAsync(store ?? _store, run, format, writer, resultsOnly, Ct);
        return writer.ToString();
    }

    /// <summary>The same answers whatever else differs; every fourth sample failed.</summary>
    private async Task<Run> FilledAsync(string key, int count, bool finish = false, bool other = false, string note = "")
    {
        var run = Make.Run(key, note: other ? "again" : note, created: other ? Make.Noon.AddDays(1) : null);
        if (other) run.Provenance = RecordJson.Text(Make.Provenance("cuda"));
        run.Samples = count;
        _ = await _store.OpenAsync(run, again: true, Ct);
        for (var i = 0; i < count; i++)
        {
            var sample = Make.Sample(run.Id, i, i % 4 == 3 ? null : 1);
            sample.Labels = $$"""{"depth": "0.5", "frames":"64","kind":"{{(i % 2 == 0 ? "a" : "b & c")}}"}""";
            if (other) (sample.Costs, sample.RecordedAt, sample.Error) = (RecordJson.Text(new SampleCosts { TotalMilliseconds = 9 }), Make.Noon, sample.Error is null ? null : "other words");
            _ = await _store.AddAsync(sample, Ct);
        }

        if (finish) await _store.FinishAsync(run.Id, Make.Summary() with { Costs = new(other ? 5 : 1, 2, 3, 4, 5, 6, 7) }, Ct);
        return await _store.GetAsync(run.Id, Ct);
    }
}
