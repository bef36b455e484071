using System.Globalization;
using System.Text.RegularExpressions;

namespace Studio.Components.Markdown;

/// <summary>Times of a video in text: m:ss and h:mm:ss.</summary>
public static partial class TimeText
{
    /// <summary>m:ss below an hour, else h:mm:ss; whole seconds, rounded down.</summary>
    public static string Format(double seconds)
    {
        var whole = (long)Math.Max(0, double.IsFinite(seconds) ? seconds : 0);
        var (hours, minutes) = (whole / 3600, whole / 60 % 60);
        return hours > 0 ? string.Create(CultureInfo.InvariantCulture, $"{hours}:{minutes:00}:{whole % 60:00}") : string.Create(CultureInfo.InvariantCulture, $"{minutes}:{whole % 60:00}");
    }

    /// <summary>The text in pieces: plain text and times.</summary>
    public static IEnumerable<MarkdownInline> Split(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var at = 0;
        foreach (Match match in Pattern().Matches(text))
        {
            if (match.Index > at) yield return new MarkdownInline.Text(text[at..match.Index]);
            yield return new MarkdownInline.Time(match.Value, Seconds(match));
            at = match.Index + match.Length;
        }

        if (at < text.Length) yield return new MarkdownInline.Text(at == 0 ? text : text[at..]);
    }

    private static double Seconds(Match match)
    {
        var (first, second) = (Number(match.Groups["a"]), Number(match.Groups["b"]));
        var whole = match.Groups["c"].Success ? (first * 3600) + (second * 60) + Number(match.Groups["c"]) : (first * 60) + second;
        return match.Groups["f"].Success ? whole + double.Parse("0." + match.Groups["f"].Value, CultureInfo.InvariantCulture) : whole;
    }

    private static int Number(Group group) => int.Parse(group.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);

    // Hours are at most two digits; without hours, minutes may run to 999. Neither part of a longer number, an address nor a word.
    [GeneratedRegex(@"(?<![\w:./\\])(?:(?<a>[0-9]{1,2}):(?<b>[0-5][0-9]):(?<c>[0-5][0-9])|(?<a>[0-9]{1,3}):(?<b>[0-5][0-9]))(?:\.(?<f>[0-9]{1,3}))?(?![\w:]|\.[0-9])", RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}
