using Studio.Benchmarks.EngineBench;
using Studio.Benchmarks.Evaluation.Data;
using Studio.Benchmarks.Records;
using Studio.Engine.Chat;
using Studio.Engine.World;

namespace Studio.Benchmarks.EvalBench;

/// <summary>One cancelled evaluation.</summary>
/// <param name="At">When, from its start.</param>
/// <param name="Took">From then until the runner had returned, with what was recorded kept and the run left open.</param>
public sealed record CancelPoint(TimeSpan At, TimeSpan Took);

/// <summary>How long cancelling took.</summary>
/// <param name="Length">Of the uninterrupted evaluation.</param>
public sealed record CancelReport(TimeSpan Length, IReadOnlyList<CancelPoint> Points)
{
    public TimeSpan Median => TimeSpan.FromSeconds(Runs.Median([.. Points.Select(p => p.Took.TotalSeconds).Order()]));

    public CancelPoint Longest => Points.MaxBy(p => p.Took)!;
}

/// <summary>
/// Evaluations cancelled at random moments: while a video is decoded, encoded, read or answered about, in the share of the time that each of these takes.
/// </summary>
/// <param name="data">Documents with videos.</param>
/// <param name="openStore">A results database that is empty.</param>
public sealed class CancelBenchmark(VideoModel model, IEvalData data, Func<IRunStore> openStore, EvalBenchOptions options, TimeProvider? time = null)
{
    /// <summary>Most cancels of a benchmark.</summary>
    public const int MaxPoints = 1000;

    /// <summary>What is aimed at, for each.</summary>
    public static readonly TimeSpan Aim = TimeSpan.FromSeconds(2);

    /// <summary>A run may be over before its moment, since none takes as long as another; of so many a point, all being over is a fault.</summary>
    private const int TriesPerPoint = 10;

    /// <summary>Moments of a run that may be drawn.</summary>
    private const int Moments = 1_000_000;

    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <param name="seed">Of the moments.</param>
    /// <exception cref="ArgumentException">The number of points is out of range.</exception>
    /// <exception cref="InvalidOperationException">An evaluation failed, or none lasted until its moment.</exception>
    public async Task<CancelReport> RunAsync(int points, int seed, Action<string>? progress = null, CancellationToken ct = default)
    {
        if (points is < 1 or > MaxPoints) throw new ArgumentException($"{points} points; give 1 to {MaxPoints}");
        foreach (var document in data.Documents) _ = await data.MediaAsync(document, ct).ConfigureAwait(false); // drawn once: what is cancelled is the evaluation
        progress?.Invoke("the uninterrupted evaluation");
        var began = _time.GetTimestamp();
        await EvaluateAsync(ct).ConfigureAwait(false);
        var length = _time.GetElapsedTime(began);
        var random = new WorldRandom((ulong)seed);
        var done = new List<CancelPoint>(); // bounded by MaxPoints
        for (var tries = 0; done.Count < points; tries++)
        {
            if (tries == points * TriesPerPoint) throw new InvalidOperationException($"{tries} evaluations of {length.TotalSeconds:0.00} s were over before they could be cancelled; give more samples or frames");
            progress?.Invoke($"cancelled {done.Count} of {points}");
            var at = length * (random.Below(Moments) / (double)Moments);
            if (await CancelAsync(at, ct).ConfigureAwait(false) is { } took) done.Add(new(at, took));
        }

        return new(length, done);
    }

    /// <summary>Null where the evaluation was over first.</summary>
    private async Task<TimeSpan?> CancelAsync(TimeSpan at, CancellationToken ct)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var run = EvaluateAsync(stop.Token);
        if (await Task.WhenAny(run, Task.Delay(at, _time, stop.Token)).ConfigureAwait(false) == run)
        {
            await stop.CancelAsync().ConfigureAwait(false); // the wait for a moment that never came
            await run.ConfigureAwait(false);
            return null;
        }

        var cancelled = _time.GetTimestamp();
        await stop.CancelAsync().ConfigureAwait(false);
        try
        {
            await run.ConfigureAwait(false);
            return null;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return _time.GetElapsedTime(cancelled);
        }
    }

    /// <summary>On a thread of the pool: much of an evaluation does not wait for anything.</summary>
    private Task EvaluateAsync(CancellationToken ct) =>
        Task.Run(() => new BenchEvaluation(model, data, openStore, options, _time).RunAsync([options.Compressions[0]], encodeAhead: 1, ct), CancellationToken.None);
}
