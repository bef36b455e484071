using System.Text.Json;
using Studio.Jobs.Data;

namespace Studio.Jobs;

/// <summary>How far a job is.</summary>
/// <param name="Done">Units done.</param>
/// <param name="Total">Units in all; 0 while that is not known.</param>
/// <param name="Share">0 to 1; null while it is not known.</param>
/// <param name="SecondsLeft">Estimated from the pace since the job was begun; null while it is not known.</param>
public sealed record JobProgressView(double Done, double Total, double? Share, string Message, double? SecondsLeft);

/// <param name="KindLabel">The kind for people.</param>
/// <param name="IsMine">The asker started it.</param>
/// <param name="IsCancelling">Someone asked to cancel it, and it still runs.</param>
/// <param name="Attempts">Times it was begun.</param>
/// <param name="Position">Place in the queue of its kind of work, 1 is next; null for a job that does not wait.</param>
/// <param name="ResultPath">Address on this server of what came of it.</param>
/// <param name="LivePath">Address on this server where it can be watched.</param>
public sealed record JobView(
    string Id, string Kind, string KindLabel, string Title, string OwnerId, string OwnerName, bool IsMine, JobState State, bool IsCancelling, JobPriority Priority, JobProgressView Progress,
    int Attempts, int? Position, DateTimeOffset CreatedAt, DateTimeOffset QueuedAt, DateTimeOffset? StartedAt, DateTimeOffset? EndedAt, string? Error, string? ResultPath, string? LivePath,
    JsonElement Request)
{
    /// <summary>It waits or runs.</summary>
    public bool IsOpen => State is JobState.Queued or JobState.Running or JobState.WaitingForDevice;

    /// <summary>It runs.</summary>
    public bool IsRunning => State is JobState.Running or JobState.WaitingForDevice;
}

/// <summary>Which jobs a list shows.</summary>
public enum JobFilter
{
    All,
    Queued,
    Running,
    Ended,
}

/// <param name="Kind">Only of this kind; null is all.</param>
/// <param name="Mine">Only the asker's own.</param>
public sealed record JobQuery(JobFilter Show = JobFilter.All, string? Kind = null, bool Mine = false);

/// <param name="CanStart">Whether the asker may start one.</param>
public sealed record JobKindView(string Name, string Label, bool CanStart);

/// <param name="Lines">Oldest first.</param>
/// <param name="IsCut">Older lines are not in it.</param>
public sealed record JobLogView(IReadOnlyList<string> Lines, bool IsCut);
