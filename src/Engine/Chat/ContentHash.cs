using System.Buffers;
using System.Security.Cryptography;

namespace Studio.Engine.Chat;

/// <summary>Identity of a file's content, whatever its name.</summary>
public static class ContentHash
{
    private static readonly ContentHashMemo s_memo = new(ContentHashMemo.DefaultCapacity, TimeProvider.System);

    /// <summary>
    /// SHA-256 of a file, read as a stream. The last <see cref="ContentHashMemo.DefaultCapacity"/> results are remembered by
    /// path, size and modification time, so that a second question about a video does not read it again.
    /// </summary>
    /// <returns>64 lower-case hexadecimal digits.</returns>
    /// <exception cref="IOException">The file is missing, cannot be read, or changed while it was read.</exception>
    /// <exception cref="UnauthorizedAccessException">It is a folder or may not be read.</exception>
    public static Task<string> OfFileAsync(string path, CancellationToken cancellation = default) => s_memo.HashAsync(path, cancellation);
}

/// <summary>Remembers content hashes, least recently used first out. Thread safe.</summary>
/// <param name="capacity">Files remembered.</param>
/// <param name="time">Clock to tell a file that was changed just now.</param>
internal sealed class ContentHashMemo(int capacity, TimeProvider time)
{
    /// <summary>A few hundred bytes each.</summary>
    internal const int DefaultCapacity = 1024;

    /// <summary>
    /// File systems round times, FAT to 2 s: a file changed so recently could change again, keep its size and show the
    /// same time, so that it is not remembered yet.
    /// </summary>
    internal static readonly TimeSpan TimeResolution = TimeSpan.FromSeconds(2);

    private const int BufferLength = 1 << 20;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, LinkedListNode<Known>> _byPath = new(StringComparer.Ordinal); // at most capacity
    private readonly LinkedList<Known> _byUse = new(); // most recently used first
    private long _filesRead;

    private sealed record Known(string Path, long Size, DateTime Modified, string Hash);

    /// <summary>Files remembered now.</summary>
    internal int Count
    {
        get
        {
            lock (_lock) return _byPath.Count;
        }
    }

    /// <summary>Files hashed by reading them.</summary>
    internal long FilesRead => Interlocked.Read(ref _filesRead);

    /// <inheritdoc cref="ContentHash.OfFileAsync"/>
    internal async Task<string> HashAsync(string path, CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        cancellation.ThrowIfCancellationRequested();
        path = Path.GetFullPath(path);

        // Size and time are asked of the open file: they are those of the bytes read, also through a link.
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.SequentialScan);
        var (size, modified) = (RandomAccess.GetLength(file), File.GetLastWriteTimeUtc(file));
        if (Find(path, size, modified) is { } known) return known;

        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var started = time.GetUtcNow().UtcDateTime;
        var buffer = ArrayPool<byte>.Shared.Rent(BufferLength);
        long done = 0;
        try
        {
            int read;
            while ((read = await RandomAccess.ReadAsync(file, buffer.AsMemory(0, BufferLength), done, cancellation).ConfigureAwait(false)) > 0)
            {
                sha.AppendData(buffer, 0, read);
                done += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        _ = Interlocked.Increment(ref _filesRead);
        if (done != size || File.GetLastWriteTimeUtc(file) != modified)
        {
            throw new IOException($"'{path}' changed while it was read; wait until the copy or upload is complete and ask again.");
        }

        var hash = Convert.ToHexStringLower(sha.GetHashAndReset());
        if ((started - modified).Duration() > TimeResolution) Remember(new(path, size, modified, hash));
        return hash;
    }

    private string? Find(string path, long size, DateTime modified)
    {
        lock (_lock)
        {
            if (!_byPath.TryGetValue(path, out var node) || node.Value.Size != size || node.Value.Modified != modified) return null;
            _byUse.Remove(node);
            _byUse.AddFirst(node);
            return node.Value.Hash;
        }
    }

    private void Remember(Known known)
    {
        lock (_lock)
        {
            if (_byPath.Remove(known.Path, out var old)) _byUse.Remove(old);
            _byPath.Add(known.Path, _byUse.AddFirst(known));
            if (_byPath.Count <= capacity) return;
            _ = _byPath.Remove(_byUse.Last!.Value.Path);
            _byUse.RemoveLast();
        }
    }
}
