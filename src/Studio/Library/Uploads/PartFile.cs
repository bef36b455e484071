using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Studio.Api;

namespace Studio.Library.Uploads;

/// <summary>The bytes of an upload that have arrived. The file's length is the offset; nothing else records it.</summary>
internal static class PartFile
{
    /// <summary>Bytes that are there; 0 without a file.</summary>
    public static long Length(string path) => new FileInfo(path) is { Exists: true } file ? file.Length : 0;

    /// <summary>Appends what a body brings, segment by segment as it arrives: memory does not grow with its length.</summary>
    /// <param name="path">The file; made when it is not there.</param>
    /// <param name="offset">Its length; the first byte goes here.</param>
    /// <param name="room">Bytes that may come.</param>
    /// <param name="body">Read to its end.</param>
    /// <param name="hash">Hash of the file up to <paramref name="offset"/>; takes the new bytes in.</param>
    /// <param name="checksum">Of the new bytes; on a mismatch they are removed again.</param>
    /// <param name="progress">Told the file's length after each write; also when the body breaks off.</param>
    /// <param name="ct">Ends the reading; what arrived is kept.</param>
    /// <exception cref="RequestException">More bytes than there is room for (none is kept), a checksum that does not match, or a full disk.</exception>
    public static async Task AppendAsync(
        string path, long offset, long room, PipeReader body, IncrementalHash? hash, ChunkChecksum? checksum, Action<long> progress, CancellationToken ct)
    {
        using var file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, FileOptions.Asynchronous);
        var at = offset;
        var segments = new List<ReadOnlyMemory<byte>>();
        // Not by the token of ReadAsync: a request's reader would be left in the middle of a read, and could not be drained.
        using var end = ct.UnsafeRegister(static reader => ((PipeReader)reader!).CancelPendingRead(), body);
        while (true)
        {
            var read = await body.ReadAsync(CancellationToken.None).ConfigureAwait(false);
            var buffer = read.Buffer;
            if (buffer.Length > offset + room - at)
            {
                body.AdvanceTo(buffer.End);
                Truncate(file, offset, progress);
                throw RequestException.TooLarge($"the request brings more than the {room} bytes that are missing; none of it was kept");
            }

            await WriteAsync(file, buffer, at, segments).ConfigureAwait(false);
            foreach (var segment in buffer)
            {
                hash?.AppendData(segment.Span);
                checksum?.Append(segment.Span);
            }

            at += buffer.Length;
            if (buffer.Length > 0) progress(at);
            body.AdvanceTo(buffer.End);
            if (read.IsCompleted) break;
            ct.ThrowIfCancellationRequested();
        }

        if (checksum?.Matches() != false) return;
        Truncate(file, offset, progress);
        throw Refusals.Checksum($"the {at - offset} bytes from {offset} do not match their checksum and were thrown away; send them again");
    }

    /// <summary>SHA-256 of a whole file, read in blocks.</summary>
    public static async Task<IncrementalHash> HashAsync(string path, CancellationToken ct)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.Asynchronous | FileOptions.SequentialScan);
        var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var block = ArrayPool<byte>.Shared.Rent(256 * 1024);
        try
        {
            long at = 0;
            int read;
            while ((read = await RandomAccess.ReadAsync(file, block, at, ct).ConfigureAwait(false)) > 0)
            {
                hash.AppendData(block, 0, read);
                at += read;
            }

            return hash;
        }
        catch
        {
            hash.Dispose();
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    /// <summary>Makes sure that the bytes are on the disk before the file gets its final name.</summary>
    public static void Flush(string path)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        RandomAccess.FlushToDisk(file);
    }

    private static async ValueTask WriteAsync(SafeFileHandle file, ReadOnlySequence<byte> buffer, long at, List<ReadOnlyMemory<byte>> segments)
    {
        segments.Clear();
        foreach (var segment in buffer)
        {
            if (segment.Length > 0) segments.Add(segment);
        }

        if (segments.Count == 0) return;
        try
        {
            // Not cancelled midway: bytes that have arrived are kept.
            await RandomAccess.WriteAsync(file, segments, at, CancellationToken.None).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw Refusals.DiskFull($"the server cannot store more: {e.Message} Free space on its disk, then resume the upload");
        }
    }

    private static void Truncate(SafeFileHandle file, long length, Action<long> progress)
    {
        RandomAccess.SetLength(file, length);
        progress(length);
    }
}
