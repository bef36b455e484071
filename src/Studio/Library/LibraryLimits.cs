using Studio.Hosting;

namespace Studio.Library;

/// <summary>The bounds of the library: what may come in, how long it may take, how much is kept.</summary>
public sealed record LibraryLimits
{
    /// <summary>Largest file, bytes.</summary>
    public long MaxUploadBytes { get; init; } = 16L << 30;

    /// <summary>Bytes of videos and open uploads of one user.</summary>
    public long UserQuotaBytes { get; init; } = 200L << 30;

    /// <summary>Longest video, seconds.</summary>
    public double MaxVideoSeconds { get; init; } = 24 * 3600;

    /// <summary>Bytes of the disk that stay free.</summary>
    public long DiskReserveBytes { get; init; } = 256L << 20;

    /// <summary>Time after its last byte that an unfinished upload is kept.</summary>
    public TimeSpan UploadLifetime { get; init; } = TimeSpan.FromHours(48);

    /// <summary>Uploads one user may have unfinished at once.</summary>
    public int MaxOpenUploads { get; init; } = 200;

    /// <summary>Longest wait for the next byte of a request's body; then the request ends and its bytes are kept.</summary>
    public TimeSpan BodyStall { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Longest wait for a request that still writes the same upload to let go.</summary>
    public TimeSpan LockWait { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest time the last request of an upload waits for the file to be checked; the check goes on without it.</summary>
    public TimeSpan FinishWait { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Files checked (hashed, probed) at once.</summary>
    public int MaxFinishing { get; init; } = 2;

    /// <summary>Imports that copy at once.</summary>
    public int MaxImports { get; init; } = 2;

    /// <summary>Hashes of unfinished uploads kept in memory; one that is dropped is computed again from the file.</summary>
    public int MaxRunningHashes { get; init; } = 256;

    /// <summary>Characters of an upload's metadata header.</summary>
    public int MaxMetadataLength { get; init; } = 4096;

    /// <summary>Pictures of a thumbnail strip.</summary>
    public int StripPictures { get; init; } = 24;

    /// <summary>Longest side of a picture of the strip, pixels.</summary>
    public int StripBox { get; init; } = 240;

    /// <summary>Longest side of the picture that stands for a video, pixels.</summary>
    public int PosterBox { get; init; } = 640;

    /// <summary>Time between two rounds of removing what expired.</summary>
    public TimeSpan CleanupInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Age at which a file that no row names is removed; younger ones may belong to work under way.</summary>
    public TimeSpan OrphanAge { get; init; } = TimeSpan.FromHours(1);

    public static LibraryLimits From(StudioOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new() { MaxUploadBytes = options.MaxUploadBytes, UserQuotaBytes = options.UserQuotaBytes, MaxVideoSeconds = options.MaxVideoSeconds };
    }
}

/// <summary>Free bytes of the disk that holds a folder.</summary>
internal class DiskSpace
{
    public virtual long Free(string folder) => new DriveInfo(folder).AvailableFreeSpace;
}
