using Microsoft.EntityFrameworkCore;
using Studio.Accounts;
using Studio.Api;
using Studio.Data;
using Studio.Hosting;

namespace Studio.Conversations;

/// <summary>One question of a path with what was attached to it.</summary>
/// <param name="Answer">Null of the question that is being asked.</param>
internal sealed record HistoryTurn(IReadOnlyList<Video> Media, string Question, string? Answer);

/// <summary>Reads what a question stands on: the videos and the path from the first question.</summary>
internal static class QuestionReader
{
    /// <summary>Videos and images of one question.</summary>
    public const int MaxMedia = 16;

    /// <summary>Where a video's file lies.</summary>
    public static string FileOf(StudioFolders folders, Video video) => Path.Combine(folders.Videos, video.Id + video.Extension);

    /// <summary>The videos in the order of their ids.</summary>
    /// <exception cref="RequestException">400: too many; 404: one that the user may not read, or that is not there.</exception>
    public static async Task<IReadOnlyList<Video>> VideosAsync(StudioDb db, CurrentUser user, IReadOnlyList<string> ids, CancellationToken ct)
    {
        if (ids.Count > MaxMedia) throw RequestException.Invalid($"{ids.Count} videos and images are attached; a question takes {MaxMedia}");
        if (ids.Count == 0) return [];
        var found = await db.Videos.AsNoTracking().ReadableBy(user).Where(v => ids.Contains(v.Id)).ToDictionaryAsync(v => v.Id, ct).ConfigureAwait(false);
        return [.. ids.Select(id => found.GetValueOrDefault(id) ?? throw RequestException.NotFound("video", id))];
    }

    /// <summary>Questions and answers from the first question to an answer.</summary>
    /// <exception cref="RequestException">404; 409: the answer, or one before it, cannot be followed, or a video of the path was deleted.</exception>
    public static async Task<IReadOnlyList<HistoryTurn>> PathAsync(StudioDb db, CurrentUser user, string answerId, CancellationToken ct)
    {
        var conversationId = await db.Messages.Where(m => m.Id == answerId && m.Role == MessageRole.Answer).Select(m => m.ConversationId).FirstOrDefaultAsync(ct).ConfigureAwait(false);
        if (conversationId is null || !await db.Conversations.ReadableBy(user).AnyAsync(c => c.Id == conversationId, ct).ConfigureAwait(false))
        {
            throw RequestException.NotFound("answer", answerId);
        }

        // Texts of other branches stay in the database.
        var parents = await db.Messages.Where(m => m.ConversationId == conversationId).Select(m => new { m.Id, m.ParentId })
            .ToDictionaryAsync(m => m.Id, m => m.ParentId, ct).ConfigureAwait(false);
        var ids = new List<string>(); // bounded by the conversation's messages: a parent is older than its child
        for (var at = answerId; at is not null; at = parents[at]) ids.Add(at);
        var messages = await db.Messages.AsNoTracking().Include(m => m.Media).Where(m => ids.Contains(m.Id)).ToDictionaryAsync(m => m.Id, ct).ConfigureAwait(false);
        var videoIds = messages.Values.SelectMany(m => m.Media).Select(m => m.VideoId).Distinct().ToList();
        var videos = await db.Videos.AsNoTracking().Where(v => videoIds.Contains(v.Id)).ToDictionaryAsync(v => v.Id, ct).ConfigureAwait(false);
        var turns = new List<HistoryTurn>();
        for (var i = ids.Count - 1; i > 0; i -= 2)
        {
            var (question, answer) = (messages[ids[i]], messages[ids[i - 1]]);
            if (answer.State is not (AnswerState.Done or AnswerState.Stopped))
            {
                throw RequestException.Conflict(answer.State == AnswerState.Failed
                    ? "the answer before this question failed; regenerate it or ask from an earlier one"
                    : "the answer before this question is not finished; wait for it or stop it");
            }

            turns.Add(new([.. question.Media.OrderBy(m => m.Position).Select(m => VideoOf(m, videos))], question.Text, answer.Text));
        }

        return turns;
    }

    private static Video VideoOf(MessageMedia media, Dictionary<string, Video> videos) =>
        media.VideoId is { } id && videos.TryGetValue(id, out var video) ? video
            : throw RequestException.Conflict($"'{media.Name}', which an earlier question is about, was deleted: the model could not see it; begin a new conversation");
}
