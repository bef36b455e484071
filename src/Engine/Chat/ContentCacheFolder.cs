using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Studio.Engine.Checkpoints;

namespace Studio.Engine.Chat;

/// <summary>How a kind of entry lies in a file.</summary>
internal interface ICacheFormat<T>
{
    /// <summary>Upper bound of the file's length.</summary>
    long Size(T entry);

    /// <summary>Writes a file that appears whole or not at all.</summary>
    /// <exception cref="IOException">The disk is full or gone.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder is read only.</exception>
    void Write(string path, T entry);

    /// <summary>Maps a file and checks all of it.</summary>
    /// <exception cref="CheckpointException">Not a safetensors file; with an inner exception, it could not be opened.</exception>
    /// <exception cref="InvalidDataException">It is damaged, of another version, or of another key.</exception>
    T Read(string path, string key);
}

/// <summary>
/// The files of a cache: one per entry, named by the SHA-256 of its key, last used at its modification time. Files
/// appear by a rename and vanish whole, so that several processes may share a folder without a lock: what another one
/// deletes is a miss here, or lives on under the tensors that map it.
/// </summary>
internal sealed class ContentCacheFolder<T>
    where T : class, ICacheEntry<T>
{
    /// <summary>After so long without a write a temporary file is what a killed process left behind.</summary>
    internal static readonly TimeSpan TemporaryLifetime = TimeSpan.FromHours(1);

    private readonly ICacheFormat<T> _format;
    private readonly Lock _writing = new();
    private readonly string _folder;
    private readonly long _bound;
    private readonly TimeProvider _time;
    private long _evictions;
    private long _damaged;
    private long _failures;
    private string? _lastFailure;

    internal ContentCacheFolder(ICacheFormat<T> format, string folder, long bound, TimeProvider time)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        (_format, _folder, _bound, _time) = (format, Path.GetFullPath(folder), bound, time);
        try
        {
            _ = Directory.CreateDirectory(_folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"the folder '{_folder}' of a cache cannot be made: {exception.Message} Name another, or give the account the right to write there.", exception);
        }
    }

    internal long Evictions => Interlocked.Read(ref _evictions);
    internal long Damaged => Interlocked.Read(ref _damaged);
    internal long Failures => Interlocked.Read(ref _failures);
    internal string? LastFailure => Volatile.Read(ref _lastFailure);

    internal string PathOf(string key) =>
        Path.Combine(_folder, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key))) + CacheFileNames.Extension);

    /// <returns>The entry with a reference for the caller, or null.</returns>
    internal T? TryRead(string key, Action<string>? onDamage = null)
    {
        var path = PathOf(key);
        try
        {
            var entry = _format.Read(path, key);
            SetUsed(path);
            return entry;
        }
        catch (CheckpointException exception) when (exception.InnerException is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (CheckpointException exception) when (exception.InnerException is IOException or UnauthorizedAccessException)
        {
            Failed(exception.Message); // nothing is known about the content, so the file stays
            return null;
        }
        catch (Exception exception) when (exception is CheckpointException or InvalidDataException)
        {
            _ = Interlocked.Increment(ref _damaged);
            _ = TryDelete(path);
            onDamage?.Invoke(exception.Message);
            return null;
        }
    }

    /// <summary>Stores an entry unless it is larger than the bound; makes room first, so that the bound holds while it is written.</summary>
    internal void Write(T entry)
    {
        var size = _format.Size(entry);
        if (size > _bound) return;
        var path = PathOf(entry.Key);
        lock (_writing)
        {
            try
            {
                _ = Directory.CreateDirectory(_folder);
                Trim(size, path);
                _format.Write(path, entry);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                Failed(exception.Message);
                return;
            }

            SetUsed(path);
            Trim(0, null); // another process may have written at the same time
        }
    }

    internal void Touch(string key) => SetUsed(PathOf(key));

    internal (int Files, long Bytes) Measure()
    {
        var files = List(CacheFileNames.Entry());
        return (files.Count, files.Sum(f => f.Length));
    }

    /// <summary>Deletes all entries, and temporary files that nobody writes any more.</summary>
    internal void Clear()
    {
        lock (_writing)
        {
            foreach (var file in List(CacheFileNames.Entry())) _ = TryDelete(file.Path);
            _ = DeleteAbandoned();
        }
    }

    /// <summary>Deletes the least recently used files until <paramref name="room"/> more bytes fit into the bound.</summary>
    /// <param name="replaced">A file that is about to be replaced and does not count.</param>
    private void Trim(long room, string? replaced)
    {
        var files = List(CacheFileNames.Entry()).Where(f => f.Path != replaced).OrderBy(f => f.Used).ThenBy(f => f.Path, StringComparer.Ordinal).ToList();
        var total = room + files.Sum(f => f.Length) + DeleteAbandoned();
        foreach (var file in files)
        {
            if (total <= _bound) return;
            if (!TryDelete(file.Path)) continue;
            total -= file.Length;
            _ = Interlocked.Increment(ref _evictions);
        }
    }

    /// <returns>Bytes of the temporary files that stay: those that a process is writing.</returns>
    private long DeleteAbandoned()
    {
        var now = _time.GetUtcNow().UtcDateTime;
        return List(CacheFileNames.Temporary()).Sum(f => now - f.Used > TemporaryLifetime && TryDelete(f.Path) ? 0 : f.Length);
    }

    /// <summary>Only names that this class gives: a folder chosen by mistake loses nothing.</summary>
    private List<(string Path, long Length, DateTime Used)> List(Regex name)
    {
        var files = new List<(string, long, DateTime)>();
        try
        {
            foreach (var file in new DirectoryInfo(_folder).EnumerateFiles())
            {
                if (!name.IsMatch(file.Name)) continue;
                try
                {
                    files.Add((file.FullName, file.Length, file.LastWriteTimeUtc));
                }
                catch (FileNotFoundException)
                {
                    // Deleted by another process since it was listed.
                }
            }
        }
        catch (DirectoryNotFoundException)
        {
            // Somebody removed the whole folder: no files; the next write makes it again.
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Failed(exception.Message);
        }

        return files;
    }

    private void SetUsed(string path)
    {
        try
        {
            File.SetLastWriteTimeUtc(path, _time.GetUtcNow().UtcDateTime);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            // Evicted: it was not on disk, or is not any more.
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Failed(exception.Message); // a folder that may only be read: entries age, but serve
        }
    }

    private bool TryDelete(string path)
    {
        try
        {
            File.Delete(path);
            return true;
        }
        catch (DirectoryNotFoundException)
        {
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Failed(exception.Message);
            return false;
        }
    }

    private void Failed(string message)
    {
        _ = Interlocked.Increment(ref _failures);
        Volatile.Write(ref _lastFailure, message);
    }
}

internal static partial class CacheFileNames
{
    internal const string Extension = ".safetensors";

    [GeneratedRegex(@"^[0-9a-f]{64}\.safetensors\z", RegexOptions.CultureInvariant)]
    internal static partial Regex Entry();

    [GeneratedRegex(@"^[0-9a-f]{64}\.safetensors\.[0-9a-f]{32}\.tmp\z", RegexOptions.CultureInvariant)]
    internal static partial Regex Temporary();
}
