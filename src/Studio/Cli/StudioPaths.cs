namespace Studio.Cli;

/// <summary>Where the studio keeps things. STUDIO_ROOT is the checkout (./run sets it); STUDIO_DATA moves what is written.</summary>
internal static class StudioPaths
{
    private static readonly AsyncLocal<string?> s_data = new();

    public static string Root => Environment.GetEnvironmentVariable("STUDIO_ROOT") is { Length: > 0 } root ? root : AppContext.BaseDirectory;

    /// <summary>Models, caches, database and files of users.</summary>
    public static string Data => s_data.Value ?? (Environment.GetEnvironmentVariable("STUDIO_DATA") is { Length: > 0 } data ? data : Path.Combine(Root, "data"));

    /// <summary>The folder for this command line alone, where one process runs several: null is the process's.</summary>
    internal static void Use(string? data) => s_data.Value = data;

    public static string Models => Path.Combine(Data, "models");

    /// <summary>Trainings that were given no folder.</summary>
    public static string Training => Path.Combine(Data, "training");

    public static string Cache => Path.Combine(Data, "cache");

    /// <summary>The server's settings before any is given.</summary>
    public static Hosting.StudioOptions Options => new() { DataFolder = Data, RootFolder = Root };

    /// <summary>The reference numbers that ship with the source.</summary>
    public static string Golden => Path.Combine(Root, "tests", "golden");
}
