using System.Text;
using System.Text.RegularExpressions;
using Studio.Benchmarks.Evaluation.Originals;

namespace Studio.Benchmarks.Evaluation.Scoring;

/// <summary>
/// The corrected extraction, one for every multiple-choice task: which option an answer names, or none. Rules, the first that decides:
/// the content of the last answer tag or box stands for the whole; an announced letter ("the answer is C", "Best option: (C)", "答案是C"),
/// the last one; a letter alone or as the answer's label ("C", "c", "C. text", "(C) text"); the only letter in brackets; the only capital
/// letter that stands by itself, where letters of other scripts do not cling to it and the article "A" does not count; the only option
/// whose text the answer is or holds, be it a single digit ("3"), but not a single letter. Several letters without an announcement ("A or B") name none; nothing is ever guessed.
/// </summary>
public static partial class ChoiceReader
{
    /// <summary>Longer answers are read at their first and last half of this many characters: a runaway answer must not cost minutes.</summary>
    public const int MaxLength = 20_000;

    /// <param name="answer">The model's answer.</param>
    /// <param name="options">Option texts in the order shown; labels in front of them ("A. ", "(A) ") are allowed.</param>
    /// <returns>Index of the option, or null.</returns>
    public static int? Read(string answer, IReadOnlyList<string> options)
    {
        ArgumentNullException.ThrowIfNull(answer);
        ArgumentNullException.ThrowIfNull(options);
        if (options.Count == 0) return null;
        var text = Normal(answer.Length <= MaxLength ? answer : answer[..(MaxLength / 2)] + " … " + answer[^(MaxLength / 2)..]);
        if (Scope(text) is { } inner) text = inner;
        if (text.Length == 0) return null;
        var texts = options.Select((option, i) => Normal(OptionLabels.Without(option, i))).ToArray();
        // An answer that repeats an option word for word means it, also where the text begins with what looks like a letter.
        if (WholeText(text, texts) is { } whole) return whole;
        if (Announced(text, options.Count) is { } announced) return announced;
        return Label(text, options.Count) ?? Only(Bracketed().Matches(text), options.Count) ?? Standing(text, options.Count) ?? Held(text, texts);
    }

    /// <summary>Letters, digits and brackets of full width in their common form; marks of the chat template gone; white space at the ends too.</summary>
    private static string Normal(string text)
    {
        var built = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (c is '\u200b' or '\ufeff') continue;
            built.Append(c is >= '\uff01' and <= '\uff5e' ? (char)(c - 0xfee0) : c);
        }

