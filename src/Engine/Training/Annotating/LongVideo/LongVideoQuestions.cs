using System.Globalization;
using Studio.Engine.World;

namespace Studio.Engine.Training.Annotating;

/// <summary>A question about a timeline, or why there is none.</summary>
/// <param name="Events">Indices of the events that show the answer.</param>
/// <param name="Answers">Keys in the answer log of what was asked for it, by step.</param>
internal sealed record TimedQuestion(string Text, string Answer, IReadOnlyList<int> Events, IReadOnlyDictionary<string, string> Answers)
{
    public string? Refusal { get; init; }

    public static TimedQuestion No(string reason) => new("", "", [], new Dictionary<string, string>()) { Refusal = reason };
}

/// <summary>Makes the questions of one section of a long video.</summary>
internal sealed class LongVideoQuestions
{
    private const int MinDescription = 40;

    /// <summary>Longest question and answer of a relation, characters.</summary>
    private const int MaxSentence = 1000;

    private static readonly string[] s_describe =
    [
        "Describe this video in detail, from beginning to end.",
        "What happens in this video? Tell it in detail and in order.",
        "Give a detailed account of the whole video.",
    ];

    private static readonly string[] s_when =
    [
        "When in the video does this happen: {0}? Give start and end in seconds.",
        "Find this in the video: {0}. From which second to which second does it last?",
        "Between which times, in seconds, is this seen: {0}?",
    ];

    private static readonly string[] s_count =
    [
        "How many times in the video does this happen: {0}?",
        "Count how often this is seen in the video: {0}.",
    ];

    private readonly VideoSection _section;
    private readonly IReadOnlyList<TimedEvent> _events;
    private readonly AnnotationContext _context;
    private readonly WorldRandom _random;
    private readonly int[] _unique;
    private readonly (int A, int B)[] _pairs;
    private readonly (int A, int B)[] _scenes;

    public LongVideoQuestions(VideoSection section, IReadOnlyList<TimedEvent> events, AnnotationContext context)
    {
        (_section, _events, _context, _random) = (section, events, context, section.Random(context.Settings.Seed).Fork(2));
        HashSet<string>[] words = [.. events.Select(e => EventWords.Of(e.Event))];
        _unique = [.. Enumerable.Range(0, events.Count).Where(i => !words.Where((w, j) => j != i && EventWords.Likeness(words[i], w) >= LongVideoTask.SameEvent).Any())];
        _random.Fork(1).Shuffle<int>(_unique);
        _pairs = Pairs((a, b) => EventWords.Likeness(words[a], words[b]) < LongVideoTask.SameEvent, 2);
        _scenes = Pairs((a, b) => EventWords.Likeness(EventWords.Of(events[a].Scene!), EventWords.Of(events[b].Scene!)) < LongVideoTask.SameEvent, 3);
    }

    /// <summary>Questions of a kind that can be asked; of counting, as many as the writer may find.</summary>
    public int Most(string kind) => kind switch
    {
        LongVideoTask.Description => 1,
        LongVideoTask.Grounding => _unique.Length,
        LongVideoTask.EventRelation => _pairs.Length,
        LongVideoTask.SceneRelation => _scenes.Length,
        _ => 1, // all that are found come from one request; the seed takes one
    };

    /// <summary>The question of a kind in a round; different rounds ask about different events.</summary>
    /// <exception cref="UnansweredException">An answer it needs is missing.</exception>
    public Task<TimedQuestion> MakeAsync(string kind, int round, CancellationToken cancellationToken) => kind switch
    {
        LongVideoTask.Description => DescribeAsync(cancellationToken),
        LongVideoTask.Grounding => Task.FromResult(Ground(round)),
        LongVideoTask.EventRelation => RelateAsync("event", _pairs[round], LongVideoPrompts.Relate, cancellationToken),
        LongVideoTask.SceneRelation => RelateAsync("scene", _scenes[round], LongVideoPrompts.RelateScenes, cancellationToken),
        _ => CountAsync(cancellationToken),
    };

    private async Task<TimedQuestion> DescribeAsync(CancellationToken cancellationToken)
    {
        Understood<string> told = await _context.WriteAsync(
            "description", _section.Place, LongVideoPrompts.Describe(_events, _section.Start), text => AnswerText.Json(text, e => AnswerText.String(e, "description", AnswerText.MaxDescription)), cancellationToken).ConfigureAwait(false);
        return told.Value.Length < MinDescription
            ? TimedQuestion.No($"a description of {told.Value.Length} characters; less than {MinDescription} describe nothing")
            : new TimedQuestion(_random.Fork(10).Pick(s_describe), told.Value, [.. Enumerable.Range(0, _events.Count)], new Dictionary<string, string> { ["description"] = told.Key });
    }

