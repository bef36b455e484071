using Microsoft.EntityFrameworkCore;
using Studio.Benchmarks.Records;
using Studio.Benchmarks.Records.Store;
using Xunit;

namespace Studio.Benchmarks.Tests.Records;

/// <summary>What the results database does, whichever it is: the same tests on SQLite and on PostgreSQL.</summary>
public abstract class RunStoreContract : IAsyncLifetime
{
    private readonly TimeProvider _time = new FixedTime(Make.Noon.AddHours(1));

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    protected RunStore Store { get; private set; } = null!;

    protected abstract Task<ResultsTarget> TargetAsync();

    public virtual async ValueTask InitializeAsync() => Store = await RunStore.ConnectAsync(await TargetAsync(), _time, Ct);

    public virtual ValueTask DisposeAsync()
    {
        Store?.Dispose();
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Open_TheSameRequestAgain_GoesOnWithTheUnfinishedRun()
    {
        var first = await Store.OpenAsync(Make.Run("a"), again: false, Ct);
        await Store.SetStateAsync(first.Id, RunState.Open, "by the user", Ct);
        Assert.Equal(first.Id, (await Store.OpenAsync(Make.Run("a"), again: false, Ct)).Id);
        Assert.Equal(first.Id, (await Store.OpenAsync(Make.Run("a"), again: true, Ct)).Id);
        Assert.NotEqual(first.Id, (await Store.OpenAsync(Make.Run("b"), again: false, Ct)).Id);
    }

    [Fact]
    public async Task Open_AFinishedRequest_ReturnsItUnlessAskedAgain()
    {
        var first = await Store.OpenAsync(Make.Run("a"), again: false, Ct);
        await Store.FinishAsync(first.Id, Make.Summary(), Ct);
        Assert.Equal(first.Id, (await Store.OpenAsync(Make.Run("a"), again: false, Ct)).Id);
        var second = await Store.OpenAsync(Make.Run("a"), again: true, Ct);
        Assert.NotEqual(first.Id, second.Id);
        Assert.Equal(RunState.Open, (await Store.GetAsync(second.Id, Ct)).State);
    }

    [Fact]
    public async Task Open_ByManyAtOnce_MakesOneRun()
    {
        var opened = await Task.WhenAll(Enumerable.Range(0, 24).Select(_ => Task.Run(() => Store.OpenAsync(Make.Run("same"), again: false, Ct), Ct)));
        _ = Assert.Single(opened.Select(r => r.Id).Distinct());
    }

    [Fact]
    public async Task Run_WrittenAndRead_HasEveryField()
    {
        var run = Make.Run(note: "mine\0");
        run.Error = "e";
        run.Summary = "s";
        run.FinishedAt = Make.Noon.AddTicks(3);
        _ = await Store.OpenAsync(run, again: false, Ct);
        Assert.Equal(RecordJson.Text(run), RecordJson.Text(await Store.GetAsync(run.Id, Ct)));
    }

    [Fact]
    public async Task Note_IsReplaced_AndFound()
    {
        var run = await Store.OpenAsync(Make.Run(note: "first"), again: false, Ct);
        await Store.SetNoteAsync(run.Id, "Second\0 thoughts", Ct);
        Assert.Equal("Second\0 thoughts", (await Store.GetAsync(run.Id, Ct)).Note);
        Assert.Equal(1, (await Store.ListAsync(new() { Text = "second" }, Ct)).Total);
        _ = await Assert.ThrowsAsync<ArgumentException>(() => Store.SetNoteAsync(run.Id, new string('x', RunStore.MaxNote + 1), Ct));
        _ = await Assert.ThrowsAsync<KeyNotFoundException>(() => Store.SetNoteAsync("nothing", "x", Ct));
    }

    [Fact]
    public async Task CountsAndFacets_TellWhatIsThere_WithinTheirBound()
    {
        var (one, none) = (await Store.OpenAsync(Make.Run("a"), again: false, Ct), await Store.OpenAsync(Make.Run("b", task: "mvbench"), again: false, Ct));
        for (var i = 0; i < 3; i++) _ = await Store.AddAsync(Make.Sample(one.Id, i), Ct);
        var counts = await Store.CountsAsync([one.Id, none.Id], Ct);
        Assert.Equal((1, 3), (counts.Count, counts[one.Id]));
        var facets = await Store.FacetsAsync(Ct);
        Assert.Equal(["mvbench", "niah"], facets.Tasks);
        Assert.Equal(["tiny"], facets.Models);
        for (var i = 0; i < RunStore.MaxFacets; i++) _ = await Store.OpenAsync(Make.Run($"m{i}", model: $"model{i:000}"), again: false, Ct);
        Assert.Equal(RunStore.MaxFacets, (await Store.FacetsAsync(Ct)).Models.Count);
    }

    [Fact]
    public async Task Sample_WrittenAndRead_HasEveryField()
    {
        var run = await Store.OpenAsync(Make.Run(), again: false, Ct);
        var sample = Make.Sample(run.Id, 2);
        Assert.True(await Store.AddAsync(sample, Ct));
        var read = await Store.SampleAsync(run.Id, 2, Ct);
        foreach (var field in typeof(Sample).GetProperties()) Assert.Equal(field.GetValue(sample), field.GetValue(read!));
        Assert.Null(await Store.SampleAsync(run.Id, 3, Ct));
    }

    [Fact]
    public async Task Add_ASampleThatIsThere_LeavesItAsItIs()
    {
        var run = await Store.OpenAsync(Make.Run(), again: false, Ct);
        Assert.True(await Store.AddAsync(Make.Sample(run.Id, 0, answer: "first"), Ct));
        Assert.False(await Store.AddAsync(Make.Sample(run.Id, 0, answer: "second"), Ct));
        Assert.Equal("first", (await Store.SampleAsync(run.Id, 0, Ct))!.Answer);
    }

    [Fact]
    public async Task Add_TheSameSamplesByManyAtOnce_RecordsEachOnce()
    {
        var run = await Store.OpenAsync(Make.Run(), again: false, Ct);
        var added = await Task.WhenAll(Enumerable.Range(0, 60).Select(i => Task.Run(() => Store.AddAsync(Make.Sample(run.Id, i % 10), Ct), Ct)));
        Assert.Equal(10, added.Count(a => a));
        Assert.Equal(Enumerable.Range(0, 10), (await Store.RecordedAsync(run.Id, Ct)).Order());
    }

    [Fact]
    public async Task Samples_OverSeveralPages_ComeInOrder()
    {
        var run = await Store.OpenAsync(Make.Run(), again: false, Ct);
        var count = (2 * RunStore.PageSize) + 1;
        foreach (var i in Enumerable.Range(0, count).Reverse()) _ = await Store.AddAsync(Make.Sample(run.Id, i), Ct);
        var seen = new List<int>();
        await foreach (var sample in Store.SamplesAsync(run.Id, Ct)) seen.Add(sample.Ordinal);
        Assert.Equal(Enumerable.Range(0, count), seen);
    }

    [Fact]
    public async Task ForgetFailed_TakesOnlyFailedSamplesOut()
    {
        var run = await Store.OpenAsync(Make.Run(), again: false, Ct);
        for (var i = 0; i < 5; i++) _ = await Store.AddAsync(Make.Sample(run.Id, i, i % 2 == 0 ? 1 : null), Ct);
        Assert.Equal(2, await Store.ForgetFailedAsync(run.Id, Ct));
        Assert.Equal([0, 2, 4], (await Store.RecordedAsync(run.Id, Ct)).Order());
    }

    [Fact]
    public async Task Finish_RecordsSummaryAndTime()
    {
        var run = await Store.OpenAsync(Make.Run(), again: false, Ct);
        await Store.SetStateAsync(run.Id, RunState.Failed, "no memory", Ct);
        await Store.FinishAsync(run.Id, Make.Summary(0.5), Ct);
        var read = await Store.GetAsync(run.Id, Ct);
        Assert.Equal((RunState.Finished, null, (DateTimeOffset?)Make.Noon.AddHours(1)), (read.State, read.Error, read.FinishedAt));
        var summary = RecordJson.Read<RunSummary>(read.Summary!);
        Assert.Equal((0.5, double.NaN, "overall"), (summary.Accuracy, summary.ClusteredError, summary.Rows[0].Name));
    }

    [Fact]
    public async Task List_FiltersSortsAndPages()
    {
        for (var i = 0; i < 5; i++) _ = await Store.OpenAsync(Make.Run($"n{i}", note: i == 3 ? "Émile's BEST" : "", created: Make.Noon.AddMinutes(i)), again: false, Ct);
        var other = await Store.OpenAsync(Make.Run("v", "videomme", "big", RunState.Running), again: false, Ct);
        var (page, total) = await Store.ListAsync(new RunFilter { Task = "niah", Skip = 1, Take = 2 }, Ct);
        Assert.Equal(5, total);
        Assert.Equal(["n3", "n2"], page.Select(r => r.Key));
        Assert.Equal(["n3"], (await Store.ListAsync(new RunFilter { Text = " best " }, Ct)).Runs.Select(r => r.Key));
        Assert.Equal(6, (await Store.ListAsync(new RunFilter { Text = "UNIFORM:1" }, Ct)).Total);
        Assert.Equal(0, (await Store.ListAsync(new RunFilter { Text = "%" }, Ct)).Total);
        Assert.Equal([other.Id], (await Store.ListAsync(new RunFilter { State = RunState.Running, Model = "big", SweepId = "sweep", Source = "studio" }, Ct)).Runs.Select(r => r.Id));
        _ = await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Store.ListAsync(new RunFilter { Take = RunFilter.MaxTake + 1 }, Ct));
    }

