using System.Globalization;
using System.Text;

namespace Studio.Benchmarks.Evaluation.Originals;

/// <summary>
/// Text functions as Python has them, because the original scorers lean on their exact edges: white space includes U+001C to U+001F,
/// a word is letters, numbers and underscore of any script, digits of any script are numbers.
/// </summary>
internal static class PythonText
{
    public static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\u001c' and <= '\u001f';

    /// <summary>str.strip().</summary>
    public static string Strip(string text)
    {
        var (start, end) = (0, text.Length);
        while (start < end && IsSpace(text[start])) start++;
        while (end > start && IsSpace(text[end - 1])) end--;
        return text[start..end];
    }

    /// <summary>str.rstrip().</summary>
    public static string StripEnd(string text)
    {
        var end = text.Length;
        while (end > 0 && IsSpace(text[end - 1])) end--;
        return text[..end];
    }

    /// <summary>len(str.split()).</summary>
    public static int CountWords(string text)
    {
        var (count, inside) = (0, false);
        foreach (var c in text)
        {
            var space = IsSpace(c);
            if (!space && !inside) count++;
            inside = !space;
        }

        return count;
    }

    /// <summary>str.lower(), with its two many-to-one rules: dotted capital I becomes two characters, sigma at a word's end its final form.</summary>
    public static string Lower(string text)
    {
        var lower = text.ToLowerInvariant();
        if (!text.Contains('\u0130', StringComparison.Ordinal) && !text.Contains('\u03a3', StringComparison.Ordinal)) return lower;
        var built = new StringBuilder(text.Length + 4);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\u0130') built.Append("i\u0307");
            else if (text[i] == '\u03a3') built.Append(IsFinal(text, i) ? '\u03c2' : '\u03c3');
            else built.Append(lower[i]);
        }

        return built.ToString();
    }

    /// <summary>Whether the regex class \w holds for the code point that starts (or, for <see cref="WordBefore"/>, ends) there.</summary>
    public static bool WordAt(string text, int index) => index < text.Length && Rune.TryGetRuneAt(text, index, out var rune) && IsWord(rune);

    public static bool WordBefore(string text, int index)
    {
        if (index <= 0) return false;
        if (char.IsLowSurrogate(text[index - 1]) && index >= 2) return WordAt(text, index - 2);
        return WordAt(text, index - 1);
    }

    /// <summary>Index of the first of some ASCII letters with a word boundary on either side (\b[..]\b), or -1.</summary>
    public static int IndexOfIsolated(string text, string letters, int start = 0)
    {
        for (var i = start; i < text.Length; i++)
        {
            if (letters.Contains(text[i], StringComparison.Ordinal) && !WordBefore(text, i) && !WordAt(text, i + 1)) return i;
        }

        return -1;
    }

    /// <summary>float() of a text of digits and points: digits of any script count.</summary>
    /// <exception cref="FormatException">Python raises ValueError: more than one point, or nothing but one.</exception>
    public static double Float(string text)
    {
        var ascii = string.Create(text.Length, text, static (span, source) =>
        {
            for (var i = 0; i < span.Length; i++)
            {
                var digit = CharUnicodeInfo.GetDecimalDigitValue(source[i]);
                span[i] = digit >= 0 ? (char)('0' + digit) : source[i];
            }
        });
        return double.TryParse(ascii, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw new FormatException($"'{text}' is no number.");
    }

    /// <summary>"{value:.1f}" and the like: ties of the exact binary value go to the even digit, as in C and Python.</summary>
    public static string Fixed(double value, int decimals)
    {
        // The exact expansion: a double of ordinary size ends well within 80 places.
        var exact = Math.Abs(value).ToString("F80", CultureInfo.InvariantCulture);
        var point = exact.IndexOf('.', StringComparison.Ordinal);
        var kept = exact[..(point + 1 + decimals)];
        var rest = exact.AsSpan(point + 1 + decimals);
        var digits = System.Numerics.BigInteger.Parse(kept.Replace(".", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
        var tie = rest[0] == '5' && rest[1..].TrimEnd('0').IsEmpty;
        if (tie ? !digits.IsEven : rest[0] >= '5') digits++;
        var text = digits.ToString(CultureInfo.InvariantCulture).PadLeft(decimals + 1, '0');
        return (value < 0 ? "-" : "") + text[..^decimals] + "." + text[^decimals..];
    }

    /// <summary>round(value, decimals).</summary>
    public static double Round(double value, int decimals) => double.Parse(Fixed(value, decimals), CultureInfo.InvariantCulture);

    /// <summary>repr() of a text: single quotes unless it holds one and no double quote; what is not printable is escaped.</summary>
    public static string Repr(string text)
    {
        var quote = text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        var built = new StringBuilder(text.Length + 2).Append(quote);
        foreach (var rune in text.EnumerateRunes())
        {
            var value = rune.Value;
            if (value == quote || value == '\\') built.Append('\\').Append((char)value);
            else if (value == '\n') built.Append("\\n");
            else if (value == '\r') built.Append("\\r");
            else if (value == '\t') built.Append("\\t");
            else if (IsPrintable(rune)) built.Append(rune);
            else if (value < 0x100) built.Append(CultureInfo.InvariantCulture, $"\\x{value:x2}");
            else if (value < 0x10000) built.Append(CultureInfo.InvariantCulture, $"\\u{value:x4}");
            else built.Append(CultureInfo.InvariantCulture, $"\\U{value:x8}");
        }

        return built.Append(quote).ToString();
    }

    private static bool IsWord(Rune rune) => rune.Value == '_' || Rune.IsLetter(rune) || Rune.IsNumber(rune);

    private static bool IsPrintable(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune)
        is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);

    private static bool IsFinal(string text, int at)
    {
        var before = at > 0 && char.IsLetter(text[at - 1]);
        var after = at + 1 < text.Length && char.IsLetter(text[at + 1]);
        return before && !after;
    }
}
