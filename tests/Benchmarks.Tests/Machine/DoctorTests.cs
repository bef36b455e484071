using System.Collections.Frozen;
using System.Text.Json;
using Studio.Benchmarks.Machine;
using Studio.Engine.Chat.Planning;
using Xunit;

namespace Studio.Benchmarks.Tests.Machine;

public sealed class DoctorTests
{
    private const string OpenBlas = "OpenBLAS 0.3.21 DYNAMIC_ARCH SkylakeX (/lib/x86_64-linux-gnu/libblas.so.3)";
    private const string OpenBlasFile = "/usr/lib/x86_64-linux-gnu/openblas-pthread/libblas.so.3";

    private static MachineRates Rates(double gemm = 200e9, double read = 20e9, string device = "cpu") =>
        new(new("Test CPU", 2, "1.13.1", OpenBlas, device), new(2026, 1, 2, 0, 0, 0, TimeSpan.Zero), gemm, null, read, 16e9);

    /// <summary>A machine without a defect.</summary>
    private static MachineFacts Healthy { get; } = new()
    {
        Dotnet = new(10, 0, 1),
        Libtorch = new("1.13.1", "/usr/lib/libtorch_cpu.so.1.13", OpenBlas, OpenBlasFile, 2, CudaBuild: false, Cards: 0),
        Cpu = Cpu("avx2 avx512f avx512_vnni"),
        Cores = 2,
        NvidiaSmi = ToolAnswer.Missing,
        Ffmpeg = new(ToolState.Works, "ffmpeg version 5.1 Copyright (c) 2000-2022 the FFmpeg developers\nbuilt with gcc"),
        Ffprobe = new(ToolState.Works, "ffprobe version 5.1 Copyright (c) 2007-2022 the FFmpeg developers\n"),
        Prlimit = new(ToolState.Works, "prlimit from util-linux 2.38.1\n"),
        MemoryTotal = 32L << 30,
        MemoryAvailable = 24L << 30,
        DataFolder = "data",
        DiskFree = 100L << 30,
        Rates = [Rates()],
    };

    private static CpuInfo Cpu(string flags) => new("Test CPU", flags.Split(' ').ToFrozenSet());

    private static MachineFacts With(Func<LibtorchFacts, LibtorchFacts> change) => Healthy with { Libtorch = change(Healthy.Libtorch!) };

    private static Finding Find(MachineFacts facts, string name) => Assert.Single(Doctor.Examine(facts).Findings, f => f.Name.StartsWith(name, StringComparison.Ordinal));

    [Fact]
    public void Examine_HealthyMachine_FindsNothing()
    {
        var report = Doctor.Examine(Healthy);
        Assert.All(report.Findings, f => Assert.Equal((FindingStatus.Ok, ""), (f.Status, f.Remedy)));
        Assert.Equal(0, report.ExitCode);
        Assert.Equal(
            [".NET", "libtorch", "BLAS", "threads", "CPU", "GPU", "ffmpeg", "ffprobe", "prlimit", "memory", "disk of data", "matrix products, cpu", "memory bandwidth, cpu"],
            report.Findings.Select(f => f.Name));
    }

