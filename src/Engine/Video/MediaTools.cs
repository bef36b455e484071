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

    private MediaTools(string ffmpeg, string ffprobe)
    {
        Ffmpeg = ffmpeg;
        Ffprobe = ffprobe;
    }

    /// <summary>Full path of ffmpeg.</summary>
    public string Ffmpeg { get; }

    /// <summary>Full path of ffprobe.</summary>
    public string Ffprobe { get; }

    /// <summary>Finds both tools in the folder named by STUDIO_FFMPEG, or on PATH.</summary>
    /// <exception cref="MediaException"><see cref="MediaError.ToolMissing"/>: one of them is not there.</exception>
    public static MediaTools Locate() =>
        Locate(Environment.GetEnvironmentVariable(FolderVariable), Environment.GetEnvironmentVariable("PATH"));

    /// <summary>Finds both tools in <paramref name="folder"/>, or in the folders of <paramref name="searchPath"/> when it is empty.</summary>
    /// <exception cref="MediaException"><see cref="MediaError.ToolMissing"/>: one of them is not there.</exception>
    public static MediaTools Locate(string? folder, string? searchPath)
    {
        string[] folders = string.IsNullOrWhiteSpace(folder)
            ? (searchPath ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            : [folder];
        string where = string.IsNullOrWhiteSpace(folder) ? "on PATH" : $"in '{folder}' ({FolderVariable})";
        return new MediaTools(Find("ffmpeg", folders, where), Find("ffprobe", folders, where));
    }

    /// <summary>The version word that ffmpeg prints, for example <c>5.1.9-0+deb12u1</c>.</summary>
    /// <exception cref="MediaException">ffmpeg does not start, does not answer in time, or prints something else.</exception>
    public async Task<string> VersionAsync(MediaLimits? limits = null, CancellationToken cancellationToken = default)
    {
        MediaRun run = await MediaProcess.CaptureAsync(
            Ffmpeg, ["-hide_banner", "-version"], (limits ?? MediaLimits.Default).Probe, Ffmpeg, cancellationToken).ConfigureAwait(false);
        string[] words = run.Output.Split(' ', 4);
        return run.ExitCode == 0 && words is ["ffmpeg", "version", var version, ..]
            ? version
            : throw new MediaException(MediaError.ToolMissing, Ffmpeg, $"'{Ffmpeg}' does not answer like ffmpeg. {Remedy}");
    }

    private static string Find(string tool, string[] folders, string where)
    {
        string file = RuntimeInformation.IsOSPlatform(OSPlatform.Windows) ? tool + ".exe" : tool;
        foreach (string folder in folders)
        {
            string candidate = Path.Combine(folder, file);
            if (File.Exists(candidate))
            {
                return Path.GetFullPath(candidate);
            }
        }

        throw new MediaException(MediaError.ToolMissing, tool, $"{tool} was not found {where}. {Remedy}");
    }
}
