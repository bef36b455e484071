using Studio.Accounts;
using Studio.Api;
using Studio.Data;

namespace Studio.Conversations;

/// <summary>Who may read and change what: owner and administrators all, everybody what is shared with the team.</summary>
internal static class Access
{
    public static IQueryable<Conversation> ReadableBy(this IQueryable<Conversation> conversations, CurrentUser user)
    {
        var (id, all) = (user.Id, user.IsAdmin);
        return conversations.Where(c => all || c.OwnerId == id || c.Visibility == Visibility.Team);
    }

    /// <summary>What a person's own list shows: an administrator's is not full of everybody's private talk. Without accounts all is one person's.</summary>
    public static IQueryable<Conversation> ListedFor(this IQueryable<Conversation> conversations, CurrentUser user)
    {
        var id = user.Id;
        return id == SingleUserHandler.UserId ? conversations : conversations.Where(c => c.OwnerId == id || c.Visibility == Visibility.Team);
    }

    public static IQueryable<Video> ReadableBy(this IQueryable<Video> videos, CurrentUser user)
    {
        var (id, all) = (user.Id, user.IsAdmin);
        return videos.Where(v => all || v.OwnerId == id || v.Visibility == Visibility.Team);
    }

    public static bool CanWrite(CurrentUser user, string ownerId) => user.IsAdmin || (user.CanWrite && user.Id == ownerId);

    /// <exception cref="RequestException">403.</exception>
    public static void DemandWrite(CurrentUser user, string ownerId, string what)
    {
        if (CanWrite(user, ownerId)) return;
        throw RequestException.Forbidden(user.CanWrite ? $"only its owner and administrators change this {what}" : "viewers read; ask an administrator for the editor role");
    }
}