    /// <summary>Of events like no other; times count from the start of the section, which is what is shown.</summary>
    private TimedQuestion Ground(int round)
    {
        int index = _unique[round];
        TimedEvent found = _events[index];
        string text = string.Format(CultureInfo.InvariantCulture, _random.Fork((ulong)(100 + round)).Pick(s_when), found.Event);
        return new TimedQuestion(text, $"From {found.Start - _section.Start:0.0} to {found.End - _section.Start:0.0} seconds.", [index], new Dictionary<string, string>());
    }

    private async Task<TimedQuestion> RelateAsync(
        string what, (int A, int B) pair, Func<IReadOnlyList<TimedEvent>, double, int, int, string> prompt, CancellationToken cancellationToken)
    {
        string of = $"{_section.Place} {pair.A + 1} and {pair.B + 1}";
        Understood<(string Question, string Answer)> written = await _context.WriteAsync(
            $"{what}-relation", of, prompt(_events, _section.Start, pair.A, pair.B), text => Relation(text, pair), cancellationToken).ConfigureAwait(false);
        Understood<bool> supported = await _context.WriteAsync(
            $"{what}-check", of, LongVideoPrompts.Check(_events, _section.Start, written.Value.Question, written.Value.Answer), text => AnswerText.Json(text, e => e.GetProperty("supported").GetBoolean()), cancellationToken).ConfigureAwait(false);
        return supported.Value
            ? new TimedQuestion(written.Value.Question, written.Value.Answer, [pair.A, pair.B], new Dictionary<string, string> { [$"{what}-relation"] = written.Key, [$"{what}-check"] = supported.Key })
            : TimedQuestion.No($"asked again, the writer does not find the answer in the events: {written.Value.Question}");
    }

    /// <summary>The writer finds repeated events, and must find the same ones when asked about one of them alone.</summary>
    private async Task<TimedQuestion> CountAsync(CancellationToken cancellationToken)
    {
        Understood<(string What, int[] Events)[]> repeated = await _context.WriteAsync(
            "repeated", _section.Place, LongVideoTask.RepeatedPrompt(_events, _section.Start), text => LongVideoTask.Repeated(text, _events.Count), cancellationToken).ConfigureAwait(false);
        if (repeated.Value.Length == 0)
        {
            return TimedQuestion.No("nothing happens more than once");
        }

        (string what, int[] counted) = _random.Fork(20).Pick(repeated.Value);
        Understood<int[]> again = await _context.WriteAsync(
            "recount", $"{_section.Place} {what}", LongVideoPrompts.Recount(_events, _section.Start, what), text => AnswerText.Json(text, e => LongVideoTask.Numbers(e, _events.Count)), cancellationToken).ConfigureAwait(false);
        if (!again.Value.SequenceEqual(counted))
        {
            return TimedQuestion.No($"counted twice with different results ({counted.Length} and {again.Value.Length}): {what}");
        }

        string text = string.Format(CultureInfo.InvariantCulture, _random.Fork(21).Pick(s_count), what);
        return new TimedQuestion(text, $"{counted.Length} times.", counted, new Dictionary<string, string> { ["repeated"] = repeated.Key, ["recount"] = again.Key });
    }

    private static (string Question, string Answer) Relation(string text, (int A, int B) pair) => AnswerText.Json(text, e =>
    {
        int[] about = [.. AnswerText.List(e, "events", 2).Select(v => AnswerText.Number(v, "events", int.MaxValue) - 1)];
        return about.Order().SequenceEqual([pair.A, pair.B])
            ? (AnswerText.String(e, "question", MaxSentence), AnswerText.String(e, "answer", MaxSentence))
            : throw new FormatException($"the question is about events {string.Join(" and ", about.Select(i => i + 1))}, not {pair.A + 1} and {pair.B + 1}");
    });

    /// <summary>Different pairs of events that fit, the earlier first; at most as many as questions may be asked.</summary>
    private (int A, int B)[] Pairs(Func<int, int, bool> fits, ulong label)
    {
        const int TriesPerPair = 8;
        WorldRandom random = _random.Fork(label);
        var found = new HashSet<(int, int)>();
        var pairs = new List<(int A, int B)>();
        int most = _context.Settings.Questions;
        for (int i = 0; i < TriesPerPair * most && pairs.Count < most; i++)
        {
            int[] two = random.Sample([.. Enumerable.Range(0, _events.Count)], 2);
            (int a, int b) = (Math.Min(two[0], two[1]), Math.Max(two[0], two[1]));
            if (fits(a, b) && found.Add((a, b)))
            {
                pairs.Add((a, b));
            }
        }

        return [.. pairs];
    }
}
