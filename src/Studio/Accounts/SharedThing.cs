using Studio.Boards;
using Studio.Data;

namespace Studio.Accounts;

/// <param name="Answers">Side by side where several settings were asked; empty while none is there.</param>
public sealed record SharedTurn(Message Question, IReadOnlyList<Message> Answers);

/// <summary>What a share link opens.</summary>
/// <param name="Turns">Of a conversation; empty for a video.</param>
/// <param name="Videos">Videos and images that may be read through the link, and no others.</param>
public sealed record SharedThing(ShareLink Link, string Title, IReadOnlyList<SharedTurn> Turns, IReadOnlyList<Video> Videos)
{
    /// <summary>The evaluation, where the link is to one.</summary>
    public Benchmarks.Records.Run? Run { get; init; }

    /// <summary>The leaderboard, where the link is to one.</summary>
    public BoardView? Board { get; init; }

    /// <summary>
    /// The line of a conversation that leads to its newest message: what was edited away or regenerated is not shown.
    /// </summary>
    /// <param name="messages">All of one conversation, oldest first.</param>
    public static IReadOnlyList<SharedTurn> Line(IReadOnlyList<Message> messages)
    {
        ArgumentNullException.ThrowIfNull(messages);
        if (messages.Count == 0) return [];
        var byId = messages.ToDictionary(m => m.Id, StringComparer.Ordinal);
        var turns = new List<SharedTurn>();
        Message? answer = null;
        for (var at = messages[^1]; at is not null; at = at.ParentId is null ? null : byId.GetValueOrDefault(at.ParentId))
        {
            if (at.Role == MessageRole.Answer)
            {
                answer = at;
                continue;
            }

            turns.Add(new(at, answer is null ? [] : Together(messages, answer)));
            answer = null;
        }

        turns.Reverse();
        return turns;
    }

    /// <summary>An answer and those that were asked for with it.</summary>
    private static List<Message> Together(IReadOnlyList<Message> messages, Message answer) => answer.Batch is null
        ? [answer]
        : [.. messages.Where(m => m.ParentId == answer.ParentId && m.Role == MessageRole.Answer && m.Batch == answer.Batch).OrderBy(m => m.Slot)];
}
