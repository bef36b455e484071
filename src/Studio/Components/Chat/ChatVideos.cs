using Microsoft.EntityFrameworkCore;
using Studio.Accounts;
using Studio.Api;
using Studio.Conversations;
using Studio.Data;

namespace Studio.Components.Chat;

/// <summary>A video or image of the library, as the chat shows it.</summary>
/// <param name="Duration">Seconds; 0 for an image.</param>
/// <param name="Thumbnails">Pictures of its strip; none while they are made, or where none could be.</param>
/// <param name="FramesPerSecond">0 for an image.</param>
public sealed record ChatVideo(string Id, string Name, VideoKind Kind, double Duration, int Thumbnails, double FramesPerSecond, int Width, int Height)
{
    public string ContentAddress => $"api/v1/videos/{Id}/content";

    /// <summary>A small picture; null while there is none.</summary>
    public string? PosterAddress => Thumbnails > 0 ? $"api/v1/videos/{Id}/poster" : null;

    public string ThumbnailAddress(int number) => $"api/v1/videos/{Id}/thumbnails/{number}";
}

/// <summary>Looks videos up for the chat: only what the person may read.</summary>
public sealed class ChatVideos(IDbContextFactory<StudioDb> databases)
{
    /// <summary>Latest first.</summary>
    /// <param name="query">Part of the name or a tag, in any case.</param>
    public async Task<Paged<ChatVideo>> ListAsync(CurrentUser user, string? query, int page, int size, CancellationToken ct)
    {
        var (skip, take) = Paging.Check(page, size);
        var db = await databases.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using var _ = db.ConfigureAwait(false);
        var videos = db.Videos.AsNoTracking().ReadableBy(user);
        if (!string.IsNullOrWhiteSpace(query))
        {
            var pattern = $"%{Escape(query.Trim())}%";
            videos = videos.Where(v => EF.Functions.Like(v.Name, pattern, "\\") || v.Tags.Any(t => EF.Functions.Like(t.Tag, pattern, "\\")));
        }

        var total = await videos.CountAsync(ct).ConfigureAwait(false);
        var items = await Select(videos.OrderByDescending(v => v.CreatedAt).ThenByDescending(v => v.Id).Skip(skip).Take(take)).ToListAsync(ct).ConfigureAwait(false);
        return new(items, total, page, size);
    }

    /// <summary>In the order asked for; what is not there or may not be read is left out.</summary>
    public async Task<IReadOnlyList<ChatVideo>> FindAsync(CurrentUser user, IReadOnlyCollection<string> ids, CancellationToken ct)
    {
        if (ids.Count == 0) return [];
        var db = await databases.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using var _ = db.ConfigureAwait(false);
        var wanted = ids.ToArray();
        var found = await Select(db.Videos.AsNoTracking().ReadableBy(user).Where(v => wanted.Contains(v.Id))).ToDictionaryAsync(v => v.Id, ct).ConfigureAwait(false);
        return [.. ids.Distinct().Where(found.ContainsKey).Select(id => found[id])];
    }

    private static IQueryable<ChatVideo> Select(IQueryable<Video> videos) =>
        videos.Select(v => new ChatVideo(v.Id, v.Name, v.Kind, v.Duration, v.Thumbnails, v.FramesPerSecond, v.Width, v.Height));

    private static string Escape(string text) =>
        text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal);
}
