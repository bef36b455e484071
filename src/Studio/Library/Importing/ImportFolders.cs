using Studio.Api;
using Studio.Hosting;

namespace Studio.Library.Importing;

/// <summary>A folder or file that may be imported.</summary>
/// <param name="Path">Below its root, with slashes; give it back to look inside or to import it.</param>
/// <param name="Bytes">0 for a folder.</param>
public sealed record ImportEntry(string Name, string Path, bool IsFolder, long Bytes, DateTimeOffset ModifiedAt);

/// <summary>What a folder holds.</summary>
/// <param name="Root">Number of the configured folder.</param>
/// <param name="RootName">Its last name, for people.</param>
/// <param name="Path">Below the root; empty for the root itself.</param>
/// <param name="Entries">Folders first, by name.</param>
/// <param name="Skipped">Entries beyond the bound, which are not listed.</param>
public sealed record ImportListing(int Root, string RootName, string Path, IReadOnlyList<ImportEntry> Entries, int Skipped);

/// <summary>
/// Looks into the folders that the studio was started with, and nowhere else: a path is taken apart into names, each of which
/// must be a plain entry of the one before. Links are neither shown nor followed, so that nothing leads outside.
/// </summary>
public sealed class ImportFolders(StudioOptions options)
{
    /// <summary>Entries of one folder that are listed.</summary>
    public const int MaxEntries = 2000;

    /// <summary>Folders below a root that are looked into.</summary>
    public const int MaxDepth = 32;

    /// <summary>Names of the configured folders, in order; empty when importing is off.</summary>
    public IReadOnlyList<string> Roots { get; } = [.. options.ImportFolders.Select(f => Name(f))];

    /// <exception cref="RequestException">400, 404.</exception>
    public ImportListing List(int root, string? path)
    {
        var folder = new DirectoryInfo(Resolve(root, path));
        if (!folder.Exists) throw NoEntry(path);
        try
        {
            // Hidden entries are not for import; links could lead anywhere.
            var entries = folder.EnumerateFileSystemInfos()
                .Where(e => (e.Attributes & (FileAttributes.ReparsePoint | FileAttributes.Hidden)) == 0 && e.LinkTarget is null && e is DirectoryInfo or FileInfo { Length: > 0 })
                .OrderByDescending(e => e is DirectoryInfo).ThenBy(e => e.Name, StringComparer.OrdinalIgnoreCase).ToList();
            var prefix = string.IsNullOrEmpty(path) ? "" : path.Trim('/') + "/";
            return new(
                root, Roots[root], prefix.TrimEnd('/'),
                [.. entries.Take(MaxEntries).Select(e => new ImportEntry(e.Name, prefix + e.Name, e is DirectoryInfo, (e as FileInfo)?.Length ?? 0, new(e.LastWriteTimeUtc, TimeSpan.Zero)))],
                Math.Max(0, entries.Count - MaxEntries));
        }
        catch (UnauthorizedAccessException)
        {
            throw RequestException.Forbidden($"the server may not read '{path}' of '{Roots[root]}'; give its account the right");
        }
    }

    /// <summary>Full path of a file to import.</summary>
    /// <exception cref="RequestException">400, 404.</exception>
    internal string File(int root, string? path)
    {
        var full = Resolve(root, path);
        return System.IO.File.Exists(full) ? full : throw NoEntry(path);
    }

    private static string Name(string folder) => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))) is { Length: > 0 } name ? name : folder;

    private static RequestException NoEntry(string? path) => RequestException.NotFound("file or folder for import", path ?? "");

    /// <summary>The path below the root, checked name by name.</summary>
    private string Resolve(int root, string? path)
    {
        if (Roots.Count == 0) throw RequestException.NotFound("import folder", $"{root}': start the studio with --import-folder to name some. Asked for '{path}");
        if (root < 0 || root >= Roots.Count) throw RequestException.NotFound("import folder", $"{root}");
        var at = Path.GetFullPath(options.ImportFolders[root]);
        var names = (path ?? "").Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (names.Length > MaxDepth) throw RequestException.Invalid($"the path is {names.Length} folders deep, more than {MaxDepth}");
        foreach (var name in names)
        {
            if (name is "." or ".." || name.AsSpan().ContainsAny('\0', Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar)) throw NoEntry(path);
            at = Path.Combine(at, name);
            FileSystemInfo entry = Directory.Exists(at) ? new DirectoryInfo(at) : new FileInfo(at);
            if (!entry.Exists || entry.LinkTarget is not null || entry.Attributes.HasFlag(FileAttributes.ReparsePoint)) throw NoEntry(path);
        }

        return at;
    }
}
