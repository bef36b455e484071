using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Studio.Accounts;
using Studio.Api;
using Studio.Data;
using Studio.Hosting;
using Studio.ModelHosting;

namespace Studio.Conversations;

/// <summary>
/// Conversations of people: what pages and API do with them. Readable by owner and administrators, and by everybody when
/// shared with the team; changed by owner and administrators. What may not be read is not found.
/// </summary>
public sealed partial class ConversationService
{
    /// <summary>Longest question, characters.</summary>
    public const int MaxQuestionLength = 20_000;

    /// <summary>Longest title, characters.</summary>
    public const int MaxTitleLength = 200;

    private readonly IDbContextFactory<StudioDb> _contexts;
    private readonly StudioFolders _folders;
    private readonly AnswerRunner _runner;
    private readonly AnswerFeed _feed;
    private readonly DeviceScheduler _scheduler;
    private readonly ModelHost _models;
    private readonly TraceStore _traces;
    private readonly TimeProvider _time;

    internal ConversationService(
        IDbContextFactory<StudioDb> contexts, StudioFolders folders, AnswerRunner runner, AnswerFeed feed, DeviceScheduler scheduler, ModelHost models,
        TraceStore traces, TimeProvider time) =>
        (_contexts, _folders, _runner, _feed, _scheduler, _models, _traces, _time) = (contexts, folders, runner, feed, scheduler, models, traces, time);

    /// <summary>An empty conversation.</summary>
    /// <exception cref="RequestException">400, 403.</exception>
    public async Task<ConversationSummary> CreateAsync(CurrentUser user, string? title = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(user);
        Access.DemandWrite(user, user.Id, "conversation");
        var conversation = NewConversation(user, title is null ? "" : CheckTitle(title));
        conversation.TitleIsAutomatic = title is null;
        var db = await _contexts.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            _ = db.Conversations.Add(conversation);
            _ = await db.SaveChangesAsync(ct).ConfigureAwait(false);
        }

