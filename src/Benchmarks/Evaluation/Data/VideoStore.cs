using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Studio.Engine.Video;

namespace Studio.Benchmarks.Evaluation.Data;

/// <summary>
/// Videos that are drawn or composed for evaluations, each under the SHA-256 of its recipe. A file is whole or not there; several processes
/// may share a folder. Beyond the bound the least recently used are deleted, but never one that a process handed out lately: it holds a
/// lock on it, which ends with the process.
/// </summary>
public sealed partial class VideoStore : IDisposable
{
    /// <summary>Bytes by default: some thousand videos of 256 drawn frames.</summary>
    public const long DefaultBytes = 4L << 30;

    /// <summary>Videos handed out last that are kept from deletion; older ones may go at any time.</summary>
    public const int Held = 32;

    /// <summary>After so long without a write a temporary file is what a killed process left behind.</summary>
    internal static readonly TimeSpan TemporaryLifetime = TimeSpan.FromHours(1);

    private const int Stripes = 64;

    private readonly string _folder;
    private readonly long _bound;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim[] _making = [.. Enumerable.Range(0, Stripes).Select(_ => new SemaphoreSlim(1))];
    private readonly Lock _lock = new();
    private readonly LinkedList<(string Path, FileStream File)> _held = [];
    private long _made, _evictions;

    /// <param name="bytes">Bound of all videos together.</param>
    /// <exception cref="IOException">The folder cannot be made.</exception>
    public VideoStore(string folder, long bytes = DefaultBytes, TimeProvider? time = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes, 0);
        (_folder, _bound, _time) = (Path.GetFullPath(folder), bytes, time ?? TimeProvider.System);
        try
        {
            _ = Directory.CreateDirectory(_folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"The folder '{_folder}' for drawn videos cannot be made: {e.Message} Name another, or give the account the right to write there.", e);
        }
    }

    /// <summary>Videos made since the start, not found.</summary>
    public long Made => Interlocked.Read(ref _made);

    /// <summary>Videos deleted for the bound.</summary>
    public long Evictions => Interlocked.Read(ref _evictions);

    public string Folder => _folder;

    /// <summary>The video of a recipe, made now if it is not there.</summary>
    /// <param name="recipe">All that decides its pictures.</param>
    /// <param name="make">Writes an MP4 file under the path it is given; called once at a time for a recipe in this process.</param>
    /// <exception cref="MediaException">It cannot be made, or the folder cannot be written.</exception>
    public async Task<string> GetAsync(string recipe, Func<string, CancellationToken, Task> make, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(make);
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(recipe));
        var path = Path.Combine(_folder, $"{Convert.ToHexStringLower(hash)}.mp4");
        var stripe = _making[hash[0] % Stripes];
        await stripe.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (TryHold(path)) return path;
            var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
            try
            {
                _ = Directory.CreateDirectory(_folder);
                Trim();
                await make(temporary, cancellationToken).ConfigureAwait(false);
                File.Move(temporary, path, overwrite: true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new MediaException(MediaError.EncodeFailed, path, $"'{path}' cannot be written: {e.Message} Free some room, or name another cache folder.", e);
            }
            finally
            {
                File.Delete(temporary);
            }

            _ = Interlocked.Increment(ref _made);
            if (!TryHold(path)) throw new MediaException(MediaError.NotFound, path, $"'{path}' was deleted as soon as it was made; give the cache of drawn videos more room.");
            Trim();
            return path;
        }
        finally
        {
            _ = stripe.Release();
        }
    }

    /// <summary>Number and bytes of the videos.</summary>
    public (int Files, long Bytes) Measure()
    {
        var files = List(Entry());
        return (files.Count, files.Sum(f => f.Length));
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var (_, file) in _held) file.Dispose();
            _held.Clear();
        }
    }

    /// <summary>Holds a video that is there and marks it as used; false where it is not.</summary>
    private bool TryHold(string path)
    {
        lock (_lock)
        {
            for (var node = _held.First; node is not null; node = node.Next)
            {
                if (node.Value.Path != path || !File.Exists(path)) continue;
                _held.Remove(node);
                _held.AddLast(node);
                Touch(path);
                return true;
            }
        }

        FileStream? file = null;
        try
        {
            file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
            if (!File.Exists(path)) // deleted between opening and locking
            {
                file.Dispose();
                return false;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            file?.Dispose();
            return false; // not there, or being deleted at this moment
        }

        lock (_lock)
        {
            _held.AddLast((path, file));
            if (_held.Count > Held)
            {
                _held.First!.Value.File.Dispose();
                _held.RemoveFirst();
            }
        }

        Touch(path);
        return true;
    }

    /// <summary>By the time of access: that of writing says to readers in the middle of the file that it changed under them.</summary>
    private void Touch(string path)
    {
        try
        {
            File.SetLastAccessTimeUtc(path, _time.GetUtcNow().UtcDateTime);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A folder that may only be read: videos age, but serve.
        }
    }

    private void Trim()
    {
        var now = _time.GetUtcNow().UtcDateTime;
        var total = List(Temporary()).Sum(f => now - f.Written > TemporaryLifetime && TryDelete(f.Path) ? 0 : f.Length);
        var files = List(Entry());
        total += files.Sum(f => f.Length);
        foreach (var file in files.OrderBy(f => f.Used).ThenBy(f => f.Path, StringComparer.Ordinal))
        {
            if (total <= _bound) return;
            if (!TryDelete(file.Path)) continue;
            total -= file.Length;
            _ = Interlocked.Increment(ref _evictions);
        }
    }

    /// <summary>Deletes a file that nobody holds.</summary>
    private static bool TryDelete(string path)
    {
        try
        {
            using (new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1)) File.Delete(path);
            return true;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Only names that this class gives: a folder chosen by mistake loses nothing.</summary>
    private List<(string Path, long Length, DateTime Used, DateTime Written)> List(Regex name)
    {
        var files = new List<(string, long, DateTime, DateTime)>();
        try
        {
            foreach (var file in new DirectoryInfo(_folder).EnumerateFiles())
            {
                if (!name.IsMatch(file.Name)) continue;
                try
                {
                    files.Add((file.FullName, file.Length, file.LastAccessTimeUtc, file.LastWriteTimeUtc));
                }
                catch (FileNotFoundException)
                {
                    // Deleted by another process since it was listed.
                }
            }
        }
        catch (DirectoryNotFoundException)
        {
            // Somebody removed the whole folder: no files; the next video makes it again.
        }

        return files;
    }

    [GeneratedRegex(@"^[0-9a-f]{64}\.mp4\z", RegexOptions.CultureInvariant)]
    private static partial Regex Entry();

    // The writer of a video has a temporary name of its own beside the one it is given.
    [GeneratedRegex(@"^[0-9a-f]{64}\.mp4(?:\.[0-9a-f]{32}\.tmp){1,2}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Temporary();
}
