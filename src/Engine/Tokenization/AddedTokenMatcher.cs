using System.Buffers;
using System.Globalization;
using System.Text;

namespace Studio.Engine.Tokenization;

/// <summary>
/// Finds added tokens in text: leftmost first, the longest among those that start together, as Hugging Face tokenizers do.
/// Immutable; thread safe.
/// </summary>
internal sealed class AddedTokenMatcher
{
    private readonly Dictionary<char, List<(string Text, AddedToken Token)>> _byFirst = [];
    private readonly SearchValues<char> _firsts;

    internal AddedTokenMatcher(IEnumerable<(string Text, AddedToken Token)> tokens)
    {
        foreach (var entry in tokens.OrderByDescending(entry => entry.Text.Length))
        {
            if (!_byFirst.TryGetValue(entry.Text[0], out var list))
            {
                _byFirst.Add(entry.Text[0], list = []);
            }

            list.Add(entry);
        }

        _firsts = SearchValues.Create([.. _byFirst.Keys]);
    }

    internal bool IsEmpty => _byFirst.Count == 0;

    /// <summary>
    /// The next token at or after <paramref name="from"/>: its place in <paramref name="text"/> in UTF-16 units, stripped white
    /// space included but never before <paramref name="from"/>. With <paramref name="special"/> false, special tokens are plain
    /// text; what they cover is not searched for shorter tokens.
    /// </summary>
    internal bool TryNext(string text, int from, bool special, out int start, out int end, out int id)
    {
        var search = from;
        while (search < text.Length)
        {
            var offset = text.AsSpan(search).IndexOfAny(_firsts);
            if (offset < 0)
            {
                break;
            }

            start = search + offset;
            if (Longest(text, start) is not ({ } content, { } token))
            {
                search = start + 1;
                continue;
            }

            end = start + content.Length;
            if ((token.Special && !special) || (token.SingleWord && (WordEndsAt(text, start) || WordStartsAt(text, end))))
            {
                search = end;
                continue;
            }

            while (token.StripLeft && start > from && char.IsWhiteSpace(text[start - 1]))
            {
                start--;
            }

            while (token.StripRight && end < text.Length && char.IsWhiteSpace(text[end]))
            {
                end++;
            }

            id = token.Id;
            return true;
        }

        start = end = text.Length;
        id = -1;
        return false;
    }

    private (string? Text, AddedToken? Token) Longest(string text, int start)
    {
        foreach (var (content, token) in _byFirst[text[start]])
        {
            if (string.CompareOrdinal(text, start, content, 0, content.Length) == 0)
            {
                return (content, token);
            }
        }

        return default;
    }

    private static bool WordEndsAt(string text, int position) =>
        Rune.DecodeLastFromUtf16(text.AsSpan(0, position), out var rune, out _) == OperationStatus.Done && IsWord(rune);

    private static bool WordStartsAt(string text, int position) =>
        Rune.DecodeFromUtf16(text.AsSpan(position), out var rune, out _) == OperationStatus.Done && IsWord(rune);

    /// <summary>
    /// \w of UTS #18 within what the runtime knows: letters, marks, decimal digits, letter numbers, connectors, joiners.
    /// </summary>
    private static bool IsWord(Rune rune) => rune.Value is 0x200C or 0x200D || Rune.GetUnicodeCategory(rune)
        is <= UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation;
}
