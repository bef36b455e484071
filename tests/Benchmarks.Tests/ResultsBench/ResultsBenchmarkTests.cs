using Studio.Benchmarks.Records.Store;
using Studio.Benchmarks.ResultsBench;
using Studio.Benchmarks.Tests.Records;
using Xunit;

namespace Studio.Benchmarks.Tests.ResultsBench;

/// <summary>The short form of <c>bench results</c>.</summary>
public sealed class ResultsBenchmarkTests(PostgresServer server) : IClassFixture<PostgresServer>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ManyWritersAndReaders_OnSqlite_NoCallFails()
    {
        var folder = Directory.CreateTempSubdirectory("studio-many-").FullName;
        try
        {
            await CheckAsync(ResultsTarget.File(Path.Combine(folder, "results.db")));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public Task ManyWritersAndReaders_OnPostgres_NoCallFails() => CheckAsync(server.NewDatabase());

    [Fact]
    public void Histogram_Quantiles_AreWithinFivePerCent()
    {
        var histogram = new LatencyHistogram();
        for (var i = 1; i <= 1000; i++) histogram.Add(i);
        Assert.Equal((1000L, 1000.0), (histogram.Count, histogram.Max));
        Assert.InRange(histogram.Quantile(0.5), 500, 525);
        Assert.InRange(histogram.Quantile(0.99), 990, 1000);
        histogram.Add(1e12); // beyond the last step
        Assert.Equal(1e12, histogram.Max);
        Assert.Equal(0, new LatencyHistogram().Quantile(0.5));
    }

    private static async Task CheckAsync(ResultsTarget target)
    {
        var report = await ResultsBenchmark.RunAsync(new(target, Writers: 8, Readers: 16, TimeSpan.FromSeconds(2)), TimeProvider.System, null, Ct);
        Assert.Empty(report.Failures);
        Assert.True(report.Writes.Count > 0);
        Assert.True(report.Reads.Count > 0);
        Assert.Equal(report.Writes.Count, report.Recorded);
    }
}
