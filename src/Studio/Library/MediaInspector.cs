using Studio.Data;
using Studio.Engine.Video;

namespace Studio.Library;

/// <summary>What the library keeps about a file it has looked into.</summary>
/// <param name="Extension">By content, with the dot.</param>
/// <param name="Duration">Seconds; 0 for an image.</param>
internal sealed record MediaFacts(VideoKind Kind, string Extension, double Duration, int Width, int Height, double FramesPerSecond, long FrameCount, string Codec);

/// <summary>Looks into files by their content; their names say nothing.</summary>
internal class MediaInspector(LibraryLimits limits)
{
    private readonly Lazy<MediaTools> _tools = new(MediaTools.Locate, LazyThreadSafetyMode.PublicationOnly);

    public MediaLimits Limits { get; } = MediaLimits.Default with
    {
        MaxBytes = limits.MaxUploadBytes,
        MaxDuration = TimeSpan.FromSeconds(limits.MaxVideoSeconds),
    };

    /// <exception cref="MediaException">ffmpeg is not installed.</exception>
    public MediaTools Tools => _tools.Value;

    /// <exception cref="MediaException">It is not media, is beyond the limits, or cannot be read; the message names the path.</exception>
    public virtual async Task<MediaFacts> InspectAsync(string path, CancellationToken ct)
    {
        var info = await new VideoProbe(Tools, Limits).ProbeAsync(path, cancellationToken: ct).ConfigureAwait(false);
        // An animation of one frame is a picture to people.
        var image = info.IsStillImage || info.FrameCount == 1;
        return new(image ? VideoKind.Image : VideoKind.Video, Extension(info), image ? 0 : info.Duration, info.Width, info.Height, image ? 1 : info.AverageFrameRate, info.FrameCount, info.Codec);
    }

    internal static string Extension(VideoInfo info)
    {
        var names = info.Container.Split(',');
        if (names.Contains("matroska")) return info.Codec is "vp8" or "vp9" or "av1" ? ".webm" : ".mkv";
        if (names.Contains("image2")) return info.Codec == "mjpeg" ? ".jpg" : $".{info.Codec}";
        return names[0] switch
        {
            "mov" => ".mp4",
            "mpegts" => ".ts",
            "mpeg" or "mpegvideo" => ".mpg",
            "asf" => ".wmv",
            "ogg" => ".ogv",
            "live_flv" => ".flv",
            "yuv4mpegpipe" => ".y4m",
            "jpeg_pipe" => ".jpg",
            "png_pipe" or "apng" => ".png",
            "webp_pipe" => ".webp",
            "bmp_pipe" => ".bmp",
            "tiff_pipe" => ".tiff",
            "ppm_pipe" or "pgm_pipe" => ".ppm",
            var name when name.Length is > 0 and <= 6 && name.All(char.IsAsciiLetterOrDigit) => $".{name}",
            _ => ".media",
        };
    }

    /// <summary>What a browser is told; never a type that can run script.</summary>
    internal static string ContentType(string extension) => extension switch
    {
        ".mp4" or ".m4v" => "video/mp4",
        ".webm" => "video/webm",
        ".mkv" => "video/x-matroska",
        ".avi" => "video/x-msvideo",
        ".ts" => "video/mp2t",
        ".mpg" => "video/mpeg",
        ".wmv" => "video/x-ms-wmv",
        ".ogv" => "video/ogg",
        ".flv" => "video/x-flv",
        ".png" => "image/png",
        ".jpg" => "image/jpeg",
        ".webp" => "image/webp",
        ".bmp" => "image/bmp",
        ".gif" => "image/gif",
        ".tiff" => "image/tiff",
        _ => "application/octet-stream",
    };
}
