using Studio.Benchmarks.Machine;
using Studio.Engine.Chat.Planning;
using Studio.Engine.Torch;
using Xunit;

namespace Studio.Benchmarks.Tests.Machine;

public sealed class FactsReaderTests
{
    private sealed class FakeMachine : IMachine
    {
        public Dictionary<string, string> Files { get; } = new()
        {
            ["/proc/cpuinfo"] = "processor\t: 0\nmodel name\t: Test CPU\nflags\t\t: sse2 avx2 amx_bf16\n\nprocessor\t: 1\nmodel name\t: Test CPU\n",
            ["/proc/meminfo"] = "MemTotal:       16777216 kB\nMemFree:         1 kB\nMemAvailable:    8388608 kB\n",
            ["/proc/self/maps"] = "7f00-7f01 r-xp 0 08:01 1   /usr/lib/libc.so.6\n7f02-7f03 r-xp 0 08:01 2   /opt/torch/lib/libtorch_cpu.so\n",
        };

        public Exception? LoadError { get; init; }

        public Exception? MeasureError { get; init; }

        public int Cards { get; init; }

        public List<string> Measured { get; } = [];

        public int Cores => 2;

        public string? ReadFile(string path) => Files.GetValueOrDefault(path);

        public string? FollowLinks(string path) => path == "/lib/libblas.so.3" ? "/usr/lib/blas/libblas.so.3.11" : null;

        public ToolAnswer Run(string program, IReadOnlyList<string> arguments) =>
            program == "nvidia-smi" && Cards > 0 ? new(ToolState.Works, "NVIDIA H200, 143771 MiB, 570.1\n") : ToolAnswer.Missing;

        public long? FreeBytes(string folder) => 5;

        public (string Version, string Blas, int Threads, bool CudaBuild, int Cards) LoadLibtorch() =>
            LoadError is null ? ("1.13.1", "/lib/libblas.so.3", 2, Cards > 0, Cards) : throw LoadError;

        public MachineRates Measure(Device device, CpuInfo cpu, string? cardName)
        {
            Measured.Add($"{device} {cardName}");
            return MeasureError is null ? new(new(cpu.Model, 2, "", "", device.ToString()), default, 1, 1, 1, 1) : throw MeasureError;
        }
    }

    [Fact]
    public void Read_WholeMachine_ParsesEachSource()
    {
        var facts = FactsReader.Read(new FakeMachine { Cards = 1 }, "data");
        Assert.Equal("Test CPU", facts.Cpu.Model);
        Assert.True(facts.Cpu.Has("amx_bf16"));
        Assert.False(facts.Cpu.Has("amx"));
        Assert.Equal((16L << 30, 8L << 30), (facts.MemoryTotal, facts.MemoryAvailable));
        Assert.Equal("/opt/torch/lib/libtorch_cpu.so", facts.Libtorch!.File);
        Assert.Equal("/usr/lib/blas/libblas.so.3.11", facts.Libtorch.BlasFile);
        Assert.Equal(["cpu", "cuda:0"], facts.Rates.Select(r => r.Key.Device));
        Assert.Equal(5, facts.DiskFree);
    }

    [Fact]
    public void Read_Card_IsMeasuredUnderItsName()
    {
        var machine = new FakeMachine { Cards = 1 };
        _ = FactsReader.Read(machine, "data");
        Assert.Equal(["cpu ", "cuda:0 NVIDIA H200"], machine.Measured);
    }

    [Theory]
    [InlineData("4294967296", "1073741824", 4, 3)]
    [InlineData("max", null, 16, 8)]
    [InlineData("1073741824", "2147483648", 1, 0)] // over its limit already
    [InlineData("99999999999999", "0", 16, 8)] // above the machine's own
    public void Read_ControlGroup_LowersTheMemory(string max, string? current, long totalGib, long availableGib)
    {
        var machine = new FakeMachine();
        machine.Files["/sys/fs/cgroup/memory.max"] = max;
        if (current is not null) machine.Files["/sys/fs/cgroup/memory.current"] = current;
        var facts = FactsReader.Read(machine, "data");
        Assert.Equal((totalGib << 30, availableGib << 30), (facts.MemoryTotal, facts.MemoryAvailable));
    }

    [Fact]
    public void Read_NoProcFiles_LeavesUnknowns()
    {
        var machine = new FakeMachine();
        machine.Files.Clear();
        var facts = FactsReader.Read(machine, "data");
        Assert.Equal("unknown CPU", facts.Cpu.Model);
        Assert.Null(facts.MemoryTotal);
        Assert.Null(facts.MemoryAvailable);
        Assert.Equal("", facts.Libtorch!.File);
    }

    [Fact]
    public void Read_LibtorchMissing_KeepsTheReasonAndMeasuresNothing()
    {
        var machine = new FakeMachine { LoadError = new TypeInitializationException("Native", new TorchException("cannot load x.so")) };
        var facts = FactsReader.Read(machine, "data");
        Assert.Null(facts.Libtorch);
        Assert.Equal("cannot load x.so", facts.LibtorchError);
        Assert.Empty(machine.Measured);
    }

    [Fact]
    public void Read_MeasuringFails_KeepsTheReason()
    {
        var facts = FactsReader.Read(new FakeMachine { MeasureError = new TorchException("no kernel") }, "data");
        Assert.Equal("no kernel", facts.RatesError);
        Assert.Empty(facts.Rates);
    }

    [Fact]
    public void Read_NotAskedTo_MeasuresNothing()
    {
        var machine = new FakeMachine();
        Assert.Empty(FactsReader.Read(machine, "data", measure: false).Rates);
        Assert.Empty(machine.Measured);
    }

    [Theory]
    [InlineData("OpenBLAS 0.3 (/lib/libblas.so.3)", "/lib/libblas.so.3")]
    [InlineData("/lib/libblas.so.3", "/lib/libblas.so.3")]
    [InlineData("MKL", "")]
    public void BlasFile_Description_GivesItsPath(string blas, string file) => Assert.Equal(file, FactsReader.BlasFile(blas));
}
