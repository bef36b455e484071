using System.Runtime.CompilerServices;

namespace Studio.Conversations;

/// <summary>Who watches which answer. Access is checked by <see cref="ConversationService.WatchAsync"/>.</summary>
public sealed class AnswerFeed
{
    /// <summary>How long an answer that nobody watches goes on.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How far an answer is, then what happens to it, until it is finished. Updates that a slow watcher has not taken yet are
    /// merged, so that none waits in a list: progress keeps the latest, text comes in one piece.
    /// </summary>
    /// <param name="offset">Characters of the answer that the watcher has already.</param>
    public async IAsyncEnumerable<AnswerUpdate> WatchAsync(string answerId, int offset = 0, [EnumeratorCancellation] CancellationToken ct = default)
    {
        await Task.CompletedTask.ConfigureAwait(false);
        yield break;
    }
}
