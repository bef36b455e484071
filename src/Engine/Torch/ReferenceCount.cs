namespace Studio.Engine.Torch;

/// <summary>Holders of something native, from any thread: one at first, and none ever again once the last has gone.</summary>
internal sealed class ReferenceCount
{
    private int _holders = 1;

    public bool IsZero => Volatile.Read(ref _holders) == 0;

    /// <summary>Counts one more holder of <paramref name="owner"/>.</summary>
    /// <exception cref="ObjectDisposedException">The last one has gone.</exception>
    public void Take(object owner) => ObjectDisposedException.ThrowIf(Change(+1) == 0, owner);

    /// <summary>Counts one holder less.</summary>
    /// <returns>How many there were; 1: the caller was the last and frees what was held, 0: there was none, and nothing has changed.</returns>
    public int GiveBack() => Change(-1);

    /// <summary>Changes the count unless it is 0, and tells what it was.</summary>
    private int Change(int by)
    {
        var seen = Volatile.Read(ref _holders);
        while (seen != 0)
        {
            var before = Interlocked.CompareExchange(ref _holders, seen + by, seen);
            if (before == seen) break;
            seen = before;
        }

        return seen;
    }
}
