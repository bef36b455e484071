using System.Globalization;
using System.Text.RegularExpressions;

namespace Studio.Benchmarks.Evaluation.Originals;

/// <summary>
/// Subtitle files (SubRip) as the Video-MME prompts read them. Defects kept: only the first white-tagged text of a line counts, a text over
/// two lines or in another colour is lost, and so is every line of a file without tags.
/// </summary>
internal static partial class SubRip
{
    /// <summary>The tagged texts of the whole file, a line each, in file order.</summary>
    public static string AllTagged(string file) =>
        string.Join('\n', Lines(file).Select(line => Tagged().Match(line)).Where(m => m.Success).Select(m => m.Groups[1].Value));

    /// <summary>The tagged texts whose time covers one of some evenly spread frames, in the order of a Python set.</summary>
    /// <param name="frames">Frames of the video.</param>
    /// <param name="fps">Frames a second.</param>
    /// <param name="sampled">Frames that are spread.</param>
    public static string CoveringFrames(string file, long frames, double fps, int sampled)
    {
        var lines = Timed(file).Select(t => (Start: (long)(t.Start * fps), End: (long)(t.End * fps), t.Text)).ToList();
        var covered = new List<int>();
        for (var i = 0; i < sampled; i++)
        {
            var frame = sampled == 1 ? 0 : i == sampled - 1 ? frames - 1 : (long)((frames - 1) / (double)(sampled - 1) * i);
            for (var at = 0; at < lines.Count; at++)
            {
                if (frame >= lines[at].Start && frame < lines[at].End) covered.Add(at);
            }
        }

        return string.Join('\n', PythonSet.Order(covered).Select(at => Tagged().Match(lines[at].Text)).Where(m => m.Success).Select(m => m.Groups[1].Value));
    }

    /// <summary>Sections by their times; a later one of equal times replaces an earlier one's text.</summary>
    private static List<(double Start, double End, string Text)> Timed(string file)
    {
        var sections = new List<(double Start, double End, string Text)>();
        foreach (var section in Normal(file).Split("\n\n"))
        {
            var lines = section.Split('\n');
            if (PythonText.Strip(section).Length == 0 || lines.Length < 3) continue;
            var range = lines[1].Split(" --> ");
            if (range.Length < 2) throw new InvalidDataException($"Subtitle times '{lines[1]}' are not 'HH:MM:SS,mmm --> HH:MM:SS,mmm'.");
            var (start, end, text) = (Seconds(range[0]), Seconds(range[1]), string.Join(' ', lines[2..]));
            var known = sections.FindIndex(s => s.Start == start && s.End == end);
            if (known >= 0) sections[known] = (start, end, text);
            else sections.Add((start, end, text));
        }

        return sections;
    }

    private static double Seconds(string time)
    {
        if (Time().Match(time) is not { Success: true } match) throw new InvalidDataException($"Subtitle time '{time}' is not HH:MM:SS,mmm.");
        int Part(int group) => int.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture);
        return (Part(1) * 3600) + (Part(2) * 60) + Part(3) + (Part(4) / 1000.0);
    }

    private static string[] Lines(string file) => Normal(file).Split('\n');

    private static string Normal(string file) => file.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');

    // "." for any character, as the original's pattern has it.
    [GeneratedRegex("<font color=\"white\" size=\".72c\">(.*?)</font>", RegexOptions.CultureInvariant)]
    private static partial Regex Tagged();

    [GeneratedRegex(@"^\s*([0-9]+):([0-9]+):([0-9]+),([0-9]+)\s*$", RegexOptions.CultureInvariant)]
    private static partial Regex Time();
}