    /// <summary>A sweep that finds some of its runs done has all of them; the sweep that made them keeps them; a deleted run is in none.</summary>
    [Fact]
    public async Task JoinSweep_ARunThatWasThere_IsInBothSweeps()
    {
        var first = await Store.OpenAsync(Make.Run("a"), again: false, Ct); // made by "sweep"
        var second = await Store.OpenAsync(Make.Run("b"), again: false, Ct);
        await Store.JoinSweepAsync("later", first.Id, Ct);
        await Store.JoinSweepAsync("later", first.Id, Ct);
        Assert.Equal([first.Id], await In("later"));
        Assert.Equal(new[] { first.Id, second.Id }.Order(), (await In("sweep")).Order());
        _ = await Assert.ThrowsAsync<KeyNotFoundException>(() => Store.JoinSweepAsync("later", "nobody", Ct));
        var copy = Path.Combine(Directory.CreateTempSubdirectory("studio-sweeps-").FullName, "copy.db");
        Assert.Equal(2, await Store.BackupAsync(copy, Ct));
        using (var backup = await RunStore.ConnectAsync(ResultsTarget.File(copy), TimeProvider.System, Ct)) Assert.Equal(1, (await backup.ListAsync(new RunFilter { SweepId = "later" }, Ct)).Total);
        Directory.Delete(Path.GetDirectoryName(copy)!, recursive: true);
        await Store.DeleteAsync(first.Id, Ct);
        Assert.Empty(await In("later"));

        async Task<IEnumerable<string>> In(string sweep) => (await Store.ListAsync(new RunFilter { SweepId = sweep }, Ct)).Runs.Select(r => r.Id);
    }

