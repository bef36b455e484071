using System.Text.Json.Serialization;
using Studio.Engine.Language;
using Studio.Engine.Tokenization;

namespace Studio.Engine.Training;

/// <summary>How a sample becomes text.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<TrainingTemplate>))]
public enum TrainingTemplate
{
    /// <summary>The placeholder, then the answer and a newline; the question is left out. Stage 1 and Video-XL's pre-training.</summary>
    Plain,

    /// <summary>ChatML as VideoChat-Flash's stages 2 to 4 write it (key qwen_2).</summary>
    ChatFlash,

    /// <summary>ChatML as Video-XL's fine-tuning writes it: one more newline behind the visual tokens (key qwen_1_5).</summary>
    ChatXl,
}

/// <summary>Which tokens of a ChatML sample are learned.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LabelMasking>))]
public enum LabelMasking
{
    /// <summary>
    /// As the original of the template does. VideoChat-Flash: the whole assistant turn with its header, and every newline and turn
    /// marker anywhere. Video-XL: answers with their closing marker and newline, and the markers (and closing newline) of all turns.
    /// </summary>
    Published,

    /// <summary>Without those habits: the answer's own tokens and the marker that ends it, which are all that is ever generated.</summary>
    AnswerOnly,
}

/// <summary>What stands between visual tokens or the duration message and the question.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DurationJoin>))]
public enum DurationJoin
{
    /// <summary>
    /// As the published models were trained. VideoChat-Flash: behind the message a space and what the question starts with, a
    /// newline in practice. Video-XL: two newlines.
    /// </summary>
    Training,

    /// <summary>As the published models are asked. VideoChat-Flash: one space. Video-XL: one newline.</summary>
    Inference,
}

/// <summary>One turn of a training conversation, as data sets store it.</summary>
/// <param name="Text">A user's may hold one &lt;image&gt;.</param>
public sealed record TrainingTurn(ChatRole Role, string Text);

/// <summary>Ids of a sample, <see cref="ChatMl.VisualPlaceholderId"/> where visual tokens go, and the label of each.</summary>
public sealed record LabelledIds(IReadOnlyList<int> Ids, IReadOnlyList<int> Labels);

/// <summary>Text and label masks of training samples (videochat-flash.md 4.1 and 7.2, video-xl.md 4.2).</summary>
public static class TrainingText
{
    private const string Newline = "\n";

