using System.Text;
using System.Text.RegularExpressions;

namespace Studio.Benchmarks.Evaluation.Originals;

/// <summary>
/// The answer cleaning that MVBench, MLVU and LVBench share in VideoChat-Flash's evaluation (its function mcq_acc). Defects kept: letters
/// count in any case, so the article "a" is option A and "I'd" is D; only the first 32 periods go, and a period before text ends no word
/// ("so.B" is lost); a letter beside CJK or accented text is lost; "not B" is B.
/// </summary>
internal static partial class ChoiceCleaning
{
    /// <summary>Python passes a flag (32) where the count of replacements belongs.</summary>
    private const int Periods = 32;

    private const string Letters = "ABCDEabcde";

    private static readonly string[] s_punctuation = [";", "/", "[", "]", "\"", "{", "}", "(", ")", "=", "+", "\\", "_", "-", ">", "<", "@", "`", ",", "?", "!"];

    /// <summary>An upper-case letter A to E, or the cleaned text in lower case.</summary>
    public static string Clean(string answer)
    {
        var stripped = PythonText.Strip(answer);
        if (Labelled().Match(stripped) is { Success: true } match) return match.Groups[1].Value.ToUpperInvariant();
        var text = PythonText.Strip(stripped.Replace('\n', ' ').Replace('\t', ' '));
        text = WithoutPunctuation(text).Trim('\'').Trim('"').Trim(')').Trim('(');
        text = PythonText.Lower(PythonText.Strip(text));
        var at = PythonText.IndexOfIsolated(text, Letters);
        return at < 0 ? text : char.ToUpperInvariant(text[at]).ToString();
    }

    private static string WithoutPunctuation(string text)
    {
        var digitsApart = DigitComma().IsMatch(text);
        var built = new StringBuilder(text);
        foreach (var mark in s_punctuation)
        {
            var beside = text.Contains(mark + " ", StringComparison.Ordinal) || text.Contains(" " + mark, StringComparison.Ordinal);
            built.Replace(mark, beside || digitsApart ? "" : " ");
        }

        return Period().Replace(built.ToString(), "", Periods);
    }

    // "." stops at a line end only, and "$" holds before a last one; the text behind the letter may begin with any white space.
    [GeneratedRegex(@"^([A-Ea-e])\.[\s\x1c-\x1f]*(.+)$", RegexOptions.CultureInvariant)]
    private static partial Regex Labelled();

    [GeneratedRegex(@"\d,\d", RegexOptions.CultureInvariant)]
    private static partial Regex DigitComma();

    // "(?!<=\d)" is always true in front of a period: the original meant a look-behind.
    [GeneratedRegex(@"\.(?!\d)", RegexOptions.CultureInvariant)]
    private static partial Regex Period();
}
