using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Studio.Accounts;
using Studio.Data;

namespace Studio.Inspect;

/// <summary>
/// The conversation's rule: its owner, administrators, and everyone where it is shared with the team. A video of somebody
/// else that is not shared stays unseen even in a conversation that is.
/// </summary>
internal sealed class DatabaseAnswerAccess(IDbContextFactory<StudioDb> databases) : IAnswerAccess
{
    public async Task<InspectableAnswer?> FindAsync(CurrentUser user, string answerId, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(user);
        if (!Ids.IsValid(answerId)) return null;
        await using var db = await databases.CreateDbContextAsync(ct);
        if (await ReadableAsync(db, user, answerId, ct) is not { } found) return null;
        var (answer, conversation) = found;
        var questions = await QuestionsUpToAsync(db, answer, ct);
        var attached = await db.MessageMedia.AsNoTracking().Where(m => questions.Contains(m.MessageId)).ToListAsync(ct);
        var videoIds = attached.Select(m => m.VideoId).OfType<string>().Distinct().ToArray();
        var videos = await Visible(db.Videos.AsNoTracking(), user).Where(v => videoIds.Contains(v.Id)).ToDictionaryAsync(v => v.Id, ct);
        var media = attached.OrderBy(m => questions.IndexOf(m.MessageId)).ThenBy(m => m.Position).Select(m =>
            m.VideoId is { } id && videos.TryGetValue(id, out var video)
                ? new InspectableMedia(m.Name, id, video.Id + video.Extension, video.ContentHash)
                : new InspectableMedia(m.Name, null, null, null));
        var question = await db.Messages.Where(m => m.Id == answer.ParentId).Select(m => m.Text).FirstOrDefaultAsync(ct) ?? "";
        return new(answer.Id, conversation.Id, conversation.Title, question, answer.Text, answer.Model ?? "", answer.CreatedAt, answer.HasTrace, [.. media]);
    }

    public async Task<IReadOnlyList<AnswerChoice>> OthersAsync(CurrentUser user, string answerId, int most, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(user);
        if (!Ids.IsValid(answerId)) return [];
        await using var db = await databases.CreateDbContextAsync(ct);
        if (await ReadableAsync(db, user, answerId, ct) is not { } found) return [];
        var answer = found.Answer;
        var others = await (from m in db.Messages
                            join q in db.Messages on m.ParentId equals q.Id
                            where m.ConversationId == answer.ConversationId && m.Role == MessageRole.Answer && m.HasTrace && m.Id != answerId
                            orderby m.ParentId == answer.ParentId descending, m.CreatedAt descending, m.Id
                            select new { m.Id, m.ParentId, Question = q.Text, m.Model, m.MeasuresJson, m.CreatedAt }).Take(most).ToListAsync(ct);
        return [.. others.Select(o => new AnswerChoice(o.Id, o.ParentId == answer.ParentId, o.Question, o.Model ?? "", CompressionOf(o.MeasuresJson), o.CreatedAt))];
    }

    private static async Task<(Message Answer, Conversation Conversation)?> ReadableAsync(StudioDb db, CurrentUser user, string answerId, CancellationToken ct)
    {
        var found = await (from m in db.Messages.AsNoTracking()
                           join c in db.Conversations.AsNoTracking() on m.ConversationId equals c.Id
                           where m.Id == answerId && m.Role == MessageRole.Answer && (user.IsAdmin || c.OwnerId == user.Id || c.Visibility == Visibility.Team)
                           select new { Message = m, Conversation = c }).FirstOrDefaultAsync(ct);
        return found is null ? null : (found.Message, found.Conversation);
    }

    private static IQueryable<Video> Visible(IQueryable<Video> videos, CurrentUser user) =>
        user.IsAdmin ? videos : videos.Where(v => v.OwnerId == user.Id || v.Visibility == Visibility.Team);

    /// <summary>The questions from the conversation's beginning to an answer, in order: their media are those of its prompt.</summary>
    private static async Task<List<string>> QuestionsUpToAsync(StudioDb db, Message answer, CancellationToken ct)
    {
        var messages = await db.Messages.Where(m => m.ConversationId == answer.ConversationId)
            .Select(m => new { m.Id, m.ParentId, m.Role }).ToDictionaryAsync(m => m.Id, ct);
        var questions = new List<string>(); // bounded by the conversation's messages: a parent is older than its child
        for (var at = answer.ParentId; at is not null && messages.TryGetValue(at, out var message); at = message.ParentId)
        {
            if (message.Role == MessageRole.Question) questions.Add(message.Id);
            if (questions.Count > messages.Count) break; // a circle: not a tree, so nothing to follow
        }

        questions.Reverse();
        return questions;
    }

    /// <summary>The compression that an answer's measures name.</summary>
    private static string? CompressionOf(string? measures)
    {
        if (measures is null) return null;
        try
        {
            using var json = JsonDocument.Parse(measures);
            return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("compression", out var name) && name.ValueKind == JsonValueKind.String ? name.GetString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
