namespace Studio.Engine.Video;

/// <summary>Time and size limits for work done by ffmpeg and ffprobe. No call waits longer than these allow.</summary>
public sealed record MediaLimits
{
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

    internal TimeSpan FrameLimit(long skippedFrames) =>
        FrameStall + TimeSpan.FromSeconds(Math.Max(0, skippedFrames) / MinDecodeFramesPerSecond);

    internal void Validate()
    {
        Positive(Probe, nameof(Probe));
        Positive(PacketPass, nameof(PacketPass));
        Positive(FrameStall, nameof(FrameStall));
        if (!(MinDecodeFramesPerSecond > 0))
        {
            throw new ArgumentException($"MediaLimits.MinDecodeFramesPerSecond is {MinDecodeFramesPerSecond}; give a number above 0.");
        }

        if (MaxPixels < 1)
        {
            throw new ArgumentException($"MediaLimits.MaxPixels is {MaxPixels}; give at least 1.");
        }
    }

    private static void Positive(TimeSpan value, string name)
    {
        if (value <= TimeSpan.Zero)
        {
            throw new ArgumentException($"MediaLimits.{name} is {value}; give a time above zero.");
        }
    }
}
