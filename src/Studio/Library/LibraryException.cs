namespace Studio.Library;

/// <summary>Why the library refuses. The API answers with the matching status.</summary>
public enum LibraryError
{
    /// <summary>No such thing, or not for this user: the two look the same.</summary>
    NotFound,

    /// <summary>May be seen but not changed by this user.</summary>
    Forbidden,

    /// <summary>A value cannot be used.</summary>
    Invalid,

    /// <summary>The file is larger than one may be.</summary>
    TooLarge,

    /// <summary>The user's space is used up.</summary>
    Quota,

    /// <summary>The server's disk is full.</summary>
    DiskFull,

    /// <summary>A chunk arrived with other bytes than its checksum says.</summary>
    Checksum,

    /// <summary>The bytes are not a video or image that the studio reads.</summary>
    NotMedia,

    /// <summary>The thing is in another state than the request supposes.</summary>
    Conflict,

    /// <summary>Somebody else is at work on it.</summary>
    Busy,

    /// <summary>The sender stopped sending.</summary>
    Stalled,

    /// <summary>It was there and is no longer.</summary>
    Gone,

    /// <summary>The server lacks something; the request may be tried again.</summary>
    Unavailable,
}

/// <summary>A request the library refuses. The message says what happened, with which value, and what to do.</summary>
public sealed class LibraryException(LibraryError error, string message, Exception? inner = null) : Exception(message, inner)
{
    public LibraryError Error { get; } = error;

    internal int Status => Error switch
    {
        LibraryError.NotFound => StatusCodes.Status404NotFound,
        LibraryError.Forbidden => StatusCodes.Status403Forbidden,
        LibraryError.TooLarge or LibraryError.Quota => StatusCodes.Status413PayloadTooLarge,
        LibraryError.DiskFull => StatusCodes.Status507InsufficientStorage,
        LibraryError.Checksum => 460, // tus 1.0, "checksum"
        LibraryError.NotMedia => StatusCodes.Status422UnprocessableEntity,
        LibraryError.Conflict => StatusCodes.Status409Conflict,
        LibraryError.Busy => StatusCodes.Status423Locked,
        LibraryError.Stalled => StatusCodes.Status408RequestTimeout,
        LibraryError.Gone => StatusCodes.Status410Gone,
        LibraryError.Unavailable => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status400BadRequest,
    };

    internal static LibraryException NoVideo(string id) => new(LibraryError.NotFound, $"there is no video '{id}'; it may have been deleted");

    internal static LibraryException NoUpload(string id) => new(LibraryError.NotFound, $"there is no upload '{id}'; it may have expired: start it again");
}
