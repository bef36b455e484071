namespace Studio.Engine.Chat;

/// <summary>How the last question of a prompt is written, where it must be so to the letter; by default as the published chats write it.</summary>
public sealed record PromptForm
{
    public static PromptForm Chat { get; } = new();

    /// <summary>Whether the question follows the visual tokens at once, without line end and duration message.</summary>
    public bool IsBare { get; init; }

    /// <summary>Whether question and answer keep spaces and line ends at their ends.</summary>
    public bool KeepsSpaces { get; init; }

    /// <summary>Start of the model's turn, given to it; no part of the answer.</summary>
    public string AnswerStart { get; init; } = "";
}
