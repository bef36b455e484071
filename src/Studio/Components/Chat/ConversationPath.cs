using Studio.Conversations;
using Studio.Data;

namespace Studio.Components.Chat;

/// <summary>One question on the branch that is shown, with its answers side by side.</summary>
/// <param name="Branches">All versions of the question (after edits), oldest first; the question is one of them.</param>
/// <param name="Columns">One a slot; more than one when several settings were asked for together.</param>
public sealed record ChatTurn(MessageView Question, IReadOnlyList<string> Branches, IReadOnlyList<ChatColumn> Columns)
{
    /// <summary>1-based place of the question among its versions.</summary>
    public int Branch => ConversationPath.PlaceOf(Branches, Question.Id);
}

/// <summary>One answer of a turn.</summary>
/// <param name="Versions">All of its slot (after asking again), oldest first; the answer is one of them.</param>
/// <param name="IsFollowed">What comes after follows this answer.</param>
public sealed record ChatColumn(MessageView Answer, IReadOnlyList<string> Versions, bool IsFollowed)
{
    /// <summary>1-based.</summary>
    public int Version => ConversationPath.PlaceOf(Versions, Answer.Id);
}

/// <summary>The branch of a conversation that is shown: from its first question to its newest message, through the chosen one.</summary>
public static class ConversationPath
{
    /// <param name="selectedId">A message on the branch; null or unknown takes the newest branch.</param>
    public static IReadOnlyList<ChatTurn> Build(ConversationView conversation, string? selectedId)
    {
        ArgumentNullException.ThrowIfNull(conversation);
        var path = conversation.PathTo(Leaf(conversation, selectedId));
        var turns = new List<ChatTurn>(); // bounded by the messages
        foreach (var question in path.Where(m => m.Role == MessageRole.Question))
        {
            var followed = path.FirstOrDefault(m => m.ParentId == question.Id);
            ChatColumn[] columns =
            [
                .. conversation.Children(question.Id).GroupBy(a => (a.Batch, a.Slot)).OrderBy(slot => slot.Key.Slot).Select(slot =>
                {
                    var shown = slot.FirstOrDefault(a => a.Id == followed?.Id) ?? slot.Last();
                    return new ChatColumn(shown, [.. slot.Select(a => a.Id)], shown.Id == followed?.Id);
                }),
            ];
            turns.Add(new(question, [.. conversation.Children(question.ParentId).Select(q => q.Id)], columns));
        }

        return turns;
    }

    /// <summary>The newest message below the chosen one. Of answers that nothing follows yet, the first slot's newest.</summary>
    private static string? Leaf(ConversationView conversation, string? selectedId)
    {
        var messages = conversation.Messages;
        var selected = selectedId is null ? null : messages.FirstOrDefault(m => m.Id == selectedId);
        var below = new HashSet<string>(StringComparer.Ordinal);
        var leaf = selected;
        if (selected is not null) _ = below.Add(selected.Id);
        foreach (var message in messages)
        {
            var isBelow = selected is null ? message.ParentId is null || below.Contains(message.ParentId) : message.ParentId is { } parent && below.Contains(parent);
            if (!isBelow) continue;
            _ = below.Add(message.Id);
            leaf = message;
        }

        if (leaf is not { Role: MessageRole.Answer } || leaf.Id == selected?.Id) return leaf?.Id;
        var first = messages.Where(m => m.ParentId == leaf.ParentId && below.Contains(m.Id)).MinBy(m => m.Slot)!;
        return messages.Last(m => m.ParentId == leaf.ParentId && m.Slot == first.Slot && below.Contains(m.Id)).Id;
    }

    /// <summary>1-based; 0 when it is not among them.</summary>
    internal static int PlaceOf(IReadOnlyList<string> ids, string id)
    {
        var place = ids.Count;
        while (place > 0 && ids[place - 1] != id) place--;
        return place;
    }
}
