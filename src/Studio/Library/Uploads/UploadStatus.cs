using Studio.Data;

namespace Studio.Library.Uploads;

public enum UploadState
{
    /// <summary>Bytes are missing.</summary>
    Receiving,

    /// <summary>All bytes are there; they are being hashed and looked into.</summary>
    Checking,

    /// <summary>It is in the library.</summary>
    Done,

    /// <summary>It did not get in; the error says why.</summary>
    Refused,
}

/// <summary>An upload as its owner sees it.</summary>
/// <param name="Length">Bytes in all.</param>
/// <param name="Offset">Bytes that are there.</param>
/// <param name="VideoId">The video it became, or the one with the same content that was there before.</param>
/// <param name="Error">Why it was refused.</param>
/// <param name="Metadata">As the client sent it.</param>
public sealed record UploadStatus(
    string Id, string Name, long Length, long Offset, UploadState State, string? VideoId, string? Error, string Metadata, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt)
{
    internal static UploadStatus Of(Upload upload, long offset)
    {
        var state = upload.VideoId is not null ? UploadState.Done
            : upload.Error is not null ? UploadState.Refused
            : offset >= upload.Length ? UploadState.Checking
            : UploadState.Receiving;
        // The file is gone once the upload has ended, one way or the other.
        return new(upload.Id, upload.Name, upload.Length, state is UploadState.Done or UploadState.Refused ? upload.Length : offset, state, upload.VideoId, upload.Error, upload.Metadata, upload.CreatedAt, upload.ExpiresAt);
    }
}
