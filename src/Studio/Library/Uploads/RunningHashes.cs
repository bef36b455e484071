using System.Security.Cryptography;

namespace Studio.Library.Uploads;

/// <summary>
/// SHA-256 of what has arrived of each upload, so that a whole file need not be read again at its end. At most
/// <paramref name="capacity"/> are kept; the one unused for longest goes first, and its file is then read.
/// </summary>
internal sealed class RunningHashes(int capacity) : IDisposable
{
    private readonly Dictionary<string, LinkedListNode<Entry>> _byId = [];
    private readonly LinkedList<Entry> _byUse = new();

    public int Count
    {
        get
        {
            lock (_byId) return _byId.Count;
        }
    }

    /// <summary>Takes the hash of the first <paramref name="length"/> bytes out; null when it is not known.</summary>
    public IncrementalHash? Take(string id, long length)
    {
        var entry = Remove(id);
        if (entry?.Length == length) return entry.Hash;
        entry?.Hash.Dispose();
        return length == 0 ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
    }

    /// <summary>Keeps a hash for the next request.</summary>
    public void Keep(string id, long length, IncrementalHash hash)
    {
        Remove(id)?.Hash.Dispose();
        Entry? oldest = null;
        lock (_byId)
        {
            _byId.Add(id, _byUse.AddLast(new Entry(id, length, hash)));
            if (_byId.Count > capacity)
            {
                oldest = _byUse.First!.Value;
                _byUse.RemoveFirst();
                _ = _byId.Remove(oldest.Id);
            }
        }

        oldest?.Hash.Dispose();
    }

    public void Forget(string id) => Remove(id)?.Hash.Dispose();

    public void Dispose()
    {
        lock (_byId)
        {
            foreach (var entry in _byUse) entry.Hash.Dispose();
            _byUse.Clear();
            _byId.Clear();
        }
    }

    private Entry? Remove(string id)
    {
        lock (_byId)
        {
            if (!_byId.Remove(id, out var node)) return null;
            _byUse.Remove(node);
            return node.Value;
        }
    }

    private sealed record Entry(string Id, long Length, IncrementalHash Hash);
}
