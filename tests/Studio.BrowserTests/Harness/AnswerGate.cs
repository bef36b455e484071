using Studio.Conversations;
using Studio.Engine.Chat;

namespace Studio.BrowserTests.Harness;

/// <summary>Holds answers up after so many pieces of their text, so that a test can act while one is being written.</summary>
public sealed class AnswerGate
{
    private volatile TaskCompletionSource? _closed; // null while it is open
    private int _after;
    private int _held;

    /// <summary>Answers that wait at the gate now.</summary>
    public int Held => Volatile.Read(ref _held);

    /// <summary>From now on answers stop after so many pieces until the gate opens or they are cancelled.</summary>
    public void Close(int after)
    {
        _after = after;
        _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    public void Open()
    {
        var closed = _closed;
        _closed = null;
        _ = closed?.TrySetResult();
    }

    internal void Pass(int pieces, CancellationToken ct)
    {
        if (_closed is not { } closed || pieces < _after) return;
        _ = Interlocked.Increment(ref _held);
        try
        {
            closed.Task.Wait(ct);
        }
        catch (OperationCanceledException)
        {
            // The engine behind sees the token itself, and ends with the text so far.
        }
        finally
        {
            _ = Interlocked.Decrement(ref _held);
        }
    }
}

/// <summary>The studio's own answers, through the gate.</summary>
internal sealed class GatedAnswers(IAnswerEngine engine, AnswerGate gate) : IAnswerEngine
{
    public EngineAnswer Answer(EngineQuestion question, Action<AnswerEvent> onEvent, CancellationToken ct)
    {
        var pieces = 0;
        return engine.Answer(question, e =>
        {
            onEvent(e);
            if (e is AnswerEvent.Text) gate.Pass(++pieces, ct);
        }, ct);
    }
}
