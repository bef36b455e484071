using Studio.Data;

namespace Studio.Conversations;

/// <summary>A conversation in a list.</summary>
/// <param name="OwnerName">For people.</param>
/// <param name="Questions">Questions asked in it, on all branches.</param>
/// <param name="CanWrite">Whether the asker may ask in it, rename and delete it.</param>
/// <param name="Match">Where a search matched a message: a piece of its text; null when the title matched or nothing was searched.</param>
public sealed record ConversationSummary(
    string Id, string Title, string OwnerId, string OwnerName, Visibility Visibility, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, int Questions,
    bool CanWrite, string? Match);

/// <summary>A whole conversation: all branches.</summary>
/// <param name="Messages">In the order in which they were made: parents before children.</param>
public sealed record ConversationView(
    string Id, string Title, string OwnerId, string OwnerName, Visibility Visibility, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, bool CanWrite,
    IReadOnlyList<MessageView> Messages)
{
    /// <summary>Children in the order in which they were made; of null the first questions.</summary>
    public IEnumerable<MessageView> Children(string? id) => Messages.Where(m => m.ParentId == id);

    /// <summary>From the first question to a message; empty when there is no such message.</summary>
    public IReadOnlyList<MessageView> PathTo(string? id)
    {
        var byId = Messages.ToDictionary(m => m.Id, StringComparer.Ordinal);
        var path = new List<MessageView>(); // bounded by the messages: a parent is older than its child
        for (var at = id; at is not null && byId.TryGetValue(at, out var message); at = message.ParentId) path.Add(message);
        path.Reverse();
        return path;
    }
}

/// <summary>A question or an answer.</summary>
/// <param name="ParentId">Of a question the answer it follows, null for a first question; of an answer its question.</param>
/// <param name="Slot">Place among the answers of a batch, side by side.</param>
/// <param name="Batch">Answers asked for together; a regenerated answer keeps batch and slot: the latest of a slot is its current version.</param>
/// <param name="Settings">Of an answer.</param>
/// <param name="Measures">Of an answer that ran.</param>
/// <param name="Error">Why it failed; of a stopped answer why, where no person stopped it.</param>
/// <param name="HasTrace">Whether there is a compression trace of it.</param>
/// <param name="Media">Videos and images attached to a question.</param>
public sealed record MessageView(
    string Id, string? ParentId, MessageRole Role, string Text, DateTimeOffset CreatedAt, AnswerState State, int Slot, string? Batch, string? Model,
    AnswerSettings? Settings, AnswerMeasures? Measures, string? Error, bool HasTrace, IReadOnlyList<MediaView> Media)
{
    /// <summary>Whether it may still change.</summary>
    public bool IsUnderWay => State is AnswerState.Queued or AnswerState.Running;
}

/// <summary>A video or image attached to a question.</summary>
/// <param name="VideoId">Null once it was deleted.</param>
/// <param name="Name">When it was attached.</param>
/// <param name="Kind">Null once it was deleted.</param>
/// <param name="Duration">Seconds; 0 for an image.</param>
public sealed record MediaView(int Position, string? VideoId, string Name, VideoKind? Kind, double Duration);

/// <summary>What asking made.</summary>
/// <param name="AnswerIds">One a setting, in their order.</param>
public sealed record AskResult(string ConversationId, string QuestionId, IReadOnlyList<string> AnswerIds);

/// <summary>What happens to an answer under way that nobody watches.</summary>
public enum AnswerLifetime
{
    /// <summary>It is stopped after <see cref="AnswerFeed.Grace"/>, its text kept: a closed page ends its work.</summary>
    WhileWatched,

    /// <summary>It runs to its end.</summary>
    Kept,
}
