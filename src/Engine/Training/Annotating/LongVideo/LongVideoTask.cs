using System.Text.Json;

namespace Studio.Engine.Training.Annotating;

/// <summary>
/// VideoChat-Flash's long-video annotations (videochat-flash.md 7.3): dense captions of short clips become timed events, and events become the
/// five tasks of LongVid. Prompts are our own: the original's are not published.
/// </summary>
public sealed class LongVideoTask : IAnnotationTask
{
    public const string Description = "description";
    public const string Grounding = "grounding";
    public const string EventRelation = "event-relation";
    public const string SceneRelation = "scene-relation";
    public const string Counting = "counting";

    /// <summary>Fewest events that questions are made of.</summary>
    public const int MinEvents = 3;

    /// <summary>Our choice; the original's clips are not described.</summary>
    public const double DefaultClipSeconds = 10;

    /// <summary>LongVid's videos last 6 minutes on average; ours up to an hour and a half in one piece.</summary>
    public const double DefaultSectionSeconds = 3000;

    /// <summary>Clips whose events are named in one request.</summary>
    internal const int LabelClips = 20;

    /// <summary>Words in common, over words in either, from which two events count as the same.</summary>
    internal const double SameEvent = 0.5;

    // Events named to the writer so that it keeps its words.
    private const int NamesBefore = 10;

    private const int MaxRepeated = 5;

    // Rounds over the kinds while questions are missing.
    private const int MaxRounds = 64;

    public string Name => "longvid";

    public IReadOnlyList<string> Kinds { get; } = [Description, Grounding, EventRelation, SceneRelation, Counting];

    public int MinClips => MinEvents;

    public string Prompts => LongVideoPrompts.Version;

    public string CaptionPrompt => LongVideoPrompts.Caption;

    public async Task<SectionAnnotations> AnnotateAsync(VideoSection section, IReadOnlyList<TimedCaption> captions, AnnotationContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(section);
        ArgumentNullException.ThrowIfNull(captions);
        ArgumentNullException.ThrowIfNull(context);
        (List<TimedEvent> events, Dictionary<string, string> answers) = await LabelAsync(section, captions, context, cancellationToken).ConfigureAwait(false);
        var timeline = new SectionTimeline(section.Id, section.Video.Name, section.Video.ContentHash, section.Start, section.End, captions, events);
        if (events.Count < MinEvents)
        {
            return new SectionAnnotations([], [new LeftOut(section.Id, $"the writer named {events.Count} events; questions need {MinEvents}")]) { Timeline = timeline };
        }

        var records = new List<AnnotationRecord>(); // at most Settings.Questions
        var left = new List<LeftOut>(); // the same
        var questions = new LongVideoQuestions(section, events, context);
        int number = 0;
        foreach ((string kind, int round) in Turns(section, context.Settings, questions))
        {
            string name = $"{kind}-{++number}";
            try
            {
                TimedQuestion question = await questions.MakeAsync(kind, round, cancellationToken).ConfigureAwait(false);
                if (question.Refusal is { } refusal)
                {
                    left.Add(new LeftOut($"{section.Id}-{name}", refusal));
                    continue;
                }

                records.Add(AnnotationRecord.Of(section, name, question.Text, question.Answer, new AnnotationMeta
                {
                    Task = Name,
                    Kind = kind,
                    ContentHash = section.Video.ContentHash,
                    Captioner = context.Captioner,
                    Writer = context.Writer.Identity,
                    Prompts = Prompts,
                    Seed = context.Settings.Seed,
                    Section = new ClipTime(section.Start, section.End),
                    Evidence = [.. question.Events.Select(i => new ClipTime(events[i].Start, events[i].End))],
                    Timeline = section.Id,
                    Answers = new Dictionary<string, string>(answers.Concat(question.Answers)),
                }));
            }
            catch (UnansweredException)
            {
                // This question alone waits for the next start.
            }
        }

        return new SectionAnnotations(records, left) { Timeline = timeline };
    }

