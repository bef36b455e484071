namespace Studio.Engine.Video;

/// <summary>Limits of the work done by ffmpeg and ffprobe: time, memory, and the size of what they are given.</summary>
/// <remarks>
/// Bytes, duration and pixels are checked before any picture is decoded. Memory, processor time and open files are held by the
/// kernel where prlimit is installed (<see cref="MediaTools.AreLimitsEnforced"/>); wall time always.
/// </remarks>
public sealed record MediaLimits
{
    /// <summary>Threads a decoder starts at most by itself; processor time is wall time times this or the number of cores.</summary>
    internal const int DecoderThreads = 16;

    public static MediaLimits Default { get; } = new();

    /// <summary>Reading the header of a file. Default 30 s.</summary>
    public TimeSpan Probe { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Walking all packets of a file (it reads the whole file). Default 5 min; past it the frame count is estimated.</summary>
    public TimeSpan PacketPass { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Longest wait for a frame, not counting the frames skipped before it. Default 60 s.</summary>
    public TimeSpan FrameStall { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Slowest decoder we wait for: each skipped frame adds 1/this seconds to <see cref="FrameStall"/>. Default 5.</summary>
    public double MinDecodeFramesPerSecond { get; init; } = 5;

    /// <summary>Largest picture, width × height. Default 64 Mpixel: four 8-bit 8K frames, 192 MB as RGB.</summary>
    public long MaxPixels { get; init; } = 64L * 1024 * 1024;

    /// <summary>Largest file, bytes. Default 64 GiB.</summary>
    public long MaxBytes { get; init; } = 64L << 30;

    /// <summary>Longest video. Default 24 h.</summary>
    public TimeSpan MaxDuration { get; init; } = TimeSpan.FromHours(24);

    /// <summary>
    /// Address space of one process, bytes. Default 8 GiB: ffmpeg itself reserves 0.5, 8K H.264 on 16 threads 4, with 10 bits
    /// a colour twice that.
    /// </summary>
    public long MaxMemoryBytes { get; init; } = 8L << 30;

    /// <summary>Files one process may hold open. Default 64: 16 inputs of one seeking process, and its pipes and libraries.</summary>
    public int MaxOpenFiles { get; init; } = 64;

    /// <summary>
    /// What a decoder is told: the header's own check is exact, this one stops a picture that its header hides. A quarter more,
    /// because codecs store pictures in whole blocks.
    /// </summary>
    internal long DecoderPixels => MaxPixels + (MaxPixels / 4) + (64 * 1024);

    internal TimeSpan FrameLimit(long skippedFrames) =>
        FrameStall + TimeSpan.FromSeconds(Math.Max(0, skippedFrames) / MinDecodeFramesPerSecond);

    /// <summary>Processor seconds of a tool that may run this long on all cores, at least 1.</summary>
    internal static long ProcessorSeconds(TimeSpan wall) =>
        (long)Math.Max(1, Math.Ceiling(Math.Min(int.MaxValue, wall.TotalSeconds * Math.Min(Environment.ProcessorCount, DecoderThreads))));

    internal void Validate()
    {
        Positive(Probe, nameof(Probe));
        Positive(PacketPass, nameof(PacketPass));
        Positive(FrameStall, nameof(FrameStall));
        Positive(MaxDuration, nameof(MaxDuration));
        AtLeastOne(MaxPixels, nameof(MaxPixels));
        AtLeastOne(MaxBytes, nameof(MaxBytes));
        AtLeastOne(MaxMemoryBytes, nameof(MaxMemoryBytes));
        AtLeastOne(MaxOpenFiles, nameof(MaxOpenFiles));
        if (!(MinDecodeFramesPerSecond > 0))
        {
            throw new ArgumentException($"MediaLimits.MinDecodeFramesPerSecond is {MinDecodeFramesPerSecond}; give a number above 0.");
        }
    }

    private static void Positive(TimeSpan value, string name)
    {
        if (value <= TimeSpan.Zero)
        {
            throw new ArgumentException($"MediaLimits.{name} is {value}; give a time above zero.");
        }
    }

    private static void AtLeastOne(long value, string name)
    {
        if (value < 1)
        {
            throw new ArgumentException($"MediaLimits.{name} is {value}; give at least 1.");
        }
    }
}
