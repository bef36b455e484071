namespace Studio.Engine.Chat;

/// <summary>
/// Something that took long to compute, by a key that says everything it depends on. Counted by reference: whoever is given
/// one disposes it, and the last one frees it.
/// </summary>
public interface ICacheEntry<T> : IDisposable
    where T : class, ICacheEntry<T>
{
    /// <summary>Equal keys mean equal contents.</summary>
    string Key { get; }

    /// <summary>What a cache counts for this entry.</summary>
    long Bytes { get; }

    /// <summary>Takes one more reference.</summary>
    /// <returns>This object.</returns>
    /// <exception cref="ObjectDisposedException">The last reference was given back before.</exception>
    T Retain();
}

/// <summary>
/// Entries by key, so that nothing is computed twice: the most recently used ones in memory, more of them as files that survive
/// the process and are mapped, not copied, when read. Thread safe; several processes may share the folder.
/// </summary>
/// <remarks>
/// The cache never fails a question: a damaged or vanished file is a miss, a full disk leaves an entry unsaved, and both
/// are counted in <see cref="Statistics"/>.
/// </remarks>
public abstract class ContentCache<T> : IDisposable
    where T : class, ICacheEntry<T>
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, LinkedListNode<T>> _byKey = new(StringComparer.Ordinal); // bounded by _memoryBound
    private readonly LinkedList<T> _byUse = new(); // most recently used first
    private readonly ContentCacheFolder<T>? _folder;
    private readonly long _memoryBound;
    private long _bytes;
    private long _memoryHits;
    private long _diskHits;
    private long _misses;
    private long _evictions;
    private bool _disposed;

    /// <param name="folder">Where files lie, made if missing; null for a cache in memory only. Other files in it are left alone.</param>
    /// <param name="memoryBytes">Bound of the entries held in memory (<see cref="ICacheEntry{T}.Bytes"/>), wherever their tokens lie; 0 holds none.</param>
    /// <param name="diskBytes">Bound of all files in the folder; 0 writes none. A file being replaced comes on top of it while the new one is written.</param>
    /// <param name="time">Clock of the files' last use; the system's by default.</param>
    /// <exception cref="ArgumentException">A bound is negative or the folder's name is blank.</exception>
    /// <exception cref="IOException">The folder cannot be made.</exception>
    private protected ContentCache(ICacheFormat<T> format, string? folder, long memoryBytes, long diskBytes, TimeProvider? time)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(memoryBytes);
        ArgumentOutOfRangeException.ThrowIfNegative(diskBytes);
        _memoryBound = memoryBytes;
        if (folder is not null) _folder = new(format, folder, diskBytes, time ?? TimeProvider.System);
    }

    /// <summary>Bound of the entries held in memory, in bytes.</summary>
    public long MemoryBound => _memoryBound;

    /// <summary>Counts since the cache was made, and its content now; lists the folder.</summary>
    public ContentCacheStatistics Statistics
    {
        get
        {
            var (files, fileBytes) = _folder?.Measure() ?? default;
            lock (_lock)
            {
                return new(
                    _memoryHits, _diskHits, _misses, _evictions, _folder?.Evictions ?? 0, _folder?.Damaged ?? 0,
                    _folder?.Failures ?? 0, _folder?.LastFailure, _byKey.Count, _bytes, files, fileBytes);
            }
        }
    }

    /// <summary>
    /// Looks in memory, then on disk. What comes from a file lies on the CPU; their checksum is compared, which
    /// reads the file once.
    /// </summary>
    /// <param name="onDamage">Called with what is wrong with the entry's file, which is deleted.</param>
    /// <returns>The entry with a reference for the caller, who disposes it; null if there is none.</returns>
    public T? TryGet(string key, Action<string>? onDamage = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        var found = FromMemory(key);
        if (found is not null)
        {
            // What is in daily use in memory must not grow old on disk.
            _folder?.Touch(key);
            return found;
        }

        found = _folder?.TryRead(key, onDamage);
        lock (_lock)
        {
            if (found is null) _misses++;
            else _diskHits++;
        }

        return found is null ? null : Keep(found, replace: false);
    }

    /// <summary>Whether there is an entry, in memory or as a file, without reading or counting it; a file may prove damaged when read.</summary>
    public bool Contains(string key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        lock (_lock)
        {
            if (_byKey.ContainsKey(key)) return true;
        }

        return _folder is not null && File.Exists(_folder.PathOf(key));
    }

    /// <summary>
    /// Stores an entry, in the place of one with the same key; the caller keeps its own reference. The file is written
    /// before this returns (a copy to the host and a flush to disk): call it from a worker thread where somebody waits.
    /// An entry larger than a bound is not stored there.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The entry or the cache was disposed.</exception>
    public void Put(T entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        using var held = entry.Retain();
        _ = Keep(entry, replace: true);
        _folder?.Write(entry);
    }

    /// <summary>Drops all entries, of memory and of the folder, also those that other processes wrote there; what is in use stays.</summary>
    public void Clear()
    {
        lock (_lock) ObjectDisposedException.ThrowIf(_disposed, this);
        DropMemory();
        _folder?.Clear();
    }

    /// <summary>Gives back the entries in memory; the files stay.</summary>
    public void Dispose()
    {
        lock (_lock) _disposed = true;
        DropMemory();
        GC.SuppressFinalize(this);
    }

    private T? FromMemory(string key)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_byKey.TryGetValue(key, out var node)) return null;
            _byUse.Remove(node);
            _byUse.AddFirst(node);
            _memoryHits++;
            return node.Value.Retain();
        }
    }

    /// <summary>
    /// Puts an entry into memory if it fits. When another thread was faster and it is not to be replaced, that thread's
    /// entry is returned in its place, so that both share one copy.
    /// </summary>
    private T Keep(T entry, bool replace)
    {
        var dropped = new List<T>(); // freed outside the lock: unmapping a gigabyte takes a while
        try
        {
            lock (_lock)
            {
                if (_disposed && !replace) return entry; // disposed meanwhile: the caller still gets what it asked for
                ObjectDisposedException.ThrowIf(_disposed, this);
                if (_byKey.TryGetValue(entry.Key, out var old))
                {
                    if (!replace)
                    {
                        dropped.Add(entry);
                        return old.Value.Retain();
                    }

                    dropped.Add(Remove(old));
                }

                if (entry.Bytes > _memoryBound) return entry;
                _byKey.Add(entry.Key, _byUse.AddFirst(entry.Retain()));
                _bytes += entry.Bytes;
                while (_bytes > _memoryBound)
                {
                    dropped.Add(Remove(_byUse.Last!));
                    _evictions++;
                }

                return entry;
            }
        }
        finally
        {
            foreach (var one in dropped) one.Dispose();
        }
    }

    private T Remove(LinkedListNode<T> node)
    {
        _byUse.Remove(node);
        _ = _byKey.Remove(node.Value.Key);
        _bytes -= node.Value.Bytes;
        return node.Value;
    }

    private void DropMemory()
    {
        T[] dropped;
        lock (_lock)
        {
            dropped = [.. _byUse];
            _byUse.Clear();
            _byKey.Clear();
            _bytes = 0;
        }

        foreach (var one in dropped) one.Dispose();
    }
}
