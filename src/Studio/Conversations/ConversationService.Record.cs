using Studio.Accounts;
using Studio.Data;

namespace Studio.Conversations;

/// <summary>A turn that came from a client which keeps its own history.</summary>
/// <param name="Media">Names, and ids where they are of the library.</param>
/// <param name="Answer">Null of the last question.</param>
internal sealed record RecordedTurn(IReadOnlyList<(string? VideoId, string Name)> Media, string Question, string? Answer);

/// <content>Conversations that are held elsewhere and kept here so that an answer can be looked into.</content>
public sealed partial class ConversationService
{
    /// <summary>Keeps a client's conversation up to its last question, whose answer is under way.</summary>
    /// <returns>The conversation and where the answer goes.</returns>
    internal async Task<(string ConversationId, IAnswerSink Sink)> RecordAsync(
        CurrentUser user, string answerId, string model, AnswerSettings settings, IReadOnlyList<RecordedTurn> turns, CancellationToken ct)
    {
        Access.DemandWrite(user, user.Id, "conversation");
        var conversation = NewConversation(user, AutomaticTitle(turns[0].Question));
        var (parent, at) = ((string?)null, 0);
        foreach (var turn in turns)
        {
            var question = new Message
            {
                Id = Ids.New(_time), ConversationId = conversation.Id, ParentId = parent, Role = MessageRole.Question, Text = turn.Question,
                CreatedAt = _time.GetUtcNow().AddTicks(at++),
            };
            for (var i = 0; i < turn.Media.Count; i++) question.Media.Add(new() { MessageId = question.Id, Position = i, VideoId = turn.Media[i].VideoId, Name = turn.Media[i].Name });
            var isLast = turn.Answer is null;
            var answer = new Message
            {
                Id = isLast ? answerId : Ids.New(_time), ConversationId = conversation.Id, ParentId = question.Id, Role = MessageRole.Answer, Text = turn.Answer ?? "",
                State = isLast ? AnswerState.Running : AnswerState.Done, Batch = Ids.New(_time), Model = isLast ? model : null, SettingsJson = (isLast ? settings : new()).ToJson(),
                CreatedAt = _time.GetUtcNow().AddTicks(at++),
            };
            conversation.Messages.Add(question);
            conversation.Messages.Add(answer);
            parent = answer.Id;
        }

        var db = await _contexts.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            _ = db.Conversations.Add(conversation);
            _ = await db.SaveChangesAsync(ct).ConfigureAwait(false);
        }

        return (conversation.Id, new MessageSink(answerId, conversation.Id, _contexts, _traces, _time));
    }
}