    [Fact]
    public async Task Delete_TakesTheSamplesAlong_AndALateSampleIsRefused()
    {
        var run = await Store.OpenAsync(Make.Run(), again: false, Ct);
        _ = await Store.AddAsync(Make.Sample(run.Id, 0), Ct);
        await Store.DeleteAsync(run.Id, Ct);
        Assert.Empty(await Store.RecordedAsync(run.Id, Ct));
        var problem = await Assert.ThrowsAsync<KeyNotFoundException>(() => Store.AddAsync(Make.Sample(run.Id, 1), Ct));
        Assert.Contains(run.Id, problem.Message, StringComparison.Ordinal);
        foreach (var call in new Func<Task>[] { () => Store.GetAsync(run.Id, Ct), () => Store.DeleteAsync(run.Id, Ct), () => Store.SetStateAsync(run.Id, RunState.Open, null, Ct), () => Store.FinishAsync(run.Id, Make.Summary(), Ct) })
        {
            _ = await Assert.ThrowsAsync<KeyNotFoundException>(call);
        }
    }

    [Fact]
    public async Task Connect_ToADatabaseOfANewerProgram_IsRefusedWithTheRemedy()
    {
        await ExecuteAsync("INSERT INTO \"__EFMigrationsHistory\" (\"MigrationId\", \"ProductVersion\") VALUES ('29990101000000_Later', '99.0')");
        var problem = await Assert.ThrowsAsync<InvalidDataException>(() => RunStore.ConnectAsync(Store.Target, TimeProvider.System, Ct));
        Assert.Contains("29990101000000_Later", problem.Message, StringComparison.Ordinal);
        Assert.Contains("Update the studio", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connect_ToTheFirstSchema_UpgradesItWithoutLoss()
    {
        var run = await Store.OpenAsync(Make.Run(), again: false, Ct);
        for (var i = 0; i < 3; i++) _ = await Store.AddAsync(Make.Sample(run.Id, i), Ct);
        foreach (var later in new[] { "Question", "Interval" }) await ExecuteAsync($"ALTER TABLE samples DROP COLUMN \"{later}\"");
        await ExecuteAsync("DROP TABLE sweep_runs");
        await ExecuteAsync("DELETE FROM \"__EFMigrationsHistory\" WHERE \"MigrationId\" NOT LIKE '%_Init'");
        using var upgraded = await RunStore.ConnectAsync(Store.Target, TimeProvider.System, Ct);
        Assert.Equal(RecordJson.Text(await Store.GetAsync(run.Id, Ct)), RecordJson.Text(await upgraded.GetAsync(run.Id, Ct)));
        Assert.Equal(RecordJson.Text(run), RecordJson.Text(await upgraded.GetAsync(run.Id, Ct)));
        for (var i = 0; i < 3; i++)
        {
            var (written, read) = (Make.Sample(run.Id, i), (await upgraded.SampleAsync(run.Id, i, Ct))!);
            foreach (var field in typeof(Sample).GetProperties().Where(f => f.Name is not ("Question" or "Interval"))) Assert.Equal(field.GetValue(written), field.GetValue(read));
            Assert.Equal(("", null), (read.Question, read.Interval)); // what the first schema did not have
        }

        Assert.True(await upgraded.AddAsync(Make.Sample(run.Id, 3), Ct));
        Assert.Equal(Make.Sample(run.Id, 3).Question, (await upgraded.SampleAsync(run.Id, 3, Ct))!.Question);
    }

    [Fact]
    public async Task Resolve_TakesAUniqueBeginning()
    {
        var (one, two) = (Make.Run("a"), Make.Run("b"));
        (one.Id, two.Id) = ("0123" + new string('a', 28), "0124" + new string('b', 28));
        _ = await Store.OpenAsync(one, again: false, Ct);
        _ = await Store.OpenAsync(two, again: false, Ct);
        Assert.Equal(one.Id, await Store.ResolveAsync(" 0123", Ct));
        Assert.Equal(two.Id, await Store.ResolveAsync(two.Id.ToUpperInvariant(), Ct));
        Assert.Contains(one.Id, (await Assert.ThrowsAsync<ArgumentException>(() => Store.ResolveAsync("01", Ct))).Message, StringComparison.Ordinal);
        _ = await Assert.ThrowsAsync<KeyNotFoundException>(() => Store.ResolveAsync("%", Ct));
    }

    [Fact]
    public async Task Backup_WhileOthersWrite_IsAWholeDatabase()
    {
        var run = await Store.OpenAsync(Make.Run("a"), again: false, Ct);
        for (var i = 0; i < 20; i++) _ = await Store.AddAsync(Make.Sample(run.Id, i), Ct);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var writer = Task.Run(async () =>
        {
            var ordinal = 20;
            while (!stop.IsCancellationRequested) _ = await Store.AddAsync(Make.Sample(run.Id, ordinal++), Ct);
            return ordinal;
        }, Ct);
        var folder = Directory.CreateTempSubdirectory("studio-backup-").FullName;
        try
        {
            var file = Path.Combine(folder, "backup.db");
            Assert.Equal(1, await Store.BackupAsync(file, Ct));
            await stop.CancelAsync();
            var written = await writer;
            using (var copy = await RunStore.ConnectAsync(ResultsTarget.File(file), TimeProvider.System, Ct))
            {
                var saved = await copy.RecordedAsync(run.Id, Ct);
                Assert.InRange(saved.Count, 20, written);
                Assert.Equal(Enumerable.Range(0, saved.Count), saved.Order()); // one moment: no gap
                Assert.Equal(RecordJson.Text(await Store.SampleAsync(run.Id, 3, Ct)), RecordJson.Text(await copy.SampleAsync(run.Id, 3, Ct)));
            }

            Assert.Contains(file, (await Assert.ThrowsAsync<IOException>(() => Store.BackupAsync(file, Ct))).Message, StringComparison.Ordinal);
            Assert.DoesNotContain(Directory.GetFiles(folder), f => f.Contains(".part", StringComparison.Ordinal));
        }
        finally
        {
            await stop.CancelAsync();
            Directory.Delete(folder, recursive: true);
        }
    }

    protected async Task ExecuteAsync(string sql)
    {
        await using var db = new RunsDb(RunStore.Options(Store.Target));
        _ = await db.Database.ExecuteSqlRawAsync(sql, Ct);
    }
}
