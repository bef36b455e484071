using System.Globalization;

namespace Studio.Benchmarks.Evaluation.Originals;

/// <summary>
/// LongVideoBench's subtitles against a grid of frame times. Defect kept: an end that is missing or a whole number is replaced by the
/// video's duration and then shifted by the start offset as if it were a time of the full video.
/// </summary>
internal static class FrameSubtitles
{
    /// <summary>Times in seconds of at most so many evenly spread frames; one a second for short videos.</summary>
    public static double[] Times(double duration, int maxFrames) => duration > maxFrames
        ? [.. Enumerable.Range(0, maxFrames).Select(i => duration / maxFrames * i)]
        : [.. Enumerable.Range(0, (int)duration).Select(i => (double)i)];

    /// <summary>Lines that cover a frame time, in file order.</summary>
    public static IEnumerable<string> Covering(IReadOnlyList<Subtitle> subtitles, double[] times, double offset, double duration) =>
        subtitles.Select(s => Place(s, offset, duration)).Where(p => times.Any(t => t < p.End && t > p.Start)).Select(p => p.Text);

    /// <summary>Image marks and lines by time: a line stands behind the frames up to its middle.</summary>
    public static IReadOnlyList<string> Interleaved(IReadOnlyList<Subtitle> subtitles, double[] times, double offset, double duration)
    {
        var (list, at) = (new List<string>(), 0);
        foreach (var subtitle in subtitles)
        {
            var place = Place(subtitle, offset, duration);
            for (; at < times.Length && times[at] <= place.Middle; at++) list.Add("<image>");
            if (times.Any(t => t < place.End && t > place.Start)) list.Add(place.Text);
        }

        for (; at < times.Length; at++) list.Add("<image>");
        return list;
    }

    /// <summary>"HH:MM:SS.mmm" in seconds.</summary>
    public static double Seconds(string time)
    {
        var parts = time.Split(':');
        if (parts.Length != 3 || !int.TryParse(parts[0], NumberStyles.Integer, CultureInfo.InvariantCulture, out var hours)
            || !int.TryParse(parts[1], NumberStyles.Integer, CultureInfo.InvariantCulture, out var minutes)
            || !double.TryParse(parts[2], NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds))
        {
            throw new InvalidDataException($"Subtitle time '{time}' is not HH:MM:SS.");
        }

        return (hours * 3600) + (minutes * 60) + seconds;
    }

    private static (double Start, double End, double Middle, string Text) Place(Subtitle subtitle, double offset, double duration)
    {
        var start = subtitle.Start - offset;
        var end = (subtitle.End is { } given && !subtitle.WholeEnd ? given : duration) - offset;
        var middle = (start + end) / 2;
        // Lines of less than a second are widened to one.
        return end - start < 1 ? (middle - 0.5, middle + 0.5, middle, subtitle.Text) : (start, end, middle, subtitle.Text);
    }
}
