using System.Globalization;
using System.Text.RegularExpressions;
using Studio.Engine.Video;

namespace Studio.Benchmarks.Evaluation;

/// <summary>
/// Benchmarks that come as folders of frames (MVBench's episodic reasoning, LVBench), chosen as the original reader chooses them: 3 frames a
/// second if the path names tvqa, else 1; numbered by what follows the last underscore.
/// </summary>
public static partial class FrameFolders
{
    private const int RoundTo = 8, MinFrames = 64;

    /// <summary>Frames a second of a folder.</summary>
    public static double Rate(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path.Contains("tvqa", StringComparison.OrdinalIgnoreCase) ? 3 : 1;
    }

    /// <summary>Files in the reader's order. Names without a number keep theirs, in front: by name here, where the original has the disk's.</summary>
    public static IReadOnlyList<string> Order(IEnumerable<string> files) =>
        [.. files.Order(StringComparer.Ordinal).OrderBy(f => Number().Match(f) is { Success: true } m ? long.Parse(m.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : -1)];

    /// <summary>Places of the chosen files, and the seconds they stand for.</summary>
    /// <param name="images">Files of the folder.</param>
    /// <param name="clip">Seconds where the clip starts and ends.</param>
    public static (IReadOnlyList<long> Indices, double Seconds) Choose(int images, double rate, (double Start, double End)? clip, int maxFrames)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(images, 1);
        var frames = clip is { } c ? (Math.Min(images / rate, c.End) - Math.Max(0, c.Start)) * rate : images;
        var least = MinFrames > frames ? (int)(Math.Floor(frames / RoundTo) * RoundTo) : MinFrames;
        var seconds = frames / rate;
        var count = Math.Max(least, Math.Min(Math.Max(1, (int)Math.Floor(seconds / RoundTo)) * RoundTo, maxFrames));
        if (clip is not { } span)
        {
            var chosen = FrameSampling.Midpoints(Math.Min(count, images), images);
            return ([.. chosen, .. Enumerable.Repeat(chosen[^1], count - chosen.Length)], seconds);
        }

        var first = Math.Max(1, Math.Round(span.Start * rate, MidpointRounding.ToEven));
        var last = Math.Min(Math.Round(span.End * rate, MidpointRounding.ToEven), images - 1);
        var step = (last - first) / (count - 1);
        return ([.. Enumerable.Range(0, count).Select(i => (long)first + (long)Math.Round(step * i, MidpointRounding.ToEven))], seconds);
    }

    [GeneratedRegex(@"_([0-9]{1,18})\.(?:jpe?g|png)$", RegexOptions.CultureInvariant)]
    private static partial Regex Number();
}
