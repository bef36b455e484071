using System.Globalization;

namespace Studio.Engine.Tokenization;

/// <summary>
/// The Split pattern of Qwen2/2.5/3 (and, with three digits, of Llama 3) as a scanner over code points, with the meaning the
/// pattern has in Oniguruma: classes see astral characters whole, \s is White_Space, (?i:'s) also matches 'ſ (U+017F).
/// Linear: no character is looked at more than a fixed number of times.
/// </summary>
internal sealed class QwenPreTokenizer(int maxDigits) : PreTokenizer
{
    internal const string OneDigitPattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    internal const string ThreeDigitPattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private enum Kind
    {
        Letter,
        Number,
        Newline,
        Space,
        Other,
    }

    internal override void Split(ReadOnlySpan<char> text, List<int> ends)
    {
        var position = 0;
        while (position < text.Length)
        {
            position = WordEnd(text, position);
            ends.Add(position);
        }
    }

    private int WordEnd(ReadOnlySpan<char> text, int start)
    {
        var contraction = ContractionLength(text[start..]);
        if (contraction > 0)
        {
            return start + contraction;
        }

        var kind = KindAt(text, start, out var length);
        var next = start + length;
        switch (kind)
        {
            case Kind.Letter:
                return SkipKind(text, next, Kind.Letter);
            case Kind.Number:
                for (var digits = 1; digits < maxDigits && next < text.Length; digits++)
                {
                    if (KindAt(text, next, out length) != Kind.Number)
                    {
                        break;
                    }

                    next += length;
                }

                return next;
            case Kind.Newline:
                return WhitespaceEnd(text, start);
        }

        var nextKind = next < text.Length ? KindAt(text, next, out _) : Kind.Space;
        if (nextKind == Kind.Letter)
        {
            return SkipKind(text, next, Kind.Letter);
        }

        if (kind == Kind.Other || (text[start] == ' ' && nextKind == Kind.Other))
        {
            var end = SkipKind(text, next, Kind.Other);
            while (end < text.Length && text[end] is '\r' or '\n')
            {
                end++;
            }

            return end;
        }

        return WhitespaceEnd(text, start);
    }

    /// <summary>
    /// \s*[\r\n]+|\s+(?!\S)|\s+ : up to the last newline of the run, else all but the space the next word takes.
    /// </summary>
    private static int WhitespaceEnd(ReadOnlySpan<char> text, int start)
    {
        var end = start;
        var afterNewline = -1;
        while (end < text.Length && char.IsWhiteSpace(text[end]))
        {
            afterNewline = text[end] is '\r' or '\n' ? end + 1 : afterNewline;
            end++;
        }

        if (afterNewline >= 0)
        {
            return afterNewline;
        }

        return end == text.Length || end - start == 1 ? end : end - 1;
    }

    private static int SkipKind(ReadOnlySpan<char> text, int position, Kind kind)
    {
        while (position < text.Length && KindAt(text, position, out var length) == kind)
        {
            position += length;
        }

        return position;
    }

    private static int ContractionLength(ReadOnlySpan<char> text)
    {
        if (text.Length < 2 || text[0] != '\'')
        {
            return 0;
        }

        var second = Fold(text[1]);
        if (second is 's' or 't' or 'm' or 'd')
        {
            return 2;
        }

        var third = text.Length > 2 ? Fold(text[2]) : '\0';
        return (second, third) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? 3 : 0;
    }

    private static char Fold(char character) => character switch
    {
        >= 'A' and <= 'Z' => (char)(character | 0x20),
        '\u017F' => 's',
        _ => character,
    };

    private static Kind KindAt(ReadOnlySpan<char> text, int position, out int length)
    {
        var character = text[position];
        length = 1;
        if (character < 128)
        {
            return character switch
            {
                >= 'a' and <= 'z' or >= 'A' and <= 'Z' => Kind.Letter,
                >= '0' and <= '9' => Kind.Number,
                '\r' or '\n' => Kind.Newline,
                ' ' or (>= '\t' and <= '\f') => Kind.Space,
                _ => Kind.Other,
            };
        }

        UnicodeCategory category;
        if (char.IsHighSurrogate(character))
        {
            length = 2;
            category = CharUnicodeInfo.GetUnicodeCategory(char.ConvertToUtf32(character, text[position + 1]));
        }
        else
        {
            category = CharUnicodeInfo.GetUnicodeCategory(character);
        }

        return category switch
        {
            <= UnicodeCategory.OtherLetter => Kind.Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Kind.Number,
            _ => char.IsWhiteSpace(character) ? Kind.Space : Kind.Other,
        };
    }
}
