using System.Text;

namespace Studio.Engine.Video;

/// <summary>What every call of ffmpeg and ffprobe does about the file it opens: checks before, arguments, error texts after.</summary>
internal static class MediaFile
{
    private static readonly string[] s_guards = ["-protocol_whitelist", "file", "-format_whitelist", VideoProbe.Formats];

    // ISO media (MP4, QuickTime) names its first box at byte 4; Matroska, AVI and PNG start with a mark.
    private static readonly byte[][] s_firstBoxes = [.. ((string[])["ftyp", "moov", "mdat", "free", "skip", "wide"]).Select(Encoding.ASCII.GetBytes)];
    private static readonly byte[][] s_marks = [[0x1A, 0x45, 0xDF, 0xA3], "RIFF"u8.ToArray(), [0x89, (byte)'P', (byte)'N', (byte)'G']];
    private static readonly string[] s_pictureNames = [".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".ppm", ".pgm"];

    /// <summary>Arguments that open a file as input and keep a hostile one from opening anything but itself.</summary>
    internal static string[] Input(string path)
    {
        // ffmpeg takes % in the name of a picture for a numbered series.
        bool series = path.Contains('%') && s_pictureNames.Contains(Path.GetExtension(path).ToLowerInvariant());
        string[] single = series ? ["-f", "image2", "-pattern_type", "none"] : [];
        return [.. s_guards, .. single, "-i", Url(path)];
    }

    /// <summary>A path as ffmpeg's file protocol takes it: a name such as <c>-i</c> or <c>http:x</c> stays a file name.</summary>
    private static string Url(string path) => "file:" + path;

    /// <summary>Returns the absolute path of a non-empty, readable file.</summary>
    /// <exception cref="MediaException">It is missing, a directory, empty or unreadable.</exception>
    internal static string Check(string path)
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
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new MediaException(
                MediaError.Unreadable, path, $"'{path}' cannot be opened: {e.Message} Give the studio's account the right to read it.", e);
        }

        return path;
    }

    /// <summary>Turns the complaint of a tool that could not open a file into one of our reasons.</summary>
    internal static MediaException Unusable(string path, string errorTail)
    {
        string detail = LastLine(errorTail);
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
