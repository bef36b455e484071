using System.Runtime.CompilerServices;
using Studio.Benchmarks.Records;

namespace Studio.Benchmarks.Tests.Running;

/// <summary>Runs and samples in memory, copied in and out as a database would.</summary>
internal sealed class MemoryRunStore : IRunStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Run> _runs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SortedDictionary<int, Sample>> _samples = new(StringComparer.Ordinal);

    /// <summary>Called before each sample is stored.</summary>
    public Action<Sample>? OnAdd { get; set; }

    /// <summary>Ordinals in the order in which they were stored.</summary>
    public List<int> Order { get; } = [];

    public Task<Run> OpenAsync(Run fresh, bool again, CancellationToken ct)
    {
        lock (_lock)
        {
            var known = _runs.Values.Where(r => r.Key == fresh.Key).OrderBy(r => r.State == RunState.Finished).FirstOrDefault(r => r.State != RunState.Finished || !again);
            if (known is not null) return Task.FromResult(Copy(known));
            _runs[fresh.Id] = Copy(fresh);
            _samples[fresh.Id] = [];
            return Task.FromResult(Copy(fresh));
        }
    }

    /// <summary>Runs that were there when a sweep asked for them.</summary>
    public List<(string Sweep, string Run)> Joined { get; } = [];

    public Task JoinSweepAsync(string sweepId, string runId, CancellationToken ct)
    {
        lock (_lock) Joined.Add((sweepId, runId));
        return Task.CompletedTask;
    }

    public Task<IReadOnlySet<int>> RecordedAsync(string runId, CancellationToken ct)
    {
        lock (_lock) return Task.FromResult<IReadOnlySet<int>>(_samples[runId].Keys.ToHashSet());
    }

    public Task<bool> AddAsync(Sample sample, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        OnAdd?.Invoke(sample);
        lock (_lock)
        {
            Order.Add(sample.Ordinal);
            return Task.FromResult(_samples[sample.RunId].TryAdd(sample.Ordinal, Copy(sample)));
        }
    }

    public Task<int> ForgetFailedAsync(string runId, CancellationToken ct)
    {
        lock (_lock)
        {
            int[] failed = [.. _samples[runId].Values.Where(s => s.ErrorClass is not null).Select(s => s.Ordinal)];
            foreach (int ordinal in failed) _ = _samples[runId].Remove(ordinal);
            return Task.FromResult(failed.Length);
        }
    }

    public Task SetStateAsync(string runId, RunState state, string? reason, CancellationToken ct)
    {
        lock (_lock) (_runs[runId].State, _runs[runId].Error) = (state, reason);
        return Task.CompletedTask;
    }

    public Task FinishAsync(string runId, RunSummary summary, CancellationToken ct)
    {
        lock (_lock) (_runs[runId].State, _runs[runId].Summary) = (RunState.Finished, RecordJson.Text(summary));
        return Task.CompletedTask;
    }

    public Task<Run> GetAsync(string runId, CancellationToken ct)
    {
        lock (_lock) return Task.FromResult(Copy(_runs[runId]));
    }

    public Task<(IReadOnlyList<Run> Runs, int Total)> ListAsync(RunFilter filter, CancellationToken ct)
    {
        lock (_lock) return Task.FromResult<(IReadOnlyList<Run>, int)>(([.. _runs.Values.Select(Copy)], _runs.Count));
    }

    public async IAsyncEnumerable<Sample> SamplesAsync(string runId, [EnumeratorCancellation] CancellationToken ct)
    {
        await Task.Yield();
        List<Sample> samples;
        lock (_lock) samples = [.. _samples[runId].Values.Select(Copy)];
        foreach (Sample sample in samples) yield return sample;
    }

    public Task<Sample?> SampleAsync(string runId, int ordinal, CancellationToken ct)
    {
        lock (_lock) return Task.FromResult(_samples[runId].TryGetValue(ordinal, out var sample) ? Copy(sample) : null);
    }

    public Task DeleteAsync(string runId, CancellationToken ct)
    {
        lock (_lock) _ = (_runs.Remove(runId), _samples.Remove(runId));
        return Task.CompletedTask;
    }

    /// <summary>The results of a run without what may differ: ids, times, costs.</summary>
    public string Results(string runId)
    {
        lock (_lock)
        {
            return string.Join('\n', _samples[runId].Values.Select(s =>
            {
                Sample plain = Copy(s);
                (plain.RunId, plain.Costs, plain.RecordedAt) = ("", "{}", default);
                return RecordJson.Text(plain);
            }));
        }
    }

    private static T Copy<T>(T value) => RecordJson.Read<T>(RecordJson.Text(value));
}
