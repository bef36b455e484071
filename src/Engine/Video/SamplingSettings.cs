namespace Studio.Engine.Video;

/// <summary>How frames are chosen.</summary>
public enum SamplingMode
{
    /// <summary>One frame a second between two bounds, rounded to whole clips (videochat-flash.md 2.1).</summary>
    Published,

    /// <summary>An explicit number of frames, evenly spread (2.2).</summary>
    Frames,

    /// <summary>A fixed number of frames a second.</summary>
    Fps,
}

/// <summary>Whose arithmetic places the frames: one frame more or less changes an answer.</summary>
public enum SamplingRule
{
    /// <summary>Midpoints of equal parts; one frame a second between two bounds by default.</summary>
    VideoChatFlash,

    /// <summary>From the first frame to the last; every second's first frame by default (video-xl.md 2.6).</summary>
    VideoXl,
}

/// <summary>Settings of <see cref="FrameSampling.Select"/>. The defaults are those of the published <c>chat</c>.</summary>
public sealed record SamplingSettings
{
    /// <summary>Most frames one selection may hold; more is refused. 50,000 frames are 800,000 visual tokens.</summary>
    public const int MaxSelectedFrames = 50_000;

    public static SamplingSettings Default { get; } = new();

    /// <summary>Set by the model that reads the frames.</summary>
    public SamplingRule Rule { get; init; }

    public SamplingMode Mode { get; init; } = SamplingMode.Published;

    /// <summary>L: <see cref="SamplingMode.Published"/> counts in multiples of this. 8 at inference, 4 in training.</summary>
    public int RoundTo { get; init; } = 8;

    /// <summary>T_min of VideoChat-Flash's <see cref="SamplingMode.Published"/>. It wins over <see cref="MaxFrames"/>, as in the original.</summary>
    public int MinFrames { get; init; } = 64;

    /// <summary>T_max of <see cref="SamplingMode.Published"/> and bound of <see cref="SamplingMode.Fps"/>; 0 or less: no bound but
    /// <see cref="MaxSelectedFrames"/>.</summary>
    public int MaxFrames { get; init; } = 512;

    /// <summary>n of <see cref="SamplingMode.Frames"/>.</summary>
    public int FrameCount { get; init; } = 64;

    /// <summary>Rate of <see cref="SamplingMode.Fps"/>.</summary>
    public double FramesPerSecond { get; init; } = 1;

    /// <summary>
    /// What <see cref="SamplingMode.Fps"/> does beyond <see cref="MaxFrames"/>: false spreads <see cref="MaxFrames"/> evenly over
    /// the clip; true keeps the first ones and never looks at the rest, as the original does.
    /// </summary>
    public bool TruncateAtMaxFrames { get; init; }

    /// <summary>Frames that are encoded together; the last index is repeated up to a multiple of it. 1 switches that off.</summary>
    public int ClipLength { get; init; } = 4;

    /// <summary>Seconds from the start of the video, or null for the whole video.</summary>
    public double? StartSeconds { get; init; }

    /// <summary>Seconds from the start of the video, or null for the end. At most 0.1 s before the end is used (2.3).</summary>
    public double? EndSeconds { get; init; }

    public static SamplingSettings Uniform(int frames) => new() { Mode = SamplingMode.Frames, FrameCount = frames };

    public static SamplingSettings AtRate(double framesPerSecond) => new() { Mode = SamplingMode.Fps, FramesPerSecond = framesPerSecond };

    /// <exception cref="ArgumentException">A value is out of range; the message names it and the range.</exception>
    public void Validate()
    {
        InRange(RoundTo, 1, MaxSelectedFrames, nameof(RoundTo));
        InRange(MinFrames, 0, MaxSelectedFrames, nameof(MinFrames));
        InRange(MaxFrames, int.MinValue, MaxSelectedFrames, nameof(MaxFrames));
        InRange(FrameCount, 1, MaxSelectedFrames, nameof(FrameCount));
        InRange(ClipLength, 1, 1024, nameof(ClipLength));
        if (!(FramesPerSecond > 0) || !double.IsFinite(FramesPerSecond))
        {
            throw new ArgumentException($"SamplingSettings.FramesPerSecond is {FramesPerSecond}; give a number above 0.");
        }

        Seconds(StartSeconds, nameof(StartSeconds));
        Seconds(EndSeconds, nameof(EndSeconds));
        if (!Enum.IsDefined(Mode))
        {
            throw new ArgumentException($"SamplingSettings.Mode is {Mode}; give Published, Frames or Fps.");
        }
    }

    private static void InRange(int value, int low, int high, string name)
    {
        if (value < low || value > high)
        {
            string range = low == int.MinValue ? $"at most {high}" : $"{low} to {high}";
            throw new ArgumentException($"SamplingSettings.{name} is {value}; give {range}.");
        }
    }

    private static void Seconds(double? value, string name)
    {
        if (value is { } seconds && !double.IsFinite(seconds))
        {
            throw new ArgumentException($"SamplingSettings.{name} is {seconds}; give a number of seconds.");
        }
    }
}
