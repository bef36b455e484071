using Studio.Engine.Chat.Planning;

namespace Studio.Benchmarks.Machine;

/// <summary>The loaded libtorch.</summary>
/// <param name="Version">Its version.</param>
/// <param name="File">libtorch_cpu's file; empty where unknown.</param>
/// <param name="Blas">Which library multiplies matrices, in its own words, with the file in brackets where known.</param>
/// <param name="BlasFile">That file with all links followed; empty where unknown. Tells OpenBLAS behind the name libblas from the reference.</param>
/// <param name="Threads">Threads it computes with.</param>
/// <param name="CudaBuild">Whether it was built for CUDA.</param>
/// <param name="Cards">Cards it can use.</param>
public sealed record LibtorchFacts(string Version, string File, string Blas, string BlasFile, int Threads, bool CudaBuild, int Cards);

/// <summary>Everything the doctor judges, as plain data.</summary>
public sealed record MachineFacts
{
    public required Version Dotnet { get; init; }

    /// <summary>Null where it does not load.</summary>
    public LibtorchFacts? Libtorch { get; init; }

    /// <summary>Why libtorch does not load.</summary>
    public string LibtorchError { get; init; } = "";

    public required CpuInfo Cpu { get; init; }

    /// <summary>Cores this process may use.</summary>
    public required int Cores { get; init; }

    /// <summary><c>nvidia-smi</c>, asked for one line a card: name, memory, driver.</summary>
    public required ToolAnswer NvidiaSmi { get; init; }

    public required ToolAnswer Ffmpeg { get; init; }

    public required ToolAnswer Ffprobe { get; init; }

    /// <summary>Holds ffmpeg to limits of memory and processor time.</summary>
    public required ToolAnswer Prlimit { get; init; }

    /// <summary>Bytes of memory, the container's limit counted; null where unknown.</summary>
    public long? MemoryTotal { get; init; }

    public long? MemoryAvailable { get; init; }

    public required string DataFolder { get; init; }

    /// <summary>Bytes free where the data folder is or will be; null where unknown.</summary>
    public long? DiskFree { get; init; }

    /// <summary>Rates of the CPU, then of the first card; empty where measuring failed or was not asked for.</summary>
    public IReadOnlyList<MachineRates> Rates { get; init; } = [];

    /// <summary>Why measuring failed; empty where it did not.</summary>
    public string RatesError { get; init; } = "";
}
