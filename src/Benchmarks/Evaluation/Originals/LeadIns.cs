namespace Studio.Benchmarks.Evaluation.Originals;

/// <summary>
/// First capital letter after known lead-ins: Video-MME's extraction (extract_characters_regex) and, with a mended list and five letters,
/// the one LongVideoBench has upstream.
/// </summary>
internal static class LeadIns
{
    /// <summary>Defect kept: missing commas fuse two pairs, so four lead-ins are not removed and "Best option: (C)" is B.</summary>
    private static readonly string[] s_fused =
        ["The best answer is", "The correct answer is", "The answer is", "The answer", "The best option isThe correct option is", "Best answer:Best option:"];

    private static readonly string[] s_mended =
        ["The best answer is", "The correct answer is", "The answer is", "The answer", "The best option is", "The correct option is", "Best answer:", "Best option:"];

    /// <summary>A letter A to D, or "".</summary>
    public static string VideoMme(string answer) => First(answer, s_fused, 'D');

    /// <summary>A letter A to E, or "" where the original draws one.</summary>
    public static string LongVideoBenchUpstream(string answer) => First(answer, s_mended, 'E');

    private static string First(string answer, string[] leadIns, char last)
    {
        var text = PythonText.Strip(answer);
        foreach (var leadIn in leadIns) text = text.Replace(leadIn, "", StringComparison.Ordinal);
        foreach (var c in text)
        {
            if (c >= 'A' && c <= last) return c.ToString();
        }

        return "";
    }
}

/// <summary>
/// Upstream's shared extraction of a letter (mcq_extract in its first form): places where a letter can stand have ranks; the highest
/// rank wins, the last place within it.
/// </summary>
internal static class RankedPlaces
{
    private static readonly string[] s_phrases =
    [
        "the answer is", "answer is", "the correct answer is", "correct answer is", "the best answer is", "best answer is", "the correct option is",
        "correct option is", "the best option is", "best option is", "the choice is", "choice is", "the correct choice is", "correct choice is",
        "i choose", "i select", "i pick", "my answer is", "my choice is", "옵션", "정답은", "답은", "답:", "答案是", "答案为", "选", "答えは",
    ];

    /// <summary>One of the letters, or "".</summary>
    public static string Extract(string answer, string letters)
    {
        var stripped = PythonText.Strip(answer);
        if (stripped.Length == 0) return "";
        foreach (var mark in ",.!?;:'\"") stripped = stripped.Trim(mark);
        var text = " " + stripped + " ";
        var best = (Rank: -1, Place: -1, Letter: "");
        void Offer(int rank, int place, char letter)
        {
            // Equal in both: the one found first stays.
            if (place >= 0 && (rank > best.Rank || (rank == best.Rank && place > best.Place))) best = (rank, place, letter.ToString());
        }

        foreach (var c in letters) Offer(6, text.LastIndexOf($"({c})", StringComparison.Ordinal), c);
        foreach (var c in letters) Offer(5, text.LastIndexOf($"{c}.", StringComparison.Ordinal), c);
        foreach (var c in letters) Offer(4, text.LastIndexOf($"{c}:", StringComparison.Ordinal), c);
        foreach (var c in letters) Offer(3, text.LastIndexOf($"{c})", StringComparison.Ordinal), c);
        foreach (var c in letters) Offer(2, text.LastIndexOf($"{c} ", StringComparison.Ordinal), c);
        var lower = PythonText.Lower(text);
        foreach (var phrase in s_phrases)
        {
            var at = lower.IndexOf(phrase, StringComparison.Ordinal);
            if (at < 0 || at + phrase.Length > text.Length) continue;
            foreach (var c in letters) Offer(7, text.IndexOf(c, at + phrase.Length), c);
        }

        var inner = PythonText.Strip(text);
        foreach (var c in letters)
        {
            if (inner.StartsWith(c) && (inner.Length == 1 || !IsAlpha(inner[1]))) Offer(10, 0, c);
        }

        foreach (var c in letters)
        {
            if (inner.EndsWith(c) && (inner.Length == 1 || !IsAlpha(inner[^2]))) Offer(9, text.Length - 1, c);
        }

        if (best.Rank < 0)
        {
            foreach (var c in letters) Offer(0, text.LastIndexOf(c), c);
        }

        return best.Letter;
    }

    private static bool IsAlpha(char c) => char.IsLetter(c);
}

/// <summary>
/// The extraction LongVideoBench (VideoChat-Flash's fork) and NExT-QA share, after MMMU's: bracketed letter, letter and space, letter and
/// period, option text; the last one of several. Defects kept: a capital at the end of any word before a space counts ("EA" is A), "D. A …"
/// is A. What cannot be read is drawn at random by the originals: an answer that says nothing earns 20 to 25 %.
/// </summary>
internal static class LastMentioned
{
    /// <summary>Index of an option, or -1 where the original draws one.</summary>
    public static int Extract(string answer, IReadOnlyList<string> options)
    {
        var text = PythonText.Strip(answer);
        foreach (var mark in ",.!?;:'") text = text.Trim(mark);
        text = " " + text + " ";
        var found = Where(options.Count, i => text.Contains($"({Letters.At(i)})", StringComparison.Ordinal));
        var bracketed = found.Count > 0;
        if (found.Count == 0) found = Where(options.Count, i => text.Contains(Letters.At(i) + " ", StringComparison.Ordinal));
        if (found.Count == 0) found = Where(options.Count, i => text.Contains(Letters.At(i) + ".", StringComparison.Ordinal));
        var byText = false;
        var lower = PythonText.Lower(text);
        if (found.Count == 0 && PythonText.CountWords(text) > 5)
        {
            found = Where(options.Count, i => lower.Contains(PythonText.Lower(options[i]), StringComparison.Ordinal));
            byText = true;
        }

        if (found.Count <= 1) return found.Count == 0 ? -1 : found[0];
        // The first of equal places wins: of letters that only end a word, all at -1, the first letter.
        return found.MaxBy(i => byText ? LastIndex(lower, PythonText.Lower(options[i]))
            : bracketed ? LastIndex(text, $"({Letters.At(i)})") : LastIndex(text, $" {Letters.At(i)} "));
    }

    /// <summary>str.rfind: an empty text is found at the end.</summary>
    private static int LastIndex(string text, string part) => part.Length == 0 ? text.Length : text.LastIndexOf(part, StringComparison.Ordinal);

    private static List<int> Where(int count, Func<int, bool> holds) => [.. Enumerable.Range(0, count).Where(holds)];
}
