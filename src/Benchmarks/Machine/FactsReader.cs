using System.Globalization;
using Studio.Engine.Chat.Planning;
using Studio.Engine.Torch;

namespace Studio.Benchmarks.Machine;

/// <summary>Gathers the facts of a machine. A part that cannot be read becomes a fact of its own, never an exception.</summary>
public static class FactsReader
{
    /// <param name="machine">Where to look.</param>
    /// <param name="dataFolder">Whose disk to check.</param>
    /// <param name="measure">Whether to measure rates (a second or two unless cached).</param>
    public static MachineFacts Read(IMachine machine, string dataFolder, bool measure = true)
    {
        ArgumentNullException.ThrowIfNull(machine);
        var cpu = CpuInfo.Parse(machine.ReadFile(CpuInfo.Path));
        var smi = machine.Run("nvidia-smi", ["--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]);
        var (libtorch, libtorchError) = Libtorch(machine);
        var (rates, ratesError) = measure && libtorch is not null ? Rates(machine, cpu, libtorch, smi) : ([], "");
        var (total, available) = Memory(machine);
        return new()
        {
            Dotnet = Environment.Version,
            Libtorch = libtorch,
            LibtorchError = libtorchError,
            Cpu = cpu,
            Cores = machine.Cores,
            NvidiaSmi = smi,
            Ffmpeg = machine.Run("ffmpeg", ["-hide_banner", "-version"]),
            Ffprobe = machine.Run("ffprobe", ["-hide_banner", "-version"]),
            Prlimit = machine.Run("prlimit", ["--version"]),
            MemoryTotal = total,
            MemoryAvailable = available,
            DataFolder = dataFolder,
            DiskFree = machine.FreeBytes(dataFolder),
            Rates = rates,
            RatesError = ratesError,
        };
    }

    /// <summary>The file in a BLAS description: what stands in closing brackets, or all of it where it is a path; else empty.</summary>
    internal static string BlasFile(string blas)
    {
        var open = blas.LastIndexOf('(');
        return open >= 0 && blas.EndsWith(')') ? blas[(open + 1)..^1] : blas.StartsWith('/') ? blas : "";
    }

    private static (LibtorchFacts? Facts, string Error) Libtorch(IMachine machine)
    {
        try
        {
            var (version, blas, threads, cudaBuild, cards) = machine.LoadLibtorch();
            var mapped = (machine.ReadFile("/proc/self/maps") ?? "").Split('\n').FirstOrDefault(l => l.Contains("/libtorch_cpu.so", StringComparison.Ordinal));
            var blasFile = BlasFile(blas);
            return (new(version, mapped is null ? "" : mapped[mapped.IndexOf('/', StringComparison.Ordinal)..], blas, machine.FollowLinks(blasFile) ?? blasFile, threads, cudaBuild, cards), "");
        }
        catch (Exception e) when (Load(e) is { } text)
        {
            return (null, text);
        }

        // The first use of the door wraps its failure in the failure of a static constructor.
        static string? Load(Exception e) => e switch
        {
            TypeInitializationException { InnerException: { } inner } => inner.Message,
            TorchException or DllNotFoundException or EntryPointNotFoundException or BadImageFormatException => e.Message,
            _ => null,
        };
    }

    private static (IReadOnlyList<MachineRates> Rates, string Error) Rates(IMachine machine, CpuInfo cpu, LibtorchFacts libtorch, ToolAnswer smi)
    {
        var rates = new List<MachineRates>(2);
        try
        {
            rates.Add(machine.Measure(Device.CPU, cpu, null));
            if (libtorch.Cards > 0) rates.Add(machine.Measure(new(DeviceType.CUDA, 0), cpu, smi.State == ToolState.Works ? smi.FirstLine.Split(',')[0] : null));
            return (rates, "");
        }
        catch (TorchException e)
        {
            return (rates, e.Message);
        }
    }

    /// <summary>/proc/meminfo, and the control group's limit where it is lower.</summary>
    private static (long? Total, long? Available) Memory(IMachine machine)
    {
        var lines = (machine.ReadFile("/proc/meminfo") ?? "").Split('\n');
        long? Field(string name) => lines.FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal)) is { } line
            && Number(line.Split(' ', StringSplitOptions.RemoveEmptyEntries).ElementAtOrDefault(1)) is { } kib ? kib * 1024 : null;
        var (total, available) = (Field("MemTotal:"), Field("MemAvailable:"));
        if (Number(machine.ReadFile("/sys/fs/cgroup/memory.max")) is { } limit && limit < (total ?? long.MaxValue))
        {
            var free = Math.Max(0, limit - (Number(machine.ReadFile("/sys/fs/cgroup/memory.current")) ?? 0));
            (total, available) = (limit, Math.Min(available ?? long.MaxValue, free));
        }

        return (total, available);

        static long? Number(string? text) => long.TryParse(text?.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : null;
    }
}
