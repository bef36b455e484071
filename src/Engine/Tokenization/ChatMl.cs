using System.Text;

namespace Studio.Engine.Tokenization;

/// <summary>
/// The ChatML prompt of Qwen models as VideoChat-Flash and Video-XL write it (template keys qwen_2 and qwen_1_5): every turn is
/// &lt;|im_start|&gt;role, newline, content, &lt;|im_end|&gt;, newline; the reply starts after &lt;|im_start|&gt;assistant and
/// a newline.
/// </summary>
public static class ChatMl
{
    /// <summary>The system line of both models unless another is given.</summary>
    public const string DefaultSystem = "You are a helpful assistant.";

    /// <summary>Opens a turn.</summary>
    public const string TurnStart = "<|im_start|>";

    /// <summary>Closes a turn; a model that generates its id has finished its reply.</summary>
    public const string TurnEnd = "<|im_end|>";

    /// <summary>Stands for visual tokens in prompts that are strings.</summary>
    public const string VisualPlaceholder = "<image>";

    /// <summary>Stands for visual tokens in id sequences; no vocabulary has it.</summary>
    public const int VisualPlaceholderId = -200;

    /// <summary>
    /// The prompt as a string, a visual part as <see cref="VisualPlaceholder"/>. For showing and for comparing with the
    /// originals; what people typed is safe only in <see cref="EncodeTurns"/>.
    /// </summary>
    /// <param name="turns">The conversation, oldest turn first.</param>
    /// <param name="system">The system line; null leaves the system turn out.</param>
    /// <param name="addGenerationPrompt">Whether to open the assistant's reply at the end.</param>
    public static string Render(
        IReadOnlyList<ChatTurn> turns, string? system = DefaultSystem, bool addGenerationPrompt = true)
    {
        var prompt = new StringBuilder();
        Walk(
            turns,
            system,
            addGenerationPrompt,
            marker => prompt.Append(marker),
            content => prompt.Append(content),
            () => prompt.Append(VisualPlaceholder));
        return prompt.ToString();
    }

    /// <summary>
    /// Ids of a rendered prompt: the text around each literal <see cref="VisualPlaceholder"/> is encoded on its own, special
    /// tokens parsed, and <see cref="VisualPlaceholderId"/> put in between. Only for prompts whose every part is trusted.
    /// </summary>
    public static int[] EncodeWithPlaceholders(Tokenizer tokenizer, string prompt)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(prompt);
        var ids = new List<int>();
        foreach (var part in SplitPlaceholders(prompt))
        {
            if (part.IsVisual)
            {
                ids.Add(VisualPlaceholderId);
            }
            else
            {
                ids.AddRange(tokenizer.Encode(part.Text!));
            }
        }

        return [.. ids];
    }

    /// <summary>
    /// Ids of a conversation in which contents cannot leave their turn: markers are special ids by construction, contents and
    /// system line are encoded as plain text, and <see cref="VisualPlaceholderId"/> stands exactly where a part is visual. For
    /// contents without special-token text equal to <see cref="EncodeWithPlaceholders"/> of <see cref="Render"/>.
    /// </summary>
    /// <param name="tokenizer">Must know both turn markers as special tokens.</param>
    /// <param name="turns">The conversation, oldest turn first.</param>
    /// <param name="system">The system line; null leaves the system turn out.</param>
    /// <param name="addGenerationPrompt">Whether to open the assistant's reply at the end.</param>
    /// <param name="answerStart">What the opened reply begins with: plain text.</param>
    /// <exception cref="ArgumentException">The tokenizer lacks a turn marker as special token.</exception>
    public static int[] EncodeTurns(
        Tokenizer tokenizer, IReadOnlyList<ChatTurn> turns, string? system = DefaultSystem, bool addGenerationPrompt = true, string answerStart = "")
    {
        ArgumentNullException.ThrowIfNull(answerStart);
        ArgumentNullException.ThrowIfNull(tokenizer);
        var start = MarkerId(tokenizer, TurnStart);
        var end = MarkerId(tokenizer, TurnEnd);
        var ids = new List<int>();

        // Text up to the next marker or visual part is encoded as a whole: "user\n" and a newline that follows merge.
        var text = new StringBuilder();
        Walk(
            turns,
            system,
            addGenerationPrompt,
            marker => AddId(marker == TurnStart ? start : end),
            content => text.Append(content),
            () => AddId(VisualPlaceholderId));
        if (addGenerationPrompt) _ = text.Append(answerStart);
        AddText();
        return [.. ids];

        void AddId(int id)
        {
            AddText();
            ids.Add(id);
        }

        void AddText()
        {
            if (text.Length > 0)
            {
                ids.AddRange(tokenizer.Encode(text.ToString(), parseSpecial: false));
                text.Clear();
            }
        }
    }

    /// <summary>
    /// Content in the written form of datasets and templates, as parts: every literal <see cref="VisualPlaceholder"/> becomes a
    /// visual part. Empty texts are left out.
    /// </summary>
    public static IReadOnlyList<ChatPart> SplitPlaceholders(string content)
    {
        ArgumentNullException.ThrowIfNull(content);
        var parts = new List<ChatPart>();
        var from = 0;
        for (int at; (at = content.IndexOf(VisualPlaceholder, from, StringComparison.Ordinal)) >= 0;)
        {
            AddText(at);
            parts.Add(ChatPart.Visual);
            from = at + VisualPlaceholder.Length;
        }

        AddText(content.Length);
        return parts;

        void AddText(int end)
        {
            if (end > from)
            {
                parts.Add(ChatPart.OfText(content[from..end]));
            }
        }
    }

    /// <summary>The one description of the template; string and ids are both made from it.</summary>
    private static void Walk(IReadOnlyList<ChatTurn> turns, string? system, bool addGenerationPrompt,
        Action<string> marker, Action<string> text, Action visual)
    {
        ArgumentNullException.ThrowIfNull(turns);
        if (system is not null)
        {
            Turn("system", [ChatPart.OfText(system)]);
        }

        foreach (var turn in turns)
        {
            Turn(RoleName(turn.Role), turn.Content);
        }

        if (addGenerationPrompt)
        {
            marker(TurnStart);
            text(RoleName(ChatRole.Assistant) + "\n");
        }

        void Turn(string role, IReadOnlyList<ChatPart> content)
        {
            marker(TurnStart);
            text(role + "\n");
            foreach (var part in content)
            {
                if (part.IsVisual)
                {
                    visual();
                }
                else
                {
                    text(part.Text!);
                }
            }

            marker(TurnEnd);
            text("\n");
        }
    }

    private static string RoleName(ChatRole role) => role switch
    {
        ChatRole.User => "user",
        ChatRole.Assistant => "assistant",
        _ => throw new ArgumentOutOfRangeException(nameof(role), role, "A turn is spoken by the user or the assistant."),
    };

    private static int MarkerId(Tokenizer tokenizer, string marker) =>
        tokenizer.TryGetId(marker, out var id) && tokenizer.IsSpecial(id)
            ? id
            : throw new ArgumentException(
                $"The tokenizer has no special token {marker}; ChatML needs one. Use the tokenizer.json of a Qwen checkpoint.",
                nameof(tokenizer));
}
