using System.Globalization;

namespace Studio.Engine.Video;

/// <summary>Times and key frames of one picture stream, read from its packets without decoding.</summary>
internal sealed class PacketTimeline
{
    /// <summary>Frames whose times are kept (8 bytes each): 18 h at 60 frames a second. Beyond it only the count is kept.</summary>
    internal const int MaxTimedFrames = 4_000_000;

    // Matroska rounds times to 1 ms, so two neighbours of a constant-rate file may differ by 1 ms from their median.
    private const double ConstantRateTolerance = 0.0021;

    private PacketTimeline(long count, IReadOnlyList<double>? times, double start, int keyFrames)
    {
        Count = count;
        Times = times;
        Start = start;
        KeyFrames = keyFrames;
        IsVariable = times is not null && Varies(times);
    }

    /// <summary>Packets that are shown; those an edit list hides are left out.</summary>
    internal long Count { get; }

    /// <summary>Ascending seconds from the first frame; null when a packet has no time or there are too many.</summary>
    internal IReadOnlyList<double>? Times { get; }

    /// <summary>The first frame's own time stamp in seconds.</summary>
    internal double Start { get; }

    internal int KeyFrames { get; }

    internal bool IsVariable { get; }

    internal double MeanKeyFrameDistance => (double)Count / Math.Max(1, KeyFrames);

    /// <summary>Builds the timeline from ffprobe lines <c>pts_time,flags</c>.</summary>
    internal sealed class Builder
    {
        private readonly int _maxTimed;
        private List<double>? _times = [];
        private long _count;
        private int _keyFrames;

        internal Builder(int maxTimed = MaxTimedFrames)
        {
            _maxTimed = maxTimed;
        }

        internal void Add(ReadOnlySpan<char> line)
        {
            int comma = line.IndexOf(',');
            if (comma < 0)
            {
                return;
            }

            ReadOnlySpan<char> flags = line[(comma + 1)..];
            if (flags.Contains('D'))
            {
                return;
            }

            _count++;
            _keyFrames += flags.Contains('K') ? 1 : 0;
            if (_times is not null)
            {
                if (_times.Count < _maxTimed
                    && double.TryParse(line[..comma], NumberStyles.Float, CultureInfo.InvariantCulture, out double time))
                {
                    _times.Add(time);
                }
                else
                {
                    _times = null;
                }
            }
        }

        internal PacketTimeline Build()
        {
            if (_times is not { Count: > 0 })
            {
                return new PacketTimeline(_count, times: null, start: 0, _keyFrames);
            }

            // Packets come in decoding order; pictures are shown by time.
            double[] times = [.. _times];
            Array.Sort(times);
            double start = times[0];
            for (int i = 0; i < times.Length; i++)
            {
                times[i] -= start;
            }

            return new PacketTimeline(_count, times, start, _keyFrames);
        }
    }

    private static bool Varies(IReadOnlyList<double> times)
    {
        if (times.Count < 3)
        {
            return false;
        }

        double mean = times[^1] / (times.Count - 1);
        double tolerance = Math.Min(ConstantRateTolerance, mean / 4);
        for (int i = 1; i < times.Count; i++)
        {
            if (Math.Abs(times[i] - times[i - 1] - mean) > tolerance)
            {
                return true;
            }
        }

        return false;
    }
}