    public static TheoryData<string, MachineFacts, string, FindingStatus, string> Defects()
    {
        var smi = new ToolAnswer(ToolState.Works, "NVIDIA H200, 143771 MiB, 570.1\n");
        return new()
        {
            { "old runtime", Healthy with { Dotnet = new(8, 0, 1) }, ".NET", FindingStatus.Fail, ".NET 10" },
            { "no libtorch", Healthy with { Libtorch = null, LibtorchError = "cannot load" }, "libtorch", FindingStatus.Fail, "apt-get install libtorch-dev libopenblas0-pthread" },
            { "reference BLAS", With(t => t with { Blas = "/lib/libblas.so.3", BlasFile = "/usr/lib/x86_64-linux-gnu/blas/libblas.so.3.11.0" }), "BLAS", FindingStatus.Fail, "libopenblas0-pthread" },
            { "OpenBLAS loaded, another used", With(t => t with { BlasFile = "/usr/lib/x86_64-linux-gnu/blas/libblas.so.3.11.0" }), "BLAS", FindingStatus.Fail, "libopenblas0-pthread" },
            { "slow products", Healthy with { Rates = [Rates(gemm: 15.9e9)] }, "matrix products", FindingStatus.Fail, "libopenblas0-pthread" },
            { "slow memory", Healthy with { Rates = [Rates(read: 3.9e9)] }, "memory bandwidth", FindingStatus.Warn, "idle machine" },
            { "too few threads", With(t => t with { Threads = 1 }), "threads", FindingStatus.Warn, "STUDIO_THREADS=2" },
            { "too many threads", With(t => t with { Threads = 3 }), "threads", FindingStatus.Warn, "STUDIO_THREADS=2" },
            { "old CPU", Healthy with { Cpu = Cpu("sse4_2") }, "CPU", FindingStatus.Warn, "AVX2" },
            { "card, CPU build", Healthy with { NvidiaSmi = smi }, "GPU", FindingStatus.Warn, "TORCH_DIR" },
            { "card, CUDA build sees none", With(t => t with { CudaBuild = true }) with { NvidiaSmi = smi }, "GPU", FindingStatus.Warn, "CUDA_VISIBLE_DEVICES" },
            { "card, no libtorch", Healthy with { Libtorch = null, NvidiaSmi = smi }, "GPU", FindingStatus.Warn, "TORCH_DIR" },
            { "CUDA build, no card", With(t => t with { CudaBuild = true }), "GPU", FindingStatus.Warn, "--gpus all" },
            { "driver broken", Healthy with { NvidiaSmi = new(ToolState.Fails, "driver mismatch") }, "GPU", FindingStatus.Warn, "driver" },
            { "no ffmpeg", Healthy with { Ffmpeg = ToolAnswer.Missing }, "ffmpeg", FindingStatus.Fail, "apt-get install ffmpeg" },
            { "ffprobe hangs", Healthy with { Ffprobe = new(ToolState.Fails, "ffprobe did not answer within 10 s") }, "ffprobe", FindingStatus.Fail, "apt-get install ffmpeg" },
            { "no prlimit", Healthy with { Prlimit = ToolAnswer.Missing }, "prlimit", FindingStatus.Warn, "apt-get install util-linux" },
            { "ffmpeg silent", Healthy with { Ffmpeg = new(ToolState.Works, "\n") }, "ffmpeg", FindingStatus.Fail, "apt-get install ffmpeg" },
            { "memory short", Healthy with { MemoryAvailable = Doctor.MemoryWarn - 1 }, "memory", FindingStatus.Warn, "fewer frames" },
            { "memory gone", Healthy with { MemoryAvailable = Doctor.MemoryFail - 1, Rates = [] }, "memory", FindingStatus.Fail, "fewer frames" },
            { "memory unknown", Healthy with { MemoryAvailable = null }, "memory", FindingStatus.Warn, "make sure" },
            { "disk short", Healthy with { DiskFree = Doctor.DiskWarn - 1 }, "disk", FindingStatus.Warn, "free space" },
            { "disk full", Healthy with { DiskFree = Doctor.DiskFail - 1 }, "disk", FindingStatus.Fail, "free space" },
            { "measuring failed", Healthy with { Rates = [], RatesError = "no kernel" }, "measurement", FindingStatus.Fail, "TORCH_DIR" },
        };
    }

    [Theory]
    [MemberData(nameof(Defects))]
    public void Examine_OneDefect_IsFoundWithItsRemedy(string defect, MachineFacts facts, string name, FindingStatus status, string remedy)
    {
        var report = Doctor.Examine(facts);
        var finding = report.Findings.First(f => f.Status == status && f.Name.StartsWith(name, StringComparison.Ordinal));
        Assert.True(finding.Remedy.Contains(remedy, StringComparison.Ordinal), $"{defect}: {finding.Remedy}");
        Assert.All(report.Findings, f => Assert.Equal(f.Status == FindingStatus.Ok, f.Remedy.Length == 0));
        Assert.True(report.ExitCode >= (int)status);
    }

