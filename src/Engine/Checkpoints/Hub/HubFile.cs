using System.Security.Cryptography;
using System.Text;

namespace Studio.Engine.Checkpoints.Hub;

/// <summary>One file of a model repository at a fixed commit.</summary>
/// <param name="Name">Name without folder.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Sha256">SHA-256 in lower-case hex of a large file; null for small ones.</param>
/// <param name="BlobId">Git blob id (SHA-1 in lower-case hex) of a small file; null when the hub does not say.</param>
public sealed record HubFile(string Name, long Size, string? Sha256, string? BlobId)
{
    /// <summary>The repository's folder it lies in; empty for the top one.</summary>
    public string Folder { get; init; } = "";

    /// <summary>Path within the repository, each part escaped for a URL.</summary>
    internal string UrlPath => Folder.Length == 0 ? Uri.EscapeDataString(Name) : $"{Uri.EscapeDataString(Folder)}/{Uri.EscapeDataString(Name)}";

    /// <summary>Identifies the content, so that a partial file of another revision is never continued.</summary>
    internal string ContentId => Sha256 ?? BlobId ?? $"{Size}";

    /// <summary>Name of the partial download beside the final file.</summary>
    internal string PartName => $"{Name}.{ContentId[..Math.Min(16, ContentId.Length)]}.part";
}

/// <summary>A file as it lies on disk after a pull.</summary>
/// <param name="Name">File name.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Sha256">SHA-256 of the bytes on disk, lower-case hex.</param>
public sealed record PulledFile(string Name, long Size, string Sha256);

/// <summary>Outcome of a pull.</summary>
/// <param name="HubId">OWNER/NAME or OWNER/NAME/FOLDER, as asked for.</param>
/// <param name="Commit">The commit all files are from.</param>
/// <param name="Folder">Absolute folder.</param>
/// <param name="Files">Sorted by name.</param>
public sealed record PullResult(string HubId, string Commit, string Folder, IReadOnlyList<PulledFile> Files);

/// <summary>What a pull is doing.</summary>
public enum PullPhase
{
    /// <summary>Bytes are arriving.</summary>
    Downloading,

    /// <summary>Waiting before another attempt.</summary>
    Waiting,

    /// <summary>Hashing what is on disk.</summary>
    Verifying,

    /// <summary>A file is complete.</summary>
    FileDone,
}

/// <summary>Progress of a pull, in bytes.</summary>
/// <param name="File">Current file.</param>
/// <param name="Phase">What is being done with it.</param>
/// <param name="FileBytes">Bytes of it on disk (or hashed).</param>
/// <param name="FileSize">Its size.</param>
/// <param name="TotalBytes">Bytes on disk of all files.</param>
/// <param name="TotalSize">Size of all files.</param>
/// <param name="Problem">Why it is waiting, when it is.</param>
public sealed record PullProgress(
    string File, PullPhase Phase, long FileBytes, long FileSize, long TotalBytes, long TotalSize, string? Problem = null);

/// <summary>Content hashes of files on disk.</summary>
internal static class FileHashes
{
    private const int BufferLength = 1 << 20;

    /// <summary>SHA-256 and the git blob id (SHA-1 over "blob SIZE\0" and the bytes), both in lower-case hex.</summary>
    public static async Task<(string Sha256, string BlobId)> ComputeAsync(
        string path, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        await using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0,
            useAsync: false);
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        // Git's own object id: an identity the hub publishes, not a protection.
#pragma warning disable CA5350
        using var sha1 = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
#pragma warning restore CA5350
        bool small = stream.Length <= HubClient.MaxSmallFile;
        sha1.AppendData(Encoding.ASCII.GetBytes($"blob {stream.Length}\0"));
        var buffer = new byte[BufferLength];
        long done = 0;
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            sha256.AppendData(buffer, 0, read);
            if (small)
            {
                sha1.AppendData(buffer, 0, read);
            }

            done += read;
            progress?.Report(done);
        }

        string blob = small ? Convert.ToHexStringLower(sha1.GetHashAndReset()) : "";
        return (Convert.ToHexStringLower(sha256.GetHashAndReset()), blob);
    }
}
