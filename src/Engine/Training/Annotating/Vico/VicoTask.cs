using System.Text.Json;
using Studio.Engine.World;

namespace Studio.Engine.Training.Annotating;

/// <summary>
/// Video-XL's clue ordering (video-xl.md section 6): captions of clips, key events that each belong to one clip, their order confirmed by a second
/// look at them shuffled, and questions whose answer is the order. Prompts and question kinds are our own: the original's are not published.
/// </summary>
/// <param name="blind">Leave out lettered questions that the writer answers without the video, however their options are shuffled.</param>
public sealed class VicoTask(bool blind = true) : IAnnotationTask
{
    /// <summary>Fewest events that questions are made of.</summary>
    public const int MinEvents = 4;

    /// <summary>Most events of a section.</summary>
    public const int MaxEvents = 8;

    /// <summary>Seconds of a clip in the original.</summary>
    public const double DefaultClipSeconds = 14;

    /// <summary>Seconds of a section: the original's films last about so long.</summary>
    public const double DefaultSectionSeconds = 180;

    // Right answers without the video, options shuffled anew each time, at which a question is left out.
    private const int BlindTries = 3;

    // Rounds over the kinds while questions are missing: later rounds repeat kinds about other events.
    private const int MaxRounds = 8;

    private static readonly string[] s_ends =
    [
        "Answer with the letter of the right option and its words.",
        "Which option is right? Give its letter and its words.",
        "Choose the option that fits the video.",
        "Give the right option.",
    ];

    public string Name => "vico";

    public IReadOnlyList<string> Kinds => VicoQuestions.Kinds;

    public int MinClips => MinEvents;

    public string Prompts => VicoPrompts.Version;

    public string CaptionPrompt => VicoPrompts.Caption;