        return PythonText.Strip(TemplateMark().Replace(built.ToString(), ""));
    }

    private static string? Scope(string text)
    {
        var tags = AnswerTag().Matches(text);
        if (tags.Count > 0) return PythonText.Strip(tags[^1].Groups[1].Value);
        var boxes = Box().Matches(text);
        return boxes.Count > 0 ? PythonText.Strip(boxes[^1].Groups[1].Value) : null;
    }

    /// <summary>The last announcement that is followed by a letter of an option. A small letter counts where nothing but a mark follows it.</summary>
    private static int? Announced(string text, int count)
    {
        for (var match = Announcement().Match(text); match.Success; match = match.NextMatch())
        {
            var letter = Index(match.Groups[1].Value[0], count);
            if (letter < 0) continue;
            // "the answer is A or B", "answer: A man"
            var rest = text[(match.Groups[1].Index + 1)..];
            if (Alternative().Match(rest) is { Success: true } other && Index(other.Groups[1].Value[0], count) is >= 0 and var second && second != letter) continue;
            if (match.Groups[1].Value == "A" && Article().IsMatch(rest)) continue;
            if (LastAnnouncement(text, match) is { } later) return Announced(text[later..], count) ?? letter;
            return letter;
        }

        return null;
    }

    private static int? LastAnnouncement(string text, Match match)
    {
        var next = Announcement().Match(text, match.Index + match.Length);
        return next.Success ? next.Index : null;
    }

    private static int? Label(string text, int count)
    {
        if (Leading().Match(text) is not { Success: true } match) return null;
        var index = Index(match.Groups[1].Value[0], count);
        if (index < 0) return null;
        var rest = text[(match.Groups[1].Index + 1)..];
        return Alternative().Match(rest) is { Success: true } other && Index(other.Groups[1].Value[0], count) is >= 0 and var second && second != index ? null : index;
    }

    private static int? Only(MatchCollection matches, int count)
    {
        var letters = matches.Select(m => Index(m.Groups[1].Value[0], count)).Where(i => i >= 0).Distinct().Take(2).ToArray();
        return letters.Length == 1 ? letters[0] : null;
    }

    private static int? Standing(string text, int count)
    {
        int? found = null;
        if (NotApplicable().IsMatch(text)) return null;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is < 'A' or > 'Z' || text[i] - 'A' >= count || Clings(text, i - 1) || Clings(text, i + 1)) continue;
            if (text[i] == 'A' && Article().IsMatch(text[(i + 1)..]) && !Alternative().IsMatch(text[(i + 1)..])) continue;
            if (i + 1 < text.Length && text[i + 1] is '\'' or '’') continue; // "D'accord"
            if (found is { } other && other != text[i] - 'A') return null;
            found = text[i] - 'A';
        }

        return found;
    }

    private static int? WholeText(string text, string[] texts)
    {
        var plain = Plain(text);
        var equal = !IsTelling(plain) ? [] : Enumerable.Range(0, texts.Length).Where(i => Plain(texts[i]) == plain).ToArray();
        return equal.Length > 0 ? equal[0] : null;
    }

    /// <summary>The only option whose text stands in the answer; an option inside another's text gives way to the longer one.</summary>
    private static int? Held(string text, string[] texts)
    {
        var plain = " " + Plain(text) + " ";
        var held = Enumerable.Range(0, texts.Length).Where(i => IsTelling(Plain(texts[i])) && plain.Contains(" " + Plain(texts[i]) + " ", StringComparison.Ordinal)).ToList();
        held.RemoveAll(i => held.Exists(j => j != i && Plain(texts[j]).Length > Plain(texts[i]).Length && Plain(texts[j]).Contains(Plain(texts[i]), StringComparison.Ordinal)));
        return held.Count > 0 && held.All(i => Plain(texts[i]) == Plain(texts[held[0]])) ? held[0] : null;
    }

    /// <summary>A letter alone is an option's label; a digit alone is an answer to "how many".</summary>
    private static bool IsTelling(string plain) => plain.Length > 1 || (plain.Length == 1 && char.IsDigit(plain[0]));

    /// <summary>Lower case, letters and digits only, single spaces.</summary>
    private static string Plain(string text)
    {
        var built = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (char.IsLetterOrDigit(c)) built.Append(char.ToLowerInvariant(c));
            else if (c is not ('\'' or '’') && built.Length > 0 && built[^1] != ' ') built.Append(' ');
        }

        return built.ToString().TrimEnd();
    }

    /// <summary>Letters and digits of alphabets cling to a letter; ideographs, kana and hangul do not: no space stands between them and it.</summary>
    private static bool Clings(string text, int at) => at >= 0 && at < text.Length && (text[at] == '_' || char.IsLetterOrDigit(text[at]))
        && text[at] is not (>= '\u3040' and <= '\u30ff' or >= '\u3400' and <= '\u9fff' or >= '\uac00' and <= '\ud7af');

    private static int Index(char letter, int count) => char.ToUpperInvariant(letter) - 'A' is >= 0 and var index && index < count ? index : -1;

    [GeneratedRegex(@"<\|[^|<>]{1,20}\|>|</?s>", RegexOptions.CultureInvariant)]
    private static partial Regex TemplateMark();

    [GeneratedRegex(@"<answer>(.*?)(?:</answer>|$)", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase | RegexOptions.Singleline)]
    private static partial Regex AnswerTag();

    [GeneratedRegex(@"\\boxed\{(?:\\text\{)?([^{}]*)\}", RegexOptions.CultureInvariant)]
    private static partial Regex Box();

    [GeneratedRegex("""(?:(?<![a-z])(?:answer|option|choice)"?\**\s*(?:is\b|[:=])?|答案[是为]?|选项?|選択肢は|正解は|정답은|الإجابة هي)\s*:?[\s*_`"'“(\[]*([A-Z])(?![a-z0-9_]|['’][a-z])(?:(?<=[A-Z])|(?=[\s*_`"'”)\].,;!?]*$))""",
        RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex Announcement();

    [GeneratedRegex(@"^[\s)\]*_`.,]*(?:,|/|&|\+|\bor\b|\band\b|或|和)[\s*_`(\[]*([A-Z])(?![A-Za-z0-9_])", RegexOptions.CultureInvariant)]
    private static partial Regex Alternative();

    [GeneratedRegex(@"^\W*[nN]/[aA]\W*$", RegexOptions.CultureInvariant)]
    private static partial Regex NotApplicable();

    [GeneratedRegex(@"^ [a-z]", RegexOptions.CultureInvariant)]
    private static partial Regex Article();

    [GeneratedRegex("""^[\s*_`"'“(\[{#>@-]*([A-Za-z])(?:[\s*_`"'”)\]}.,;:!?]*$|[*_`]*[.):、][^A-Za-z0-9]|\*\*)""", RegexOptions.CultureInvariant)]
    private static partial Regex Leading();

    [GeneratedRegex(@"[(\[]\s*([A-Z])\s*[)\]]", RegexOptions.CultureInvariant)]
    private static partial Regex Bracketed();
}
