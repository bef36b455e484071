using System.Text;
using Microsoft.Data.Sqlite;
using Studio.Benchmarks.Records;
using Studio.Benchmarks.Records.Store;
using Xunit;

namespace Studio.Benchmarks.Tests.Records;

public sealed class SqliteRunStoreTests : RunStoreContract
{
    private readonly string _folder = Directory.CreateTempSubdirectory("studio-results-").FullName;

    private string File => Path.Combine(_folder, "below", "results.db");

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Connect_ToAFileThatIsNoDatabase_NamesItAndTheRemedy()
    {
        var file = Path.Combine(_folder, "notes.txt");
        await System.IO.File.WriteAllTextAsync(file, new string('x', 5000), Ct);
        var problem = await Assert.ThrowsAsync<InvalidDataException>(() => RunStore.ConnectAsync(ResultsTarget.File(file), TimeProvider.System, Ct));
        Assert.Contains(file, problem.Message, StringComparison.Ordinal);
        Assert.Contains(ResultsTarget.Variable, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connect_AfterAProcessDiedWhileItMigrated_DoesNotWaitForIt()
    {
        await ExecuteAsync("CREATE TABLE IF NOT EXISTS \"__EFMigrationsLock\" (\"Id\" INTEGER NOT NULL PRIMARY KEY, \"Timestamp\" TEXT NOT NULL)");
        await ExecuteAsync("INSERT INTO \"__EFMigrationsLock\" VALUES (1, '2026-01-01')");
        await ExecuteAsync("DELETE FROM \"__EFMigrationsHistory\" WHERE \"MigrationId\" NOT LIKE '%_Init'");
        await ExecuteAsync("DROP TABLE sweep_runs");
        await ExecuteAsync("ALTER TABLE samples DROP COLUMN \"Question\"");
        await ExecuteAsync("ALTER TABLE samples DROP COLUMN \"Interval\"");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(TimeSpan.FromMinutes(2));
        using var store = await RunStore.ConnectAsync(Store.Target, TimeProvider.System, limit.Token);
        var run = await store.OpenAsync(Make.Run(), again: false, Ct);
        Assert.True(await store.AddAsync(Make.Sample(run.Id, 0), Ct));
    }

    [Fact]
    public async Task Connect_ByManyToANewFile_MakesOneSchema()
    {
        var file = Path.Combine(_folder, "new.db");
        var stores = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => RunStore.ConnectAsync(ResultsTarget.File(file), TimeProvider.System, Ct), Ct)));
        foreach (var store in stores)
        {
            _ = await store.OpenAsync(Make.Run(Guid.NewGuid().ToString()), again: false, Ct);
            store.Dispose();
        }

        using var again = await RunStore.ConnectAsync(ResultsTarget.File(file), TimeProvider.System, Ct);
        Assert.Equal(stores.Length, (await again.ListAsync(new RunFilter(), Ct)).Total);
    }

    [Fact]
    public async Task Write_WhileAnotherProgramHoldsTheFile_WaitsAndIsDone_AndReadersDoNotWait()
    {
        await using var other = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = File, Pooling = false }.ToString());
        await other.OpenAsync(Ct);
        var held = other.BeginTransaction(deferred: false);
        var write = Task.Run(() => Store.OpenAsync(Make.Run(), again: false, Ct), Ct);
        Assert.Equal(0, (await Store.ListAsync(new RunFilter(), Ct)).Total);
        await Task.Delay(2500, Ct); // longer than one try: the store has begun again at least once
        Assert.False(write.IsCompleted);
        await held.DisposeAsync();
        _ = await write;
        Assert.Equal(1, (await Store.ListAsync(new RunFilter(), Ct)).Total);
    }

    [Fact]
    public async Task Write_Cancelled_WhileAnotherProgramHoldsTheFile_EndsSoon()
    {
        await using var other = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = File, Pooling = false }.ToString());
        await other.OpenAsync(Ct);
        await using var held = other.BeginTransaction(deferred: false);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        cancel.CancelAfter(100);
        _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.Run(() => Store.OpenAsync(Make.Run(), again: false, cancel.Token), Ct));
    }

    [Fact]
    public async Task Journal_IsWrittenAhead()
    {
        await using var connection = new SqliteConnection($"Data Source={File};Pooling=false");
        await connection.OpenAsync(Ct);
        await using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA journal_mode";
        Assert.Equal("wal", await command.ExecuteScalarAsync(Ct));
    }

    [Theory]
    [InlineData("")]
    [InlineData("plain \U0001F600")]
    [InlineData("\0a\ue000b\ue0001234\ud800")]
    [InlineData("\udc00\ud800\udc00\0")]
    public void StorableText_EscapedAndBack_IsTheSame(string text)
    {
        var stored = StorableText.Escape(text)!;
        Assert.Equal(text, StorableText.Unescape(stored));
        Assert.DoesNotContain('\0', stored);
        Assert.Equal(stored, Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(stored)));
    }

    [Fact]
    public async Task WriteLane_Full_SaysSoAndAdmitsAgain()
    {
        using var lane = new WriteLane(1, bound: 2);
        var first = await lane.EnterAsync(Ct);
        var waiting = Enumerable.Range(0, 2).Select(_ => lane.EnterAsync(Ct).AsTask()).ToList();
        var problem = await Assert.ThrowsAsync<IOException>(() => lane.EnterAsync(Ct).AsTask());
        Assert.Contains("2 writes are waiting", problem.Message, StringComparison.Ordinal);
        first.Dispose();
        foreach (var turn in waiting) (await turn).Dispose();
        (await lane.EnterAsync(Ct)).Dispose();
    }

    protected override Task<ResultsTarget> TargetAsync() => Task.FromResult(ResultsTarget.File(File));
}