    public async Task<SectionAnnotations> AnnotateAsync(VideoSection section, IReadOnlyList<TimedCaption> captions, AnnotationContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(section);
        ArgumentNullException.ThrowIfNull(captions);
        ArgumentNullException.ThrowIfNull(context);
        Understood<(int Part, string Event)[]> found = await context.WriteAsync(
            "events", section.Place, VicoPrompts.Extract(captions, MinEvents, MaxEvents), text => Events(text, captions.Count), cancellationToken).ConfigureAwait(false);
        TimedEvent[] events = [.. OnePartEach(found.Value, captions).OrderBy(e => e.Part).Select(e => new TimedEvent(captions[e.Part].Start, captions[e.Part].End, e.Event))];
        if (events.Length < MinEvents)
        {
            return Nothing(section, $"{events.Length} of {found.Value.Length} events belong to one clip alone; questions need {MinEvents}");
        }

        WorldRandom random = section.Random(context.Settings.Seed);
        int[] shuffle = [.. Enumerable.Range(0, events.Length)];
        random.Shuffle<int>(shuffle);
        Understood<int[]> sorted = await context.WriteAsync(
            "order", section.Place, VicoPrompts.Sort(captions, [.. shuffle.Select(i => events[i].Event)]), text => Order(text, events.Length), cancellationToken).ConfigureAwait(false);
        double tau = KendallTau([.. sorted.Value.Select(i => shuffle[i])]);
        if (tau < 1)
        {
            return Nothing(section, $"asked again, the writer orders the events differently (Kendall's tau {tau:0.00})");
        }

        var answers = new Dictionary<string, string> { ["events"] = found.Key, ["order"] = sorted.Key };
        return await QuestionsAsync(section, captions, events, answers, random, context, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Kendall's tau of an order against 0, 1, 2 …: 1 where all pairs agree, -1 where none does.</summary>
    internal static double KendallTau(IReadOnlyList<int> order)
    {
        (int pairs, int agreeing) = (0, 0);
        for (int i = 0; i < order.Count; i++)
        {
            for (int j = i + 1; j < order.Count; j++)
            {
                pairs++;
                agreeing += order[i] < order[j] ? 1 : 0;
            }
        }

        return pairs == 0 ? 1 : ((2.0 * agreeing) / pairs) - 1;
    }

    /// <summary>Keeps events that fit their own clip's caption better than any other's, one a clip.</summary>
    internal static IEnumerable<(int Part, string Event)> OnePartEach(IReadOnlyList<(int Part, string Event)> events, IReadOnlyList<TimedCaption> captions)
    {
        HashSet<string>[] words = [.. captions.Select(c => EventWords.Of(c.Caption))];
        var taken = new HashSet<int>();
        foreach ((int part, string text) in events)
        {
            HashSet<string> own = EventWords.Of(text);
            double share = EventWords.Share(own, words[part]);
            if (share > 0 && !words.Where((w, i) => i != part && EventWords.Share(own, w) >= share).Any() && taken.Add(part))
            {
                yield return (part, text);
            }
        }
    }

    private async Task<SectionAnnotations> QuestionsAsync(
        VideoSection section, IReadOnlyList<TimedCaption> captions, TimedEvent[] events, Dictionary<string, string> answers, WorldRandom random, AnnotationContext context, CancellationToken cancellationToken)
    {
        var records = new List<AnnotationRecord>(); // at most Settings.Questions
        var left = new List<LeftOut>(); // the same
        var maker = new VicoQuestions(events, section.Start, section.End, random.Fork(1));
        int number = 0;
        foreach (OrderQuestion question in Choose(maker, context.Settings, random.Fork(2)))
        {
            string name = $"{question.Kind}-{++number}";
            int[] order = OptionOrder(question, random.Fork((ulong)(100 + number)));
            string end = random.Fork((ulong)(200 + number)).Pick(s_ends);
            try
            {
                Dictionary<string, string> asked = new(answers);
                if (blind && question.Options is not null && await KnownBlindAsync(question, $"{section.Place} {name}", asked, random.Fork((ulong)(300 + number)), context, cancellationToken).ConfigureAwait(false))
                {
                    left.Add(new LeftOut($"{section.Id}-{name}", $"answered without the video {BlindTries} times out of {BlindTries}: {question.Text}"));
                    continue;
                }

                char letter = (char)('A' + Array.IndexOf(order, question.Right));
                bool lettered = question.Options is not null;
                records.Add(AnnotationRecord.Of(section, name, question.Render(order, end), lettered ? $"({letter}) {question.Answer}" : question.Answer, new AnnotationMeta
                {
                    Task = Name,
                    Kind = question.Kind,
                    ContentHash = section.Video.ContentHash,
                    Captioner = context.Captioner,
                    Writer = context.Writer.Identity,
                    Prompts = Prompts,
                    Seed = context.Settings.Seed,
                    Section = new ClipTime(section.Start, section.End),
                    Letter = lettered ? letter.ToString() : null,
                    Evidence = [.. question.Events.Select(i => new ClipTime(events[i].Start, events[i].End))],
                    Captions = captions,
                    Events = events,
                    Answers = asked,
                }));
            }
            catch (UnansweredException)
            {
                // This question alone waits for the next start.
            }
        }

        return new SectionAnnotations(records, left);
    }

    /// <summary>Different questions, kinds in turn.</summary>
    private static IEnumerable<OrderQuestion> Choose(VicoQuestions maker, AnnotationSettings settings, WorldRandom random)
    {
        string[] kinds = [.. settings.Kinds.Order(StringComparer.Ordinal)]; // not the order in which they were named
        random.Shuffle<string>(kinds);
        var asked = new HashSet<string>(StringComparer.Ordinal); // at most Settings.Questions
        for (int round = 0; round < MaxRounds; round++)
        {
            foreach (string kind in kinds)
            {
                // The same question about the same events is the same question, however its options stand.
                if (asked.Count < settings.Questions && maker.Make(kind) is { } question && asked.Add($"{kind} {string.Join(',', question.Events)}"))
                {
                    yield return question;
                }
            }
        }
    }

    private static int[] OptionOrder(OrderQuestion question, WorldRandom random)
    {
        int[] order = [.. Enumerable.Range(0, question.Options?.Count ?? 0)];
        if (!question.KeepsOrder)
        {
            random.Shuffle<int>(order);
        }

        return order;
    }

    /// <summary>Whether the writer finds the answer without the video, every time; one wrong answer settles it.</summary>
    private static async Task<bool> KnownBlindAsync(
        OrderQuestion question, string of, Dictionary<string, string> answers, WorldRandom random, AnnotationContext context, CancellationToken cancellationToken)
    {
        for (int i = 1; i <= BlindTries; i++)
        {
            int[] order = [.. Enumerable.Range(0, question.Options!.Count)];
            random.Shuffle<int>(order);
            string prompt = VicoPrompts.Blind(question.Render(order, "Reply with the letter alone."));
            Understood<char?> answer = await context.WriteAsync($"blind-{i}", of, prompt, text => AnswerText.Letter(text, order.Length), cancellationToken).ConfigureAwait(false);
            answers[$"blind-{i}"] = answer.Key;
            if (answer.Value != (char)('A' + Array.IndexOf(order, question.Right)))
            {
                return false;
            }
        }

        return true;
    }

    private static (int Part, string Event)[] Events(string text, int parts) => AnswerText.Json(text, e =>
        AnswerText.List(e, "events", 4 * MaxEvents)
            .Select(v => (AnswerText.Number(v.GetProperty("part"), "part", parts) - 1, AnswerText.String(v, "event", AnswerText.MaxEvent).TrimEnd('.', ';')))
            .Take(MaxEvents).ToArray());

    private static int[] Order(string text, int count) => AnswerText.Json(text, e =>
    {
        int[] order = [.. AnswerText.List(e, "order", count).Select(Index)];
        return order.Order().SequenceEqual(Enumerable.Range(0, count)) ? order : throw new FormatException($"'order' does not name each of {count} events once");
    });

    private static int Index(JsonElement letter) => letter.GetString() is [var c] && c >= 'A' ? c - 'A' : throw new FormatException($"'order' holds {letter.GetRawText()}; letters were asked for");

    private static SectionAnnotations Nothing(VideoSection section, string reason) => new([], [new LeftOut(section.Id, reason)]);
}
