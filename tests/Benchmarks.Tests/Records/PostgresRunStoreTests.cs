using Studio.Benchmarks.Records.Store;
using Xunit;

namespace Studio.Benchmarks.Tests.Records;

/// <summary>The same on a real PostgreSQL server.</summary>
public sealed class PostgresRunStoreTests(PostgresServer server) : RunStoreContract, IClassFixture<PostgresServer>
{
    [Fact]
    public async Task Connect_ByManyToANewDatabase_MakesOneSchema()
    {
        var target = server.NewDatabase();
        // The database itself is made by one; the schema by whoever comes first.
        (await RunStore.ConnectAsync(target, TimeProvider.System, Ct)).Dispose();
        var stores = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => RunStore.ConnectAsync(target, TimeProvider.System, Ct), Ct)));
        foreach (var store in stores) store.Dispose();
    }

    [Fact]
    public async Task Connect_ToAServerThatIsNotThere_SaysHowToMendIt()
    {
        _ = server.NewDatabase();
        var target = ResultsTarget.Parse("Host=/nonexistent-socket-folder;Database=d;Username=u;Password=s3cret", "f");
        var problem = await Assert.ThrowsAsync<IOException>(() => RunStore.ConnectAsync(target, TimeProvider.System, Ct));
        Assert.Contains(ResultsTarget.Variable, problem.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", problem.ToString(), StringComparison.Ordinal);
    }

    protected override Task<ResultsTarget> TargetAsync() => Task.FromResult(server.NewDatabase());
}
