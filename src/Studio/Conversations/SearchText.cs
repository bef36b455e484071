namespace Studio.Conversations;

/// <summary>Words of a search as LIKE patterns.</summary>
internal static class SearchText
{
    /// <summary>More words are not looked at.</summary>
    public const int MaxWords = 8;

    /// <summary>For each word the patterns of which one must match. LIKE ignores the case of ASCII letters only, so that other words have several.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> Patterns(string? query) =>
        [.. (query ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Take(MaxWords).Select(Variants)];

    /// <summary>A piece of the text around the first of the words.</summary>
    public static string? Excerpt(string text, string query)
    {
        var at = query.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            .Select(w => text.IndexOf(w, StringComparison.OrdinalIgnoreCase)).Where(i => i >= 0).DefaultIfEmpty(-1).Min();
        if (at < 0) return null;
        const int Before = 40, Length = 160;
        var from = Math.Max(0, at - Before);
        if (from > 0 && char.IsLowSurrogate(text[from])) from--;
        var end = Math.Min(text.Length, from + Length);
        if (end < text.Length && char.IsHighSurrogate(text[end - 1])) end--;
        return $"{(from > 0 ? "…" : "")}{text[from..end].ReplaceLineEndings(" ")}{(end < text.Length ? "…" : "")}";
    }

    private static IReadOnlyList<string> Variants(string word)
    {
        string[] forms = word.All(char.IsAscii) ? [word]
            : [word, word.ToLowerInvariant(), word.ToUpperInvariant(), char.ToUpperInvariant(word[0]) + word[1..].ToLowerInvariant()];
        return [.. forms.Distinct(StringComparer.Ordinal).Select(f => $"%{f.Replace(@"\", @"\\").Replace("%", @"\%").Replace("_", @"\_")}%")];
    }
}
