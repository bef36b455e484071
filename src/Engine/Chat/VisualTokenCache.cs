namespace Studio.Engine.Chat;

/// <summary>
/// Visual tokens by key, so that a second question about a video does not encode it again: the most recently used ones
/// in memory, more of them as files that survive the process and are mapped, not copied, when read. Thread safe; several
/// processes may share the folder.
/// </summary>
/// <remarks>
/// The cache never fails a question: a damaged or vanished file is a miss, a full disk leaves an entry unsaved, and both
/// are counted in <see cref="Statistics"/>.
/// </remarks>
public sealed class VisualTokenCache : IDisposable
{
    /// <summary>About 9,000 frames of VideoChat-Flash 7B in bf16 (16 tokens of 3,584 channels each).</summary>
    public const long DefaultMemoryBytes = 1L << 30;

    /// <summary>Four times the memory.</summary>
    public const long DefaultDiskBytes = 4L << 30;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, LinkedListNode<EncodedMedia>> _byKey = new(StringComparer.Ordinal); // bounded by _memoryBound
    private readonly LinkedList<EncodedMedia> _byUse = new(); // most recently used first
    private readonly VisualTokenCacheFolder? _folder;
    private readonly long _memoryBound;
    private long _bytes;
    private long _memoryHits;
    private long _diskHits;
    private long _misses;
    private long _evictions;
    private bool _disposed;

    /// <param name="folder">Where files lie, made if missing; null for a cache in memory only. Other files in it are left alone.</param>
    /// <param name="memoryBytes">Bound of the entries held in memory (<see cref="EncodedMedia.Bytes"/>), wherever their tokens lie; 0 holds none.</param>
    /// <param name="diskBytes">Bound of all files in the folder; 0 writes none. A file being replaced comes on top of it while the new one is written.</param>
    /// <param name="time">Clock of the files' last use; the system's by default.</param>
    /// <exception cref="ArgumentException">A bound is negative or the folder's name is blank.</exception>
    /// <exception cref="IOException">The folder cannot be made.</exception>
    public VisualTokenCache(string? folder, long memoryBytes = DefaultMemoryBytes, long diskBytes = DefaultDiskBytes, TimeProvider? time = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(memoryBytes);
        ArgumentOutOfRangeException.ThrowIfNegative(diskBytes);
        _memoryBound = memoryBytes;
        if (folder is not null) _folder = new(folder, diskBytes, time ?? TimeProvider.System);
    }

    /// <summary>Counts since the cache was made, and its content now; lists the folder.</summary>
    public VisualTokenCacheStatistics Statistics
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
    /// Looks in memory, then on disk. Tokens that come from a file lie on the CPU; their checksum is compared, which
    /// reads the file once.
    /// </summary>
    /// <returns>The entry with a reference for the caller, who disposes it; null if there is none.</returns>
    public EncodedMedia? TryGet(string key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        var found = FromMemory(key);
        if (found is not null)
        {
            // What is in daily use in memory must not grow old on disk.
            _folder?.Touch(key);
            return found;
        }

        found = _folder?.TryRead(key);
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
    public void Put(EncodedMedia media)
    {
        ArgumentNullException.ThrowIfNull(media);
        using var held = media.Retain();
        _ = Keep(media, replace: true);
        _folder?.Write(media);
    }

    /// <summary>Drops all entries, of memory and of the folder, also those that other processes wrote there; tokens in use stay.</summary>
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
    }

    private EncodedMedia? FromMemory(string key)
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
    private EncodedMedia Keep(EncodedMedia media, bool replace)
    {
        var dropped = new List<EncodedMedia>(); // freed outside the lock: unmapping a gigabyte takes a while
        try
        {
            lock (_lock)
            {
                if (_disposed && !replace) return media; // disposed meanwhile: the caller still gets what it asked for
                ObjectDisposedException.ThrowIf(_disposed, this);
                if (_byKey.TryGetValue(media.Key, out var old))
                {
                    if (!replace)
                    {
                        dropped.Add(media);
                        return old.Value.Retain();
                    }

                    dropped.Add(Remove(old));
                }

                if (media.Bytes > _memoryBound) return media;
                _byKey.Add(media.Key, _byUse.AddFirst(media.Retain()));
                _bytes += media.Bytes;
                while (_bytes > _memoryBound)
                {
                    dropped.Add(Remove(_byUse.Last!));
                    _evictions++;
                }

                return media;
            }
        }
        finally
        {
            foreach (var entry in dropped) entry.Dispose();
        }
    }

    private EncodedMedia Remove(LinkedListNode<EncodedMedia> node)
    {
        _byUse.Remove(node);
        _ = _byKey.Remove(node.Value.Key);
        _bytes -= node.Value.Bytes;
        return node.Value;
    }

    private void DropMemory()
    {
        EncodedMedia[] dropped;
        lock (_lock)
        {
            dropped = [.. _byUse];
            _byUse.Clear();
            _byKey.Clear();
            _bytes = 0;
        }

        foreach (var entry in dropped) entry.Dispose();
    }
}
