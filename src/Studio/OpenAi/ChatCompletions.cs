using System.Text.Json;
using Studio.Accounts;
using Studio.Api;
using Studio.Conversations;
using Studio.Engine.Chat;
using Studio.Engine.Tokenization;
using Studio.ModelHosting;
using Ids = Studio.Data.Ids;

namespace Studio.OpenAi;

/// <summary>An answer under way for a client of the OpenAI API.</summary>
/// <param name="ConversationId">Where it is kept; null when it is not.</param>
internal sealed record ChatRun(string Id, string Model, DateTimeOffset Created, ChatRequest Request, LiveAnswer Live, string? ConversationId)
{
    public string CompletionId => "chatcmpl-" + Id;
}

/// <summary>
/// Chat completions: the client holds the conversation and sends all of it each time. It takes its turns in the same line as
/// everything else, and what two requests of one user have in common from the beginning is computed once.
/// </summary>
internal sealed class ChatCompletions(
    DeviceScheduler scheduler, ModelHost models, AnswerRunner runner, ConversationService conversations, ChatMedia media, IHostApplicationLifetime lifetime, TimeProvider time)
{
    /// <summary>Largest request, data URLs included.</summary>
    public const long MaxBodyBytes = 64L << 20;

    /// <summary>Answers one request. It is stopped when the client goes away or the server stops.</summary>
    /// <param name="respond">Tells the client; called once the answer is in the line.</param>
    /// <exception cref="OpenAiException">A field cannot be used.</exception>
    /// <exception cref="RequestException">403, 404, 429.</exception>
    public async Task RunAsync(CurrentUser user, Stream body, Func<ChatRun, CancellationToken, Task> respond, CancellationToken ct)
    {
        using var admission = scheduler.Admit(user.Id); // before the body is read: it bounds what is held in memory
        using var files = new ChatFiles();
        var (request, question, known) = await ReadAsync(user, body, files, ct).ConfigureAwait(false);
        var id = Ids.New(time);
        var (conversationId, sink) = request.Trace ? await KeepAsync(user, id, request, question, known, ct).ConfigureAwait(false) : default;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, lifetime.ApplicationStopping);
        var detail = question.Question.Length > 80 ? question.Question[..80] + "…" : question.Question;
        var live = runner.Start(admission, new(id, user.Id, user.Name, detail, question, AnswerLifetime.Kept, sink));
        try
        {
            using var gone = either.Token.Register(() => runner.Stop(id));
            await respond(new(id, question.Model.Name, time.GetUtcNow(), request, live, conversationId), either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            throw new OpenAiException(StatusCodes.Status503ServiceUnavailable, "the server stops; send the request again in a moment");
        }
        finally
        {
            _ = runner.Stop(id); // whatever happened, nobody waits for it any more
            _ = await live.Completion.ConfigureAwait(false); // the files are in use until then
        }
    }

    private async Task<(ChatRequest Request, EngineQuestion Question, Dictionary<string, ChatFile> Files)> ReadAsync(
        CurrentUser user, Stream body, ChatFiles files, CancellationToken ct)
    {
        JsonDocument document;
        try
        {
            document = await JsonDocument.ParseAsync(body, new() { MaxDepth = 16 }, ct).ConfigureAwait(false);
        }
        catch (JsonException e)
        {
            throw OpenAiException.Invalid("body", $"the body is not JSON: {e.Message}");
        }

        using (document)
        {
            var request = ChatRequest.Parse(document.RootElement);
            var installed = request.Model is null ? models.Catalog.Find(null) : models.Catalog.TryFind(request.Model)
                ?? throw OpenAiException.NoModel($"there is no model '{request.Model}'; installed: {string.Join(", ", models.Catalog.List().Select(m => m.Name))}");
            CheckFits(request, installed);
            var (turns, names) = (new List<ConversationTurn>(), new Dictionary<string, ChatFile>(StringComparer.Ordinal));
            foreach (var turn in request.Turns)
            {
                if (!turn.IsUser)
                {
                    turns[^1] = turns[^1] with { AnswerText = turn.Text };
                    continue;
                }

                var paths = new List<string>();
                foreach (var part in turn.Media)
                {
                    var file = await media.FindAsync(user, part, files, ct).ConfigureAwait(false);
                    names[file.Path] = file;
                    paths.Add(file.Path);
                }

                turns.Add(new(paths, turn.Text, ""));
            }

            var last = turns[^1];
            var question = new EngineQuestion(
                installed, "chat completions of " + user.Id, turns[..^1], last.Media, last.Question, request.System ?? ChatMl.DefaultSystem, request.Settings,
                names.ToDictionary(n => n.Key, n => n.Value.Name), request.Trace);
            return (request with { Turns = [] }, question, names); // its media parts point into the document
        }
    }

    private void CheckFits(ChatRequest request, InstalledModel installed)
    {
        var count = request.Turns.Sum(t => t.Media.Count);
        if (count > Conversation.MaxMedia)
        {
            throw OpenAiException.Invalid("messages", $"the messages have {count} videos and images; a conversation takes {Conversation.MaxMedia}");
        }

        if (request.Turns.Count / 2 >= Conversation.MaxTurns) throw OpenAiException.Invalid("messages", $"the messages have more than {Conversation.MaxTurns} questions");
        try
        {
            var description = models.Catalog.Describe(installed);
            _ = request.Settings.Compression(description.Config);
        }
        catch (ArgumentException e)
        {
            throw OpenAiException.Invalid("studio.compress", e.Message);
        }
    }

    private async Task<(string? ConversationId, IAnswerSink? Sink)> KeepAsync(
        CurrentUser user, string id, ChatRequest request, EngineQuestion question, Dictionary<string, ChatFile> known, CancellationToken ct)
    {
        List<RecordedTurn> turns = [.. question.History.Select(t => new RecordedTurn(Media(t.Media), t.Question, t.AnswerText)), new(Media(question.Media), question.Question, null)];
        return await conversations.RecordAsync(user, id, question.Model.Name, request.Settings, turns, ct).ConfigureAwait(false);

        List<(string? VideoId, string Name)> Media(IEnumerable<string> paths) => [.. paths.Select(p => (known[p].VideoId, known[p].Name))];
    }
}
