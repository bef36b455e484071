using System.Buffers;
using System.IO.Compression;
using System.Text;
using Studio.Api;
using Studio.Library;

namespace Studio.Boards.Files;

/// <summary>
/// Writes the result files of one request into a folder: names from outside stay below it, and every byte is counted as it comes, whatever
/// was said of it before.
/// </summary>
/// <param name="folder">Is there, and empty.</param>
internal sealed class ResultFiles(string folder, RunUploadLimits limits)
{
    /// <summary>Ends of the names of files that an import reads; a folder's others are left out.</summary>
    private static readonly string[] s_kinds = [".json", ".jsonl"];

    /// <summary>What systems put into an archive beside the files themselves.</summary>
    private const string SystemFolder = "__MACOSX", SystemFile = "._", ZipEnd = ".zip";

    private const int Buffer = 1 << 17;

    private readonly HashSet<string> _names = new(StringComparer.OrdinalIgnoreCase);
    private long _unpacked;
    private int _seen;
    private string? _other;

    /// <summary>What an import begins with: the file where there is one, else their folder.</summary>
    /// <exception cref="RequestException">There is none.</exception>
    public string Start => _names.Count switch
    {
        0 when _seen == 0 => throw RequestException.Invalid("the form has no file; send files of results (.json, .jsonl), or a .zip of their folder, each as a part with a file name"),
        0 => throw RequestException.Invalid($"'{_other}' is no file of results; send .json and .jsonl files, or a .zip of their folder"),
        1 => Path.Combine(folder, _names.Single()),
        _ => folder,
    };

    /// <summary>Takes a file of the form; a zip is unpacked.</summary>
    /// <exception cref="RequestException">A bound is crossed, or a name leads out of the folder, or it is no zip.</exception>
    public async Task AddAsync(string name, Stream content, CancellationToken ct)
    {
        if (!name.EndsWith(ZipEnd, StringComparison.OrdinalIgnoreCase))
        {
            if (Place(name) is { } path) await WriteAsync(name, content, path, limits.MaxFileBytes, ct).ConfigureAwait(false);
            return;
        }

        var zip = Path.Combine(folder, $".{Guid.NewGuid():N}.part"); // no name from outside begins so
        try
        {
            await WriteAsync(name, content, zip, limits.MaxBytes, ct).ConfigureAwait(false);
            _unpacked -= new FileInfo(zip).Length;
            await UnpackAsync(name, zip, ct).ConfigureAwait(false);
        }
        finally
        {
            File.Delete(zip);
        }
    }

    private async Task UnpackAsync(string name, string zip, CancellationToken ct)
    {
        try
        {
            using var guard = new GuardedStream(File.OpenRead(zip), $"its list of files has more than {limits.MaxListBytes >> 10} KiB") { Left = limits.MaxListBytes };
            using var archive = new ZipArchive(guard, ZipArchiveMode.Read);
            var entries = archive.Entries;
            guard.Left = long.MaxValue;
            foreach (var entry in entries)
            {
                if (entry.FullName.EndsWith('/') || IsSystems(entry.FullName)) continue;
                if (Place(entry.FullName) is not { } path) continue;
                var content = await entry.OpenAsync(ct).ConfigureAwait(false);
                await using (content.ConfigureAwait(false)) await WriteAsync(entry.FullName, content, path, limits.MaxFileBytes, ct).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is InvalidDataException or NotSupportedException or EndOfStreamException or ArgumentException)
        {
            throw RequestException.Invalid($"'{Shown(name)}' cannot be unpacked: {e.Message.TrimEnd('.')}; make it again as a plain .zip without a password, or send the files themselves");
        }
    }

    /// <summary>Where a file goes; null for one that an import does not read.</summary>
    private string? Place(string name)
    {
        var parts = Parts(name);
        if (!s_kinds.Any(k => name.EndsWith(k, StringComparison.OrdinalIgnoreCase)))
        {
            (_other, _seen) = (Shown(name), _seen + 1);
            return null;
        }

        if (_names.Count == limits.MaxFiles) throw RequestException.TooLarge($"there are more than {limits.MaxFiles} files of results; send the folders below it one by one");
        var path = Path.Combine(parts);
        _seen++;
        if (!_names.Add(path)) throw RequestException.Invalid($"'{Shown(name)}' is there twice; send a .zip of the folder, in which files keep their folders");
        var full = Path.GetFullPath(Path.Combine(folder, path));
        // Parts() leaves no way out; should one be found all the same, it ends here.
        if (!full.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal)) throw Outside(name);
        _ = Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        return full;
    }

