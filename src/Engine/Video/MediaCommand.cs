namespace Studio.Engine.Video;

/// <summary>
/// A tool and the limits the kernel holds it to, set by prlimit before the tool starts, so that a hostile file can exhaust
/// neither memory nor processor, write no file and collect no handles. Output goes through pipes, which no file limit touches.
/// </summary>
/// <param name="Tool">Full path of the executable.</param>
internal sealed record MediaCommand(string Tool)
{
    /// <summary>Exit code of a process that the kernel ended for its processor time (128 + SIGXCPU).</summary>
    internal const int ProcessorTimeExceeded = 128 + 24;

    // ffmpeg has some hundred libraries and threads; each heap of its own would reserve 64 MB of the address space.
    internal const int HeapArenas = 4;

    /// <summary>Full path of prlimit, or null where there is none: then only the limits of wall time hold.</summary>
    internal string? Prlimit { get; init; }

    /// <summary>Address space, bytes.</summary>
    internal long MemoryBytes { get; init; }

    /// <summary>Processor seconds of all threads together.</summary>
    internal long ProcessorSeconds { get; init; }

    internal int OpenFiles { get; init; }

    /// <summary>What to start.</summary>
    internal string File => Prlimit ?? Tool;

    /// <summary>What stands before the tool's own arguments.</summary>
    internal IReadOnlyList<string> Prefix => Prlimit is null
        ? []
        :
        [
            $"--as={MemoryBytes}",
            // The soft limit ends the tool with a signal of its own; the hard one, a second later, cannot be caught.
            $"--cpu={ProcessorSeconds}:{ProcessorSeconds + 1}",
            "--fsize=0",
            $"--nofile={OpenFiles}",
            "--core=0",
            "--",
            Tool,
        ];
}
