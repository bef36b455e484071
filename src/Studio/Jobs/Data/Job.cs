namespace Studio.Jobs.Data;

/// <summary>Where a job stands.</summary>
public enum JobState
{
    Queued,
    Running,

    /// <summary>It runs, and its next piece stands in the line before the device. Never stored: a state of the moment.</summary>
    WaitingForDevice,
    Finished,
    Failed,
    Cancelled,
}

/// <summary>Which of the waiting jobs comes first; among equals the one that was queued first.</summary>
public enum JobPriority
{
    Low,
    Normal,
    High,
}

/// <summary>A piece of work in the background, as it is kept.</summary>
public sealed class Job
{
    public required string Id { get; init; }

    /// <summary>Name of its <see cref="IJobKind"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>For people; at most <see cref="JobLimits.MaxTitle"/> characters.</summary>
    public required string Title { get; init; }

    public required string OwnerId { get; set; }

    /// <summary>As the owner was called when the job was started.</summary>
    public required string OwnerName { get; init; }

    /// <summary>What is asked for, as the kind checked and completed it.</summary>
    public required string RequestJson { get; init; }

    /// <summary>Of open jobs of a kind, one at most has the same text; null binds nothing.</summary>
    public string? Exclusive { get; init; }

    public JobState State { get; set; }

    public JobPriority Priority { get; set; }

    /// <summary>Someone asked to cancel it; kept, so that a restart does not go on with it.</summary>
    public bool IsCancelRequested { get; set; }

    /// <summary>It was under way when the server ended, and goes on.</summary>
    public bool WasCutOff { get; set; }

    /// <summary>Units of work done, of <see cref="Total"/>.</summary>
    public double Done { get; set; }

    /// <summary>Units of work in all; 0 while that is not known.</summary>
    public double Total { get; set; }

    /// <summary>What it does now.</summary>
    public string Message { get; set; } = "";

    /// <summary>Seconds to its end, as estimated when the progress was noted.</summary>
    public double? SecondsLeft { get; set; }

    /// <summary>Times it was begun.</summary>
    public int Attempts { get; set; }

    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it entered the queue the last time.</summary>
    public DateTimeOffset QueuedAt { get; set; }

    /// <summary>When it was begun the last time.</summary>
    public DateTimeOffset? StartedAt { get; set; }

    public DateTimeOffset? EndedAt { get; set; }

    /// <summary>Why it failed, for people.</summary>
    public string? Error { get; set; }

    /// <summary>Address on this server of what came of it, without a leading slash.</summary>
    public string? ResultPath { get; set; }
}
