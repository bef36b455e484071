namespace Studio.Engine.Video;

/// <summary>
/// Which frames of a video a model sees. The integer and double steps follow the reference code, because one frame more or
/// less changes the answer (videochat-flash.md 2.1 to 2.3, video-xl.md 2.6).
/// </summary>
public static class FrameSampling
{
    // The reader of the original never asks for the last tenth of a second when a clip is given.
    private const double ClipEndMargin = 0.1;

    /// <summary>Frames a video is trained on in Video-XL.</summary>
    public const int VideoXlTrainingFrames = 128;

    /// <summary>Chooses frames by <paramref name="settings"/>.</summary>
    /// <exception cref="ArgumentException">A setting is out of range, the clip is empty, or more than
    /// <see cref="SamplingSettings.MaxSelectedFrames"/> frames would be chosen.</exception>
    public static FrameSelection Select(VideoInfo info, SamplingSettings settings)
    {
        ArgumentNullException.ThrowIfNull(info);
        ArgumentNullException.ThrowIfNull(settings);
        settings.Validate();
        (long offset, long frames, double duration) = Clip(info, settings.StartSeconds, settings.EndSeconds);
        double rate = info.AverageFrameRate;
        int max = settings.MaxFrames > 0 ? settings.MaxFrames : SamplingSettings.MaxSelectedFrames + 1;
        List<long> chosen = settings.Rule == SamplingRule.VideoXl ? VideoXl(settings, frames, rate, max) : settings.Mode switch
        {
            SamplingMode.Published => [.. Midpoints(PublishedCount(frames, rate, settings.RoundTo, settings.MinFrames, max), frames)],
            SamplingMode.Frames => [.. Midpoints(settings.FrameCount, frames)],
            _ => AtRate(frames, rate, settings.FramesPerSecond, max, settings.TruncateAtMaxFrames),
        };
        if (chosen.Count == 0)
        {
            // A clip shorter than half a sampling step still has a picture to talk about.
            chosen.Add((frames - 1) / 2);
        }

        int padded = (settings.ClipLength - (chosen.Count % settings.ClipLength)) % settings.ClipLength;
        for (int i = 0; i < padded; i++)
        {
            chosen.Add(chosen[^1]);
        }

        if (chosen.Count > SamplingSettings.MaxSelectedFrames)
        {
            throw new ArgumentException(
                $"The settings choose {chosen.Count} or more frames of '{info.Path}'; lower MaxFrames or FramesPerSecond to stay within {SamplingSettings.MaxSelectedFrames}.");
        }

        return new FrameSelection(info, [.. chosen.Select(i => i + offset)], duration, padded);
    }

    /// <summary>Every second's first frame, so many a second, or so many from the first to the last.</summary>
    private static List<long> VideoXl(SamplingSettings settings, long frames, double rate, int max)
    {
        switch (settings.Mode)
        {
            case SamplingMode.Published: return [.. VideoXlTraining(frames, rate, max)];
            case SamplingMode.Frames: return [.. VideoXlUniform(frames, settings.FrameCount)];
            default:
                var count = VideoXlCount(frames, rate, settings.FramesPerSecond);
                return count > max && !settings.TruncateAtMaxFrames && max <= SamplingSettings.MaxSelectedFrames ? [.. VideoXlUniform(frames, max)]
                    : [.. VideoXlAtRate(frames, rate, settings.FramesPerSecond, (int)Math.Min(count, max))];
        }
    }

    /// <summary>Number of frames by the rule <c>dynamic_fps1</c> (2.1), before they are spread.</summary>
    /// <param name="frames">Frames in the video or clip, at least 1.</param>
    /// <param name="rate">Frames per second.</param>
    /// <param name="roundTo">L.</param>
    /// <param name="min">T_min; applied after <paramref name="max"/>.</param>
    /// <param name="max">T_max; 0 or less: none.</param>
    public static int PublishedCount(long frames, double rate, int roundTo, int min, int max)
    {
        long lower = min > frames ? frames / roundTo * roundTo : min;
        long segments = (long)Math.Floor(frames / rate / roundTo);
        long count = segments == 0 ? roundTo : roundTo * segments;
        if (max > 0)
        {
            count = Math.Min(count, max);
        }

        return (int)Math.Min(Math.Max(lower, count), int.MaxValue);
    }

