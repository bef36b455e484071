using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Studio.Api;
using Studio.Data;
using Studio.Engine.Video;
using Studio.Hosting;
using Studio.Library.Uploads;

namespace Studio.Library;

/// <summary>
/// Turns the complete bytes of an upload into a video: duplicate or not, media or not, then a name of its own and a row. A
/// video has its upload's identifier, so that a stop of the server in the middle can be mended at the next start.
/// </summary>
internal sealed class VideoIntake(IDbContextFactory<StudioDb> databases, StudioFolders folders, MediaInspector inspector, LibraryLimits limits, LibraryEvents events, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _turns = new(limits.MaxFinishing);

    public string Part(string uploadId) => Path.Combine(folders.Uploads, uploadId + ".part");

    /// <summary>Looks into the file and ends the upload: <see cref="Upload.VideoId"/> or <see cref="Upload.Error"/> is set, and the part file is gone.</summary>
    /// <param name="upload">Its row; all bytes are in its file.</param>
    /// <param name="hash">SHA-256 state of the whole file where it is known; disposed here.</param>
    /// <param name="ct">Ends the work; the upload stays as it was.</param>
    /// <exception cref="RequestException">503: the server cannot look into files now; the upload stays as it was.</exception>
    public async Task<Upload> FinishAsync(Upload upload, IncrementalHash? hash, CancellationToken ct)
    {
        await _turns.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            var part = Part(upload.Id);
            if (await RecoverAsync(upload.Id, part).ConfigureAwait(false)) return await EndAsync(upload, upload.Id, error: null, part).ConfigureAwait(false);
            hash ??= await PartFile.HashAsync(part, ct).ConfigureAwait(false);
            var content = Convert.ToHexStringLower(hash.GetHashAndReset());
            if (await FindAsync(upload.OwnerId, content, ct).ConfigureAwait(false) is { } known) return await EndAsync(upload, known, error: null, part).ConfigureAwait(false);
            try
            {
                var facts = await inspector.InspectAsync(part, ct).ConfigureAwait(false);
                return await EndAsync(upload, await KeepAsync(upload, facts, content, part).ConfigureAwait(false), error: null, part).ConfigureAwait(false);
            }
            catch (MediaException e) when (e.Reason is MediaError.ToolMissing or MediaError.NotFound or MediaError.Unreadable)
            {
                throw Refusals.Unavailable($"'{upload.Name}' has arrived but cannot be looked into: {e.Message}");
            }
            catch (MediaException e)
            {
                // The message is about a path of the server; to its sender the file has a name.
                return await EndAsync(upload, videoId: null, e.Message.Replace(part, upload.Name, StringComparison.Ordinal), part).ConfigureAwait(false);
            }
        }
        finally
        {
            hash?.Dispose();
            _ = _turns.Release();
        }
    }

    public void Dispose() => _turns.Dispose();

    /// <summary>Whether the file already has its final name: the server stopped before the upload's end was written down.</summary>
    public bool IsMoved(string id, string part) => !File.Exists(part) && Moved(id) is not null;

    private string? Moved(string id) => Directory.EnumerateFiles(folders.Videos, id + ".*").FirstOrDefault();

    /// <summary>Mends such a stop. True when the video is in the library; else its file is back where it was.</summary>
    private async Task<bool> RecoverAsync(string id, string part)
    {
        if (File.Exists(part) || Moved(id) is not { } moved) return false;
        var db = await databases.CreateDbContextAsync().ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            if (await db.Videos.AnyAsync(v => v.Id == id).ConfigureAwait(false)) return true;
        }

        File.Move(moved, part);
        return false;
    }

    private async Task<string?> FindAsync(string ownerId, string content, CancellationToken ct)
    {
        var db = await databases.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            return await FindAsync(db, ownerId, content, ct).ConfigureAwait(false);
        }
    }

    private static Task<string?> FindAsync(StudioDb db, string ownerId, string content, CancellationToken ct) =>
        db.Videos.Where(v => v.OwnerId == ownerId && v.ContentHash == content).Select(v => v.Id).FirstOrDefaultAsync(ct);

    /// <summary>Not cancelled: from here on the video is either in the library or not.</summary>
    private async Task<string> KeepAsync(Upload upload, MediaFacts facts, string content, string part)
    {
        var video = new Video
        {
            Id = upload.Id,
            OwnerId = upload.OwnerId,
            Kind = facts.Kind,
            Name = FileNames.Title(upload.Name),
            OriginalName = upload.Name,
            Extension = facts.Extension,
            Bytes = new FileInfo(part).Length,
            ContentHash = content,
            Duration = facts.Duration,
            Width = facts.Width,
            Height = facts.Height,
            FramesPerSecond = facts.FramesPerSecond,
            FrameCount = facts.FrameCount,
            Codec = facts.Codec,
            CreatedAt = time.GetUtcNow(),
        };
        PartFile.Flush(part);
        var file = Path.Combine(folders.Videos, video.Id + video.Extension);
        var db = await databases.CreateDbContextAsync().ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            // A writing transaction from its first statement: the same content that comes in twice at once is stored once.
            var transaction = await db.Database.BeginTransactionAsync().ConfigureAwait(false);
            await using (transaction.ConfigureAwait(false))
            {
                if (await FindAsync(db, upload.OwnerId, content, CancellationToken.None).ConfigureAwait(false) is { } other) return other;
                _ = db.Add(video);
                _ = await db.SaveChangesAsync().ConfigureAwait(false);
                File.Move(part, file);
                try
                {
                    await transaction.CommitAsync().ConfigureAwait(false);
                }
                catch
                {
                    File.Move(file, part);
                    throw;
                }
            }
        }

        return video.Id;
    }

    private async Task<Upload> EndAsync(Upload upload, string? videoId, string? error, string part)
    {
        (upload.VideoId, upload.Error, upload.ExpiresAt) = (videoId, error, time.GetUtcNow() + limits.UploadLifetime);
        var db = await databases.CreateDbContextAsync().ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            _ = await db.Uploads.Where(u => u.Id == upload.Id)
                .ExecuteUpdateAsync(s => s.SetProperty(u => u.VideoId, videoId).SetProperty(u => u.Error, error).SetProperty(u => u.ExpiresAt, upload.ExpiresAt)).ConfigureAwait(false);
        }

        File.Delete(part);
        events.Raise(upload.OwnerId);
        return upload;
    }
}
