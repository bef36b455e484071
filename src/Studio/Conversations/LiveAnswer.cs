using System.Runtime.CompilerServices;
using System.Text;
using Studio.Engine.Chat;

namespace Studio.Conversations;

/// <summary>
/// An answer under way: one writer, any number of watchers. It holds the state, not a list of events: a watcher takes what
/// is new since it last looked, so that a slow one costs nothing and a late one misses nothing.
/// </summary>
internal sealed class LiveAnswer
{
    private readonly Lock _lock = new();
    private readonly StringBuilder _text = new(); // bounded by the engine's longest answer
    private readonly TaskCompletionSource<AnswerUpdate.Finished> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TimeSpan _grace;
    private readonly Action<LiveAnswer>? _onAbandoned;
    private readonly ITimer? _timer;
    private AnswerUpdate? _phase;
    private AnswerUpdate.Finished? _finished;
    private TaskCompletionSource _pulse = Pulse();
    private int _watchers;

    /// <param name="onAbandoned">Called when nobody has watched it for the grace; null lets it run.</param>
    public LiveAnswer(string id, TimeProvider time, TimeSpan grace, Action<LiveAnswer>? onAbandoned)
    {
        (Id, _grace, _onAbandoned) = (id, grace, onAbandoned);
        if (onAbandoned is not null) _timer = time.CreateTimer(static a => ((LiveAnswer)a!).Abandoned(), this, grace, Timeout.InfiniteTimeSpan);
    }

    public string Id { get; }

    /// <summary>Why it was stopped, when no person did it.</summary>
    public string? StopNote { get; private set; }

    public Task<AnswerUpdate.Finished> Completion => _completion.Task;

    /// <summary>Whether it failed by no fault of the question, its media or settings.</summary>
    public bool FailedInside { get; set; }

    /// <summary>The text so far.</summary>
    public string Text
    {
        get
        {
            lock (_lock) return _text.ToString();
        }
    }

    public void NoteStop(string note)
    {
        lock (_lock) StopNote ??= note;
    }

    /// <summary>Its place or progress; only the latest is kept.</summary>
    public void Show(AnswerUpdate phase) => Change(() =>
    {
        // A place that was counted before the answer left the line comes too late.
        if (Equals(phase, _phase) || (phase is AnswerUpdate.Queued && _phase is AnswerUpdate.Progress)) return false;
        _phase = phase;
        return true;
    });

    /// <summary>More text. Blanks before the first character are left out, as they are in the finished answer.</summary>
    public void Append(string delta) => Change(() =>
    {
        if (_text.Length == 0) delta = delta.TrimStart();
        if (delta.Length == 0) return false;
        _ = _text.Append(delta);
        return true;
    });

    /// <summary>What the engine says.</summary>
    public void On(AnswerEvent e)
    {
        if (e is AnswerEvent.Text text) Append(text.Delta);
        else if (e is AnswerEvent.Progress p) Show(new AnswerUpdate.Progress(p.Stage, p.Name, p.Done, p.Total));
    }

    /// <summary>The end; later changes are ignored.</summary>
    public void Finish(AnswerUpdate.Finished finished)
    {
        Change(() =>
        {
            _finished = finished;
            return true;
        });
        _timer?.Dispose();
        _ = _completion.TrySetResult(finished);
    }

    /// <summary>See <see cref="AnswerFeed.WatchAsync"/>.</summary>
    public async IAsyncEnumerable<AnswerUpdate> WatchAsync(int offset, [EnumeratorCancellation] CancellationToken ct)
    {
        Enter();
        try
        {
            AnswerUpdate? shown = null;
            while (true)
            {
                AnswerUpdate? phase;
                string text;
                AnswerUpdate.Finished? finished;
                Task changed;
                lock (_lock)
                {
                    (phase, finished, changed) = (_phase, _finished, _pulse.Task);
                    offset = Math.Clamp(offset, 0, _text.Length);
                    text = _text.ToString(offset, _text.Length - offset);
                }

                if (phase is not null && phase != shown && finished is null && offset == 0 && text.Length == 0) yield return phase;
                shown = phase;
                if (text.Length > 0)
                {
                    yield return new AnswerUpdate.Text(offset, text);
                    offset += text.Length;
                }

                if (finished is not null)
                {
                    yield return finished;
                    yield break;
                }

                await changed.WaitAsync(ct).ConfigureAwait(false);
            }
        }
        finally
        {
            Leave();
        }
    }

    private static TaskCompletionSource Pulse() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Change(Func<bool> change)
    {
        TaskCompletionSource pulse;
        lock (_lock)
        {
            if (_finished is not null || !change()) return;
            (pulse, _pulse) = (_pulse, Pulse());
        }

        pulse.SetResult();
    }

    private void Enter()
    {
        lock (_lock)
        {
            _watchers++;
            _ = _timer?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    private void Leave()
    {
        lock (_lock)
        {
            if (--_watchers == 0 && _finished is null) _ = _timer?.Change(_grace, Timeout.InfiniteTimeSpan);
        }
    }

    private void Abandoned()
    {
        lock (_lock)
        {
            if (_watchers > 0 || _finished is not null) return;
        }

        NoteStop($"nobody watched for {_grace.TotalSeconds:0} s, so it was stopped; regenerate it to have the whole answer");
        _onAbandoned!(this);
    }
}
