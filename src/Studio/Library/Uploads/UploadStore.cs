using System.Collections.Concurrent;
using System.IO.Pipelines;
using Microsoft.EntityFrameworkCore;
using Studio.Api;
using Studio.Data;
using Studio.Hosting;
using Studio.Observability;

namespace Studio.Library.Uploads;

/// <summary>
/// Uploads under way: rows in the database, bytes in part files. Everything an upload needs to go on after a restart of the
/// server is in these two.
/// </summary>
internal sealed class UploadStore(
    IDbContextFactory<StudioDb> databases, StudioFolders folders, LibraryLimits limits, DiskSpace disk, VideoIntake intake, LibraryEvents events, TimeProvider time, ILogger<UploadStore> log,
    StudioMetrics? metrics = null)
    : IAsyncDisposable
{
    private readonly UploadLocks _locks = new();
    private readonly RunningHashes _hashes = new(limits.MaxRunningHashes);
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Checks under way, at most one an upload.</summary>
    private readonly ConcurrentDictionary<string, Lazy<Task<Upload>>> _finishing = new();

    /// <summary>Takes an upload on.</summary>
    /// <param name="ownerId">Whose it is.</param>
    /// <param name="name">The file's name, cleaned.</param>
    /// <param name="length">Bytes in all.</param>
    /// <param name="metadata">As the client sent it.</param>
    /// <exception cref="RequestException">It is empty or too large, or there is no room for it.</exception>
    public async Task<UploadStatus> CreateAsync(string ownerId, string name, long length, string metadata, CancellationToken ct)
    {
        if (length <= 0) throw RequestException.Invalid($"'{name}' has {length} bytes; choose a file with content");
        if (length > limits.MaxUploadBytes) throw RequestException.TooLarge($"'{name}' has {length} bytes, above the limit of {limits.MaxUploadBytes} a file; cut or re-encode it");
        if (length > disk.Free(folders.Uploads) - limits.DiskReserveBytes) throw Refusals.DiskFull($"'{name}' has {length} bytes, more than the server's disk has free; delete videos or ask an administrator for space");
        var now = time.GetUtcNow();
        var upload = new Upload { Id = Ids.New(time), OwnerId = ownerId, Name = name, Length = length, Metadata = metadata, CreatedAt = now, ExpiresAt = now + limits.UploadLifetime };
        var db = await databases.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            // A writing transaction from its first statement: two uploads at once cannot both take the last room.
            var transaction = await db.Database.BeginTransactionAsync(ct).ConfigureAwait(false);
            await using (transaction.ConfigureAwait(false))
            {
                var open = Open(db, ownerId, now);
                var count = await open.CountAsync(ct).ConfigureAwait(false);
                if (count >= limits.MaxOpenUploads) throw RequestException.TooLarge($"{count} uploads are unfinished, the most a person may have; finish or cancel some");
                var used = await UsedAsync(db, ownerId, now, ct).ConfigureAwait(false);
                if (used.Total + length > limits.UserQuotaBytes)
                {
                    throw RequestException.TooLarge($"'{name}' has {length} bytes, but {used.Total} of your {limits.UserQuotaBytes} are in use; delete videos or cancel uploads");
                }

                _ = db.Add(upload);
                _ = await db.SaveChangesAsync(ct).ConfigureAwait(false);
                await transaction.CommitAsync(ct).ConfigureAwait(false);
            }
        }

        return UploadStatus.Of(upload, 0);
    }

    /// <summary>Bytes of the owner's videos and of the uploads that are under way, which count in full.</summary>
    public static async Task<(long Videos, long Uploads, long Total)> UsedAsync(StudioDb db, string ownerId, DateTimeOffset now, CancellationToken ct)
    {
        var videos = await db.Videos.Where(v => v.OwnerId == ownerId).SumAsync(v => v.Bytes, ct).ConfigureAwait(false);
        var uploads = await Open(db, ownerId, now).SumAsync(u => u.Length, ct).ConfigureAwait(false);
        return (videos, uploads, videos + uploads);
    }

    /// <summary>An upload of this owner.</summary>
    /// <exception cref="RequestException">There is none, or it has expired.</exception>
    public async Task<UploadStatus> GetAsync(string ownerId, string id, CancellationToken ct)
    {
        var upload = await RowAsync(ownerId, id, ct).ConfigureAwait(false);
        return UploadStatus.Of(upload, Offset(upload));
    }

    /// <summary>As <see cref="GetAsync"/>, after the request that may still be writing has ended: its number stands.</summary>
    public async Task<UploadStatus> GetSettledAsync(string ownerId, string id, CancellationToken ct)
    {
        var status = await GetAsync(ownerId, id, ct).ConfigureAwait(false);
        if (status.State != UploadState.Receiving) return status;
        using var held = await _locks.AcquireAsync(id, limits.LockWait, ct).ConfigureAwait(false);
        return await GetAsync(ownerId, id, ct).ConfigureAwait(false);
    }

    /// <summary>The owner's uploads that are under way or were refused, newest first; ended ones are in the library.</summary>
    public async Task<IReadOnlyList<UploadStatus>> ListAsync(string ownerId, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var db = await databases.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            var rows = await db.Uploads.AsNoTracking().Where(u => u.OwnerId == ownerId && u.VideoId == null && u.ExpiresAt > now)
                .OrderByDescending(u => u.CreatedAt).Take(2 * limits.MaxOpenUploads).ToListAsync(ct).ConfigureAwait(false);
            return [.. rows.Select(u => UploadStatus.Of(u, Offset(u)))];
        }
    }

    /// <summary>Appends a body at an offset. What arrives is kept when the body breaks off.</summary>
    /// <param name="offset">Where the sender believes the upload stands.</param>
    /// <param name="announced">Bytes the sender says will come; null when it does not say.</param>
    /// <param name="progress">Told the number of bytes that are there, after each piece.</param>
    /// <exception cref="RequestException">The offset is another one, too much is announced or comes, the checksum does not match,
    /// the sender stalls, or another request takes the upload over.</exception>
    public async Task<UploadStatus> AppendAsync(
        string ownerId, string id, long offset, long? announced, PipeReader body, ChunkChecksum? checksum, CancellationToken ct, Action<long>? progress = null)
    {
        using var held = await _locks.AcquireAsync(id, limits.LockWait, ct).ConfigureAwait(false);
        var upload = await RowAsync(ownerId, id, ct).ConfigureAwait(false);
        if (upload.Error is not null) throw Refusals.Gone(upload.Error);
        var at = upload.VideoId is not null ? upload.Length : Offset(upload);
        if (offset != at) throw RequestException.Conflict($"the upload stands at {at} of {upload.Length} bytes, not at {offset}; ask for its offset and go on from there");
        if (announced > upload.Length - at) throw RequestException.TooLarge($"{announced} bytes at {at} go beyond the upload's {upload.Length}");
        if (at == upload.Length) return UploadStatus.Of(upload, at);
        at = await ReceiveAsync(upload, at, body, checksum, progress, held.Interrupted, ct).ConfigureAwait(false);
        return UploadStatus.Of(upload, at);
    }

    /// <summary>Checks a complete upload and puts it into the library; a check under way is joined.</summary>
    /// <param name="ct">Ends the waiting, not the check.</param>
    /// <returns>Done or refused; still checking when the wait took longer than the limit.</returns>
    /// <exception cref="RequestException">The server cannot look into files now; the upload is kept.</exception>
    public async Task<UploadStatus> FinishAsync(string ownerId, string id, CancellationToken ct)
    {
        var upload = await RowAsync(ownerId, id, ct).ConfigureAwait(false);
        if (upload.VideoId is not null || upload.Error is not null) return UploadStatus.Of(upload, upload.Length);
        var check = Start(upload);
        try
        {
            return UploadStatus.Of(await check.WaitAsync(limits.FinishWait, time, ct).ConfigureAwait(false), upload.Length);
        }
        catch (TimeoutException)
        {
            return UploadStatus.Of(upload, upload.Length);
        }
    }

    /// <summary>Ends an upload and deletes its bytes. A video it has become stays.</summary>
    /// <exception cref="RequestException">There is none, or it is being checked and the wait was too long.</exception>
    public async Task DeleteAsync(string ownerId, string id, CancellationToken ct)
    {
        _ = await RowAsync(ownerId, id, ct).ConfigureAwait(false);
        using var held = await _locks.AcquireAsync(id, limits.LockWait, ct).ConfigureAwait(false);
        await RemoveAsync([id]).ConfigureAwait(false);
        events.Raise(ownerId);
    }

    /// <summary>Goes on with checks that a stop of the server, or a missing tool, left undone.</summary>
    public async Task ResumeChecksAsync(CancellationToken ct)
    {
        foreach (var upload in await RowsAsync(u => u.VideoId == null && u.Error == null, ct).ConfigureAwait(false))
        {
            var part = intake.Part(upload.Id);
            if (PartFile.Length(part) < upload.Length && !intake.IsMoved(upload.Id, part)) continue;
            try
            {
                _ = await Start(upload).WaitAsync(ct).ConfigureAwait(false);
            }
            catch (Exception e) when (e is RequestException or IOException)
            {
                log.LogWarning("The upload {Id} waits to be checked: {Reason}", upload.Id, e.Message);
            }
        }
    }

    /// <summary>Removes uploads past their time.</summary>
    /// <returns>How many.</returns>
    public async Task<int> ExpireAsync(CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var expired = await RowsAsync(u => u.ExpiresAt <= now, ct).ConfigureAwait(false);
        foreach (var upload in expired)
        {
            if (_finishing.ContainsKey(upload.Id)) continue;
            using var held = await _locks.AcquireAsync(upload.Id, limits.LockWait, ct).ConfigureAwait(false);
            await RemoveAsync([upload.Id]).ConfigureAwait(false);
        }

        return expired.Count;
    }

    /// <summary>Ends checks under way; they are taken up at the next start.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        foreach (var check in _finishing.Values) await ((Task)check.Value).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _hashes.Dispose();
        _stopping.Dispose();
    }

    private static IQueryable<Upload> Open(StudioDb db, string ownerId, DateTimeOffset now) =>
        db.Uploads.Where(u => u.OwnerId == ownerId && u.VideoId == null && u.Error == null && u.ExpiresAt > now);

    private long Offset(Upload upload) => Math.Min(upload.Length, PartFile.Length(intake.Part(upload.Id)));

    private async Task<long> ReceiveAsync(Upload upload, long at, PipeReader body, ChunkChecksum? checksum, Action<long>? progress, CancellationToken interrupted, CancellationToken ct)
    {
        using var stall = new CancellationTokenSource(limits.BodyStall, time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(ct, interrupted, stall.Token, _stopping.Token);
        var hash = _hashes.Take(upload.Id, at);
        var started = at;
        try
        {
            await PartFile.AppendAsync(intake.Part(upload.Id), at, upload.Length - at, body, hash, checksum, Advance, end.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (interrupted.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            throw Refusals.Busy($"another request took over upload '{upload.Id}' at {at} bytes");
        }
        catch (OperationCanceledException) when (stall.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            throw Refusals.Stalled($"nothing arrived for {limits.BodyStall.TotalSeconds:0} s; {at} of {upload.Length} bytes are kept, resume from there");
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            throw Refusals.Unavailable($"the server is stopping; {at} of {upload.Length} bytes are kept, resume later");
        }
        finally
        {
            // Bytes that were removed again are still in the hash: then the file is read at the end.
            if (hash is not null && at > started) _hashes.Keep(upload.Id, at, hash);
            else hash?.Dispose();
            if (at != started) await TouchAsync(upload).ConfigureAwait(false);
        }

        return at;

        void Advance(long to)
        {
            if (to > at) metrics?.UploadReceived(to - at);
            at = to;
            progress?.Invoke(at);
            stall.CancelAfter(limits.BodyStall);
        }
    }

    private async Task TouchAsync(Upload upload)
    {
        upload.ExpiresAt = time.GetUtcNow() + limits.UploadLifetime;
        var db = await databases.CreateDbContextAsync().ConfigureAwait(false);
        await using (db.ConfigureAwait(false)) _ = await db.Uploads.Where(u => u.Id == upload.Id).ExecuteUpdateAsync(s => s.SetProperty(u => u.ExpiresAt, upload.ExpiresAt)).ConfigureAwait(false);
    }

    private Task<Upload> Start(Upload upload) => _finishing.GetOrAdd(upload.Id, _ => new(() => Task.Run(() => CheckAsync(upload)))).Value;

    private async Task<Upload> CheckAsync(Upload upload)
    {
        try
        {
            using var held = await _locks.AcquireAsync(upload.Id, limits.LockWait, _stopping.Token).ConfigureAwait(false);
            // Another check may have ended since the row was read.
            var now = await RowAsync(upload.OwnerId, upload.Id, _stopping.Token).ConfigureAwait(false);
            return now.VideoId is not null || now.Error is not null ? now
                : await intake.FinishAsync(now, _hashes.Take(now.Id, now.Length), _stopping.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            throw Refusals.Unavailable($"the server is stopping; '{upload.Name}' is complete and will be checked at the next start");
        }
        finally
        {
            _ = _finishing.TryRemove(upload.Id, out _);
        }
    }

    private async Task RemoveAsync(string[] ids)
    {
        foreach (var id in ids)
        {
            _hashes.Forget(id);
            File.Delete(intake.Part(id));
        }

        var db = await databases.CreateDbContextAsync().ConfigureAwait(false);
        await using (db.ConfigureAwait(false)) _ = await db.Uploads.Where(u => ids.Contains(u.Id)).ExecuteDeleteAsync().ConfigureAwait(false);
    }

    private async Task<Upload> RowAsync(string ownerId, string id, CancellationToken ct)
    {
        if (!Ids.IsValid(id)) throw Refusals.NoUpload(id);
        var db = await databases.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            var upload = await db.Uploads.AsNoTracking().SingleOrDefaultAsync(u => u.Id == id && u.OwnerId == ownerId, ct).ConfigureAwait(false) ?? throw Refusals.NoUpload(id);
            return upload.ExpiresAt > time.GetUtcNow() ? upload : throw Refusals.Gone($"the upload '{id}' expired at {upload.ExpiresAt:u}; start it again");
        }
    }

    private async Task<List<Upload>> RowsAsync(System.Linq.Expressions.Expression<Func<Upload, bool>> which, CancellationToken ct)
    {
        var db = await databases.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false)) return await db.Uploads.AsNoTracking().Where(which).OrderBy(u => u.CreatedAt).Take(1000).ToListAsync(ct).ConfigureAwait(false);
    }
}
