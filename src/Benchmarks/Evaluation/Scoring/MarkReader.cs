using System.Globalization;
using System.Text.RegularExpressions;

namespace Studio.Benchmarks.Evaluation.Scoring;

/// <summary>Marks in a judge's reply, however it sets them: quotes of either kind, bold keys, spaces or none, in a code block or not.</summary>
internal static partial class MarkReader
{
    /// <summary>The mark behind the last mention of the key that has one, as judges reason first and end with their marks; null for none.</summary>
    public static double? Last(string reply, string key)
    {
        double? last = null;
        foreach (Match match in Mark().Matches(reply))
        {
            if (match.Groups["key"].ValueSpan.Equals(key, StringComparison.OrdinalIgnoreCase)) last = double.Parse(match.Groups["mark"].ValueSpan, NumberStyles.Float, CultureInfo.InvariantCulture);
        }

        return last;
    }

    [GeneratedRegex(@"\b(?<key>score_[a-zA-Z]+)[""'*`\s]*[:=][""'*`\s]*(?<mark>[+-]?[0-9]+(?:\.[0-9]+)?)", RegexOptions.CultureInvariant)]
    private static partial Regex Mark();
}
