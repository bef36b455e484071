using System.Collections.Frozen;
using Studio.Benchmarks.Machine;
using Studio.Engine.Chat.Planning;
using Studio.Engine.Torch;
using Xunit;

namespace Studio.Benchmarks.Tests.Machine;

public sealed class MachineProbeTests : IDisposable
{
    private static readonly CpuInfo s_cpu = new("Test CPU", FrozenSet<string>.Empty);
    private static readonly ProbeSettings s_tiny = new() { Budget = TimeSpan.FromMilliseconds(30), Products = [(64, 64, 64), (96, 64, 64)], BandwidthBytes = 1 << 20 };

    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"rates-{Guid.NewGuid():N}");

    public void Dispose()
    {
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }

    /// <summary>A clock that moves only when a run moves it.</summary>
    private sealed class StepClock : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public override DateTimeOffset GetUtcNow() => new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);

        public void Pass(double seconds) => _ticks += (long)(seconds * TimeSpan.TicksPerSecond);
    }

    [Fact]
    public void MedianSeconds_OneSlowRun_DoesNotCount()
    {
        var clock = new StepClock();
        double[] runs = [9, 2, 50, 1]; // warm-up first
        var at = 0;
        Assert.Equal(2, new MachineProbe(clock).MedianSeconds(() => clock.Pass(runs[at++]), TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken), 1e-9);
        Assert.Equal(4, at); // three repeats although the budget was spent after two
    }

    [Fact]
    public void MedianSeconds_WarmUpSpendsTheBudget_IsTheMeasure()
    {
        var clock = new StepClock();
        var runs = 0;
        var seconds = new MachineProbe(clock).MedianSeconds(() =>
        {
            runs++;
            clock.Pass(7);
        }, TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
        Assert.Equal((7.0, 1), (seconds, runs));
    }

    [Fact]
    public void MedianSeconds_FastRuns_StopAtTheBound()
    {
        var clock = new StepClock();
        var runs = 0;
        _ = new MachineProbe(clock).MedianSeconds(() =>
        {
            runs++;
            clock.Pass(1e-6);
        }, TimeSpan.FromHours(1), TestContext.Current.CancellationToken);
        Assert.Equal(1 + MachineProbe.MaxRepeats, runs);
    }

    [Fact]
    public void MedianSeconds_Cancelled_Stops()
    {
        using var source = new CancellationTokenSource();
        var clock = new StepClock();
        _ = Assert.Throws<OperationCanceledException>(() => new MachineProbe(clock).MedianSeconds(source.Cancel, TimeSpan.FromSeconds(1), source.Token));
    }

    [Fact]
    public void Measure_TinySizes_GivesPositiveRates()
    {
        var rates = new MachineProbe(TimeProvider.System).Measure(Device.CPU, s_cpu, settings: s_tiny, ct: TestContext.Current.CancellationToken);
        Assert.True(rates.GemmFp32 > 1e6);
        Assert.True(rates.ReadBytesPerSecond > 1e6);
        Assert.True(rates.CopyBytesPerSecond > 1e6);
        Assert.Null(rates.GemmBf16);
        Assert.Equal(MachineProbe.KeyOf(Device.CPU, s_cpu), rates.Key);
        Assert.Equal(rates, MachineRates.TryParse(rates.ToJson()));
    }

    [Fact]
    public void Measure_BudgetSpentByTheFirstProduct_LeavesOutTheOthers()
    {
        // The second product is wrong on purpose: only leaving it out avoids the failure.
        var settings = s_tiny with { Budget = TimeSpan.Zero, Products = [(64, 64, 64), (-1, 64, 64)] };
        Assert.True(new MachineProbe(TimeProvider.System).Measure(Device.CPU, s_cpu, settings: settings, ct: TestContext.Current.CancellationToken).GemmFp32 > 0);
    }

    [Fact]
    public void Measure_CpuWithAmx_MeasuresBf16Too()
    {
        var cpu = s_cpu with { Flags = new[] { "amx_bf16" }.ToFrozenSet() };
        Assert.NotNull(new MachineProbe(TimeProvider.System).Measure(Device.CPU, cpu, settings: s_tiny, ct: TestContext.Current.CancellationToken).GemmBf16);
    }

    [Fact]
    public void Get_SecondTime_ReadsTheCacheUnlessRefreshed()
    {
        var (cache, ct) = (new RatesCache(_folder), TestContext.Current.CancellationToken);
        var probe = new MachineProbe(TimeProvider.System);
        var first = probe.Get(Device.CPU, s_cpu, cache, settings: s_tiny, ct: ct);
        Assert.Equal(first, probe.Get(Device.CPU, s_cpu, cache, settings: s_tiny, ct: ct));
        var again = probe.Get(Device.CPU, s_cpu, cache, refresh: true, settings: s_tiny, ct: ct);
        Assert.NotEqual(first.MeasuredAt, again.MeasuredAt);
        Assert.Equal(again, cache.TryRead(again.Key));
    }

    private static MachineRates Rates(string cpu = "a", int threads = 2, string libtorch = "1", string blas = "b", string device = "cpu") =>
        new(new(cpu, threads, libtorch, blas, device), default, 1, null, 1, 1);

    public static TheoryData<MachineRates> OtherKeys() => [Rates(cpu: "x"), Rates(threads: 1), Rates(libtorch: "2"), Rates(blas: "x"), Rates(device: "cuda:0")];

    [Theory]
    [MemberData(nameof(OtherKeys))]
    public void TryRead_AnyPartOfTheKeyDiffers_FindsNothing(MachineRates other)
    {
        var cache = new RatesCache(_folder);
        Assert.True(cache.TryWrite(Rates()));
        Assert.Equal(Rates(), cache.TryRead(Rates().Key));
        Assert.Null(cache.TryRead(other.Key));
    }

    [Theory]
    [InlineData("{ damaged")]
    [InlineData("{}")]
    public void TryRead_DamagedFile_FindsNothing(string content)
    {
        var cache = new RatesCache(_folder);
        _ = cache.TryWrite(Rates());
        File.WriteAllText(cache.PathOf(Rates().Key), content);
        Assert.Null(cache.TryRead(Rates().Key));
    }

    [Fact]
    public void TryRead_FileOfAnotherKey_FindsNothing()
    {
        var cache = new RatesCache(_folder);
        _ = cache.TryWrite(Rates());
        File.WriteAllText(cache.PathOf(Rates().Key), Rates(cpu: "x").ToJson());
        Assert.Null(cache.TryRead(Rates().Key));
    }

    [Fact]
    public void TryWrite_OneBeyondTheBound_DropsTheOldest()
    {
        var cache = new RatesCache(_folder);
        for (var n = 1; n <= RatesCache.MaxEntries + 1; n++)
        {
            Assert.True(cache.TryWrite(Rates(threads: n)));
            if (n <= RatesCache.MaxEntries) File.SetLastWriteTimeUtc(cache.PathOf(Rates(threads: n).Key), new DateTime(2026, 1, 1, 0, n, 0, DateTimeKind.Utc));
        }

        Assert.Equal(RatesCache.MaxEntries, Directory.GetFiles(_folder).Length);
        Assert.Null(cache.TryRead(Rates(threads: 1).Key));
        Assert.NotNull(cache.TryRead(Rates(threads: RatesCache.MaxEntries + 1).Key));
    }

    [Fact]
    public void TryWrite_FolderCannotBeMade_SaysNo()
    {
        File.WriteAllText(_folder, "a file where the folder should be");
        try
        {
            Assert.False(new RatesCache(_folder).TryWrite(Rates()));
        }
        finally
        {
            File.Delete(_folder);
        }
    }

    [Fact]
    public void LocalMachine_ThisMachine_IsReadAndJudged()
    {
        var machine = new LocalMachine(new MachineProbe(TimeProvider.System), new RatesCache(_folder), refresh: false);
        var facts = FactsReader.Read(machine, Path.Combine(_folder, "not", "there"), measure: false);
        Assert.NotNull(facts.Libtorch);
        Assert.True(facts.DiskFree > 0);
        Assert.NotEqual(true, Doctor.IsReferenceBlas(facts.Libtorch.Blas, facts.Libtorch.BlasFile));
        Assert.Contains(Doctor.Examine(facts).Findings, f => f.Name == "BLAS");
    }
}
