namespace Studio.Engine.Video;

/// <summary>Why a media file could not be used. A page shows its message; code decides on this value.</summary>
public enum MediaError
{
    /// <summary>ffmpeg or ffprobe is not installed, or not where STUDIO_FFMPEG says.</summary>
    ToolMissing,

    /// <summary>No file at the path.</summary>
    NotFound,

    /// <summary>The path is a directory.</summary>
    IsDirectory,

    /// <summary>The file has no bytes.</summary>
    Empty,

    /// <summary>The file cannot be opened (permissions, locked).</summary>
    Unreadable,

    /// <summary>Not a video or image container that the studio accepts.</summary>
    NotMedia,

    /// <summary>A media file without a picture stream, for example a song.</summary>
    NoVideo,

    /// <summary>The file ends before the data that its header promises.</summary>
    Truncated,

    /// <summary>The file, its duration, its pictures or the memory they need are above the configured limit.</summary>
    TooLarge,

    /// <summary>The decoder reported an error.</summary>
    DecodeFailed,

    /// <summary>ffmpeg or ffprobe did not answer in time.</summary>
    TimedOut,

    /// <summary>A video could not be written.</summary>
    EncodeFailed,
}

/// <summary>A media file that cannot be used. The message is one sentence with the path, the cause and what to do.</summary>
public sealed class MediaException : Exception
{
    public MediaException(MediaError reason, string path, string message, Exception? inner = null)
        : base(message, inner)
    {
        Reason = reason;
        Path = path;
    }

    public MediaError Reason { get; }

    /// <summary>The file the error is about, or the tool when <see cref="Reason"/> is <see cref="MediaError.ToolMissing"/>.</summary>
    public string Path { get; }
}