    /// <summary>Folders and name of a file from outside, each fit to be one.</summary>
    private string[] Parts(string name)
    {
        if (name.Length > limits.MaxName) throw RequestException.Invalid($"the name '{Shown(name)}' has {name.Length} characters; {limits.MaxName} are possible: shorten it");
        if (name.StartsWith('/') || name.StartsWith('\\') || name is [_, ':', ..]) throw Outside(name);
        string[] parts = [.. name.Split('/', '\\').Where(p => p.Length > 0 && p != ".")];
        if (parts.Contains("..")) throw Outside(name);
        if (parts.FirstOrDefault(p => Encoding.UTF8.GetByteCount(p) > limits.MaxPartBytes || p.Any(char.IsControl) || p[^1] is ' ' or '.') is { } odd)
        {
            throw RequestException.Invalid($"'{Shown(odd)}' cannot be the name of a file or folder here: it has more than {limits.MaxPartBytes} bytes, a control character, or a space or dot at its end; rename it");
        }

        return parts.Length > 0 ? parts : throw RequestException.Invalid("a file of the form has no name; give each part a file name");
    }

    private async Task WriteAsync(string name, Stream content, string path, long most, CancellationToken ct)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Buffer);
        try
        {
            using var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
            for (long at = 0; ;)
            {
                var read = await content.ReadAsync(buffer.AsMemory(0, Buffer), ct).ConfigureAwait(false);
                if (read == 0) return;
                if (at + read > most) throw RequestException.TooLarge($"'{Shown(name)}' has more than {Size(most)}; import it on the server with ./run eval import");
                if ((_unpacked += read) > limits.MaxUnpackedBytes) throw RequestException.TooLarge($"the files have more than {Size(limits.MaxUnpackedBytes)} together, unpacked; send the folders below it one by one");
                await StoreAsync(file, buffer.AsMemory(0, read), at, ct).ConfigureAwait(false);
                at += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static async Task StoreAsync(Microsoft.Win32.SafeHandles.SafeFileHandle file, ReadOnlyMemory<byte> bytes, long at, CancellationToken ct)
    {
        try
        {
            await RandomAccess.WriteAsync(file, bytes, at, ct).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw Refusals.DiskFull($"the server cannot store more: {e.Message} Free space on its disk, then send the files again");
        }
    }

    private static bool IsSystems(string name) => name.StartsWith(SystemFolder + "/", StringComparison.Ordinal) || name[(name.LastIndexOf('/') + 1)..].StartsWith(SystemFile, StringComparison.Ordinal);

    private static RequestException Outside(string name) => RequestException.Invalid($"'{Shown(name)}' leads out of the folder of the upload; nothing was imported. Make the .zip of the folder itself, with names below it");

    private static string Size(long bytes) => bytes >= 1 << 20 ? $"{bytes >> 20} MiB" : $"{bytes} bytes";

    /// <summary>As it may stand in a message.</summary>
    private static string Shown(string name)
    {
        var text = new StringBuilder();
        foreach (var c in name.AsSpan(0, Math.Min(name.Length, 120))) _ = text.Append(char.IsControl(c) ? '?' : c);
        return name.Length > 120 ? text.Append('…').ToString() : text.ToString();
    }
}
