namespace Studio.Pages.Account;

/// <summary>Where to go on after signing in: a page of this studio and nothing else.</summary>
internal static class LocalPath
{
    /// <summary>The path where it leads to this server; else the start page.</summary>
    public static string Or(string? next) =>
        next is { Length: > 1 and <= 2000 } && next[0] == '/' && next[1] is not ('/' or '\\') && !next.Any(char.IsControl) ? next : "/";
}
