using Microsoft.EntityFrameworkCore;
using Studio.Api;
using Studio.Benchmarks.Evaluation.Tasks;
using Studio.Boards;
using Studio.Data;
using Studio.Hosting;

namespace Studio.Accounts;

/// <param name="Title">Of what is shared.</param>
public sealed record ShareView(string Id, ShareTarget Target, string TargetId, string Title, DateTimeOffset CreatedAt);

/// <param name="Path">Of the link, below the studio's address; it is shown this once.</param>
public sealed record NewShare(ShareView Share, string Path);

/// <summary>Links that let anyone who has one read a conversation, a video, an evaluation or a leaderboard.</summary>
public sealed class ShareService(IDbContextFactory<StudioDb> databases, AccountStates states, ResultsService results, StudioOptions options, TimeProvider time)
{
    /// <summary>Links of one account.</summary>
    public const int MaxPerOwner = 500;

    /// <summary>The kind of thing in words.</summary>
    public static string What(ShareTarget target) => target switch
    {
        ShareTarget.Conversation => "conversation",
        ShareTarget.Video => "video",
        ShareTarget.Run => "run",
        _ => "leaderboard",
    };

    /// <exception cref="RequestException">There is no such thing, it belongs to somebody else, or there are too many links.</exception>
    public async Task<NewShare> CreateAsync(CurrentUser user, ShareTarget target, string id, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(user);
        await using var db = await databases.CreateDbContextAsync(ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var found = await FindTargetAsync(db, target, id, ct);
        var what = What(target);
        if (found is not { } thing || !(thing.OwnerId == user.Id || user.IsAdmin || thing.Visibility == Visibility.Team))
            throw RequestException.NotFound(what, AccountRules.Shorten(id));
        if (!(user.IsAdmin || (user.CanWrite && thing.OwnerId == user.Id)))
        {
            throw RequestException.Forbidden(target == ShareTarget.Board ? "A leaderboard shows everybody's runs: only administrators can share it beyond the team."
                : $"This {what} belongs to somebody else: only its owner and administrators can share it beyond the team.");
        }

        if (await db.ShareLinks.CountAsync(l => l.OwnerId == user.Id, ct) >= MaxPerOwner)
            throw RequestException.Conflict($"There are {MaxPerOwner} share links, the limit of an account: revoke one first.");
        var secret = Secrets.New();
        var link = new ShareLink { Id = Ids.New(time), OwnerId = user.Id, Target = target, TargetId = id, SecretHash = Secrets.Hash(secret), CreatedAt = time.GetUtcNow() };
        _ = db.ShareLinks.Add(link);
        _ = await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return new(new(link.Id, target, id, thing.Title, link.CreatedAt), $"s/{secret}");
    }

    /// <summary>Links of one thing that the user may revoke, newest first; at most <see cref="MaxPerOwner"/>.</summary>
    public async Task<IReadOnlyList<ShareView>> ListAsync(CurrentUser user, ShareTarget target, string id, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(user);
        await using var db = await databases.CreateDbContextAsync(ct);
        if (await FindTargetAsync(db, target, id, ct) is not { } thing) return [];
        var all = user.IsAdmin || thing.OwnerId == user.Id;
        return await db.ShareLinks.Where(l => l.Target == target && l.TargetId == id && (all || l.OwnerId == user.Id))
            .OrderByDescending(l => l.CreatedAt).Take(MaxPerOwner).Select(l => new ShareView(l.Id, l.Target, l.TargetId, thing.Title, l.CreatedAt)).ToListAsync(ct);
    }

    /// <summary>The user's own links, newest first.</summary>
    /// <param name="page">From 1.</param>
    public async Task<Paged<ShareView>> ListOwnAsync(CurrentUser user, int page = 1, int size = Paging.DefaultSize, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(user);
        var (skip, take) = Paging.Check(page, size);
        await using var db = await databases.CreateDbContextAsync(ct);
        var own = db.ShareLinks.Where(l => l.OwnerId == user.Id);
        var total = await own.CountAsync(ct);
        var items = await own.OrderByDescending(l => l.CreatedAt).Skip(skip).Take(take)
            .Select(l => new ShareView(
                l.Id, l.Target, l.TargetId,
                (l.Target == ShareTarget.Video
                    ? db.Videos.Where(v => v.Id == l.TargetId).Select(v => v.Name).FirstOrDefault()
                    : l.Target == ShareTarget.Run || l.Target == ShareTarget.Board ? null : db.Conversations.Where(c => c.Id == l.TargetId).Select(c => c.Title).FirstOrDefault()) ?? "",
                l.CreatedAt))
            .ToListAsync(ct);
        for (var i = 0; i < items.Count; i++)
        {
            if (items[i].Target is ShareTarget.Run or ShareTarget.Board) items[i] = items[i] with { Title = (await FindTargetAsync(db, items[i].Target, items[i].TargetId, ct))?.Title ?? "" };
        }

        return new(items, total, page, size);
    }

    /// <summary>Ends a link at once.</summary>
    /// <exception cref="RequestException">There is no such link, or it is not the user's to end.</exception>
    public async Task RevokeAsync(CurrentUser user, string id, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(user);
        await using var db = await databases.CreateDbContextAsync(ct);
        var link = await db.ShareLinks.FirstOrDefaultAsync(l => l.Id == id, ct);
        if (link is null || !(user.IsAdmin || link.OwnerId == user.Id || (await FindTargetAsync(db, link.Target, link.TargetId, ct))?.OwnerId == user.Id))
            throw RequestException.NotFound("share link", AccountRules.Shorten(id));
        _ = await db.ShareLinks.Where(l => l.Id == id).ExecuteDeleteAsync(ct);
    }

    /// <summary>What the secret of a link opens; null where it was revoked, never existed, or its maker's account is closed.</summary>
    public async Task<SharedThing?> OpenAsync(string? secret, CancellationToken ct = default)
    {
        if (!Secrets.HasForm(secret)) return null;
        await using var db = await databases.CreateDbContextAsync(ct);
        var hash = Secrets.Hash(secret!);
        var link = await db.ShareLinks.AsNoTracking().FirstOrDefaultAsync(l => l.SecretHash == hash, ct);
        if (link is null || !Secrets.Matches(secret!, link.SecretHash) || !await IsOpenAsync(link.OwnerId, ct)) return null;
        return link.Target switch
        {
            ShareTarget.Video => await VideoAsync(db, link, ct),
            ShareTarget.Conversation => await ConversationAsync(db, link, ct),
            _ => await ResultAsync(link, ct),
        };
    }

    /// <summary>No video goes with a run or a leaderboard: those are shared one by one.</summary>
    private async Task<SharedThing?> ResultAsync(ShareLink link, CancellationToken ct)
    {
        try
        {
            if (link.Target == ShareTarget.Board && await results.BoardAsync(link.TargetId, all: false, ct) is var board) return new(link, board.Title, [], []) { Board = board };
            var run = await results.GetAsync(link.TargetId, ct);
            return new(link, Title(run), [], []) { Run = run };
        }
        catch (RequestException)
        {
            return null; // deleted since
        }
    }

    private static string Title(Benchmarks.Records.Run run) => $"{run.Task}, {run.Model}";

    private static async Task<SharedThing?> VideoAsync(StudioDb db, ShareLink link, CancellationToken ct) =>
        await db.Videos.AsNoTracking().FirstOrDefaultAsync(v => v.Id == link.TargetId, ct) is { } video ? new(link, video.Name, [], [video]) : null;

    private static async Task<SharedThing?> ConversationAsync(StudioDb db, ShareLink link, CancellationToken ct)
    {
        var conversation = await db.Conversations.AsNoTracking().FirstOrDefaultAsync(c => c.Id == link.TargetId, ct);
        if (conversation is null) return null;
        var messages = await db.Messages.AsNoTracking().Include(m => m.Media.OrderBy(x => x.Position)).Where(m => m.ConversationId == conversation.Id)
            .OrderBy(m => m.CreatedAt).ThenBy(m => m.Id).ToListAsync(ct);
        var turns = SharedThing.Line(messages);
        // A link to a conversation opens its owner's videos; what others lent to it stays theirs.
        var attached = turns.SelectMany(t => t.Question.Media).Select(m => m.VideoId).OfType<string>().Distinct().ToList();
        var videos = await db.Videos.AsNoTracking().Where(v => attached.Contains(v.Id) && v.OwnerId == conversation.OwnerId).ToListAsync(ct);
        return new(link, conversation.Title, turns, videos);
    }

    private async Task<(string OwnerId, Visibility Visibility, string Title)?> FindTargetAsync(StudioDb db, ShareTarget target, string id, CancellationToken ct)
    {
        if (target == ShareTarget.Board) return await results.HasBoardAsync(id, ct) ? ("", Visibility.Team, TaskCatalog.TryGet(id, out var task) ? task.Title : id) : null;
        if (target == ShareTarget.Run) return await results.FindAsync(id, ct) is { } run ? (run.OwnerId, Visibility.Team, Title(run)) : null;
        var found = await (target == ShareTarget.Video
            ? db.Videos.Where(v => v.Id == id).Select(v => new { v.OwnerId, v.Visibility, Title = v.Name })
            : db.Conversations.Where(c => c.Id == id).Select(c => new { c.OwnerId, c.Visibility, c.Title })).FirstOrDefaultAsync(ct);
        return found is null ? null : (found.OwnerId, found.Visibility, found.Title);
    }

    private async ValueTask<bool> IsOpenAsync(string owner, CancellationToken ct) =>
        owner == SingleUserHandler.UserId ? options.SingleUser : await states.GetAsync(owner, ct) is { IsOpen: true };
}
