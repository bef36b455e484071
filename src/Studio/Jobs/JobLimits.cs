namespace Studio.Jobs;

/// <summary>The bounds of jobs: how many wait, how many are remembered, how much each may write.</summary>
public sealed record JobLimits
{
    /// <summary>Characters of a title.</summary>
    public const int MaxTitle = 200;

    /// <summary>Characters of a job's message and of its error; longer ones are cut.</summary>
    public const int MaxMessage = 500;

    /// <summary>Characters of a request.</summary>
    public const int MaxRequest = 64 * 1024;

    /// <summary>Jobs one user may have waiting or running at once; administrators are not bound by it.</summary>
    public int MaxOpenPerUser { get; init; } = 10;

    /// <summary>Jobs waiting or running at once, of everybody.</summary>
    public int MaxOpen { get; init; } = 200;

    /// <summary>Ended jobs that are remembered; the one that ended longest ago goes first, with its log.</summary>
    public int MaxEnded { get; init; } = 300;

    /// <summary>Bytes of a job's log. What goes beyond half of it begins a new file, and only the file before is kept.</summary>
    public int MaxLogBytes { get; init; } = 1 << 20;

    /// <summary>Characters of a line of a log; longer ones are cut.</summary>
    public int MaxLogLine { get; init; } = 2000;

    /// <summary>Jobs that run at once and need no device; of those that need it, one runs.</summary>
    public int MaxLight { get; init; } = 2;

    /// <summary>Progress is written to the database at most this often, and pages are told at most four times as often.</summary>
    public TimeSpan NoteInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Times that a piece of work on the device gives way before it takes its turn as a question does.</summary>
    public int MaxYields { get; init; } = 5;

    /// <summary>Time that a piece waits behind questions before it takes its turn as one does.</summary>
    public TimeSpan LongestWait { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Followers of events at once, of everybody.</summary>
    public int MaxFollowers { get; init; } = 200;
}