        return new(conversation.Id, conversation.Title, user.Id, user.Name, conversation.Visibility, conversation.CreatedAt, conversation.UpdatedAt, 0, true, null);
    }

    /// <summary>The user's own conversations and those shared with the team, latest first.</summary>
    /// <param name="query">Words that the title or a message must contain, in any case; null or blank lists all.</param>
    /// <exception cref="RequestException">400.</exception>
    public Task<Paged<ConversationSummary>> ListAsync(CurrentUser user, string? query = null, int page = 1, int size = Paging.DefaultSize, CancellationToken ct = default) =>
        ListAsync(user, everybodys: false, query, page, size, ct);

    /// <summary>As the other, or all conversations that the user may read: an administrator's way to everybody's.</summary>
    public async Task<Paged<ConversationSummary>> ListAsync(
        CurrentUser user, bool everybodys, string? query = null, int page = 1, int size = Paging.DefaultSize, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(user);
        var (skip, take) = Paging.Check(page, size);
        var db = await _contexts.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            var found = everybodys ? db.Conversations.AsNoTracking().ReadableBy(user) : db.Conversations.AsNoTracking().ListedFor(user);
            foreach (var patterns in SearchText.Patterns(query))
            {
                found = found.Where(c => patterns.Any(p => EF.Functions.Like(c.Title, p, @"\"))
                    || c.Messages.Any(m => patterns.Any(p => EF.Functions.Like(m.Text, p, @"\"))));
            }

            var total = await found.CountAsync(ct).ConfigureAwait(false);
            var rows = await found.OrderByDescending(c => c.UpdatedAt).ThenByDescending(c => c.Id).Skip(skip).Take(take)
                .Select(c => new { Conversation = c, Questions = c.Messages.Count(m => m.Role == MessageRole.Question) }).ToListAsync(ct).ConfigureAwait(false);
            var names = await NamesAsync(db, user, rows.Select(r => r.Conversation.OwnerId), ct).ConfigureAwait(false);
            var matches = await MatchesAsync(db, query, [.. rows.Select(r => r.Conversation)], ct).ConfigureAwait(false);
            return new([.. rows.Select(r => Summary(r.Conversation, r.Questions, user, names, matches.GetValueOrDefault(r.Conversation.Id)))], total, page, size);
        }
    }

    /// <exception cref="RequestException">404.</exception>
    public async Task<ConversationView> GetAsync(CurrentUser user, string id, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(user);
        var db = await _contexts.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            var c = await ReadAsync(db, user, id, ct).ConfigureAwait(false);
            var messages = await db.Messages.AsNoTracking().Include(m => m.Media).Where(m => m.ConversationId == id)
                .OrderBy(m => m.CreatedAt).ThenBy(m => m.Id).ToListAsync(ct).ConfigureAwait(false);
            var names = await NamesAsync(db, user, [c.OwnerId], ct).ConfigureAwait(false);
            return new(
                c.Id, c.Title, c.OwnerId, names[c.OwnerId], c.Visibility, c.CreatedAt, c.UpdatedAt, Access.CanWrite(user, c.OwnerId),
                await ViewsAsync(db, messages, ct).ConfigureAwait(false));
        }
    }

    /// <summary>One message.</summary>
    /// <exception cref="RequestException">404.</exception>
    public async Task<MessageView> GetMessageAsync(CurrentUser user, string id, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(user);
        var db = await _contexts.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            var (message, _) = await ReadMessageAsync(db, user, id, ct).ConfigureAwait(false);
            return (await ViewsAsync(db, [message], ct).ConfigureAwait(false))[0];
        }
    }

    /// <exception cref="RequestException">400, 403, 404.</exception>
    public Task RenameAsync(CurrentUser user, string id, string title, CancellationToken ct = default)
    {
        title = CheckTitle(title);
        return ChangeAsync(user, id, c => (c.Title, c.TitleIsAutomatic) = (title, false), ct);
    }

    /// <exception cref="RequestException">403, 404.</exception>
    public Task SetVisibilityAsync(CurrentUser user, string id, Visibility visibility, CancellationToken ct = default) =>
        ChangeAsync(user, id, c => c.Visibility = visibility, ct);

    /// <summary>Stops what is under way in it, and deletes it with its traces.</summary>
    /// <exception cref="RequestException">403, 404.</exception>
    public async Task DeleteAsync(CurrentUser user, string id, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(user);
        var db = await _contexts.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            var conversation = await ReadAsync(db, user, id, ct).ConfigureAwait(false);
            Access.DemandWrite(user, conversation.OwnerId, "conversation");
            var answers = await db.Messages.Where(m => m.ConversationId == id && m.Role == MessageRole.Answer).Select(m => m.Id).ToListAsync(ct).ConfigureAwait(false);
            foreach (var answer in answers) _ = _runner.Stop(answer);
            _ = await db.Conversations.Where(c => c.Id == id).ExecuteDeleteAsync(ct).ConfigureAwait(false);
            foreach (var answer in answers) _traces.Delete(answer);
        }
    }

    /// <summary>Deletes a question or an answer with everything below it.</summary>
    /// <exception cref="RequestException">403, 404.</exception>
    public async Task DeleteMessageAsync(CurrentUser user, string messageId, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(user);
        var db = await _contexts.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            var (message, conversation) = await ReadMessageAsync(db, user, messageId, ct).ConfigureAwait(false);
            Access.DemandWrite(user, conversation.OwnerId, "conversation");
            var all = await db.Messages.Where(m => m.ConversationId == conversation.Id).Select(m => new { m.Id, m.ParentId }).ToListAsync(ct).ConfigureAwait(false);
            var children = all.ToLookup(m => m.ParentId, m => m.Id, StringComparer.Ordinal);
            var below = new List<string> { message.Id }; // bounded by the conversation's messages
            for (var i = 0; i < below.Count; i++) below.AddRange(children[below[i]]);
            foreach (var id in below) _ = _runner.Stop(id);
            _ = await db.Messages.Where(m => m.Id == messageId).ExecuteDeleteAsync(ct).ConfigureAwait(false);
            foreach (var id in below) _traces.Delete(id);
        }
    }

    /// <summary>Stops an answer that waits or runs; its text is kept. Does nothing to a finished one.</summary>
    /// <exception cref="RequestException">403, 404.</exception>
    public async Task StopAsync(CurrentUser user, string answerId, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(user);
        var db = await _contexts.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            var (_, conversation) = await ReadMessageAsync(db, user, answerId, ct).ConfigureAwait(false);
            Access.DemandWrite(user, conversation.OwnerId, "conversation");
        }

        _ = _runner.Stop(answerId);
    }

    /// <summary>As <see cref="AnswerFeed.WatchAsync"/>, for an answer that the user may read.</summary>
    /// <exception cref="RequestException">404, when enumerated.</exception>
    public async IAsyncEnumerable<AnswerUpdate> WatchAsync(CurrentUser user, string answerId, int offset = 0, [EnumeratorCancellation] CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(user);
        var db = await _contexts.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false)) _ = await ReadMessageAsync(db, user, answerId, ct).ConfigureAwait(false);
        await foreach (var update in _feed.WatchAsync(answerId, offset, ct).ConfigureAwait(false)) yield return update;
    }

    /// <summary>The path of an answer's trace.</summary>
    /// <exception cref="RequestException">404: no such answer, or it has no trace.</exception>
    internal async Task<string> TracePathAsync(CurrentUser user, string answerId, CancellationToken ct)
    {
        var message = await GetMessageAsync(user, answerId, ct).ConfigureAwait(false);
        var path = message.HasTrace ? _traces.PathOf(answerId) : null;
        return path is not null && File.Exists(path) ? path : throw RequestException.NotFound("trace of answer", answerId);
    }

    private static string CheckTitle(string title)
    {
        title = string.Join(' ', title.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        if (title.Length is 0 or > MaxTitleLength) throw RequestException.Invalid($"the title has {title.Length} characters; give 1 to {MaxTitleLength}");
        return title;
    }

    private static ConversationSummary Summary(Conversation c, int questions, CurrentUser user, Dictionary<string, string> names, string? match) =>
        new(c.Id, c.Title, c.OwnerId, names[c.OwnerId], c.Visibility, c.CreatedAt, c.UpdatedAt, questions, Access.CanWrite(user, c.OwnerId), match);

    private static async Task<Dictionary<string, string>> NamesAsync(StudioDb db, CurrentUser user, IEnumerable<string> ownerIds, CancellationToken ct)
    {
        var ids = ownerIds.Distinct(StringComparer.Ordinal).ToList();
        var known = await db.Users.Where(u => ids.Contains(u.Id))
            .ToDictionaryAsync(u => u.Id, u => u.DisplayName.Length > 0 ? u.DisplayName : u.UserName ?? u.Id, ct).ConfigureAwait(false);
        return ids.ToDictionary(id => id, id => known.GetValueOrDefault(id) ?? (id == user.Id ? user.Name : id), StringComparer.Ordinal);
    }

    /// <summary>Of each conversation whose title does not match by itself a piece of a message that does.</summary>
    private static async Task<Dictionary<string, string?>> MatchesAsync(StudioDb db, string? query, List<Conversation> conversations, CancellationToken ct)
    {
        var patterns = SearchText.Patterns(query).SelectMany(p => p).ToList();
        var ids = conversations.Where(c => SearchText.Excerpt(c.Title, query ?? "") is null).Select(c => c.Id).ToList();
        if (patterns.Count == 0 || ids.Count == 0) return [];
        var first = await db.Messages.Where(m => ids.Contains(m.ConversationId) && patterns.Any(p => EF.Functions.Like(m.Text, p, @"\")))
            .GroupBy(m => m.ConversationId).Select(g => new { g.Key, Id = g.Min(m => m.Id) }).ToDictionaryAsync(g => g.Key, g => g.Id, ct).ConfigureAwait(false);
        var found = first.Values.ToList();
        var texts = await db.Messages.Where(m => found.Contains(m.Id)).ToDictionaryAsync(m => m.ConversationId, m => m.Text, ct).ConfigureAwait(false);
        return texts.ToDictionary(t => t.Key, t => SearchText.Excerpt(t.Value, query!), StringComparer.Ordinal);
    }

    private static async Task<IReadOnlyList<MessageView>> ViewsAsync(StudioDb db, List<Message> messages, CancellationToken ct)
    {
        var ids = messages.SelectMany(m => m.Media).Select(m => m.VideoId).Distinct().ToList();
        var videos = await db.Videos.AsNoTracking().Where(v => ids.Contains(v.Id)).Select(v => new { v.Id, v.Kind, v.Duration }).ToDictionaryAsync(v => v.Id, ct).ConfigureAwait(false);
        return [.. messages.Select(m => new MessageView(
            m.Id, m.ParentId, m.Role, m.Text, m.CreatedAt, m.State, m.Slot, m.Batch, m.Model,
            m.SettingsJson is { } settings ? AnswerSettings.FromJson(settings) : null, m.MeasuresJson is { } measures ? AnswerMeasures.FromJson(measures) : null, m.Error, m.HasTrace,
            [.. m.Media.OrderBy(a => a.Position).Select(a => a.VideoId is { } id && videos.TryGetValue(id, out var v)
                ? new MediaView(a.Position, id, a.Name, v.Kind, v.Duration) : new MediaView(a.Position, null, a.Name, null, 0))]))];
    }

    private static async Task<Conversation> ReadAsync(StudioDb db, CurrentUser user, string id, CancellationToken ct) =>
        await db.Conversations.ReadableBy(user).FirstOrDefaultAsync(c => c.Id == id, ct).ConfigureAwait(false) ?? throw RequestException.NotFound("conversation", id);

    private static async Task<(Message Message, Conversation Conversation)> ReadMessageAsync(StudioDb db, CurrentUser user, string id, CancellationToken ct)
    {
        var message = await db.Messages.AsNoTracking().Include(m => m.Media).FirstOrDefaultAsync(m => m.Id == id, ct).ConfigureAwait(false);
        var conversation = message is null ? null
            : await db.Conversations.AsNoTracking().ReadableBy(user).FirstOrDefaultAsync(c => c.Id == message.ConversationId, ct).ConfigureAwait(false);
        return conversation is null ? throw RequestException.NotFound("message", id) : (message!, conversation);
    }

    private async Task ChangeAsync(CurrentUser user, string id, Action<Conversation> change, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(user);
        var db = await _contexts.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            var conversation = await ReadAsync(db, user, id, ct).ConfigureAwait(false);
            Access.DemandWrite(user, conversation.OwnerId, "conversation");
            change(conversation);
            _ = await db.SaveChangesAsync(ct).ConfigureAwait(false);
        }
    }

    private Conversation NewConversation(CurrentUser user, string title) => new()
    {
        Id = Ids.New(_time), OwnerId = user.Id, Title = title, CreatedAt = _time.GetUtcNow(), UpdatedAt = _time.GetUtcNow(),
    };
}
