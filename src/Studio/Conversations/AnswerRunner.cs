using System.Collections.Concurrent;
using Studio.Cli;
using Studio.Data;
using Studio.ModelHosting;

namespace Studio.Conversations;

/// <summary>An answer to be made.</summary>
/// <param name="Detail">What its asker sees in the line.</param>
internal sealed record AnswerOrder(string Id, string UserId, string UserName, string Detail, EngineQuestion Question, AnswerLifetime Lifetime, IAnswerSink? Sink);

/// <summary>Keeps what becomes of an answer. Called in order, never twice at once.</summary>
internal interface IAnswerSink
{
    /// <summary>It left the line.</summary>
    Task StartedAsync();

    /// <summary>The text so far, now and then.</summary>
    Task TextAsync(string text);

    /// <summary>The end.</summary>
    /// <param name="engine">Null when the engine gave nothing.</param>
    /// <returns>Whether a trace was kept.</returns>
    Task<bool> FinishedAsync(AnswerState state, string text, EngineAnswer? engine, string? error);
}

/// <summary>Takes answers through the line and the engine to whoever watches and to where they are kept.</summary>
internal sealed class AnswerRunner : IAsyncDisposable
{
    /// <summary>A running answer's text is kept this often, so that little is lost should the process end.</summary>
    internal static readonly TimeSpan SaveInterval = TimeSpan.FromSeconds(2);

    private readonly DeviceScheduler _scheduler;
    private readonly IAnswerEngine _engine;
    private readonly AnswerFeed _feed;
    private readonly TimeProvider _time;
    private readonly ILogger<AnswerRunner> _log;
    private readonly ConcurrentDictionary<string, Task> _following = new(StringComparer.Ordinal); // bounded by the line
    private volatile bool _stopping;

    public AnswerRunner(DeviceScheduler scheduler, IAnswerEngine engine, AnswerFeed feed, TimeProvider time, ILogger<AnswerRunner> log)
    {
        (_scheduler, _engine, _feed, _time, _log) = (scheduler, engine, feed, time, log);
        scheduler.Changed += ShowPlaces;
    }

    /// <summary>Puts an answer into the line.</summary>
    public LiveAnswer Start(Admission admission, AnswerOrder order)
    {
        var live = new LiveAnswer(order.Id, _time, AnswerFeed.Grace, order.Lifetime == AnswerLifetime.WhileWatched ? a => Stop(a.Id) : null);
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        EngineAnswer? answer = null;
        _feed.Add(live);
        Task done;
        try
        {
            done = _scheduler.Enqueue(admission, new(order.Id, order.UserId, order.UserName, "answer", order.Detail), ct =>
            {
                started.SetResult();
                answer = _engine.Answer(order.Question, e => live.On(e), ct);
            });
        }
        catch
        {
            _feed.Remove(live);
            throw;
        }

        var following = Task.Run(async () =>
        {
            try
            {
                await FollowAsync(live, order, started.Task, done, () => answer).ConfigureAwait(false);
            }
            finally
            {
                _feed.Remove(live);
                _ = _following.TryRemove(order.Id, out _);
            }
        });
        _following[order.Id] = following;
        if (following.IsCompleted) _ = _following.TryRemove(order.Id, out _);
        return live;
    }

    /// <summary>Takes it out of the line or ends it with the text so far; nothing where it has ended.</summary>
    public bool Stop(string id) => _scheduler.Cancel(id);

    /// <summary>Ends what runs, leaves what waits for the next start, and waits until all is kept.</summary>
    public async Task StopAsync()
    {
        _stopping = true;
        foreach (var live in _feed.Live) live.NoteStop(AnswerFeed.ServerStopped);
        await _scheduler.StopAsync().ConfigureAwait(false);
        await Task.WhenAll(_following.Values).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        _scheduler.Changed -= ShowPlaces;
        await StopAsync().ConfigureAwait(false);
    }

    private void ShowPlaces()
    {
        var (positions, waiting) = _scheduler.Positions();
        foreach (var live in _feed.Live)
        {
            if (positions.TryGetValue(live.Id, out var position)) live.Show(new AnswerUpdate.Queued(position, waiting));
        }
    }

    private async Task FollowAsync(LiveAnswer live, AnswerOrder order, Task started, Task done, Func<EngineAnswer?> answer)
    {
        _ = await Task.WhenAny(started, done).ConfigureAwait(false);
        if (started.IsCompleted) await KeepAsync(live, order, done).ConfigureAwait(false);
        string? error = null;
        var state = AnswerState.Done;
        try
        {
            await done.ConfigureAwait(false);
            if (answer()!.WasCancelled) state = AnswerState.Stopped;
        }
        catch (OperationCanceledException)
        {
            state = AnswerState.Stopped;
        }
        catch (Exception e)
        {
            state = AnswerState.Failed;
            error = CommandLine.Explain(e);
            live.FailedInside = error is null;
            if (error is null) _log.LogError(e, "answer {Answer} failed", order.Id);
            error ??= $"an internal error; the server's log has the details under {order.Id}";
        }

        if (state == AnswerState.Stopped) error = live.StopNote;
        var text = answer()?.Text ?? live.Text.TrimEnd();
        var hasTrace = false;
        // What waits while the server stops is asked again at its next start.
        if (!(_stopping && !started.IsCompleted) && order.Sink is { } sink)
        {
            try
            {
                hasTrace = await sink.FinishedAsync(state, text, answer(), error).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                _log.LogError(e, "answer {Answer} could not be kept", order.Id);
                (state, error) = (AnswerState.Failed, $"the answer could not be kept: {CommandLine.Explain(e) ?? "see the server's log"}");
            }
        }

        live.Finish(new(state, text, answer()?.Measures, error, hasTrace));
    }

    /// <summary>Until the work ends. Failing to keep a part fails nothing: the whole is kept at the end.</summary>
    private async Task KeepAsync(LiveAnswer live, AnswerOrder order, Task done)
    {
        if (order.Sink is not { } sink) return;
        var kept = 0;
        try
        {
            await sink.StartedAsync().ConfigureAwait(false);
            while (!done.IsCompleted)
            {
                using var over = new CancellationTokenSource();
                _ = await Task.WhenAny(done, Task.Delay(SaveInterval, _time, over.Token)).ConfigureAwait(false);
                await over.CancelAsync().ConfigureAwait(false);
                var text = live.Text;
                if (done.IsCompleted || text.Length == kept) continue;
                await sink.TextAsync(text).ConfigureAwait(false);
                kept = text.Length;
            }
        }
        catch (Exception e)
        {
            _log.LogWarning(e, "the text so far of answer {Answer} could not be kept", order.Id);
        }
    }
}
