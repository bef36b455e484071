using System.Buffers;
using System.Net;

namespace Studio.Engine.Checkpoints.Hub;

/// <summary>Brings the files of one pull to disk, one after the other.</summary>
internal sealed class HubDownload(
    HubTransport transport, HubOptions options, string hubId, string folder, long totalSize, IProgress<PullProgress>? progress)
{
    private const int BufferLength = 1 << 20;

    /// <summary>One transfer may be damaged on the way; a second wrong hash means the server has other bytes than it
    /// lists.</summary>
    private const int MaxWrongHashes = 2;

    private long _finishedBytes;
    private int _wrongHashes;

    /// <summary>Returns once the file is on disk under its final name, with the published size and hash.</summary>
    public async Task<PulledFile> FetchAsync(HubFile file, Uri uri, CancellationToken cancellationToken)
    {
        string final = Path.Combine(folder, file.Name);
        string part = Path.Combine(folder, file.PartName);
        if (File.Exists(final) && new FileInfo(final).Length == file.Size
            && await VerifyAsync(file, final, cancellationToken).ConfigureAwait(false) is { Problem: null } there)
        {
            return Done(file, there.Sha256);
        }

        _wrongHashes = 0;
        string sha256 = await HubRetry.RunAsync(
            options,
            () => AttemptAsync(file, uri, part, cancellationToken),
            (problem, wait) => Report(file, PullPhase.Waiting, PartLength(part),
                $"{problem}; next attempt in {wait.TotalSeconds:0.#} s"),
            cancellationToken,
            () => PartLength(part)).ConfigureAwait(false);
        File.Move(part, final, overwrite: true);
        return Done(file, sha256);
    }

    private async Task<string> AttemptAsync(HubFile file, Uri uri, string part, CancellationToken cancellationToken)
    {
        string what = $"{hubId}: {file.Name}";
        if (PartLength(part) > file.Size)
        {
            File.Delete(part);
        }

        if (PartLength(part) < file.Size || !File.Exists(part))
        {
            await DownloadAsync(file, uri, part, what, cancellationToken).ConfigureAwait(false);
        }

        (string sha256, string? problem) = await VerifyAsync(file, part, cancellationToken).ConfigureAwait(false);
        if (problem is not null)
        {
            // There is no telling which byte is wrong: start this file over.
            File.Delete(part);
            _wrongHashes++;
            throw new HubRequestException($"{what}: {problem}", mayRetry: _wrongHashes < MaxWrongHashes);
        }

        return sha256;
    }

    private async Task DownloadAsync(HubFile file, Uri uri, string part, string what, CancellationToken cancellationToken)
    {
        await using var target = new FileStream(part, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, bufferSize: 0);
        target.Seek(0, SeekOrigin.End);
        using HttpResponseMessage response = await transport.GetAsync(uri, what, target.Length, cancellationToken)
            .ConfigureAwait(false);
        Position(response, target, file, what);

        await using Stream body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferLength);
        try
        {
            long reported = 0;
            int read;
            while ((read = await HubRetry.ReadAsync(body, buffer, what, options.StallTimeout, cancellationToken)
                .ConfigureAwait(false)) > 0)
            {
                if (target.Position + read > file.Size)
                {
                    target.SetLength(0);
                    throw new HubRequestException($"{what}: expected {file.Size} bytes, found more", mayRetry: true);
                }

                await WriteAsync(target, buffer.AsMemory(0, read), what, cancellationToken).ConfigureAwait(false);
                if (target.Position - reported >= BufferLength || target.Position == file.Size)
                {
                    reported = target.Position;
                    Report(file, PullPhase.Downloading, target.Position);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (target.Position < file.Size)
        {
            throw new HubRequestException($"{what}: expected {file.Size} bytes, the server sent {target.Position}",
                mayRetry: true);
        }

        target.Flush(flushToDisk: true);
    }

    private static async Task WriteAsync(
        FileStream target, ReadOnlyMemory<byte> bytes, string what, CancellationToken cancellationToken)
    {
        try
        {
            await target.WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException exception)
        {
            throw new HubRequestException($"{what}: cannot write {target.Name} ({exception.Message}).", mayRetry: false,
                inner: exception);
        }
    }

    /// <summary>Puts the write position where the response's bytes belong, or starts over when the server ignores
    /// ranges.</summary>
    private static void Position(HttpResponseMessage response, FileStream target, HubFile file, string what)
    {
        switch (response.StatusCode)
        {
            case HttpStatusCode.PartialContent:
                long? from = response.Content.Headers.ContentRange?.From;
                long? total = response.Content.Headers.ContentRange?.Length;
                if (from != target.Length || (total is not null && total != file.Size))
                {
                    string found = response.Content.Headers.ContentRange?.ToString() ?? "no Content-Range";
                    target.SetLength(0);
                    throw new HubRequestException(
                        $"{what}: expected the bytes from {target.Length} of {file.Size}, found '{found}'", mayRetry: true);
                }

                break;
            case HttpStatusCode.RequestedRangeNotSatisfiable:
                target.SetLength(0);
                throw new HubRequestException($"{what}: the server refused to continue the partial file", mayRetry: true);
            default:
                long? length = response.Content.Headers.ContentLength;
                target.SetLength(0);
                if (length is not null && length != file.Size)
                {
                    throw new HubRequestException($"{what}: expected {file.Size} bytes, the server announces {length}",
                        mayRetry: true);
                }

                break;
        }
    }

    private async Task<(string Sha256, string? Problem)> VerifyAsync(
        HubFile file, string path, CancellationToken cancellationToken)
    {
        var hashed = new Relay(bytes => Report(file, PullPhase.Verifying, bytes));
        (string sha256, string blob) = await FileHashes.ComputeAsync(path, hashed, cancellationToken).ConfigureAwait(false);
        string? problem = file.Sha256 is not null && file.Sha256 != sha256 ? $"expected SHA-256 {file.Sha256}, found {sha256}"
            : file.BlobId is not null && file.BlobId != blob ? $"expected git blob {file.BlobId}, found {blob}"
            : null;
        return (sha256, problem);
    }

    private PulledFile Done(HubFile file, string sha256)
    {
        _finishedBytes += file.Size;
        progress?.Report(new PullProgress(file.Name, PullPhase.FileDone, file.Size, file.Size, _finishedBytes, totalSize));
        return new PulledFile(file.Name, file.Size, sha256);
    }

    private void Report(HubFile file, PullPhase phase, long bytes, string? problem = null) =>
        progress?.Report(new PullProgress(file.Name, phase, bytes, file.Size, _finishedBytes + bytes, totalSize, problem));

    private static long PartLength(string part)
    {
        var info = new FileInfo(part);
        return info.Exists ? info.Length : 0;
    }

    /// <summary>Reports on the calling thread, unlike <see cref="Progress{T}"/>, which would let reports overtake each
    /// other.</summary>
    private sealed class Relay(Action<long> report) : IProgress<long>
    {
        public void Report(long value) => report(value);
    }
}
