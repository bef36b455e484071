using System.Text.RegularExpressions;

namespace Studio.Benchmarks.Evaluation.Originals;

/// <summary>
/// Start and end in an answer about when something happens, as two scorers read them. Both lower the text and turn every "to", also inside
/// words, into a hyphen.
/// </summary>
internal static partial class TimeRanges
{
    private static readonly string[] s_keywords = ["starts", "ends", "happens in", "start time", "end time", "start", "end", "happen"];

    /// <summary>
    /// VideoChat-Flash's Charades scorer. Defects kept: units before the hyphen, other dashes and clock times are no ranges.
    /// </summary>
    /// <returns>Start and end in seconds, or null.</returns>
    /// <exception cref="FormatException">Two points in a number: the original stops there.</exception>
    public static (double Start, double End)? Flash(string answer)
    {
        var text = Prepare(answer);
        var ranges = LooseRange().Matches(text);
        if (ranges.Count > 0)
        {
            // Every range is converted before the first is taken: a later one can fail too.
            var all = ranges.Select(m => (Start: PythonText.Float(m.Groups[1].Value), End: PythonText.Float(m.Groups[2].Value))).ToList();
            return Ordered(all[0].Start, all[0].End);
        }

        var times = Sentences(text).Where(HasKeyword).Select(s => LooseNumber().Match(s)).Where(m => m.Success).Select(m => PythonText.Float(m.Groups[1].Value)).ToList();
        return times.Count >= 2 ? Ordered(times[0], times[1]) : null;
    }

    /// <summary>Upstream's newer extraction: clock times, en dashes and units are read, sentence by sentence.</summary>
    public static (double Start, double End)? Upstream(string answer)
    {
        var sentences = Sentences(Prepare(answer));
        var candidates = sentences.Where(HasKeyword).ToList();
        if (candidates.Count == 0) candidates = sentences;
        return FirstRange(candidates, ClockRange(), Clock) ?? FirstRange(candidates, Range(), PythonText.Float)
            ?? Pair([.. candidates.SelectMany(s => ClockTime().Matches(s)).Select(m => Clock(m.Groups[1].Value))])
            ?? Pair([.. candidates.Select(s => Number().Match(s)).Where(m => m.Success).Select(m => PythonText.Float(m.Groups[1].Value))])
            ?? FirstRange(candidates, UnitRange(), PythonText.Float);
    }

    /// <summary>Share of both intervals' span that they have in common; a span of nothing is 0.</summary>
    public static double Overlap((double Start, double End) a, (double Start, double End) b)
    {
        var span = Math.Max(a.End, b.End) - Math.Min(a.Start, b.Start);
        return span <= 0 ? 0 : Math.Max(Math.Min(a.End, b.End) - Math.Max(a.Start, b.Start), 0) / span;
    }

    public static double Clock(string time)
    {
        var seconds = 0.0;
        foreach (var part in time.Split(':')) seconds = (seconds * 60) + PythonText.Float(part);
        return seconds;
    }

    private static string Prepare(string answer) => PythonText.Lower(PythonText.Strip(answer))
        .Replace("a specific example is : 20.8 - 30.0 seconds", "", StringComparison.Ordinal).Replace("to", "-", StringComparison.Ordinal);

    private static List<string> Sentences(string text) => [.. text.Split('!', '?', '\n')];

    private static bool HasKeyword(string sentence) => Array.Exists(s_keywords, k => sentence.Contains(k, StringComparison.Ordinal));

    private static (double, double)? FirstRange(List<string> sentences, Regex pattern, Func<string, double> read)
    {
        foreach (var sentence in sentences)
        {
            if (pattern.Match(sentence) is { Success: true } match) return Ordered(read(match.Groups[1].Value), read(match.Groups[2].Value));
        }

        return null;
    }

    private static (double, double)? Pair(List<double> times) => times.Count >= 2 ? Ordered(times[0], times[1]) : null;

    private static (double, double) Ordered(double start, double end) => end > start ? (start, end) : (end, start);

    // Python's \s has U+001C to U+001F; its word boundary knows letters, numbers and underscore of any script.
    private const string Space = @"[\s\x1c-\x1f]*";
    private const string Before = @"(?<![\p{L}\p{N}_])";
    private const string After = @"(?![\p{L}\p{N}_])";
    private const string ClockForm = @"\d{1,2}:\d{2}(?::\d{2})?";

    [GeneratedRegex(@"(\d+\.*\d*)" + Space + "-" + Space + @"(\d+\.*\d*)", RegexOptions.CultureInvariant)]
    private static partial Regex LooseRange();

    [GeneratedRegex(Before + @"(\d+\.\d+" + After + @"|\d+)" + After, RegexOptions.CultureInvariant)]
    private static partial Regex LooseNumber();

    [GeneratedRegex(Before + "(" + ClockForm + ")" + Space + "[–-]" + Space + "(" + ClockForm + ")" + After, RegexOptions.CultureInvariant)]
    private static partial Regex ClockRange();

    [GeneratedRegex(@"(\d+(?:\.\d+)?)" + Space + "[–-]" + Space + @"(\d+(?:\.\d+)?)", RegexOptions.CultureInvariant)]
    private static partial Regex Range();

    [GeneratedRegex(Before + "(" + ClockForm + ")" + After, RegexOptions.CultureInvariant)]
    private static partial Regex ClockTime();

    [GeneratedRegex(Before + @"(\d+(?:\.\d+)?)" + After, RegexOptions.CultureInvariant)]
    private static partial Regex Number();

    [GeneratedRegex(@"(\d+(?:\.\d+)?)" + Space + "s?" + Space + "[–-]" + Space + @"(\d+(?:\.\d+)?)" + Space + "s?", RegexOptions.CultureInvariant)]
    private static partial Regex UnitRange();
}
