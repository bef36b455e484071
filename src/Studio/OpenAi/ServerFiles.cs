namespace Studio.OpenAi;

/// <summary>Files on the server that a request may name: those inside the import folders, links followed.</summary>
internal static class ServerFiles
{
    private const int MaxLinks = 40;

    /// <summary>The real path, or null when it is outside every folder or is no file; which of the two is not told.</summary>
    public static string? Resolve(string path, IReadOnlyList<string> folders)
    {
        if (path.Contains('\0', StringComparison.Ordinal) || !Path.IsPathFullyQualified(path)) return null;
        try
        {
            if (Real(path) is not { } real) return null;
            var inside = folders.Select(Real).Any(f => f is not null && real.StartsWith(Path.TrimEndingDirectorySeparator(f) + Path.DirectorySeparatorChar, StringComparison.Ordinal));
            return inside && File.Exists(real) ? real : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>With every link on the way replaced by where it leads; null when that goes in circles.</summary>
    private static string? Real(string path)
    {
        var links = 0;
        var real = Path.GetPathRoot(Path.GetFullPath(path))!;
        var rest = new Stack<string>(Path.GetFullPath(path)[real.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries).Reverse());
        while (rest.TryPop(out var name))
        {
            var next = Path.Combine(real, name);
            FileSystemInfo info = Directory.Exists(next) ? new DirectoryInfo(next) : new FileInfo(next);
            if (info.LinkTarget is not { } target)
            {
                real = next;
                continue;
            }

            if (++links > MaxLinks) return null;
            var full = Path.GetFullPath(Path.Combine(real, target));
            real = Path.GetPathRoot(full)!;
            foreach (var part in full[real.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries).Reverse()) rest.Push(part);
        }

        return real;
    }
}
