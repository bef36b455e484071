using Studio.Benchmarks.Records;

namespace Studio.Evaluations;

/// <summary>Passes everything on to another store.</summary>
internal abstract class RunStoreAround(IRunStore inner) : IRunStore
{
    protected IRunStore Inner => inner;

    public virtual Task<Run> OpenAsync(Run fresh, bool again, CancellationToken ct) => inner.OpenAsync(fresh, again, ct);

    public Task JoinSweepAsync(string sweepId, string runId, CancellationToken ct) => inner.JoinSweepAsync(sweepId, runId, ct);

    public Task<IReadOnlySet<int>> RecordedAsync(string runId, CancellationToken ct) => inner.RecordedAsync(runId, ct);

    public Task<bool> AddAsync(Sample sample, CancellationToken ct) => inner.AddAsync(sample, ct);

    public Task<int> ForgetFailedAsync(string runId, CancellationToken ct) => inner.ForgetFailedAsync(runId, ct);

    public Task SetStateAsync(string runId, RunState state, string? reason, CancellationToken ct) => inner.SetStateAsync(runId, state, reason, ct);

    public Task FinishAsync(string runId, RunSummary summary, CancellationToken ct) => inner.FinishAsync(runId, summary, ct);

    public Task<Run> GetAsync(string runId, CancellationToken ct) => inner.GetAsync(runId, ct);

    public Task<(IReadOnlyList<Run> Runs, int Total)> ListAsync(RunFilter filter, CancellationToken ct) => inner.ListAsync(filter, ct);

    public IAsyncEnumerable<Sample> SamplesAsync(string runId, CancellationToken ct) => inner.SamplesAsync(runId, ct);

    public Task<Sample?> SampleAsync(string runId, int ordinal, CancellationToken ct) => inner.SampleAsync(runId, ordinal, ct);

    public Task DeleteAsync(string runId, CancellationToken ct) => inner.DeleteAsync(runId, ct);
}

/// <summary>The store as a job sees it that asks for new runs: what the job itself has finished, before a restart, is not begun once more.</summary>
/// <param name="since">When the job was asked for.</param>
internal sealed class RunsSince(IRunStore inner, DateTimeOffset since) : RunStoreAround(inner)
{
    public override async Task<Run> OpenAsync(Run fresh, bool again, CancellationToken ct)
    {
        var run = await Inner.OpenAsync(fresh, again: false, ct).ConfigureAwait(false);
        return run.State == RunState.Finished && run.CreatedAt < since ? await Inner.OpenAsync(fresh, again: true, ct).ConfigureAwait(false) : run;
    }
}

/// <summary>Where only data is opened and nothing recorded.</summary>
internal sealed class NoRuns : RunStoreAround
{
    private NoRuns()
        : base(null!)
    {
    }

    public static NoRuns Store { get; } = new();
}