    /// <summary>A caption behind its video, learned with the newline that ends it.</summary>
    public static LabelledIds Plain(Tokenizer tokenizer, string caption)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        int[] text = tokenizer.Encode(caption + Newline, parseSpecial: false);
        return new LabelledIds([ChatMl.VisualPlaceholderId, .. text], [TrainingForward.Ignored, .. text]);
    }

    /// <summary>A conversation.</summary>
    /// <param name="turns">User and assistant in turn, the user first.</param>
    /// <param name="join">Of Video-XL's template; VideoChat-Flash's message is joined by <see cref="WithDuration"/>.</param>
    /// <exception cref="ArgumentException">No conversation, or more than one placeholder.</exception>
    public static LabelledIds Chat(
        Tokenizer tokenizer, IReadOnlyList<TrainingTurn> turns, TrainingTemplate template, LabelMasking masking, DurationJoin join = DurationJoin.Training,
        string system = ChatMl.DefaultSystem)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(turns);
        Check(turns);
        var markers = new Markers(tokenizer);
        List<int> ids = [];
        List<int> labels = [];
        Add([markers.Start, .. Encode(tokenizer, $"system\n{system}"), markers.End, .. markers.NewlineIds], isAnswer: false);
        foreach (TrainingTurn turn in turns)
        {
            Add(Turn(tokenizer, markers, turn, isDoubled: template == TrainingTemplate.ChatXl && join == DurationJoin.Training), turn.Role == ChatRole.Assistant);
        }

        return new LabelledIds(ids, labels);

        void Add(List<int> turn, bool isAnswer)
        {
            ids.AddRange(turn);
            labels.AddRange((masking, template) switch
            {
                (LabelMasking.AnswerOnly, _) => markers.AnswerOnly(turn, isAnswer),
                (_, TrainingTemplate.ChatFlash) => markers.Flash(turn, isAnswer),
                (_, TrainingTemplate.ChatXl) => markers.Xl(turn, isAnswer),
                _ => throw new ArgumentOutOfRangeException(nameof(template), template, "A conversation needs a ChatML template."),
            });
        }
    }

    /// <summary>
    /// The stored text of a first user turn with the duration message put in: the placeholder comes first, then the message, then the
    /// question.
    /// </summary>
    /// <param name="text">With one placeholder.</param>
    /// <param name="message">As <see cref="Video.DurationMessage"/> writes it; null for none.</param>
    public static string WithDuration(string text, string? message, DurationJoin join)
    {
        string first = PlaceholderFirst(text);
        if (message is null)
        {
            return first;
        }

        string question = first[ChatMl.VisualPlaceholder.Length..];
        return ChatMl.VisualPlaceholder + message.TrimEnd() + " " + (join == DurationJoin.Inference ? question.TrimStart() : question);
    }

    /// <summary>One placeholder for all that a text has, in front: several images are read as one sequence.</summary>
    internal static string OnePlaceholder(string text) =>
        PlaceholderFirst(text.Replace(ChatMl.VisualPlaceholder, "", StringComparison.Ordinal).Trim());

    private static string PlaceholderFirst(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.StartsWith(ChatMl.VisualPlaceholder, StringComparison.Ordinal)
            ? text
            : $"{ChatMl.VisualPlaceholder}\n{text.Replace(ChatMl.VisualPlaceholder, "", StringComparison.Ordinal).Trim()}".Trim();
    }

    /// <param name="isDoubled">Whether one more newline stands behind the placeholder.</param>
    private static List<int> Turn(Tokenizer tokenizer, Markers markers, TrainingTurn turn, bool isDoubled)
    {
        bool hasVisual = turn.Role == ChatRole.User && turn.Text.Contains(ChatMl.VisualPlaceholder, StringComparison.Ordinal);
        if (!isDoubled || !hasVisual)
        {
            IReadOnlyList<ChatPart> parts = turn.Role == ChatRole.User ? ChatMl.SplitPlaceholders(turn.Text) : [ChatPart.OfText(turn.Text)];
            return [.. ChatMl.EncodeTurns(tokenizer, [new ChatTurn(turn.Role, parts)], system: null, addGenerationPrompt: false)];
        }

        // Placeholder, newline and the rest are tokenised one by one, so that two newlines stay two tokens.
        string rest = PlaceholderFirst(turn.Text)[ChatMl.VisualPlaceholder.Length..];
        return [markers.Start, .. Encode(tokenizer, "user\n"), ChatMl.VisualPlaceholderId, .. markers.NewlineIds, .. Encode(tokenizer, rest), markers.End, .. markers.NewlineIds];
    }

    private static void Check(IReadOnlyList<TrainingTurn> turns)
    {
        if (turns.Count < 2 || turns[0].Role != ChatRole.User)
        {
            throw new ArgumentException($"A conversation of {turns.Count} turns; it starts with the user's and holds an answer.", nameof(turns));
        }

        int placeholders = turns.Where(t => t.Role == ChatRole.User).Sum(t => ChatMl.SplitPlaceholders(t.Text).Count(p => p.IsVisual));
        if (placeholders > 1)
        {
            throw new ArgumentException($"A conversation with {placeholders} placeholders {ChatMl.VisualPlaceholder}; at most one can be trained on.", nameof(turns));
        }
    }

    private static int[] Encode(Tokenizer tokenizer, string text) => tokenizer.Encode(text, parseSpecial: false);

    private sealed class Markers
    {
        private readonly int[] _assistant;

        public Markers(Tokenizer tokenizer)
        {
            // Also refuses a tokenizer without the markers.
            int[] turn = ChatMl.EncodeTurns(tokenizer, [new ChatTurn(ChatRole.Assistant, [])], system: null, addGenerationPrompt: false);
            NewlineIds = Encode(tokenizer, Newline);
            Start = turn[0];
            End = turn[^(1 + NewlineIds.Length)];
            _assistant = turn[..^(1 + NewlineIds.Length)];
        }

        public int Start { get; }

        public int End { get; }

        public int[] NewlineIds { get; }

        public IEnumerable<int> Flash(List<int> turn, bool isAnswer) =>
            turn.Select(id => isAnswer || id == Start || id == End || NewlineIds.Contains(id) ? id : TrainingForward.Ignored);

        public IEnumerable<int> Xl(List<int> turn, bool isAnswer)
        {
            int close = turn.Count - 1 - NewlineIds.Length;
            int header = isAnswer ? Header(turn) : close;
            return turn.Select((id, i) => i == 0 || i >= close || i >= header ? id : TrainingForward.Ignored);
        }

        public IEnumerable<int> AnswerOnly(List<int> turn, bool isAnswer)
        {
            int close = turn.Count - 1 - NewlineIds.Length;
            int header = isAnswer ? Header(turn) : turn.Count;
            return turn.Select((id, i) => i >= header && i <= close ? id : TrainingForward.Ignored);
        }

        /// <summary>Tokens before the answer; a newline that merged with the answer's first belongs to the answer.</summary>
        private int Header(List<int> turn)
        {
            int header = 0;
            while (header < _assistant.Length && turn[header] == _assistant[header])
            {
                header++;
            }

            return header;
        }
    }
}