    /// <summary>Which kinds are asked: in turn from a place that the seed chooses, each as often as the events allow.</summary>
    private static IEnumerable<(string Kind, int Round)> Turns(VideoSection section, AnnotationSettings settings, LongVideoQuestions questions)
    {
        string[] kinds = [.. settings.Kinds.Order(StringComparer.Ordinal)]; // not the order in which they were named
        section.Random(settings.Seed).Fork(1).Shuffle<string>(kinds);
        int given = 0;
        for (int round = 0; round < MaxRounds; round++)
        {
            foreach (string kind in kinds)
            {
                if (given < settings.Questions && round < questions.Most(kind))
                {
                    given++;
                    yield return (kind, round);
                }
            }
        }
    }

    /// <summary>Events of all clips, so many clips at a time; one that goes on over the edge is one event.</summary>
    private static async Task<(List<TimedEvent> Events, Dictionary<string, string> Answers)> LabelAsync(
        VideoSection section, IReadOnlyList<TimedCaption> captions, AnnotationContext context, CancellationToken cancellationToken)
    {
        var events = new List<TimedEvent>(); // at most one a clip
        var answers = new Dictionary<string, string>();
        for (int from = 0; from < captions.Count; from += LabelClips)
        {
            TimedCaption[] clips = [.. captions.Skip(from).Take(LabelClips)];
            string[] before = [.. events.TakeLast(NamesBefore).Select(e => e.Event)];
            string step = $"events-{(from / LabelClips) + 1}";
            Understood<TimedEvent[]> labelled = await context.WriteAsync(
                step, section.Place, LongVideoPrompts.Label(clips, section.Start, before), text => Events(text, clips), cancellationToken).ConfigureAwait(false);
            answers[step] = labelled.Key;
            foreach (TimedEvent one in labelled.Value)
            {
                if (events.Count > 0 && events[^1] is var last && last.Event == one.Event && last.Scene == one.Scene && last.End >= one.Start)
                {
                    events[^1] = last with { End = one.End };
                }
                else
                {
                    events.Add(one);
                }
            }
        }

        return (events, answers);
    }

    private static TimedEvent[] Events(string text, TimedCaption[] clips) => AnswerText.Json(text, e =>
    {
        int end = 0;
        return AnswerText.List(e, "events", clips.Length).Select(v =>
        {
            (int from, int to) = (AnswerText.Number(v.GetProperty("from"), "from", clips.Length), AnswerText.Number(v.GetProperty("to"), "to", clips.Length));
            if (from <= end || to < from)
            {
                throw new FormatException($"an event from clip {from} to {to} follows one that ends with clip {end}; events may not overlap");
            }

            end = to;
            return new TimedEvent(clips[from - 1].Start, clips[to - 1].End, AnswerText.String(v, "event", AnswerText.MaxEvent).TrimEnd('.', ';')) { Scene = AnswerText.String(v, "scene", AnswerText.MaxEvent) };
        }).ToArray();
    });

    internal static (string What, int[] Events)[] Repeated(string text, int events) => AnswerText.Json(text, e =>
        AnswerText.List(e, "repeated", 4 * MaxRepeated).Select(v => (AnswerText.String(v, "what", AnswerText.MaxEvent).TrimEnd('.', ';'), Numbers(v, events)))
            .Where(r => r.Item2.Length > 1).Take(MaxRepeated).ToArray());

    internal static string RepeatedPrompt(IReadOnlyList<TimedEvent> events, double start) => LongVideoPrompts.Repeated(events, start, MaxRepeated);

    /// <summary>Event numbers as indices, each once, in order.</summary>
    internal static int[] Numbers(JsonElement element, int events) =>
        [.. AnswerText.List(element, "events", events).Select(v => AnswerText.Number(v, "events", events) - 1).Distinct().Order()];
}
