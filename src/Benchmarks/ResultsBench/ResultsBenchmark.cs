using Studio.Benchmarks.Records;
using Studio.Benchmarks.Records.Store;

namespace Studio.Benchmarks.ResultsBench;

/// <param name="Target">An empty database, or one to which runs may be added.</param>
/// <param name="Writers">Threads that record samples, each in a run of its own.</param>
/// <param name="Readers">Threads that read lists, runs and samples.</param>
public sealed record ResultsBenchOptions(ResultsTarget Target, int Writers, int Readers, TimeSpan Duration);

/// <summary>What many at once made of the results database.</summary>
/// <param name="Failures">Calls that failed, by message; none is allowed.</param>
/// <param name="Recorded">Samples found afterwards; must be the writes.</param>
/// <param name="JournalBytes">Largest write-ahead journal seen; 0 where there is none.</param>
public sealed record ResultsBenchReport(ResultsBenchOptions Options, double Seconds, LatencyHistogram Writes, LatencyHistogram Reads, IReadOnlyDictionary<string, int> Failures, long Recorded, long JournalBytes);

/// <summary>
/// Writers and readers on one results database, as fast as they can. Each is a thread with a store of its own: connections of its own and no
/// order among writers but the database's, as between processes.
/// </summary>
public static class ResultsBenchmark
{
    /// <summary>Different failures that are told apart; more are counted as "others".</summary>
    private const int MaxKinds = 20;

    private const int WatchMilliseconds = 200;

    public static async Task<ResultsBenchReport> RunAsync(ResultsBenchOptions options, TimeProvider time, Action<string>? progress, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Writers, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(options.Readers);
        using var store = await RunStore.ConnectAsync(options.Target, time, ct).ConfigureAwait(false);
        var runs = new List<string>();
        for (var i = 0; i < options.Writers; i++) runs.Add((await store.OpenAsync(Fresh(i, time), again: true, ct).ConfigureAwait(false)).Id);
        var failures = new Dictionary<string, int>(StringComparer.Ordinal);
        var began = time.GetTimestamp();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        stop.CancelAfter(options.Duration);
        var writers = runs.Select(run => OnThread(async s => await WriteAsync(s, run, time, stop.Token).ConfigureAwait(false))).ToList();
        var readers = Enumerable.Range(0, options.Readers).Select(i => OnThread(async s => await ReadAsync(s, runs, i, time, stop.Token).ConfigureAwait(false))).ToList();
        var all = Task.WhenAll([.. writers, .. readers]);
        var journal = 0L;
        while (!all.IsCompleted)
        {
            _ = await Task.WhenAny(all, Task.Delay(TimeSpan.FromMilliseconds(WatchMilliseconds), time, CancellationToken.None)).ConfigureAwait(false);
            journal = Math.Max(journal, JournalBytes(options.Target));
            progress?.Invoke($"{time.GetElapsedTime(began).TotalSeconds:0} of {options.Duration.TotalSeconds:0} s");
        }

        var seconds = time.GetElapsedTime(began).TotalSeconds;
        ct.ThrowIfCancellationRequested();
        var recorded = 0L;
        foreach (var run in runs) recorded += (await store.RecordedAsync(run, ct).ConfigureAwait(false)).Count;
        foreach (var run in runs) await store.DeleteAsync(run, ct).ConfigureAwait(false);
        return new(options, seconds, Sum(writers), Sum(readers), failures, recorded, journal);

        Task<LatencyHistogram> OnThread(Func<RunStore, Task<LatencyHistogram>> work) => Task.Factory.StartNew(
            () =>
            {
                // SQLite answers on the caller's thread: each has one of its own, as if it were a process.
                using var own = RunStore.ConnectAsync(options.Target, time, ct).GetAwaiter().GetResult();
                return work(own).GetAwaiter().GetResult();
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);

        async Task<LatencyHistogram> WriteAsync(RunStore own, string run, TimeProvider clock, CancellationToken until)
        {
            var histogram = new LatencyHistogram();
            var ordinal = 0;
            do
            {
                // Not cut off at the end: what was begun is counted.
                var sample = Sample(run, ordinal++, clock);
                await TimedAsync(histogram, clock, async () => await own.AddAsync(sample, ct).ConfigureAwait(false)).ConfigureAwait(false);
            }
            while (!until.IsCancellationRequested);

            return histogram;
        }

        async Task<LatencyHistogram> ReadAsync(RunStore own, List<string> from, int first, TimeProvider clock, CancellationToken until)
        {
            var histogram = new LatencyHistogram();
            var number = first;
            do
            {
                var i = number++;
                var run = from[i % from.Count];
                Func<Task> call = (i % 3) switch
                {
                    0 => () => own.ListAsync(new RunFilter { Take = 20 }, ct),
                    1 => () => own.GetAsync(run, ct),
                    _ => () => own.SampleAsync(run, i % 50, ct),
                };
                await TimedAsync(histogram, clock, call).ConfigureAwait(false);
            }
            while (!until.IsCancellationRequested);

            return histogram;
        }

        async Task TimedAsync(LatencyHistogram histogram, TimeProvider clock, Func<Task> work)
        {
            var start = clock.GetTimestamp();
            try
            {
                await work().ConfigureAwait(false);
                histogram.Add(clock.GetElapsedTime(start).TotalMilliseconds);
            }
            catch (Exception e) when (!ct.IsCancellationRequested)
            {
                lock (failures)
                {
                    var kind = $"{e.GetType().Name}: {e.Message}";
                    if (failures.Count >= MaxKinds && !failures.ContainsKey(kind)) kind = "others";
                    failures[kind] = failures.GetValueOrDefault(kind) + 1;
                }
            }
        }
    }

    private static LatencyHistogram Sum(List<Task<LatencyHistogram>> parts)
    {
        var sum = new LatencyHistogram();
        foreach (var part in parts) sum.Add(part.Result);
        return sum;
    }

    private static long JournalBytes(ResultsTarget target) => target.IsPostgres || new FileInfo(target.Connection + "-wal") is not { Exists: true } journal ? 0 : journal.Length;

    private static Run Fresh(int number, TimeProvider time) => new()
    {
        Id = RunIds.New(time),
        Key = $"bench {number} {Guid.NewGuid():N}",
        Source = "bench",
        Task = "bench",
        Model = "none",
        Given = "{}",
        Resolved = "{}",
        Provenance = "{}",
        CreatedAt = time.GetUtcNow(),
    };

    /// <summary>Of usual size: a prompt with options and a short answer.</summary>
    private static Sample Sample(string run, int ordinal, TimeProvider time) => new()
    {
        RunId = run,
        Ordinal = ordinal,
        DocumentId = $"document/{ordinal}",
        Cluster = $"video/{ordinal / 3}.mp4",
        Prompt = new string('p', 900),
        Answer = "A",
        Expected = "A",
        Official = 1,
        Corrected = 1,
        Costs = RecordJson.Text(new SampleCosts { TotalMilliseconds = 1 }),
        RecordedAt = time.GetUtcNow(),
    };
}
