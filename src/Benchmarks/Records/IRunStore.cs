namespace Studio.Benchmarks.Records;

/// <summary>Which runs a list shows; null does not restrict.</summary>
public sealed record RunFilter
{
    /// <summary>Most runs of one page of a list.</summary>
    public const int MaxTake = 500;

    public string? Task { get; init; }

    public string? Model { get; init; }

    public RunState? State { get; init; }

    /// <summary>Runs that the sweep made, and those it found.</summary>
    public string? SweepId { get; init; }

    public string? Source { get; init; }

    /// <summary>Part of task, model, compression or note, without case.</summary>
    public string? Text { get; init; }

    public int Skip { get; init; }

    public int Take { get; init; } = 50;
}

/// <summary>
/// The results database as the runner and the pages see it. Every call is one short transaction; several processes may use one database.
/// </summary>
public interface IRunStore
{
    /// <summary>The unfinished run with this key, or a new one made from <paramref name="fresh"/>: so the same request goes on where it stopped.</summary>
    /// <param name="again">Makes a new run even where a finished one with this key exists; otherwise that one is returned.</param>
    Task<Run> OpenAsync(Run fresh, bool again, CancellationToken ct);

    /// <summary>Makes a run that was there one of a sweep's, too; the sweep that made it keeps it.</summary>
    Task JoinSweepAsync(string sweepId, string runId, CancellationToken ct);

    /// <summary>Ordinals that are recorded.</summary>
    Task<IReadOnlySet<int>> RecordedAsync(string runId, CancellationToken ct);

    /// <summary>Records a sample; one that is there already stays as it is.</summary>
    /// <returns>Whether it was new.</returns>
    Task<bool> AddAsync(Sample sample, CancellationToken ct);

    /// <summary>Takes failed samples out, so that the next start tries them again.</summary>
    Task<int> ForgetFailedAsync(string runId, CancellationToken ct);

    Task SetStateAsync(string runId, RunState state, string? reason, CancellationToken ct);

    /// <summary>Records the summary and that the run is finished.</summary>
    Task FinishAsync(string runId, RunSummary summary, CancellationToken ct);

    /// <exception cref="KeyNotFoundException">There is no such run; the message says how to list them.</exception>
    Task<Run> GetAsync(string runId, CancellationToken ct);

    Task<(IReadOnlyList<Run> Runs, int Total)> ListAsync(RunFilter filter, CancellationToken ct);

    /// <summary>Samples in order of their ordinal, streamed.</summary>
    IAsyncEnumerable<Sample> SamplesAsync(string runId, CancellationToken ct);

    Task<Sample?> SampleAsync(string runId, int ordinal, CancellationToken ct);

    /// <summary>Removes a run with its samples.</summary>
    Task DeleteAsync(string runId, CancellationToken ct);
}
