using Studio.Api;

namespace Studio.Library.Uploads;

/// <summary>
/// One writer an upload. A new request for an upload asks the request that still holds it to stop: after a broken link the
/// server may wait long for the end of a connection that the client has given up. Bounded by the requests under way.
/// </summary>
internal sealed class UploadLocks
{
    private readonly Dictionary<string, Entry> _entries = [];

    /// <summary>Uploads that somebody holds or waits for.</summary>
    public int Count
    {
        get
        {
            lock (_entries) return _entries.Count;
        }
    }

    /// <param name="id">The upload.</param>
    /// <param name="wait">Longest wait for the holder to let go.</param>
    /// <param name="ct">The waiting request's own end.</param>
    /// <exception cref="RequestException">423: the holder did not let go.</exception>
    public async Task<Held> AcquireAsync(string id, TimeSpan wait, CancellationToken ct)
    {
        Entry entry;
        lock (_entries)
        {
            if (!_entries.TryGetValue(id, out entry!)) _entries.Add(id, entry = new());
            entry.Users++;
        }

        long turn;
        try
        {
            turn = entry.Ask();
            if (!await entry.Gate.WaitAsync(wait, ct).ConfigureAwait(false)) throw Refusals.Busy($"another request is at work on upload '{id}'; try again in a moment");
        }
        catch
        {
            Leave(id, entry);
            throw;
        }

        return new(this, id, entry, turn);
    }

    private void Leave(string id, Entry entry)
    {
        lock (_entries)
        {
            if (--entry.Users > 0) return;
            _ = _entries.Remove(id);
        }

        entry.Gate.Dispose();
    }

    internal sealed class Entry
    {
        private CancellationTokenSource? _holder;
        private long _asked;

        public SemaphoreSlim Gate { get; } = new(1, 1);

        public int Users { get; set; }

        /// <summary>Asks the holder to stop.</summary>
        /// <returns>The asker's number among those who asked.</returns>
        public long Ask()
        {
            // Under the same lock as the end of holding, so that the source is not disposed meanwhile.
            lock (Gate)
            {
                _holder?.Cancel();
                return ++_asked;
            }
        }

        /// <param name="turn">What the holder's <see cref="Ask"/> gave: one who asked since, before there was a holder to be told, is heard now.</param>
        public void Hold(CancellationTokenSource holder, long turn)
        {
            lock (Gate)
            {
                _holder = holder;
                if (turn < _asked) holder.Cancel();
            }
        }

        public void Release()
        {
            lock (Gate) _holder = null;
        }
    }

    /// <summary>The right to write; disposed when done.</summary>
    public sealed class Held : IDisposable
    {
        private readonly UploadLocks _locks;
        private readonly string _id;
        private readonly Entry _entry;
        private readonly CancellationTokenSource _interrupt = new();
        private bool _released;

        internal Held(UploadLocks locks, string id, Entry entry, long turn)
        {
            (_locks, _id, _entry) = (locks, id, entry);
            _entry.Hold(_interrupt, turn);
        }

        /// <summary>Another request wants the upload.</summary>
        public CancellationToken Interrupted => _interrupt.Token;

        public void Dispose()
        {
            if (_released) return;
            _released = true;
            _entry.Release();
            _interrupt.Dispose();
            _ = _entry.Gate.Release();
            _locks.Leave(_id, _entry);
        }
    }
}
