namespace Studio.Engine.Video;

/// <summary>Where <see cref="VideoInfo.FrameCount"/> comes from.</summary>
public enum FrameCountSource
{
    /// <summary>The container's header states it.</summary>
    Container,

    /// <summary>Counted from the packets that are to be shown.</summary>
    Packets,

    /// <summary>Duration × average rate, or packets of a codec that hides some of them. May be a few frames off.</summary>
    Estimate,
}

/// <summary>What is known about a video (or still image) before any picture is decoded.</summary>
public sealed record VideoInfo
{
    /// <summary>Absolute path.</summary>
    public required string Path { get; init; }

    /// <summary>Length in bytes.</summary>
    public required long FileSize { get; init; }

    /// <summary>Format names as ffprobe prints them, for example <c>mov,mp4,m4a,3gp,3g2,mj2</c>.</summary>
    public required string Container { get; init; }

    public required string Codec { get; init; }

    public required string PixelFormat { get; init; }

    /// <summary>Seconds of the picture stream; 0 for a still image.</summary>
    public required double Duration { get; init; }

    /// <summary>Frames per second, the container's average; 1 for a still image.</summary>
    public required double AverageFrameRate { get; init; }

    /// <summary>Number of frames that a decoder shows, at least 1.</summary>
    public required long FrameCount { get; init; }

    public required FrameCountSource FrameCountSource { get; init; }

    public bool IsFrameCountExact => FrameCountSource != FrameCountSource.Estimate;

    /// <summary>Pixels after <see cref="Rotation"/>; non-square pixels are not stretched, as in the reference reader (decord).</summary>
    public required int Width { get; init; }

    /// <summary>Pixels after <see cref="Rotation"/>.</summary>
    public required int Height { get; init; }

    /// <summary>Degrees clockwise that the stored picture is turned for display: 0, 90, 180 or 270.</summary>
    public required int Rotation { get; init; }

    /// <summary>Width / height of one stored pixel; 1 when square or unknown.</summary>
    public required double SampleAspectRatio { get; init; }

    public required bool HasAudio { get; init; }

    /// <summary>True when frame distances differ; exact after a packet pass, else false only if the header's two rates agree.</summary>
    public required bool IsVariableFrameRate { get; init; }

    public required bool IsStillImage { get; init; }

    /// <summary>Seconds of each frame from the first one, or null when no packet pass was made or a frame has no time.</summary>
    public IReadOnlyList<double>? FrameTimes => Timeline?.Times;

    /// <summary>Absolute index of the picture stream in the file.</summary>
    internal int StreamIndex { get; init; }

    /// <summary>Seconds from the start of the file to the first frame (an audio track may start earlier).</summary>
    internal double StreamOffset { get; init; }

    internal PacketTimeline? Timeline { get; init; }

    /// <summary>Seconds of a frame from the first one: its recorded time when known, else index / rate.</summary>
    public double TimeOf(long frameIndex) =>
        Timeline is { Times: { } times } && frameIndex < times.Count ? times[(int)frameIndex] : frameIndex / AverageFrameRate;
}
