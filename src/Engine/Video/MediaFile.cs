using System.Text;
using System.Text.RegularExpressions;

namespace Studio.Engine.Video;

/// <summary>What every call of ffmpeg and ffprobe does about the file it opens: checks before, arguments, error texts after.</summary>
internal static class MediaFile
{
    
    // What ffmpeg 5.1 says of a picture above -max_pixels, and of one that no decoder of it would take.
    private static readonly Regex s_oversized = new(@"Picture size (\d+)x(\d+) (?:exceeds|is invalid)", RegexOptions.CultureInvariant);

    // What it says when the system gives it no memory.
    private static readonly string[] s_memoryComplaints = ["Cannot allocate memory", "get_buffer() failed", "Failed to allocate"];

    // ISO media (MP4, QuickTime) names its first box at byte 4; Matroska, AVI and PNG start with a mark.
    private static readonly byte[][] s_firstBoxes = [.. ((string[])["ftyp", "moov", "mdat", "free", "skip", "wide"]).Select(Encoding.ASCII.GetBytes)];
    private static readonly byte[][] s_marks = [[0x1A, 0x45, 0xDF, 0xA3], "RIFF"u8.ToArray(), [0x89, (byte)'P', (byte)'N', (byte)'G']];
    private static readonly string[] s_pictureNames = [".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".ppm", ".pgm"];

    /// <summary>Arguments that open a file as input and keep a hostile one from opening anything but itself.</summary>
    internal static string[] Input(string path, MediaLimits limits)
    {
        // image2 goes by the name alone and would hand an SVG, say, to a renderer of its own.
        bool picture = s_pictureNames.Contains(Path.GetExtension(path).ToLowerInvariant());
        string formats = picture ? $"{VideoProbe.Formats},image2" : VideoProbe.Formats;

        // ffmpeg takes % in the name of a picture for a numbered series.
        bool series = picture && path.Contains('%');
        string[] single = series ? ["-f", "image2", "-pattern_type", "none"] : [];
        return ["-protocol_whitelist", "file", "-format_whitelist", formats, "-max_pixels", $"{limits.DecoderPixels}", .. single, "-i", Url(path)];
    }

    /// <summary>A path as ffmpeg's file protocol takes it: a name such as <c>-i</c> or <c>http:x</c> stays a file name.</summary>
    private static string Url(string path) => "file:" + path;

    /// <summary>Returns the absolute path of a non-empty, readable file within the limit of bytes.</summary>
    /// <exception cref="MediaException">It is missing, a directory, empty, too large or unreadable.</exception>
    internal static string Check(string path, MediaLimits limits)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        path = Path.GetFullPath(path);
        if (Directory.Exists(path))
        {
            throw new MediaException(MediaError.IsDirectory, path, $"'{path}' is a directory; name one video or image file.");
        }

        if (!File.Exists(path))
        {
            throw new MediaException(MediaError.NotFound, path, $"'{path}' does not exist; check the spelling of the path.");
        }

        try
        {
            using FileStream file = File.OpenRead(path);
            if (file.Length == 0)
            {
                throw new MediaException(MediaError.Empty, path, $"'{path}' is empty (0 bytes); copy or upload it again.");
            }

            if (file.Length > limits.MaxBytes)
            {
                throw new MediaException(
                    MediaError.TooLarge, path, $"'{path}' has {file.Length} bytes, above the limit of {limits.MaxBytes}; cut or re-encode it, or raise MediaLimits.MaxBytes.");
            }
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new MediaException(
                MediaError.Unreadable, path, $"'{path}' cannot be opened: {e.Message} Give the studio's account the right to read it.", e);
        }

        return path;
    }

    /// <summary>Turns the complaint of a tool that could not open a file into one of our reasons.</summary>
    internal static MediaException Unusable(string path, string errorTail, MediaLimits limits)
    {
        string detail = LastLine(errorTail);
        if (OutOfBounds(path, errorTail, limits) is { } outOfBounds)
        {
            return outOfBounds;
        }

        if (HasKnownStart(path))
        {
            return new MediaException(
                MediaError.Truncated, path, $"'{path}' starts like a media file but is incomplete or damaged; copy or upload it again. ffprobe: {detail}");
        }

        return new MediaException(
            MediaError.NotMedia,
            path,
            $"'{path}' is not a video or image the studio reads; convert it, for example with `ffmpeg -i FILE out.mp4`. ffprobe: {detail}");
    }

    /// <summary>The error of a file that asked for more pixels or memory than it may have; null when the complaint is another.</summary>
    internal static MediaException? OutOfBounds(string path, string errorTail, MediaLimits limits)
    {
        if (s_oversized.Match(errorTail) is { Success: true } match)
        {
            return TooManyPixels(path, match.Groups[1].Value, match.Groups[2].Value, limits);
        }

        return Array.Exists(s_memoryComplaints, c => errorTail.Contains(c, StringComparison.Ordinal))
            ? new MediaException(
                MediaError.TooLarge,
                path,
                $"'{path}' needs more than {limits.MaxMemoryBytes} bytes of memory to decode; scale it down, or raise MediaLimits.MaxMemoryBytes.")
            : null;
    }

    internal static MediaException TooManyPixels(string path, object width, object height, MediaLimits limits) =>
        new(
            MediaError.TooLarge,
            path,
            $"'{path}' has pictures of {width}x{height}, above the limit of {limits.MaxPixels} pixels; scale it down or raise MediaLimits.MaxPixels.");

    private static bool HasKnownStart(string path)
    {
        Span<byte> start = stackalloc byte[8];
        using FileStream file = File.OpenRead(path);
        ReadOnlySpan<byte> read = start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        foreach (byte[] mark in s_marks)
        {
            if (read.StartsWith(mark))
            {
                return true;
            }
        }

        foreach (byte[] box in s_firstBoxes)
        {
            if (read.EndsWith(box))
            {
                return true;
            }
        }

        return false;
    }

    internal static string LastLine(string text)
    {
        int newline = text.LastIndexOf('\n');
        string line = newline < 0 ? text : text[(newline + 1)..];
        return line.Length == 0 ? "(no message)" : line;
    }
}
