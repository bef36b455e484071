using System.Text;

namespace Studio.Engine.Training.Annotating;

/// <summary>The prompts of the clue-ordering pipeline; the original's are not published, these are our own.</summary>
internal static class VicoPrompts
{
    /// <summary>Changes with any word below.</summary>
    public const string Version = "vico-1";

    public const string Caption =
        "Describe this part of a video in two to four sentences: who or what is there, what happens, where, and any text that can be read. "
        + "Say only what the pictures show, name things precisely, and do not guess what came before or comes after.";

    public static string Extract(IReadOnlyList<TimedCaption> captions, int fewest, int most) =>
        $$"""
        A video was cut into parts; here is what each part shows, in the order of time.

        {{Parts(captions)}}

        Choose {{fewest}} to {{most}} key events of this video. Each one
        - happens in exactly one part, and every chosen part has one event at most;
        - can be checked by looking at the pictures, and is stated in their words, in at most 15 words;
        - is clearly different from everything in all other parts.
        Do not mention parts, numbers or times in the event itself.
        Reply with JSON alone, in this form: {"events": [{"part": 2, "event": "a man in a red coat opens a gate"}]}
        """;

    /// <param name="shuffled">Events in an order that says nothing; they are lettered from A.</param>
    public static string Sort(IReadOnlyList<TimedCaption> captions, IReadOnlyList<string> shuffled) =>
        $$"""
        A video was cut into parts; here is what each part shows, in the order of time.

        {{Parts(captions)}}

        These events happen in the video. Their letters say nothing about their order:

        {{string.Join('\n', shuffled.Select((e, i) => $"{(char)('A' + i)}. {e}"))}}

        Put all of them in the order in which they happen.
        Reply with JSON alone, in this form: {"order": ["B", "A", "C"]}
        """;

    public static string Blind(string question) =>
        $"""
        Here is a question about a video that you cannot see. Give the answer that seems most likely.

        {question}
        """;

    private static string Parts(IReadOnlyList<TimedCaption> captions)
    {
        var text = new StringBuilder();
        for (int i = 0; i < captions.Count; i++)
        {
            text.Append(i == 0 ? "" : "\n").Append($"{i + 1}. [{captions[i].Start - captions[0].Start:0.#} s to {captions[i].End - captions[0].Start:0.#} s] {captions[i].Caption}");
        }

        return text.ToString();
    }
}
