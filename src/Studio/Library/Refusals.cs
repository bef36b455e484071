using Studio.Api;

namespace Studio.Library;

/// <summary>What the library refuses with statuses of its own; the messages say what happened, with which value, and what to do.</summary>
internal static class Refusals
{
    public static RequestException NoVideo(string id) => RequestException.NotFound("video", Shorten(id));

    public static RequestException NoUpload(string id) => RequestException.NotFound("upload", Shorten(id));

    /// <summary>The sender stopped sending.</summary>
    public static RequestException Stalled(string message) => RequestException.With(StatusCodes.Status408RequestTimeout, message);

    /// <summary>It was there and is no longer.</summary>
    public static RequestException Gone(string message) => RequestException.With(StatusCodes.Status410Gone, message);

    /// <summary>The bytes are not a video or image that the studio reads.</summary>
    public static RequestException NotMedia(string message) => RequestException.With(StatusCodes.Status422UnprocessableEntity, message);

    /// <summary>Another request is at work on it.</summary>
    public static RequestException Busy(string message) => RequestException.With(StatusCodes.Status423Locked, message);

    /// <summary>A chunk arrived with other bytes than its checksum says (tus 1.0, "checksum").</summary>
    public static RequestException Checksum(string message) => RequestException.With(460, message);

    /// <summary>The server lacks something; the request may be tried again.</summary>
    public static RequestException Unavailable(string message) => RequestException.With(StatusCodes.Status503ServiceUnavailable, message);

    public static RequestException DiskFull(string message) => RequestException.With(StatusCodes.Status507InsufficientStorage, message);

    private static string Shorten(string id) => id.Length <= 64 ? id : id[..64] + "…";
}
