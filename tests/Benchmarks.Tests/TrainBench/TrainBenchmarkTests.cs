using Studio.Benchmarks.EngineBench;
using Studio.Benchmarks.Tests.EngineBench;
using Studio.Benchmarks.TrainBench;
using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;
using Xunit;

namespace Studio.Benchmarks.Tests.TrainBench;

/// <summary>Reads meters of the whole process: runs after the others. Times are never judged here.</summary>
[Collection(nameof(EngineBenchmarkTests))]
public sealed class TrainBenchmarkTests
{
    private static TrainBenchOptions Quick => new()
    {
        Rows = 64,
        Supervised = 8,
        Layers = 2,
        Repeats = 2,
        Probe = new() { Budget = TimeSpan.FromMilliseconds(30), Products = [(64, 64, 64)], BandwidthBytes = 1 << 20 },
    };

    [Fact]
    public void Run_ThreeWays_GivesRatesSharesAndMemory()
    {
        var seen = new List<string>();
        var live = Tensor.LiveCount;
        BenchReport report = new TrainBenchmark(Quick).Run(row => seen.Add(row.Name), ct: TestContext.Current.CancellationToken);
        Assert.Equal(["train", "checkpointed", "lora"], seen);
        Assert.All(report.Rows, r => Assert.True(r.Items == 64 && r.Seconds.Count == 2 && r.Seconds.All(s => s > 0) && r.Share > 0 && r.Limit!.Mean > 0 && r.PeakBytes > 0, r.Name));
        Assert.Equal(report.Rows[0].Flops, report.Rows[1].Flops); // what is computed anew does not count
        // Gradients of all weights against those of corrections of rank 16.
        Assert.True(report.Rows[2].PeakBytes < report.Rows[0].PeakBytes / 2, $"{report.Rows[2].PeakBytes} of {report.Rows[0].PeakBytes} bytes");
        Assert.Equal(live, Tensor.LiveCount);
        Assert.Contains("tokens/s", BenchText.Render(report), StringComparison.Ordinal);
    }

    [Fact]
    public void Flops_OfAPass_AreThreeTimesTheForwards()
    {
        var benchmark = new TrainBenchmark(Quick with { Rows = 100, Supervised = 10, Layers = 1 });
        // Matrices: 1024 · (2 · 1024 + 2 · 256) + 3 · 1024 · 2816 = 11,272,192 a row.
        double products = 2 * 100 * 11_272_192.0, attention = 2 * 1024 * 100.0 * 100, head = 2 * 10 * 1024 * 16_000.0;
        LanguageConfig language = (Quick with { Layers = 1 }).Geometry;
        Assert.Equal(3 * (products + attention + head), benchmark.Flops(language, isLora: false), 1.0);
        Assert.Equal((2 * (products + head)) + (3 * attention), benchmark.Flops(language, isLora: true), 1.0);
    }

    [Fact]
    public void Run_WrongOption_IsRefusedByName()
    {
        Assert.Contains("rows: 4", Refused(Quick with { Rows = 4 }), StringComparison.Ordinal);
        Assert.Contains("layers: 65", Refused(Quick with { Layers = 65 }), StringComparison.Ordinal);
        Assert.Contains("repeats: 0", Refused(Quick with { Repeats = 0 }), StringComparison.Ordinal);
        Assert.Contains("supervised rows: 33", Refused(Quick with { Supervised = 33 }), StringComparison.Ordinal);
        Assert.Contains("fp16", Refused(Quick with { Dtype = ScalarType.Float16 }), StringComparison.Ordinal);

        static string Refused(TrainBenchOptions options) => Assert.Throws<ArgumentException>(() => new TrainBenchmark(options).Run()).Message;
    }
}
