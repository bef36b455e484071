namespace Studio.ModelHosting;

/// <summary>The line before the device, as one person may see it.</summary>
/// <param name="Waiting">Pieces of work that wait.</param>
/// <param name="Entries">The running one first (position 0), then the waiting ones in the order in which they will run as things stand.</param>
public sealed record QueueSnapshot(int Waiting, IReadOnlyList<QueueEntry> Entries);

/// <summary>One piece of work.</summary>
/// <param name="Id">Of the answer, or of the work itself; null where it is somebody else's and the asker is no administrator.</param>
/// <param name="Position">0 runs, 1 is next.</param>
/// <param name="Who">Whose it is; null likewise.</param>
/// <param name="What">Such as "answer"; details only of one's own.</param>
/// <param name="Since">When it entered the line; of the running one when it began.</param>
/// <param name="IsMine">Whether it is the asker's.</param>
public sealed record QueueEntry(string? Id, int Position, string? Who, string What, DateTimeOffset Since, bool IsMine, WorkPriority Priority);

/// <summary>Classes of work: nothing of a lower class begins while something of a higher one waits.</summary>
public enum WorkPriority
{
    /// <summary>Somebody waits for it.</summary>
    Interactive,

    /// <summary>Jobs.</summary>
    Background,
}
