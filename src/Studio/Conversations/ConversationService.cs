using Studio.Accounts;
using Studio.Api;
using Studio.Data;

namespace Studio.Conversations;

/// <summary>
/// Conversations of people: what pages and API do with them. Readable by owner and administrators, and by everybody when
/// shared with the team; changed by owner and administrators. What may not be read is not found.
/// </summary>
public sealed class ConversationService
{
    /// <summary>Longest question, characters.</summary>
    public const int MaxQuestionLength = 20_000;

    /// <summary>Longest title, characters.</summary>
    public const int MaxTitleLength = 200;

    /// <summary>An empty conversation.</summary>
    public Task<ConversationSummary> CreateAsync(CurrentUser user, string? title = null, CancellationToken ct = default) => throw new NotImplementedException();

    /// <summary>Conversations that the user may read, latest first.</summary>
    /// <param name="query">Words that the title or a message must contain, in any case; null or blank lists all.</param>
    public Task<Paged<ConversationSummary>> ListAsync(CurrentUser user, string? query = null, int page = 1, int size = Paging.DefaultSize, CancellationToken ct = default) => throw new NotImplementedException();

    /// <exception cref="RequestException">404.</exception>
    public Task<ConversationView> GetAsync(CurrentUser user, string id, CancellationToken ct = default) => throw new NotImplementedException();

    /// <summary>One message.</summary>
    /// <exception cref="RequestException">404.</exception>
    public Task<MessageView> GetMessageAsync(CurrentUser user, string id, CancellationToken ct = default) => throw new NotImplementedException();

    public Task RenameAsync(CurrentUser user, string id, string title, CancellationToken ct = default) => throw new NotImplementedException();

    /// <summary>Stops what is under way in it, and deletes it with its traces.</summary>
    public Task DeleteAsync(CurrentUser user, string id, CancellationToken ct = default) => throw new NotImplementedException();

    public Task SetVisibilityAsync(CurrentUser user, string id, Visibility visibility, CancellationToken ct = default) => throw new NotImplementedException();

    /// <summary>
    /// Asks a question; its answers wait in the queue. Editing a question is asking again with the edited one's parent.
    /// </summary>
    /// <param name="conversationId">Null begins a new conversation.</param>
    /// <param name="parentMessageId">The finished answer that the question follows; null for a first question.</param>
    /// <param name="videoIds">Videos and images put before the question.</param>
    /// <param name="settings">One answer each, 1 to <see cref="AnswerSettings.MaxSideBySide"/>.</param>
    /// <exception cref="RequestException">400 for a value that cannot be used, 403, 404, 409 when the parent is not finished, 429 when too many of the user's questions wait.</exception>
    public Task<AskResult> AskAsync(
        CurrentUser user, string? conversationId, string? parentMessageId, string text, IReadOnlyList<string> videoIds, IReadOnlyList<AnswerSettings> settings,
        AnswerLifetime lifetime = AnswerLifetime.WhileWatched, CancellationToken ct = default) => throw new NotImplementedException();

    /// <summary>Asks the question of an answer again; the new answer keeps batch and slot.</summary>
    /// <param name="settings">Null takes those of the answer.</param>
    public Task<AskResult> RegenerateAsync(
        CurrentUser user, string answerId, AnswerSettings? settings = null, AnswerLifetime lifetime = AnswerLifetime.WhileWatched, CancellationToken ct = default) => throw new NotImplementedException();

    /// <summary>Stops an answer that waits or runs; its text is kept. Does nothing to a finished one.</summary>
    public Task StopAsync(CurrentUser user, string answerId, CancellationToken ct = default) => throw new NotImplementedException();

    /// <summary>Deletes a question or an answer with everything below it.</summary>
    public Task DeleteMessageAsync(CurrentUser user, string messageId, CancellationToken ct = default) => throw new NotImplementedException();

    /// <summary>As <see cref="AnswerFeed.WatchAsync"/>, for an answer that the user may read.</summary>
    /// <exception cref="RequestException">404, when enumerated.</exception>
    public IAsyncEnumerable<AnswerUpdate> WatchAsync(CurrentUser user, string answerId, int offset = 0, CancellationToken ct = default) => throw new NotImplementedException();
}
