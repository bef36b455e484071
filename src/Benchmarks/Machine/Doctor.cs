using Studio.Engine.Chat.Planning;
using Studio.Engine.Torch;

namespace Studio.Benchmarks.Machine;

/// <summary>Judges a machine: what is there, whether it will do, and what to do about each defect. Pure.</summary>
public static class Doctor
{
    /// <summary>
    /// FLOP/s a thread below which something is wrong: the reference BLAS reaches 2e9, OpenBLAS with AVX2 30e9 and more, on
    /// a shared core half of that.
    /// </summary>
    public const double GemmFloorPerThread = 8e9;

    /// <summary>Bytes/s below which memory is crowded: one channel of the slowest DDR4 has four times that.</summary>
    public const double ReadFloor = 4e9;

    /// <summary>Free memory and disk below which nothing works, and below which long videos or models do not fit.</summary>
    public const long MemoryFail = 2L << 30, MemoryWarn = 8L << 30, DiskFail = 1L << 30, DiskWarn = 10L << 30;

    private const string InstallBlas = "apt-get install libopenblas0-pthread (the alternatives system then prefers it), and start again";

    /// <summary>Substrings of file names and descriptions of libraries that are fast.</summary>
    private static readonly string[] s_fastBlas = ["openblas", "mkl", "blis", "atlas", "flexiblas", "armpl", "nvpl", "accelerate"];

    /// <summary>Those that products make use of.</summary>
    private static readonly string[] s_instructionSets = ["avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_bf16", "amx_int8"];

    public static DoctorReport Examine(MachineFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        var findings = new List<Finding> { Dotnet(facts), Libtorch(facts) }; // bounded by the lines below
        if (facts.Libtorch is { } torch)
        {
            findings.Add(Blas(torch));
            findings.Add(Threads(torch, facts.Cores));
        }

        findings.Add(Cpu(facts.Cpu));
        findings.Add(Gpu(facts));
        findings.Add(Tool("ffmpeg", facts.Ffmpeg));
        findings.Add(Tool("ffprobe", facts.Ffprobe));
        findings.Add(Prlimit(facts.Prlimit));
        findings.Add(Free("memory", facts.MemoryAvailable, facts.MemoryTotal is { } total ? $" of {Units.Bytes(total)}" : "", MemoryFail, MemoryWarn,
            "close other programs, or use fewer frames and a smaller model"));
        findings.Add(Free($"disk of {facts.DataFolder}", facts.DiskFree, "", DiskFail, DiskWarn, "free space there, or choose another data folder"));
        foreach (var rates in facts.Rates)
        {
            findings.Add(Products(rates));
            findings.Add(Bandwidth(rates));
        }

        if (facts.RatesError.Length > 0) findings.Add(new("measurement", facts.RatesError, FindingStatus.Fail, "libtorch loads but does not compute: install it again, or set TORCH_DIR to another one"));
        return new(findings);
    }

    /// <summary>Whether a library is the reference BLAS; null where neither its name nor its file tells.</summary>
    internal static bool? IsReferenceBlas(string blas, string file)
    {
        // The file decides where it is known: libtorch may load OpenBLAS and still multiply with another library.
        var name = file.Length > 0 ? file : blas;
        if (s_fastBlas.Any(f => name.Contains(f, StringComparison.OrdinalIgnoreCase))) return false;
        return file.Length > 0 && Path.GetFileName(file).StartsWith("libblas.", StringComparison.Ordinal) ? true : null;
    }

    private static Finding Dotnet(MachineFacts facts) => facts.Dotnet.Major >= 10
        ? new(".NET", facts.Dotnet.ToString(), FindingStatus.Ok)
        : new(".NET", facts.Dotnet.ToString(), FindingStatus.Fail, "install the .NET 10 SDK");

    private static Finding Libtorch(MachineFacts facts) => facts.Libtorch is not { } torch
        ? new("libtorch", facts.LibtorchError, FindingStatus.Fail, "apt-get install libtorch-dev libopenblas0-pthread g++ and build again, or set TORCH_DIR to a folder with include/ and lib/")
        : new("libtorch", $"{torch.Version}, {(torch.CudaBuild ? "CUDA" : "CPU")} build{(torch.File.Length > 0 ? $", {torch.File}" : "")}", FindingStatus.Ok);

    private static Finding Blas(LibtorchFacts torch)
    {
        var value = torch.BlasFile.Length > 0 && !torch.Blas.Contains(torch.BlasFile, StringComparison.Ordinal) ? $"{torch.Blas} -> {torch.BlasFile}" : torch.Blas;
        return IsReferenceBlas(torch.Blas, torch.BlasFile) == true
            ? new("BLAS", $"{value} (the reference BLAS: 30 times slower)", FindingStatus.Fail, InstallBlas)
            : new("BLAS", value, FindingStatus.Ok);
    }

    private static Finding Threads(LibtorchFacts torch, int cores)
    {
        var value = $"{torch.Threads} of {cores} cores";
        return torch.Threads == cores ? new("threads", value, FindingStatus.Ok)
            : torch.Threads < cores ? new("threads", value, FindingStatus.Warn, $"set STUDIO_THREADS={cores} to use all cores")
            : new("threads", value, FindingStatus.Warn, $"more threads than cores slow each other down: set STUDIO_THREADS={cores}");
    }

