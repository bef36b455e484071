namespace Studio.Benchmarks.Records.Store;

/// <summary>Who writes when: at most so many at once, the others in the order they came; too many waiting are told so.</summary>
/// <param name="width">Writes at once: 1 for SQLite, whose file has one writer.</param>
/// <param name="bound">Writes that may wait.</param>
internal sealed class WriteLane(int width, int bound = WriteLane.MaxWaiting) : IDisposable
{
    /// <summary>A write takes about a millisecond: more in line mean that the disk or the server stands still.</summary>
    public const int MaxWaiting = 2000;

    private readonly SemaphoreSlim _turns = new(width, width);
    private int _inside;

    /// <exception cref="IOException">Too many writes are waiting.</exception>
    public async ValueTask<Turn> EnterAsync(CancellationToken ct)
    {
        if (Interlocked.Increment(ref _inside) > width + bound)
        {
            _ = Interlocked.Decrement(ref _inside);
            throw new IOException($"{bound} writes are waiting for the results database; its disk or server does not keep up. Start fewer evaluations at once.");
        }

        try
        {
            await _turns.WaitAsync(ct).ConfigureAwait(false);
        }
        catch
        {
            _ = Interlocked.Decrement(ref _inside);
            throw;
        }

        return new(this);
    }

    public void Dispose() => _turns.Dispose();

    private void Leave()
    {
        _ = Interlocked.Decrement(ref _inside);
        _ = _turns.Release();
    }

    /// <summary>Ends when disposed.</summary>
    public readonly struct Turn(WriteLane lane) : IDisposable
    {
        public void Dispose() => lane.Leave();
    }
}
