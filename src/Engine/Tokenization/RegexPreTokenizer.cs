using System.Globalization;
using System.Text.RegularExpressions;

namespace Studio.Engine.Tokenization;

/// <summary>
/// A Split pattern run by the runtime's regular expressions. Those see UTF-16 units, the pattern's authors meant code points:
/// each astral character is therefore shown to the expression as one BMP character of the same general category. Text between
/// matches becomes a word of its own (behaviour "Isolated").
/// </summary>
internal sealed class RegexPreTokenizer : PreTokenizer
{
    /// <summary>
    /// One rare BMP character per <see cref="UnicodeCategory"/>, in its order; no known pattern names any of them.
    /// </summary>
    private const string StandIns =
        "\u0244\uA641\u01C5\u02C0\uA00A\uA66F\u0903\u20DD\u1946\u2188\u2189\u1680\u2028\u2029\u008F\u2064\uD800\uE000\u203F"
        + "\u2E17\u2E28\u2E29\u2E02\u2E03\u2E01\u2A7C\u20BB\uA700\u4DC0\uFFFE";

    private readonly Regex _pattern;

    /// <exception cref="ArgumentException">The runtime cannot express the pattern, or it names astral characters.</exception>
    internal RegexPreTokenizer(string pattern)
    {
        if (pattern.Any(char.IsSurrogate))
        {
            throw new ArgumentException("the pattern names a character above U+FFFF");
        }

        _pattern = new Regex(pattern, RegexOptions.CultureInvariant | RegexOptions.Compiled);
    }

    internal override void Split(ReadOnlySpan<char> text, List<int> ends)
    {
        if (text.IndexOfAnyInRange('\uD800', '\uDFFF') < 0)
        {
            Split(text, ends, null);
            return;
        }

        var shown = new char[text.Length];
        var endOf = new int[text.Length + 1];
        var count = 0;
        var position = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            shown[count] = rune.IsBmp ? (char)rune.Value : StandIns[(int)CharUnicodeInfo.GetUnicodeCategory(rune.Value)];
            position += rune.Utf16SequenceLength;
            endOf[++count] = position;
        }

        Split(shown.AsSpan(0, count), ends, endOf);
    }

    private void Split(ReadOnlySpan<char> shown, List<int> ends, int[]? endOf)
    {
        var last = 0;
        foreach (var match in _pattern.EnumerateMatches(shown))
        {
            Cut(match.Index);
            Cut(match.Index + match.Length);
        }

        Cut(shown.Length);

        void Cut(int end)
        {
            if (end > last)
            {
                ends.Add(endOf?[end] ?? end);
                last = end;
            }
        }
    }
}
