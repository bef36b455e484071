using Microsoft.EntityFrameworkCore;
using Studio.Accounts;
using Studio.Api;
using Studio.Conversations;
using Studio.Data;
using Studio.Hosting;
using Studio.Library.Uploads;

namespace Studio.Library;

/// <summary>The videos and images of this studio: finding, changing and deleting them. Pages, API and command line all go through here.</summary>
public sealed class VideoLibrary(IDbContextFactory<StudioDb> databases, StudioFolders folders, LibraryLimits limits, LibraryEvents events, TimeProvider time, ILogger<VideoLibrary> log)
{
    /// <summary>Videos that one call may change or delete together.</summary>
    public const int MaxTogether = 200;

    /// <summary>Tags that a list of tags names.</summary>
    public const int MaxTagsListed = 500;

    /// <summary>Where a video's bytes are.</summary>
    public string File(Video video)
    {
        ArgumentNullException.ThrowIfNull(video);
        return Path.Combine(folders.Videos, video.Id + video.Extension);
    }

    /// <exception cref="RequestException">400.</exception>
    public async Task<Paged<VideoView>> ListAsync(CurrentUser user, VideoQuery query, int page = 1, int size = Paging.DefaultSize, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(user);
        ArgumentNullException.ThrowIfNull(query);
        var (skip, take) = Paging.Check(page, size);
        var db = await databases.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            var found = Matching(db, user, query);
            var total = await found.CountAsync(ct).ConfigureAwait(false);
            var rows = await Sorted(found, query.Sort).Skip(skip).Take(take).Include(v => v.Tags).AsSplitQuery().ToListAsync(ct).ConfigureAwait(false);
            return new(await ViewsAsync(db, user, rows, ct).ConfigureAwait(false), total, page, size);
        }
    }

    /// <exception cref="RequestException">404.</exception>
    public async Task<VideoView> GetAsync(CurrentUser user, string id, CancellationToken ct = default)
    {
        var db = await databases.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            return (await ViewsAsync(db, user, [await ReadAsync(db, user, id, ct).ConfigureAwait(false)], ct).ConfigureAwait(false))[0];
        }
    }

    /// <summary>The row itself, for work on its bytes.</summary>
    /// <exception cref="RequestException">404.</exception>
    public async Task<Video> FindAsync(CurrentUser user, string id, CancellationToken ct = default)
    {
        var db = await databases.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false)) return await ReadAsync(db, user, id, ct).ConfigureAwait(false);
    }

    /// <exception cref="RequestException">400, 403, 404.</exception>
    public async Task<VideoView> ChangeAsync(CurrentUser user, string id, VideoChange change, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(change);
        var name = change.Name is null ? null : FileNames.Chosen(change.Name);
        var tags = change.Tags is null ? null : FileNames.Tags(change.Tags);
        if (change.Visibility is { } wanted && !Enum.IsDefined(wanted)) throw RequestException.Invalid($"visibility '{wanted}' is neither private nor team");
        await WriteAsync(user, [id], (_, video) =>
        {
            video.Name = name ?? video.Name;
            video.Visibility = change.Visibility ?? video.Visibility;
            if (tags is not null) SetTags(video, tags);
        }, ct).ConfigureAwait(false);
        return await GetAsync(user, id, ct).ConfigureAwait(false);
    }

    /// <summary>Adds and removes tags of several videos; what a video has beside them stays.</summary>
    /// <exception cref="RequestException">400, 403, 404; then nothing is changed.</exception>
    public async Task TagAsync(CurrentUser user, IReadOnlyList<string> ids, IReadOnlyList<string> add, IReadOnlyList<string> remove, CancellationToken ct = default)
    {
        var (more, less) = (FileNames.Tags(add), FileNames.Tags(remove));
        await WriteAsync(user, ids, (_, video) => SetTags(video, FileNames.Tags(video.Tags.Select(t => t.Tag).Except(less).Union(more))), ct).ConfigureAwait(false);
    }

    /// <summary>What deleting a video would take something from.</summary>
    /// <exception cref="RequestException">400, 403, 404.</exception>
    public async Task<Dependents> DependentsAsync(CurrentUser user, IReadOnlyList<string> ids, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(user);
        var db = await databases.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            var videos = (await WritableAsync(db, user, ids, ct).ConfigureAwait(false)).Select(v => v.Id).ToArray();
            var using_ = db.Conversations.Where(c => c.Messages.Any(m => m.Media.Any(a => a.VideoId != null && videos.Contains(a.VideoId))));
            var named = await using_.ReadableBy(user).OrderByDescending(c => c.UpdatedAt).Take(Dependents.Shown)
                .Select(c => new DependentConversation(c.Id, c.Title, c.OwnerId, c.UpdatedAt)).ToListAsync(ct).ConfigureAwait(false);
            return new(
                named,
                await using_.CountAsync(ct).ConfigureAwait(false),
                await db.ShareLinks.CountAsync(l => l.Target == ShareTarget.Video && videos.Contains(l.TargetId), ct).ConfigureAwait(false));
        }
    }

    /// <summary>Deletes videos with their pictures and links. Conversations keep their text, and the names of what was attached.</summary>
    /// <exception cref="RequestException">400, 403, 404; then nothing is deleted.</exception>
    public async Task DeleteAsync(CurrentUser user, IReadOnlyList<string> ids, CancellationToken ct = default)
    {
        List<Video> videos;
        var db = await databases.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            var transaction = await db.Database.BeginTransactionAsync(ct).ConfigureAwait(false);
            await using (transaction.ConfigureAwait(false))
            {
                videos = await WritableAsync(db, user, ids, ct).ConfigureAwait(false);
                var found = videos.Select(v => v.Id).ToArray();
                _ = await db.ShareLinks.Where(l => l.Target == ShareTarget.Video && found.Contains(l.TargetId)).ExecuteDeleteAsync(ct).ConfigureAwait(false);
                _ = await db.Videos.Where(v => found.Contains(v.Id)).ExecuteDeleteAsync(ct).ConfigureAwait(false);
                await transaction.CommitAsync(ct).ConfigureAwait(false);
            }
        }

        // Rows first: a file without a row is found and removed later, a row without a file would be a broken video.
        foreach (var video in videos) DeleteFiles(video);
        foreach (var owner in videos.Select(v => v.OwnerId).Distinct()) events.Raise(owner);
    }

    /// <summary>Tags of the videos that the user may see, the most used first.</summary>
    public async Task<IReadOnlyList<TagUse>> TagsAsync(CurrentUser user, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(user);
        var db = await databases.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            return await db.Videos.ReadableBy(user).SelectMany(v => v.Tags).GroupBy(t => t.Tag).Select(g => new { Tag = g.Key, Count = g.Count() })
                .OrderByDescending(g => g.Count).ThenBy(g => g.Tag).Take(MaxTagsListed).Select(g => new TagUse(g.Tag, g.Count)).ToListAsync(ct).ConfigureAwait(false);
        }
    }

    public async Task<Usage> UsageAsync(CurrentUser user, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(user);
        var db = await databases.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            var used = await UploadStore.UsedAsync(db, user.Id, time.GetUtcNow(), ct).ConfigureAwait(false);
            return new(await db.Videos.CountAsync(v => v.OwnerId == user.Id, ct).ConfigureAwait(false), used.Videos, used.Uploads, limits.UserQuotaBytes, limits.MaxUploadBytes);
        }
    }

    private static IQueryable<Video> Matching(StudioDb db, CurrentUser user, VideoQuery query)
    {
        var found = db.Videos.AsNoTracking().ReadableBy(user);
        if (query.Mine) found = found.Where(v => v.OwnerId == user.Id);
        if (query.Kind is { } kind) found = found.Where(v => v.Kind == kind);
        if (query.Tag is { Length: > 0 } tag)
        {
            var whole = tag.Trim().ToLowerInvariant();
            found = found.Where(v => v.Tags.Any(t => t.Tag == whole));
        }

        foreach (var patterns in SearchText.Patterns(query.Text))
        {
            found = found.Where(v => patterns.Any(p => EF.Functions.Like(v.Name, p, @"\")) || v.Tags.Any(t => patterns.Any(p => EF.Functions.Like(t.Tag, p, @"\"))));
        }

        return found;
    }

    /// <summary>Ties are broken by the identifier, so that pages never overlap.</summary>
    private static IOrderedQueryable<Video> Sorted(IQueryable<Video> videos, VideoSort sort) => (sort switch
    {
        VideoSort.Oldest => videos.OrderBy(v => v.CreatedAt),
        VideoSort.Name => videos.OrderBy(v => EF.Functions.Collate(v.Name, "NOCASE")),
        VideoSort.Longest => videos.OrderByDescending(v => v.Duration),
        VideoSort.Largest => videos.OrderByDescending(v => v.Bytes),
        _ => videos.OrderByDescending(v => v.CreatedAt),
    }).ThenByDescending(v => v.Id);

    private static async Task<Video> ReadAsync(StudioDb db, CurrentUser user, string id, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(user);
        return await db.Videos.AsNoTracking().Include(v => v.Tags).ReadableBy(user).SingleOrDefaultAsync(v => v.Id == id, ct).ConfigureAwait(false) ?? throw Refusals.NoVideo(id);
    }

    private static async Task<List<Video>> WritableAsync(StudioDb db, CurrentUser user, IReadOnlyList<string> ids, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(user);
        ArgumentNullException.ThrowIfNull(ids);
        string[] wanted = [.. ids.Distinct(StringComparer.Ordinal)];
        if (wanted.Length is 0 or > MaxTogether) throw RequestException.Invalid($"{wanted.Length} videos are named; give 1 to {MaxTogether}");
        var videos = await db.Videos.Include(v => v.Tags).ReadableBy(user).Where(v => wanted.Contains(v.Id)).ToListAsync(ct).ConfigureAwait(false);
        if (wanted.Except(videos.Select(v => v.Id)).FirstOrDefault() is { } missing) throw Refusals.NoVideo(missing);
        foreach (var video in videos) Access.DemandWrite(user, video.OwnerId, "video");
        return videos;
    }

    private static void SetTags(Video video, string[] tags)
    {
        _ = video.Tags.RemoveAll(t => !tags.Contains(t.Tag));
        foreach (var tag in tags.Except(video.Tags.Select(t => t.Tag)).ToList()) video.Tags.Add(new() { VideoId = video.Id, Tag = tag });
    }

    private static async Task<IReadOnlyList<VideoView>> ViewsAsync(StudioDb db, CurrentUser user, IReadOnlyList<Video> videos, CancellationToken ct)
    {
        string[] owners = [.. videos.Select(v => v.OwnerId).Distinct()];
        var names = await db.Users.Where(u => owners.Contains(u.Id)).ToDictionaryAsync(u => u.Id, u => u.DisplayName, ct).ConfigureAwait(false);
        return
        [
            .. videos.Select(v => new VideoView(
                v.Id, v.Name, v.Kind, v.Visibility, v.OwnerId, v.OwnerId == user.Id ? user.Name : names.GetValueOrDefault(v.OwnerId, "deleted account"), Access.CanWrite(user, v.OwnerId),
                v.OriginalName, MediaInspector.ContentType(v.Extension), v.Bytes, v.ContentHash, v.Duration, v.Width, v.Height, v.FramesPerSecond, v.FrameCount, v.Codec, v.Thumbnails, v.CreatedAt,
                [.. v.Tags.Select(t => t.Tag).Order(StringComparer.Ordinal)])),
        ];
    }

    private async Task WriteAsync(CurrentUser user, IReadOnlyList<string> ids, Action<StudioDb, Video> change, CancellationToken ct)
    {
        List<Video> videos;
        var db = await databases.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            var transaction = await db.Database.BeginTransactionAsync(ct).ConfigureAwait(false);
            await using (transaction.ConfigureAwait(false))
            {
                videos = await WritableAsync(db, user, ids, ct).ConfigureAwait(false);
                foreach (var video in videos) change(db, video);
                _ = await db.SaveChangesAsync(ct).ConfigureAwait(false);
                await transaction.CommitAsync(ct).ConfigureAwait(false);
            }
        }

        foreach (var owner in videos.Select(v => v.OwnerId).Distinct()) events.Raise(owner);
    }

    private void DeleteFiles(Video video)
    {
        try
        {
            System.IO.File.Delete(File(video));
            var pictures = Path.Combine(folders.Thumbnails, video.Id);
            if (Directory.Exists(pictures)) Directory.Delete(pictures, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.LogWarning("Files of the deleted video {Id} are still there and will be removed later: {Reason}", video.Id, e.Message);
        }
    }
}
