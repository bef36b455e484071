using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Studio.Api;
using Studio.Data;

namespace Studio.Conversations;

/// <summary>Answers under way and those who watch them. Access is checked by <see cref="ConversationService.WatchAsync"/>.</summary>
public sealed class AnswerFeed
{
    /// <summary>How long an answer that nobody watches goes on.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    /// <summary>Said of an answer that was under way when the server ended.</summary>
    internal const string ServerStopped = "the server was stopped while it was being made; regenerate it to have the whole answer";

    private readonly ConcurrentDictionary<string, LiveAnswer> _live = new(StringComparer.Ordinal); // bounded by the line
    private readonly IDbContextFactory<StudioDb> _contexts;
    private readonly CancellationToken _stopping;

    internal AnswerFeed(IDbContextFactory<StudioDb> contexts, IHostApplicationLifetime lifetime) => (_contexts, _stopping) = (contexts, lifetime.ApplicationStopping);

    internal IEnumerable<LiveAnswer> Live => _live.Values;

    /// <summary>
    /// How far an answer is, then what happens to it, until it is finished or the server stops. Updates that a slow watcher
    /// has not taken yet are merged, so that none waits in a list: progress keeps the latest, text comes in one piece.
    /// </summary>
    /// <param name="offset">Characters of the answer that the watcher has already.</param>
    /// <exception cref="RequestException">404.</exception>
    public async IAsyncEnumerable<AnswerUpdate> WatchAsync(string answerId, int offset = 0, [EnumeratorCancellation] CancellationToken ct = default)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, _stopping);
        var live = Find(answerId);
        if (live is null)
        {
            var message = await ReadAsync(answerId, either.Token).ConfigureAwait(false) ?? throw RequestException.NotFound("answer", answerId);
            live = Find(answerId); // it may have begun meanwhile
            if (live is null)
            {
                // It may have ended meanwhile.
                if (message.State is AnswerState.Queued or AnswerState.Running) message = await ReadAsync(answerId, either.Token).ConfigureAwait(false) ?? message;
                if (offset < message.Text.Length) yield return new AnswerUpdate.Text(Math.Max(0, offset), message.Text[Math.Max(0, offset)..]);
                yield return FinishedOf(message);
                yield break;
            }
        }

        var updates = live.WatchAsync(offset, either.Token).GetAsyncEnumerator(either.Token);
        await using (updates.ConfigureAwait(false))
        {
            while (await NextAsync(updates, ct).ConfigureAwait(false)) yield return updates.Current;
        }
    }

    internal void Add(LiveAnswer answer) => _ = _live.TryAdd(answer.Id, answer);

    internal void Remove(LiveAnswer answer) => _ = _live.TryRemove(new(answer.Id, answer));

    internal LiveAnswer? Find(string id) => _live.GetValueOrDefault(id);

    /// <summary>False also when the server stops: that is an end, not a failure.</summary>
    private async Task<bool> NextAsync(IAsyncEnumerator<AnswerUpdate> updates, CancellationToken ct)
    {
        try
        {
            return await updates.MoveNextAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            return false;
        }
    }

    private static AnswerUpdate.Finished FinishedOf(Message message)
    {
        var measures = message.MeasuresJson is { } json ? AnswerMeasures.FromJson(json) : null;
        return message.State is AnswerState.Queued or AnswerState.Running
            ? new(AnswerState.Stopped, message.Text, measures, ServerStopped, message.HasTrace)
            : new(message.State, message.Text, measures, message.Error, message.HasTrace);
    }

    private async Task<Message?> ReadAsync(string id, CancellationToken ct)
    {
        var db = await _contexts.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            return await db.Messages.AsNoTracking().FirstOrDefaultAsync(m => m.Id == id && m.Role == MessageRole.Answer, ct).ConfigureAwait(false);
        }
    }
}
