namespace Studio.Engine.Training.Annotating;

/// <summary>The prompts of the long-video pipeline; the original's are not published, these are our own.</summary>
internal static class LongVideoPrompts
{
    /// <summary>Changes with any word below.</summary>
    public const string Version = "longvid-1";

    public const string Caption =
        "Describe this short piece of a longer video in one to three sentences: who does what with which things, and where. "
        + "Say only what the pictures show, and name people and things so that they can be recognised in another piece.";

    /// <param name="before">Names of the latest events before these clips, so that the same thing keeps its name.</param>
    public static string Label(IReadOnlyList<TimedCaption> clips, double start, IReadOnlyList<string> before) =>
        $$"""
        These are descriptions of successive clips of a video, in the order of time.
        {{(before.Count == 0 ? "" : $"What happened before, for the choice of words: {string.Join("; ", before)}.\n")}}
        {{string.Join('\n', clips.Select((c, i) => $"{i + 1}. [{c.Start - start:0.#} s to {c.End - start:0.#} s] {c.Caption}"))}}

        Name the events. An event is one activity over one clip or several successive ones; events do not overlap, and clips in which nothing
        happens belong to none. Give each a short phrase for what happens, in the same words whenever the same happens again, and one for the place.
        Reply with JSON alone, in this form: {"events": [{"from": 1, "to": 2, "event": "a woman washes a cup", "scene": "kitchen"}]}
        """;

    public static string Describe(IReadOnlyList<TimedEvent> events, double start) =>
        $$"""
        {{Timeline(events, start)}}

        Describe the whole video from beginning to end in one text of 80 to 250 words, in the order of time. Add nothing that is not in the list, and
        mention neither seconds nor the list.
        Reply with JSON alone, in this form: {"description": "…"}
        """;

    /// <param name="a">Index of the earlier event.</param>
    public static string Relate(IReadOnlyList<TimedEvent> events, double start, int a, int b) =>
        $$"""
        {{Timeline(events, start)}}

        Write one question on how event {{a + 1}} ({{events[a].Event}}) and event {{b + 1}} ({{events[b].Event}}) are connected: what leads from one to the other,
        what changes between them, or what one makes possible for the other. It can be answered only by who has seen both, and the list settles the answer.
        Mention neither numbers of events nor seconds. Answer in one or two sentences.
        Reply with JSON alone, in this form: {"question": "…", "answer": "…", "events": [{{a + 1}}, {{b + 1}}]}
        """;

    public static string RelateScenes(IReadOnlyList<TimedEvent> events, double start, int a, int b) =>
        $$"""
        {{Timeline(events, start)}}

        Write one question on two places of this video: {{events[a].Scene}} (as in event {{a + 1}}) and {{events[b].Scene}} (as in event {{b + 1}}): in which order they are seen,
        what differs in what is done there, or what is brought from one to the other. It can be answered only by who has seen both, and the list settles the answer.
        Mention neither numbers of events nor seconds. Answer in one or two sentences.
        Reply with JSON alone, in this form: {"question": "…", "answer": "…", "events": [{{a + 1}}, {{b + 1}}]}
        """;

    public static string Check(IReadOnlyList<TimedEvent> events, double start, string question, string answer) =>
        $$"""
        {{Timeline(events, start)}}

        Question: {{question}}
        Proposed answer: {{answer}}

        Does this list alone show that the proposed answer is right?
        Reply with JSON alone: {"supported": true} or {"supported": false}
        """;

    public static string Repeated(IReadOnlyList<TimedEvent> events, double start, int most) =>
        $$"""
        {{Timeline(events, start)}}

        Which activities happen more than once, as separate events? Name at most {{most}}, each with a short phrase and the numbers of all its events.
        Reply with JSON alone, in this form, with an empty list if there are none: {"repeated": [{"what": "a woman washes a cup", "events": [2, 5, 9]}]}
        """;

    public static string Recount(IReadOnlyList<TimedEvent> events, double start, string what) =>
        $$"""
        {{Timeline(events, start)}}

        Give the numbers of all events in which this happens: {{what}}
        Reply with JSON alone, in this form: {"events": [2, 5, 9]}
        """;

    private static string Timeline(IReadOnlyList<TimedEvent> events, double start) =>
        $"These are the events of a video, numbered in the order of time.\n\n{string.Join('\n', events.Select((e, i) => $"{i + 1}. [{e.Start - start:0.#} s to {e.End - start:0.#} s] {e.Event} ({e.Scene})"))}";
}
