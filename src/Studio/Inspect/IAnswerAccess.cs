using Studio.Accounts;

namespace Studio.Inspect;

/// <summary>
/// Which answers somebody may inspect. Every view goes through this one door; another way of reading (a share link) is
/// another implementation.
/// </summary>
public interface IAnswerAccess
{
    /// <summary>Null when there is no such answer, or none that the user may read; which of the two is not told.</summary>
    Task<InspectableAnswer?> FindAsync(CurrentUser user, string answerId, CancellationToken ct);

    /// <summary>Answers of the same conversation that have a trace: those of the same question first, newest first.</summary>
    /// <returns>At most <paramref name="most"/>; none when the answer cannot be read.</returns>
    Task<IReadOnlyList<AnswerChoice>> OthersAsync(CurrentUser user, string answerId, int most, CancellationToken ct);
}

/// <summary>An answer that may be read.</summary>
/// <param name="Question">The text of its question.</param>
/// <param name="Model">The model's name.</param>
/// <param name="HasTrace">Whether what compression did was recorded.</param>
/// <param name="Media">Videos and images of the conversation up to its question: the order of the trace's media.</param>
public sealed record InspectableAnswer(
    string Id, string ConversationId, string ConversationTitle, string Question, string Text, string Model, DateTimeOffset CreatedAt, bool HasTrace,
    IReadOnlyList<InspectableMedia> Media);

/// <summary>A video or image that a question was about.</summary>
/// <param name="Name">When it was attached.</param>
/// <param name="VideoId">Null once it was deleted, and for a user who may not see it.</param>
/// <param name="File">Its file's name in the videos folder; null likewise.</param>
/// <param name="ContentHash">Changes with the content; null likewise.</param>
public sealed record InspectableMedia(string Name, string? VideoId, string? File, string? ContentHash);

/// <summary>An answer to compare with.</summary>
/// <param name="SameQuestion">Or another question of the conversation.</param>
/// <param name="Settings">Compression in the form TYPE:LAYERS:RATIOS where it was measured, else null.</param>
public sealed record AnswerChoice(string Id, bool SameQuestion, string Question, string Model, string? Settings, DateTimeOffset CreatedAt);
