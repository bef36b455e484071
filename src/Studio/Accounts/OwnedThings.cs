using Microsoft.EntityFrameworkCore;
using Studio.Data;
using Studio.Hosting;
using Studio.Library.Thumbnails;

namespace Studio.Accounts;

/// <summary>What becomes of an account's things when the account goes.</summary>
public sealed class OwnedThings(IDbContextFactory<StudioDb> databases, StudioFolders folders, ILogger<OwnedThings> log)
{
    /// <summary>Rows deleted in one transaction, so that other writers get their turn.</summary>
    public const int Batch = 200;

    public async Task<AccountThings> CountAsync(string owner, CancellationToken ct = default)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        return new(
            await db.Videos.CountAsync(v => v.OwnerId == owner, ct),
            await db.Videos.Where(v => v.OwnerId == owner).SumAsync(v => v.Bytes, ct),
            await db.Conversations.CountAsync(c => c.OwnerId == owner, ct),
            await db.ShareLinks.CountAsync(l => l.OwnerId == owner, ct),
            await db.ApiTokens.CountAsync(t => t.OwnerId == owner, ct));
    }

    /// <summary>Gives everything of one owner to another who has nothing yet.</summary>
    internal static async Task AssignAllAsync(StudioDb db, string from, string to, CancellationToken ct)
    {
        _ = await db.Videos.Where(v => v.OwnerId == from).ExecuteUpdateAsync(s => s.SetProperty(v => v.OwnerId, to), ct);
        _ = await db.Uploads.Where(u => u.OwnerId == from).ExecuteUpdateAsync(s => s.SetProperty(u => u.OwnerId, to), ct);
        _ = await db.Conversations.Where(c => c.OwnerId == from).ExecuteUpdateAsync(s => s.SetProperty(c => c.OwnerId, to), ct);
        _ = await db.ShareLinks.Where(l => l.OwnerId == from).ExecuteUpdateAsync(s => s.SetProperty(l => l.OwnerId, to), ct);
    }

    /// <summary>Gives videos and conversations to another account. A video that both have is kept once; uploads under way, tokens and links end.</summary>
    public async Task HandOverAsync(string from, string to, CancellationToken ct = default)
    {
        await EndAccessAsync(from, ct);
        await using var db = await databases.CreateDbContextAsync(ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var twice = await db.Videos.Where(v => v.OwnerId == from)
            .Join(db.Videos.Where(v => v.OwnerId == to), v => v.ContentHash, v => v.ContentHash, (mine, theirs) => new { Mine = mine, Theirs = theirs.Id })
            .ToListAsync(ct);
        foreach (var pair in twice)
        {
            _ = await db.MessageMedia.Where(m => m.VideoId == pair.Mine.Id).ExecuteUpdateAsync(s => s.SetProperty(m => m.VideoId, pair.Theirs), ct);
            _ = await db.Videos.Where(v => v.Id == pair.Mine.Id).ExecuteDeleteAsync(ct);
        }

        _ = await db.Videos.Where(v => v.OwnerId == from).ExecuteUpdateAsync(s => s.SetProperty(v => v.OwnerId, to), ct);
        _ = await db.Conversations.Where(c => c.OwnerId == from).ExecuteUpdateAsync(s => s.SetProperty(c => c.OwnerId, to), ct);
        await transaction.CommitAsync(ct);
        foreach (var pair in twice) DeleteFiles(pair.Mine);
    }

    /// <summary>Deletes everything of an owner: rows first, so that nothing points to a file that is gone.</summary>
    public async Task DeleteAsync(string owner, CancellationToken ct = default)
    {
        await EndAccessAsync(owner, ct);
        await using var db = await databases.CreateDbContextAsync(ct);
        while (await db.Conversations.Where(c => c.OwnerId == owner).Select(c => c.Id).Take(Batch).ToListAsync(ct) is { Count: > 0 } conversations)
        {
            var traces = await db.Messages.Where(m => conversations.Contains(m.ConversationId) && m.HasTrace).Select(m => m.Id).ToListAsync(ct);
            _ = await db.ShareLinks.Where(l => l.Target == ShareTarget.Conversation && conversations.Contains(l.TargetId)).ExecuteDeleteAsync(ct);
            _ = await db.Conversations.Where(c => conversations.Contains(c.Id)).ExecuteDeleteAsync(ct);
            foreach (var trace in traces) Delete(Path.Combine(folders.Traces, $"{trace}.json.gz"));
        }

        while (await db.Videos.AsNoTracking().Where(v => v.OwnerId == owner).Take(Batch).ToListAsync(ct) is { Count: > 0 } videos)
        {
            var ids = videos.Select(v => v.Id).ToList();
            _ = await db.ShareLinks.Where(l => l.Target == ShareTarget.Video && ids.Contains(l.TargetId)).ExecuteDeleteAsync(ct);
            _ = await db.Videos.Where(v => ids.Contains(v.Id)).ExecuteDeleteAsync(ct);
            foreach (var video in videos) DeleteFiles(video);
        }
    }

    /// <summary>Ends uploads under way, tokens and links of an owner.</summary>
    private async Task EndAccessAsync(string owner, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        var uploads = await db.Uploads.Where(u => u.OwnerId == owner).Select(u => u.Id).ToListAsync(ct);
        _ = await db.Uploads.Where(u => u.OwnerId == owner).ExecuteDeleteAsync(ct);
        _ = await db.ApiTokens.Where(t => t.OwnerId == owner).ExecuteDeleteAsync(ct);
        _ = await db.ShareLinks.Where(l => l.OwnerId == owner).ExecuteDeleteAsync(ct);
        foreach (var upload in uploads) Delete(Path.Combine(folders.Uploads, $"{upload}.part"));
    }

    private void DeleteFiles(Video video)
    {
        Delete(Path.Combine(folders.Videos, video.Id + video.Extension));
        Delete(() => new ThumbnailFiles(folders).Remove(video.Id), video.Id);
    }

    private void Delete(string file) => Delete(() => File.Delete(file), file);

    /// <summary>A file that cannot be deleted must not keep the account alive.</summary>
    private void Delete(Action delete, string path)
    {
        try
        {
            delete();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.LogWarning("{File} of a deleted account is still there: {Reason}", Path.GetFileName(path), e.Message);
        }
    }
}
