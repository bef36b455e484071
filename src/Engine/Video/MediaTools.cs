using System.Runtime.InteropServices;

namespace Studio.Engine.Video;

/// <summary>
/// Where ffmpeg and ffprobe are. They are run as processes, never linked. Written for version 5.1 and later
/// (<c>-fps_mode</c>, picture rotation from frame side data).
/// </summary>
public sealed class MediaTools
{
    /// <summary>Names a folder that holds ffmpeg and ffprobe; when set, PATH is not searched.</summary>
    public const string FolderVariable = "STUDIO_FFMPEG";

    private const string Remedy =
        "Install ffmpeg 5.1 or later (for example `apt-get install ffmpeg`), or set " + FolderVariable + " to the folder that holds ffmpeg and ffprobe.";

    private MediaTools(string ffmpeg, string ffprobe, string? prlimit)
    {
        Ffmpeg = ffmpeg;
        Ffprobe = ffprobe;
        Prlimit = prlimit;
    }

    /// <summary>Full path of ffmpeg.</summary>
    public string Ffmpeg { get; }

    /// <summary>Full path of ffprobe.</summary>
    public string Ffprobe { get; }

    /// <summary>
    /// Whether the kernel holds the tools to the limits of memory, processor time, writing and open files. It does where
    /// util-linux's prlimit is on the search path; elsewhere wall time, formats, protocols and pixels are still limited.
    /// </summary>
    public bool AreLimitsEnforced => Prlimit is not null;

    /// <summary>Full path of prlimit, or null.</summary>
    internal string? Prlimit { get; }

    /// <summary>Finds both tools in the folder named by STUDIO_FFMPEG, or on PATH.</summary>
    /// <exception cref="MediaException"><see cref="MediaError.ToolMissing"/>: one of them is not there.</exception>
    public static MediaTools Locate() =>
        Locate(Environment.GetEnvironmentVariable(FolderVariable), Environment.GetEnvironmentVariable("PATH"));

    /// <summary>Finds both tools in <paramref name="folder"/>, or in the folders of <paramref name="searchPath"/> when it is empty.</summary>
    /// <exception cref="MediaException"><see cref="MediaError.ToolMissing"/>: one of them is not there.</exception>
    public static MediaTools Locate(string? folder, string? searchPath)
    {
        string[] folders = string.IsNullOrWhiteSpace(folder)
            ? Split(searchPath)
            : [folder];
        string where = string.IsNullOrWhiteSpace(folder) ? "on PATH" : $"in '{folder}' ({FolderVariable})";
        return new MediaTools(
            Find("ffmpeg", folders) ?? throw Missing("ffmpeg", where),
            Find("ffprobe", folders) ?? throw Missing("ffprobe", where),
            OperatingSystem.IsLinux() ? Find("prlimit", Split(searchPath)) : null);
    }

    /// <summary>ffmpeg, with the limits of a run that may take this long on all cores.</summary>
    internal MediaCommand FfmpegWithin(MediaLimits limits, TimeSpan time) => Within(Ffmpeg, limits, time);

    /// <summary>ffprobe, with the limits of a run that may take this long on all cores.</summary>
    internal MediaCommand FfprobeWithin(MediaLimits limits, TimeSpan time) => Within(Ffprobe, limits, time);

    /// <summary>The version word that ffmpeg prints, for example <c>5.1.9-0+deb12u1</c>.</summary>
    /// <exception cref="MediaException">ffmpeg does not start, does not answer in time, or prints something else.</exception>
    public async Task<string> VersionAsync(MediaLimits? limits = null, CancellationToken cancellationToken = default)
    {
        limits ??= MediaLimits.Default;
        MediaRun run = await MediaProcess.CaptureAsync(
            FfmpegWithin(limits, limits.Probe), ["-hide_banner", "-version"], limits.Probe, Ffmpeg, cancellationToken).ConfigureAwait(false);
        string[] words = run.Output.Split(' ', 4);
        return run.ExitCode == 0 && words is ["ffmpeg", "version", var version, ..]
            ? version
            : throw new MediaException(MediaError.ToolMissing, Ffmpeg, $"'{Ffmpeg}' does not answer like ffmpeg. {Remedy}");
    }

    private static string[] Split(string? searchPath) =>
        (searchPath ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static string? Find(string tool, string[] folders)
    {
        string file = RuntimeInformation.IsOSPlatform(OSPlatform.Windows) ? tool + ".exe" : tool;
        return folders.Select(folder => Path.Combine(folder, file)).FirstOrDefault(File.Exists) is { } found ? Path.GetFullPath(found) : null;
    }

    private static MediaException Missing(string tool, string where) =>
        new(MediaError.ToolMissing, tool, $"{tool} was not found {where}. {Remedy}");

    private MediaCommand Within(string tool, MediaLimits limits, TimeSpan time) =>
        new(tool)
        {
            Prlimit = Prlimit,
            MemoryBytes = limits.MaxMemoryBytes,
            ProcessorSeconds = MediaLimits.ProcessorSeconds(time),
            OpenFiles = limits.MaxOpenFiles,
        };
}
