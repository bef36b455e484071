using System.Text.Json.Serialization;

namespace Studio.Engine.World;

/// <summary>How an answer is given.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<WorldForm>))]
public enum WorldForm
{
    /// <summary>In words.</summary>
    Open,

    /// <summary>By the letter of one of several options.</summary>
    Lettered,
}

/// <summary>A stretch of a video in which the answer can be seen.</summary>
/// <param name="Start">Seconds from the start of the video.</param>
/// <param name="End">Seconds; not seen any more at this moment.</param>
public readonly record struct WorldEvidence(double Start, double End);

/// <summary>A question about a video, with its known answer.</summary>
public sealed record WorldQuestion
{
    /// <summary>What stands between a rationale and the answer.</summary>
    public const string AnswerMark = "Answer:";

    private static readonly string[] s_letters = ["A", "B", "C", "D"];

    public required WorldKind Kind { get; init; }

    public required WorldForm Form { get; init; }

    /// <summary>The question without its options.</summary>
    public required string Text { get; init; }

    /// <summary>The options of a lettered question in the order of their letters; null for an open one.</summary>
    public IReadOnlyList<string>? Options { get; init; }

    /// <summary>The answer in words; of a lettered question the text of the right option.</summary>
    public required string Answer { get; init; }

    /// <summary>The right letter; null for an open question.</summary>
    public string? Letter { get; init; }

    /// <summary>Where in the video the answer can be seen, in order of time; empty where the answer is that something is not there.</summary>
    public required IReadOnlyList<WorldEvidence> Evidence { get; init; }

    /// <summary>Names of a chain's pictures from the first to the last; empty for other kinds.</summary>
    public IReadOnlyList<string> Chain { get; init; } = [];

    /// <summary>What leads to the answer, to be said before it, for example "kite, bell, tent."; null where the answer is seen at once.</summary>
    [JsonIgnore]
    public string? Rationale { get; init; }

    /// <summary>Steps from the card that the question names to the card that answers it; 0 for other kinds.</summary>
    [JsonIgnore]
    public int Hops => Math.Max(0, Chain.Count - 1);

    /// <summary>The letter of an option.</summary>
    public static string LetterOf(int option) => s_letters[option];

    /// <summary>The question with its options, one a line: "(A) ...".</summary>
    public string TextWithOptions() => Options is null
        ? Text
        : string.Join('\n', Options.Select((option, i) => $"({LetterOf(i)}) {option}").Prepend(Text));

    /// <summary>The answer behind what leads to it: "kite, bell. Answer: bell"; the answer alone where nothing leads to it.</summary>
    public string AnswerWithRationale() => Rationale is null ? Answer : $"{Rationale} {AnswerMark} {Answer}";

    /// <summary>What a reply gives as its answer: the text behind the last <see cref="AnswerMark"/>, or all of it.</summary>
    public static string Stated(string reply)
    {
        ArgumentNullException.ThrowIfNull(reply);
        int mark = reply.LastIndexOf(AnswerMark, StringComparison.OrdinalIgnoreCase);
        return mark < 0 ? reply : reply[(mark + AnswerMark.Length)..].Trim();
    }

    /// <summary>The same question with its options moved on by some places, as four tries of one sample need it.</summary>
    /// <exception cref="InvalidOperationException">An open question.</exception>
    public WorldQuestion Rotated(int places)
    {
        if (Options is null)
        {
            throw new InvalidOperationException($"'{Text}' has no options to rotate.");
        }

        string[] options = [.. Options.Select((_, i) => Options[(((i - places) % Options.Count) + Options.Count) % Options.Count])];
        return this with { Options = options, Letter = LetterOf(Array.IndexOf(options, Answer)) };
    }

    /// <summary>
    /// Whether a reply is right. Lettered: its first single letter A to D ("B", "(b) red", "Answer: C") must be the right one; without any,
    /// the reply must be the right option's text. Open: the same words, where case, articles, punctuation and spaces do not count.
    /// </summary>
    public bool IsRight(string reply)
    {
        reply = Stated(reply);
        if (Form == WorldForm.Open)
        {
            return Plain(reply) == Plain(Answer);
        }

        // An article "a" is no letter: "a red apple" is a reply in words, "A" and "(a)" are letters.
        string trimmed = reply.Trim();
        for (int i = 0; i < trimmed.Length; i++)
        {
            char c = char.ToUpperInvariant(trimmed[i]);
            bool alone = (i == 0 || !char.IsLetterOrDigit(trimmed[i - 1])) && (i + 1 == trimmed.Length || !char.IsLetterOrDigit(trimmed[i + 1]));
            bool article = trimmed[i] == 'a' && i + 1 < trimmed.Length && trimmed[i + 1] == ' ';
            if (alone && !article && c >= 'A' && c < 'A' + Options!.Count)
            {
                return c == Letter![0];
            }
        }

        return Plain(reply) == Plain(Answer);
    }

    private static string Plain(string text) => string.Join(' ', new string([.. text.ToLowerInvariant().Select(c => char.IsLetterOrDigit(c) || c == ':' ? c : ' ')])
        .Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(word => word is not ("a" or "an" or "the")));
}
