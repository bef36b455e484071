using Studio.Engine.World;

namespace Studio.Engine.Training.Annotating;

/// <summary>A question about the order of events.</summary>
/// <param name="Options">In the order of their letters; null for an open question.</param>
/// <param name="Right">Index of the right option.</param>
/// <param name="Answer">Of an open question, the whole answer; else the right option.</param>
/// <param name="Events">Indices of the events that the answer names, in its order.</param>
internal sealed record OrderQuestion(string Kind, string Text, IReadOnlyList<string>? Options, int Right, string Answer, IReadOnlyList<int> Events)
{
    /// <summary>Whether the options have an order of their own that is kept.</summary>
    public bool KeepsOrder { get; init; }

    /// <summary>The question as it is asked, options on lines of their own.</summary>
    /// <param name="order">Which option stands at each letter.</param>
    public string Render(IReadOnlyList<int> order, string end) =>
        Options is null ? Text : $"Question: {Text}\nOptions:\n{string.Join('\n', order.Select((o, i) => $"({(char)('A' + i)}) {Options[o]}"))}\n{end}";
}

/// <summary>Makes questions of events in the order of time (video-xl.md 6.1).</summary>
internal sealed class VicoQuestions(IReadOnlyList<TimedEvent> events, double start, double end, WorldRandom random)
{
    public const string Order = "order";
    public const string List = "list";
    public const string First = "first";
    public const string Last = "last";
    public const string After = "after";
    public const string Between = "between";
    public const string Part = "part";

    public static readonly string[] Kinds = [Order, List, First, Last, After, Between, Part];

    /// <summary>Options of a lettered question at most.</summary>
    private const int MaxOptions = 4;

    private const int MinOptions = 3;

    private static readonly string[] s_parts = ["At the beginning of the video", "In the middle of the video", "At the end of the video"];

    /// <summary>A question of the kind; null where these events allow none.</summary>
    public OrderQuestion? Make(string kind) => kind switch
    {
        Order => MakeOrder(),
        List => new OrderQuestion(List, $"These things happen in the video: {Shuffled()}. List them in the order in which they happen.", null, 0, Numbered(), [.. Enumerable.Range(0, events.Count)]),
        First => Single(First, "Which of these happens first in the video?", 0, [.. Others(0)]),
        Last => Single(Last, "Which of these happens last in the video?", events.Count - 1, [.. Others(events.Count - 1)]),
        After => MakeAfter(),
        Between => MakeBetween(),
        _ => MakePart(),
    };

    private OrderQuestion MakeOrder()
    {
        int length = Math.Min(events.Count, random.Between(3, 5));
        int[] chosen = random.Sample([.. Enumerable.Range(0, events.Count)], length);
        Array.Sort(chosen);
        var options = new List<string> { Sequence(chosen) };
        while (options.Count < MaxOptions)
        {
            int[] other = [.. chosen];
            random.Shuffle<int>(other);
            if (!options.Contains(Sequence(other)))
            {
                options.Add(Sequence(other));
            }
        }

        return new OrderQuestion(Order, "In which order do these things happen in the video?", options, 0, options[0], chosen);
    }

    private OrderQuestion? MakeAfter()
    {
        int before = random.Below(events.Count - 1);
        return Single(After, $"What happens next in the video after this: {events[before].Event}?", before + 1, [.. Others(before + 1).Where(i => i != before)]);
    }

    private OrderQuestion? MakeBetween()
    {
        int middle = 1 + random.Below(events.Count - 2);
        return Single(
            Between,
            $"What happens in the video between these two: {events[middle - 1].Event}; {events[middle + 1].Event}?",
            middle,
            [.. Others(middle).Where(i => Math.Abs(i - middle) > 1)]);
    }

    /// <summary>Only of events that lie whole in one third.</summary>
    private OrderQuestion? MakePart()
    {
        double third = (end - start) / s_parts.Length;
        int[] clear = [.. Enumerable.Range(0, events.Count).Where(i => PartOf(events[i].Start) == PartOf(events[i].End - 0.001))];
        if (clear.Length == 0)
        {
            return null;
        }

        int asked = random.Pick(clear);
        int part = PartOf(events[asked].Start);
        return new OrderQuestion(Part, $"At which part of the video does this happen: {events[asked].Event}?", s_parts, part, s_parts[part], [asked]) { KeepsOrder = true };

        int PartOf(double time) => Math.Clamp((int)((time - start) / third), 0, s_parts.Length - 1);
    }

    private OrderQuestion? Single(string kind, string text, int right, int[] others)
    {
        if (others.Length < MinOptions - 1)
        {
            return null;
        }

        int[] wrong = random.Sample(others, Math.Min(MaxOptions - 1, others.Length));
        return new OrderQuestion(kind, text, [events[right].Event, .. wrong.Select(i => events[i].Event)], 0, events[right].Event, [right]);
    }

    private IEnumerable<int> Others(int index) => Enumerable.Range(0, events.Count).Where(i => i != index);

    private string Shuffled()
    {
        string[] all = [.. events.Select(e => e.Event)];
        random.Shuffle<string>(all);
        return string.Join("; ", all);
    }

    private string Numbered() => string.Join('\n', events.Select((e, i) => $"{i + 1}. {e.Event}"));

    private string Sequence(IEnumerable<int> order) => string.Join("; then ", order.Select(i => events[i].Event));
}