    [Theory]
    [InlineData("/lib/x86_64-linux-gnu/libblas.so.3", "/usr/lib/x86_64-linux-gnu/blas/libblas.so.3.11.0", true)]
    [InlineData(OpenBlas, OpenBlasFile, false)] // the same link, switched by the alternatives system
    [InlineData(OpenBlas, "/usr/lib/x86_64-linux-gnu/blas/libblas.so.3.11.0", true)]
    [InlineData("/usr/lib/x86_64-linux-gnu/atlas/libblas.so.3", "/usr/lib/x86_64-linux-gnu/atlas/libblas.so.3.10.3", false)]
    [InlineData("OpenBLAS 0.3.30", "", false)]
    [InlineData("MKL", "", false)]
    [InlineData("built in", "", null)]
    [InlineData("/opt/libvendor.so", "/opt/libvendor.so", null)] // the measured rate decides
    public void IsReferenceBlas_NamesAndFiles_AreToldApart(string blas, string file, bool? expected) => Assert.Equal(expected, Doctor.IsReferenceBlas(blas, file));

    [Fact]
    public void Examine_UsableCards_NamesThem()
    {
        var facts = With(t => t with { CudaBuild = true, Cards = 1 }) with
        {
            NvidiaSmi = new(ToolState.Works, "NVIDIA H200, 143771 MiB, 570.1\n"),
            Rates = [Rates(), Rates(device: "cuda:0 NVIDIA H200", gemm: 1e9)], // no floor for cards
        };
        Assert.Equal(0, Doctor.Examine(facts).ExitCode);
        Assert.Equal("1 usable: NVIDIA H200, 143771 MiB, 570.1", Find(facts, "GPU").Value);
        Assert.Contains(Doctor.Examine(facts).Findings, f => f.Name == "matrix products, cuda:0 NVIDIA H200");
    }

    [Theory]
    [InlineData("avx2", "fastest here")]
    [InlineData("avx2 avx512f amx_bf16", "--dtype bf16 multiplies about 5 times faster")]
    public void Examine_Cpu_SaysWhatAutoMeans(string flags, string meaning) =>
        Assert.Contains(meaning, Find(Healthy with { Cpu = Cpu(flags) }, "CPU").Value, StringComparison.Ordinal);

    [Fact]
    public void ToText_Defect_ShowsTheRemedyBelow()
    {
        var text = new DoctorReport([new("a", "fine", FindingStatus.Ok), new("bcd", "bad", FindingStatus.Fail, "repair it"), new("e", "so-so", FindingStatus.Warn, "try")]).ToText();
        Assert.Equal("ok    a    fine\nFAIL  bcd  bad\n           -> repair it\nwarn  e    so-so\n           -> try\n1 failed, 1 warned\n", text);
        Assert.EndsWith("all well\n", Doctor.Examine(Healthy).ToText(), StringComparison.Ordinal);
    }

    [Fact]
    public void ToJson_Report_HasStableNames()
    {
        using var json = JsonDocument.Parse(Doctor.Examine(Healthy with { Ffmpeg = ToolAnswer.Missing }).ToJson());
        Assert.Equal("Fail", json.RootElement.GetProperty("worst").GetString());
        var ffmpeg = json.RootElement.GetProperty("findings").EnumerateArray().Single(f => f.GetProperty("name").GetString() == "ffmpeg");
        Assert.Equal(["name", "value", "status", "remedy"], ffmpeg.EnumerateObject().Select(p => p.Name));
        Assert.Equal(["findings", "worst"], json.RootElement.EnumerateObject().Select(p => p.Name));
    }
}