    /// <summary>The middle of each of <paramref name="count"/> equal parts of [0, frames), the last repeated if there are fewer frames (2.2).</summary>
    public static long[] Midpoints(int count, long frames)
    {
        int distinct = (int)Math.Min(count, frames);
        double step = frames / (double)distinct;
        long[] indices = new long[count];
        for (int i = 0; i < count; i++)
        {
            if (i >= distinct)
            {
                indices[i] = indices[i - 1];
                continue;
            }

            long low = (long)(i * step);
            long high = i + 1 == distinct ? frames : (long)((i + 1) * step);
            indices[i] = (low + high - 1) / 2;
        }

        return indices;
    }

    /// <summary>
    /// The middle of each span of 1/<paramref name="framesPerSecond"/> s, rounded half to even as numpy does; at most
    /// <paramref name="max"/>. May be empty for a very short video.
    /// </summary>
    internal static List<long> AtRate(long frames, double rate, double framesPerSecond, int max, bool truncate)
    {
        double delta = 1 / framesPerSecond;
        double start = delta / 2;
        double stop = (frames / rate) + (delta / 2);
        double length = Math.Ceiling((stop - start) / delta);

        // numpy's arange steps by the difference of its first two entries, which is not always exactly delta.
        double step = start + delta - start;
        var indices = new List<long>();
        for (long i = 0; i < length; i++)
        {
            double index = Math.Round((start + (i * step)) * rate, MidpointRounding.ToEven);
            if (index >= frames)
            {
                break;
            }

            if (indices.Count == max)
            {
                return truncate || max > SamplingSettings.MaxSelectedFrames ? indices : [.. Midpoints(max, frames)];
            }

            indices.Add((long)index);
        }

        return indices;
    }

    /// <summary>Video-XL inference: <paramref name="count"/> indices from the first to the last frame; short videos repeat frames.</summary>
    public static long[] VideoXlUniform(long frames, int count)
    {
        long[] indices = new long[count];
        double step = count > 1 ? (frames - 1) / (double)(count - 1) : 0;
        for (int i = 0; i < count; i++)
        {
            indices[i] = i > 0 && i == count - 1 ? frames - 1 : (long)(i * step);
        }

        return indices;
    }

    /// <summary>Video-XL on VNBench: one frame a second, none for a video under a second.</summary>
    public static long[] VideoXlOnePerSecond(long frames, double rate) => VideoXlAtRate(frames, rate, 1, (int)VideoXlCount(frames, rate, 1));

    private static long VideoXlCount(long frames, double rate, double framesPerSecond) => (long)Math.Min(frames / rate * framesPerSecond, int.MaxValue);

    private static long[] VideoXlAtRate(long frames, double rate, double framesPerSecond, int count)
    {
        long[] indices = new long[count];
        double step = rate / framesPerSecond;
        for (int i = 0; i < indices.Length; i++)
        {
            indices[i] = Math.Min((long)(i * step), frames - 1);
        }

        return indices;
    }

    /// <summary>Video-XL training: every round(rate)-th frame, or so many spread evenly if there are more.</summary>
    public static long[] VideoXlTraining(long frames, double rate, int most = VideoXlTrainingFrames)
    {
        long step = Math.Max(1, (long)Math.Round(rate, MidpointRounding.ToEven));
        long count = (frames + step - 1) / step;
        if (count > most)
        {
            return VideoXlUniform(frames, most);
        }

        long[] indices = new long[count];
        for (int i = 0; i < indices.Length; i++)
        {
            indices[i] = i * step;
        }

        return indices;
    }

    /// <summary>First frame, number of frames and length in seconds of the part between two times (2.3).</summary>
    internal static (long Offset, long Frames, double Duration) Clip(VideoInfo info, double? start, double? end)
    {
        double whole = info.FrameCount / info.AverageFrameRate;
        if (start is null && end is null)
        {
            return (0, info.FrameCount, whole);
        }

        double from = Math.Max(start ?? 0, 0);
        double to = Math.Min(end ?? whole, whole - ClipEndMargin);
        double duration = to - from;
        long offset = (long)(from * info.AverageFrameRate);
        long frames = duration > 0 ? (long)(duration * info.AverageFrameRate) : 0;
        if (info is { IsVariableFrameRate: true, FrameTimes: { } times } && duration > 0)
        {
            // The average rate would point at the wrong place of a variable-rate video.
            offset = FirstAtOrAfter(times, from);
            frames = FirstAtOrAfter(times, to) - offset;
        }

        return frames >= 1
            ? (offset, frames, duration)
            : throw new ArgumentException(
                $"The part from {from:0.###} s to {to:0.###} s of '{info.Path}' has no frame; choose a start before the end, within 0 to {Math.Max(0, whole - ClipEndMargin):0.###} s.");
    }

    private static long FirstAtOrAfter(IReadOnlyList<double> times, double time)
    {
        int low = 0;
        int high = times.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = times[middle] < time ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