    private static Finding Cpu(CpuInfo cpu)
    {
        var sets = s_instructionSets.Where(cpu.Has).ToArray();
        var value = $"{cpu.Model}: {(sets.Length > 0 ? string.Join(", ", sets) : "none of the known instruction sets")}";
        var meaning = cpu.Has("amx_bf16") ? "; --dtype auto computes in fp32, the reference; --dtype bf16 multiplies about 5 times faster"
            : sets.Length > 0 ? "; --dtype auto computes in fp32, which is also the fastest here" : "";
        // Arm lists its features under other names; asimd is what every 64-bit one has.
        return cpu.Has("avx2") || cpu.Has("asimd") || cpu.Flags.Count == 0
            ? new("CPU", value + meaning, FindingStatus.Ok)
            : new("CPU", value, FindingStatus.Warn, "without AVX2, products are several times slower: use a newer machine or a virtual one that passes the host's CPU through");
    }

    private static Finding Gpu(MachineFacts facts)
    {
        var (smi, torch) = (facts.NvidiaSmi, facts.Libtorch);
        var listed = smi.State == ToolState.Works ? smi.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) : [];
        var names = string.Join("; ", listed);
        if (torch is { Cards: > 0 })
        {
            return new("GPU", $"{torch.Cards} usable{(names.Length > 0 ? $": {names}" : "")}", FindingStatus.Ok);
        }

        const string TorchDir = "set TORCH_DIR to a libtorch built for CUDA (such as a pip-installed torch folder) and build again";
        return (listed.Length > 0, smi.State, torch?.CudaBuild) switch
        {
            (true, _, true) => new("GPU", $"{names}; libtorch sees none", FindingStatus.Warn, "check that CUDA_VISIBLE_DEVICES does not hide it and that the driver is as new as libtorch's CUDA"),
            (true, _, _) => new("GPU", $"{names}; libtorch is built for the CPU only", FindingStatus.Warn, TorchDir),
            (_, ToolState.Fails, _) => new("GPU", smi.FirstLine, FindingStatus.Warn, "repair the NVIDIA driver (often a restart after its update), or ignore this on a machine without a card"),
            (_, _, true) => new("GPU", "none, though libtorch is built for CUDA", FindingStatus.Warn, "expose the card to this machine or container (--gpus all), or unset TORCH_DIR for the smaller CPU build"),
            _ => new("GPU", "none; computing on the CPU", FindingStatus.Ok),
        };
    }

    private static Finding Prlimit(ToolAnswer answer) => answer.State == ToolState.Works
        ? new("prlimit", answer.FirstLine, FindingStatus.Ok)
        : new("prlimit", answer.State == ToolState.Fails ? answer.FirstLine : "not found", FindingStatus.Warn,
            "apt-get install util-linux: without it ffmpeg is held to limits of time, formats and picture size only, not of memory and processor time");

    private static Finding Tool(string name, ToolAnswer answer)
    {
        const string Install = "apt-get install ffmpeg: no video can be read without it";
        return answer.State switch
        {
            ToolState.Works when answer.FirstLine.Length > 0 => new(name, Short(answer.FirstLine), FindingStatus.Ok),
            ToolState.Works => new(name, "answers nothing to -version", FindingStatus.Fail, Install),
            ToolState.Fails => new(name, answer.FirstLine, FindingStatus.Fail, Install),
            _ => new(name, "not found", FindingStatus.Fail, Install),
        };

        // The first line goes on with a copyright.
        static string Short(string line) => line.Split(" Copyright", 2)[0];
    }

    private static Finding Free(string name, long? bytes, string of, long fail, long warn, string remedy) => bytes is not { } free
        ? new(name, "unknown", FindingStatus.Warn, "could not be read on this system; make sure that there is enough")
        : new(name, $"{Units.Bytes(free)} free{of}", free < fail ? FindingStatus.Fail : free < warn ? FindingStatus.Warn : FindingStatus.Ok, free < warn ? remedy : "");

    private static Finding Products(MachineRates rates)
    {
        var (cpu, name) = (IsCpu(rates), $"matrix products, {rates.Key.Device}");
        var value = $"{Units.FlopRate(rates.GemmFp32)} fp32{(rates.GemmBf16 is { } half ? $", {Units.FlopRate(half)} bf16" : "")}{(cpu ? $" on {rates.Key.Threads} threads" : "")}";
        return cpu && rates.GemmFp32 < GemmFloorPerThread * rates.Key.Threads
            ? new(name, $"{value}: far below {Units.FlopRate(GemmFloorPerThread)} a thread", FindingStatus.Fail, $"the BLAS is a slow one or the machine is busy: {InstallBlas}; measure again on an idle machine")
            : new(name, value, FindingStatus.Ok);
    }

    private static Finding Bandwidth(MachineRates rates)
    {
        var name = $"memory bandwidth, {rates.Key.Device}";
        var value = $"reads {Units.ByteRate(rates.ReadBytesPerSecond)}, copies {Units.ByteRate(rates.CopyBytesPerSecond)}";
        return rates.ReadBytesPerSecond < ReadFloor ? new(name, value, FindingStatus.Warn, "other programs use the memory: measure again on an idle machine") : new(name, value, FindingStatus.Ok);
    }

    private static bool IsCpu(MachineRates rates) => rates.Key.Device == Device.CPU.ToString();
}
