namespace Studio.Engine.Tokenization;

/// <summary>Who speaks a <see cref="ChatTurn"/>. The system line is not a turn; it is given beside them.</summary>
public enum ChatRole
{
    User,
    Assistant,
}

/// <summary>A piece of a turn's content: text, or the place where visual tokens are spliced in.</summary>
public readonly record struct ChatPart
{
    private ChatPart(string? text) => Text = text;

    /// <summary>The text; null for the visual part.</summary>
    public string? Text { get; }

    public bool IsVisual => Text is null;

    /// <summary>The place of an image or video.</summary>
    public static ChatPart Visual => default;

    /// <summary>Text that is only ever text, whatever it spells.</summary>
    public static ChatPart OfText(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new ChatPart(text);
    }
}

/// <summary>One turn of a conversation; its content in reading order.</summary>
public sealed record ChatTurn(ChatRole Role, IReadOnlyList<ChatPart> Content)
{
    /// <summary>
    /// A turn of text alone. A literal &lt;image&gt; in it stays text when encoded by <see cref="ChatMl.EncodeTurns"/>.
    /// </summary>
    public ChatTurn(ChatRole role, string text)
        : this(role, [ChatPart.OfText(text)])
    {
    }
}
