using Studio.Engine.Chat.Planning;
using Studio.Engine.Torch;

namespace Studio.Benchmarks.Machine;

/// <summary>The machine as the doctor reaches it; tests put a defective one in its place.</summary>
public interface IMachine
{
    /// <summary>Cores this process may use.</summary>
    int Cores { get; }

    /// <summary>Text of a small file, or null where it cannot be read.</summary>
    string? ReadFile(string path);

    /// <summary>A file with all links followed, or null where there is none.</summary>
    string? FollowLinks(string path);

    ToolAnswer Run(string program, IReadOnlyList<string> arguments);

    /// <summary>Bytes free on the file system of a folder, or of its nearest parent that exists; null where unknown.</summary>
    long? FreeBytes(string folder);

    /// <summary>Loads libtorch.</summary>
    /// <exception cref="Exception">It cannot be loaded.</exception>
    (string Version, string Blas, int Threads, bool CudaBuild, int Cards) LoadLibtorch();

    /// <summary>Measures a device, or gives what was measured before.</summary>
    MachineRates Measure(Device device, CpuInfo cpu, string? cardName);
}

/// <summary>The machine this process runs on.</summary>
/// <param name="probe">Measures.</param>
/// <param name="cache">Holds earlier measurements.</param>
/// <param name="refresh">Measures anew.</param>
public sealed class LocalMachine(MachineProbe probe, RatesCache cache, bool refresh) : IMachine
{
    /// <summary>Time for a program to answer: nvidia-smi takes seconds where the driver is not kept loaded.</summary>
    public static readonly TimeSpan ProgramLimit = TimeSpan.FromSeconds(10);

    public int Cores => Environment.ProcessorCount;

    public string? ReadFile(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public string? FollowLinks(string path)
    {
        try
        {
            if (!File.Exists(path)) return null;
            return File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? Path.GetFullPath(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public ToolAnswer Run(string program, IReadOnlyList<string> arguments) => ProcessRunner.Run(program, arguments, ProgramLimit);

    public long? FreeBytes(string folder)
    {
        var existing = new DirectoryInfo(Path.GetFullPath(folder));
        while (existing is { Exists: false }) existing = existing.Parent;
        try
        {
            return existing is null ? null : new DriveInfo(existing.FullName).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public (string Version, string Blas, int Threads, bool CudaBuild, int Cards) LoadLibtorch() =>
        (torch.Version, torch.Blas, torch.get_num_threads(), DeviceSettings.IsCudaBuild(torch.BuildConfiguration), torch.device_count(DeviceType.CUDA));

    public MachineRates Measure(Device device, CpuInfo cpu, string? cardName) => probe.Get(device, cpu, cache, refresh, cardName);
}
