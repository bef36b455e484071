using Microsoft.EntityFrameworkCore;
using Studio.Accounts;
using Studio.Api;
using Studio.Cli;
using Studio.Data;
using Studio.Engine.Chat;
using Studio.Engine.Tokenization;
using Studio.ModelHosting;

namespace Studio.Conversations;

/// <content>Asking: questions, answers and their order in the line.</content>
public sealed partial class ConversationService
{
    private const int AutomaticTitleLength = 80;

    /// <summary>
    /// Asks a question; its answers wait in the line. Editing a question is asking again with the edited one's parent.
    /// </summary>
    /// <param name="conversationId">Null begins a new conversation.</param>
    /// <param name="parentMessageId">The finished answer that the question follows; null for a first question.</param>
    /// <param name="videoIds">Videos and images put before the question.</param>
    /// <param name="settings">One answer each, 1 to <see cref="AnswerSettings.MaxSideBySide"/>.</param>
    /// <exception cref="RequestException">400 for a value that cannot be used, 403, 404, 409 when the parent is not finished, 429 when too many of the user's questions wait.</exception>
    public async Task<AskResult> AskAsync(
        CurrentUser user, string? conversationId, string? parentMessageId, string text, IReadOnlyList<string> videoIds, IReadOnlyList<AnswerSettings> settings,
        AnswerLifetime lifetime = AnswerLifetime.WhileWatched, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(user);
        ArgumentNullException.ThrowIfNull(videoIds);
        text = CheckQuestion(text);
        if (settings is not { Count: >= 1 and <= AnswerSettings.MaxSideBySide })
        {
            throw RequestException.Invalid($"{settings?.Count ?? 0} settings were given; give 1 to {AnswerSettings.MaxSideBySide}, one an answer");
        }

        var models = settings.Select(Check).ToList();
        var db = await _contexts.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            Access.DemandWrite(user, user.Id, "conversation");
            var conversation = conversationId is null ? null : await ReadAsync(db, user, conversationId, ct).ConfigureAwait(false);
            if (conversation is not null) Access.DemandWrite(user, conversation.OwnerId, "conversation");
            if (parentMessageId is not null
                && (conversation is null || !await db.Messages.AnyAsync(m => m.Id == parentMessageId && m.ConversationId == conversationId, ct).ConfigureAwait(false)))
            {
                throw RequestException.NotFound("message of this conversation", parentMessageId);
            }

            var videos = await QuestionReader.VideosAsync(db, user, videoIds, ct).ConfigureAwait(false);
            IReadOnlyList<HistoryTurn> history = parentMessageId is null ? [] : await QuestionReader.PathAsync(db, user, parentMessageId, ct).ConfigureAwait(false);
            CheckLength(history, videos.Count);
            using var admission = _scheduler.Admit(user.Id, settings.Count);
            if (conversation is null) _ = db.Conversations.Add(conversation = NewConversation(user, ""));
            if (conversation.TitleIsAutomatic && conversation.Title.Length == 0) conversation.Title = AutomaticTitle(text);
            conversation.UpdatedAt = _time.GetUtcNow();
            var question = new Message
            {
                Id = Ids.New(_time), ConversationId = conversation.Id, ParentId = parentMessageId, Role = MessageRole.Question, Text = text, CreatedAt = _time.GetUtcNow(),
            };
            for (var i = 0; i < videos.Count; i++) question.Media.Add(new() { MessageId = question.Id, Position = i, VideoId = videos[i].Id, Name = videos[i].Name });
            _ = db.Messages.Add(question);
            var batch = Ids.New(_time);
            var answers = settings.Select((s, slot) => NewAnswer(question, s, models[slot].Name, batch, slot)).ToList();
            db.Messages.AddRange(answers);
            _ = await db.SaveChangesAsync(ct).ConfigureAwait(false);
            var turn = new HistoryTurn(videos, text, null);
            for (var slot = 0; slot < answers.Count; slot++) Start(admission, user, answers[slot], models[slot], settings[slot], history, turn, lifetime);
            return new(conversation.Id, question.Id, [.. answers.Select(a => a.Id)]);
        }
    }

    /// <summary>Asks the question of an answer again; the new answer keeps batch and slot.</summary>
    /// <param name="settings">Null takes those of the answer.</param>
    /// <exception cref="RequestException">As <see cref="AskAsync"/>.</exception>
    public async Task<AskResult> RegenerateAsync(
        CurrentUser user, string answerId, AnswerSettings? settings = null, AnswerLifetime lifetime = AnswerLifetime.WhileWatched, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(user);
        var db = await _contexts.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            var (old, conversation) = await ReadMessageAsync(db, user, answerId, ct).ConfigureAwait(false);
            Access.DemandWrite(user, conversation.OwnerId, "conversation");
            if (old.Role != MessageRole.Answer) throw RequestException.NotFound("answer", answerId);
            settings ??= AnswerSettings.FromJson(old.SettingsJson!);
            var model = Check(settings);
            var (question, history, turn) = await QuestionAsync(db, user, old, ct).ConfigureAwait(false);
            using var admission = _scheduler.Admit(user.Id);
            var answer = NewAnswer(question, settings, model.Name, old.Batch ?? Ids.New(_time), old.Slot);
            _ = db.Messages.Add(answer);
            _ = await db.SaveChangesAsync(ct).ConfigureAwait(false);
            Start(admission, user, answer, model, settings, history, turn, lifetime);
            return new(conversation.Id, question.Id, [answer.Id]);
        }
    }

    /// <summary>
    /// After a start of the server: what ran when it ended is marked stopped with the text that was kept, since it may be what
    /// ended it; what waited is asked again, and runs to its end, watched or not.
    /// </summary>
    internal async Task ResumeAsync(CancellationToken ct)
    {
        _traces.Sweep();
        var db = await _contexts.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            _ = await db.Messages.Where(m => m.State == AnswerState.Running).ExecuteUpdateAsync(s => s
                .SetProperty(m => m.State, AnswerState.Stopped).SetProperty(m => m.Error, AnswerFeed.ServerStopped), ct).ConfigureAwait(false);
            var waiting = await db.Messages.AsNoTracking().Where(m => m.State == AnswerState.Queued)
                .OrderBy(m => m.CreatedAt).ThenBy(m => m.Id).Take(DeviceScheduler.MaxWaiting).ToListAsync(ct).ConfigureAwait(false);
            foreach (var answer in waiting)
            {
                try
                {
                    var owner = await db.Conversations.Where(c => c.Id == answer.ConversationId).Select(c => c.OwnerId).FirstAsync(ct).ConfigureAwait(false);
                    var name = (await NamesAsync(db, new(owner, "You", Roles.Editor), [owner], ct).ConfigureAwait(false))[owner];
                    // Whoever asked could read everything then; the owner stands for them now.
                    var user = new CurrentUser(owner, name, Roles.Admin);
                    var settings = AnswerSettings.FromJson(answer.SettingsJson!);
                    var model = Check(settings);
                    var (_, history, turn) = await QuestionAsync(db, user, answer, ct).ConfigureAwait(false);
                    using var admission = _scheduler.Readmit(user.Id);
                    Start(admission, user, answer, model, settings, history, turn, AnswerLifetime.Kept);
                }
                catch (Exception e) when (e is not OperationCanceledException) // one that cannot be asked again must not keep the server from starting
                {
                    var error = e is RequestException ? e.Message : CommandLine.Explain(e) ?? "it could not be asked again after a restart";
                    _ = await db.Messages.Where(m => m.Id == answer.Id).ExecuteUpdateAsync(
                        s => s.SetProperty(m => m.State, AnswerState.Failed).SetProperty(m => m.Error, error), ct).ConfigureAwait(false);
                }
            }
        }
    }

    private static string CheckQuestion(string text)
    {
        text = (text ?? "").Trim();
        if (text.Length == 0) throw RequestException.Invalid("the question is empty; write what you want to know");
        return text.Length <= MaxQuestionLength ? text : throw RequestException.Invalid($"the question has {text.Length} characters; a question takes {MaxQuestionLength}");
    }

    private static void CheckLength(IReadOnlyList<HistoryTurn> history, int media)
    {
        if (history.Count >= Engine.Chat.Conversation.MaxTurns)
        {
            throw RequestException.Invalid($"this path has {history.Count} questions, as many as a conversation takes; begin a new one");
        }

        var all = history.Sum(t => t.Media.Count) + media;
        if (all > Engine.Chat.Conversation.MaxMedia)
        {
            throw RequestException.Invalid($"this path would show the model {all} videos and images; a conversation takes {Engine.Chat.Conversation.MaxMedia}: begin a new one");
        }
    }

    /// <summary>The first words of the question, on one line.</summary>
    private static string AutomaticTitle(string text)
    {
        var line = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        if (line.Length <= AutomaticTitleLength) return line;
        var end = line.LastIndexOf(' ', AutomaticTitleLength - 1);
        if (end < AutomaticTitleLength / 2) end = char.IsHighSurrogate(line[AutomaticTitleLength - 2]) ? AutomaticTitleLength - 2 : AutomaticTitleLength - 1;
        return line[..end].TrimEnd(' ', ',', ';', ':', '.') + "…";
    }

    /// <summary>Refuses settings that cannot work, before anything is kept.</summary>
    private InstalledModel Check(AnswerSettings settings)
    {
        try
        {
            settings.Validate();
            var model = _models.Catalog.Find(settings.Model);
            var description = _models.Catalog.Describe(model);
            _ = settings.Compression(description.Config);
            return model;
        }
        catch (Exception e) when (e is ArgumentException or Engine.Checkpoints.CheckpointException)
        {
            throw RequestException.Invalid(e.Message);
        }
    }

    /// <summary>The question of an answer, with its media and what stands before it.</summary>
    private static async Task<(Message Question, IReadOnlyList<HistoryTurn> History, HistoryTurn Turn)> QuestionAsync(
        StudioDb db, CurrentUser user, Message answer, CancellationToken ct)
    {
        var question = await db.Messages.AsNoTracking().Include(m => m.Media).FirstAsync(m => m.Id == answer.ParentId, ct).ConfigureAwait(false);
        var media = question.Media.OrderBy(m => m.Position).ToList();
        if (media.Find(m => m.VideoId is null) is { } gone) throw RequestException.Conflict($"'{gone.Name}', which the question is about, was deleted");
        var ids = media.Select(m => m.VideoId!).ToList();
        // Attached while it could be read; a video that is private again stays in its conversation.
        var found = await db.Videos.AsNoTracking().Where(v => ids.Contains(v.Id)).ToDictionaryAsync(v => v.Id, ct).ConfigureAwait(false);
        IReadOnlyList<HistoryTurn> history = question.ParentId is { } parent ? await QuestionReader.PathAsync(db, user, parent, ct).ConfigureAwait(false) : [];
        return (question, history, new([.. ids.Select(id => found[id])], question.Text, null));
    }

    /// <summary>A tick behind what was made before it, so that the order of making is the order of times.</summary>
    private Message NewAnswer(Message question, AnswerSettings settings, string model, string batch, int slot) => new()
    {
        Id = Ids.New(_time), ConversationId = question.ConversationId, ParentId = question.Id, Role = MessageRole.Answer, State = AnswerState.Queued, Slot = slot, Batch = batch,
        Model = model, SettingsJson = settings.ToJson(), CreatedAt = _time.GetUtcNow().AddTicks(1 + slot),
    };

    private string PathOf(Video video) => QuestionReader.FileOf(_folders, video);

    private void Start(
        Admission admission, CurrentUser user, Message answer, InstalledModel model, AnswerSettings settings, IReadOnlyList<HistoryTurn> history, HistoryTurn turn,
        AnswerLifetime lifetime)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal); // bounded by the conversation's media
        foreach (var video in history.Append(turn).SelectMany(t => t.Media)) names[PathOf(video)] = video.Name;
        var question = new EngineQuestion(
            model, answer.ConversationId, [.. history.Select(t => new ConversationTurn([.. t.Media.Select(PathOf)], t.Question, t.Answer ?? ""))],
            [.. turn.Media.Select(PathOf)], turn.Question, ChatMl.DefaultSystem, settings, names, Trace: true);
        var detail = turn.Question.Length <= AutomaticTitleLength ? turn.Question : AutomaticTitle(turn.Question);
        var sink = new MessageSink(answer.Id, answer.ConversationId, _contexts, _traces, _time);
        _ = _runner.Start(admission, new(answer.Id, user.Id, user.Name, detail, question, lifetime, sink));
    }
}
