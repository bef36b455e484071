using Studio.Api;
using Studio.Components.Chat;
using Studio.Conversations;
using Studio.ModelHosting;

namespace Studio.Pages.Chat;

/// <summary>What the first, static drawing of the page has read, so that the interactive one begins with it and nothing jumps.</summary>
/// <param name="ConversationId">Null of a new conversation.</param>
/// <param name="Conversation">Null where there is none, or it may not be read.</param>
/// <param name="Expected">Plans of compared answers.</param>
public sealed record ChatSnapshot(
    string? ConversationId, ConversationView? Conversation, string? Problem, IReadOnlyList<ChatVideo> Videos, Paged<ChatVideo>? Recent, IReadOnlyList<ModelCard> Models,
    IReadOnlyDictionary<string, PlanView> Expected)
{
    /// <summary>Longer conversations, in characters of their messages, are read again instead of being sent along.</summary>
    public const int MaxLength = 200_000;

    /// <summary>Whether it is small enough to travel with the page.</summary>
    public bool IsSmall => (Conversation?.Messages.Sum(m => m.Text.Length + 1000) ?? 0) <= MaxLength;
}
