using System.Diagnostics;

namespace Studio.Benchmarks.EvalBench;

/// <summary>One evaluation in a process of its own.</summary>
/// <param name="Program">And its first arguments.</param>
/// <param name="Arguments">Of the evaluation, without a shard.</param>
/// <param name="Environment">For the process, beside this one's.</param>
public sealed record KillSubject(string Program, IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment);

/// <summary>How a kill test went for one number of shards.</summary>
/// <param name="Kills">Processes that were killed before they ended by themselves.</param>
/// <param name="Rounds">Evaluations that were brought to their end.</param>
/// <param name="Different">Of them, those whose export is not the uninterrupted one's.</param>
public sealed record KillResult(int Shards, int Kills, int Rounds, int Different);

/// <summary>
/// Kills evaluations at random moments and lets them finish: what they then export must be, byte for byte, what the uninterrupted one does.
/// </summary>
/// <param name="subject">The process for the results database at a path.</param>
/// <param name="export">The results of the one run in the database at a path, without what may differ.</param>
/// <param name="folder">For the databases; made and left.</param>
public sealed class KillTest(Func<string, KillSubject> subject, Func<string, CancellationToken, Task<string>> export, string folder, TimeProvider time)
{
    /// <summary>Most kills of a test.</summary>
    public const int MaxPoints = 10_000;

    /// <summary>Processes of one evaluation at a time.</summary>
    public const int MaxShards = 16;

    /// <summary>Characters of a child's messages that are kept for a report.</summary>
    private const int MaxMessages = 4000;

    /// <summary>An evaluation that hangs is a failure too.</summary>
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(30);

    /// <param name="shards">Numbers of shards; the points are spread over them.</param>
    /// <param name="points">Kills in all.</param>
    /// <param name="seed">Of the moments.</param>
    /// <param name="tell">Told what goes on.</param>
    /// <exception cref="InvalidOperationException">An evaluation failed by itself; the message has what it said.</exception>
    public async Task<IReadOnlyList<KillResult>> RunAsync(IReadOnlyList<int> shards, int points, int seed, Action<string>? tell = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(shards);
        if (points is < 1 or > MaxPoints) throw new ArgumentException($"{points} points; give 1 to {MaxPoints}");
        if (shards.Count == 0 || shards.Any(n => n is < 1 or > MaxShards)) throw new ArgumentException($"shards of {string.Join(", ", shards)}; give numbers from 1 to {MaxShards}");
        _ = Directory.CreateDirectory(folder);
        var (whole, began) = (Path.Combine(folder, "whole.db"), time.GetTimestamp());
        tell?.Invoke("the uninterrupted evaluation");
        await FinishAsync(whole, 1, ct).ConfigureAwait(false);
        var length = time.GetElapsedTime(began);
        var expected = await export(whole, ct).ConfigureAwait(false);
#pragma warning disable CA5394 // moments, no secrets
        var random = new Random(seed);
#pragma warning restore CA5394
        var results = new List<KillResult>();
        for (var i = 0; i < shards.Count; i++)
        {
            var share = (points / shards.Count) + (i < points % shards.Count ? 1 : 0);
            results.Add(await RunAsync(shards[i], share, length, expected, random, tell, ct).ConfigureAwait(false));
        }

        return results;
    }

    private async Task<KillResult> RunAsync(int shards, int points, TimeSpan length, string expected, Random random, Action<string>? tell, CancellationToken ct)
    {
        var (kills, rounds, different) = (0, 0, 0);
        while (kills < points)
        {
            var database = Path.Combine(folder, $"shards-{shards}-{rounds}.db");
            var isWhole = false;
            while (kills < points && !isWhole)
            {
                isWhole = true;
                // All at once, as on a machine that loses its power, but each at a moment of its own.
                var ended = await Task.WhenAll(Enumerable.Range(1, shards).Select(k => KillAsync(database, k, shards, length * Draw(random), ct))).ConfigureAwait(false);
                foreach (var byItself in ended)
                {
                    isWhole &= byItself;
                    if (!byItself) kills++;
                }

                tell?.Invoke($"{shards} shards: {kills} of {points} kills");
            }

            await FinishAsync(database, shards, ct).ConfigureAwait(false);
            rounds++;
            if (await export(database, ct).ConfigureAwait(false) != expected) different++;
        }

        return new(shards, kills, rounds, different);
    }

    /// <summary>Up to the length of the whole: from before the first sample to after the last one.</summary>
    private static double Draw(Random random)
    {
#pragma warning disable CA5394
        return random.NextDouble();
#pragma warning restore CA5394
    }

    /// <returns>Whether it had ended before it could be killed.</returns>
    private async Task<bool> KillAsync(string database, int number, int shards, TimeSpan after, CancellationToken ct)
    {
        using var process = Start(database, number, shards);
        var messages = ReadAsync(process);
        using var moment = new CancellationTokenSource(after, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, moment.Token);
        try
        {
            await process.WaitForExitAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            process.Kill(); // SIGKILL; of this one alone: its decoders end with their pipes
            await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
            ct.ThrowIfCancellationRequested();
            return false;
        }

        Check(process, await messages.ConfigureAwait(false));
        return true;
    }

    private async Task FinishAsync(string database, int shards, CancellationToken ct)
    {
        for (var k = 1; k <= shards; k++)
        {
            using var process = Start(database, k, shards);
            var messages = ReadAsync(process);
            using var limit = new CancellationTokenSource(s_limit, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
            try
            {
                await process.WaitForExitAsync(either.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
                ct.ThrowIfCancellationRequested();
                throw new InvalidOperationException($"an evaluation did not end within {s_limit.TotalMinutes:0} minutes");
            }

            Check(process, await messages.ConfigureAwait(false));
        }
    }

    private static void Check(Process process, string messages)
    {
        if (process.ExitCode != 0) throw new InvalidOperationException($"an evaluation ended with status {process.ExitCode}: {messages.Trim()}");
    }

    private Process Start(string database, int number, int shards)
    {
        var what = subject(database);
        var start = new ProcessStartInfo(what.Program, [.. what.Arguments, "--shard", $"{number}/{shards}"]) { RedirectStandardError = true, RedirectStandardOutput = true, RedirectStandardInput = true };
        foreach (var (name, value) in what.Environment) start.Environment[name] = value;
        var process = Process.Start(start) ?? throw new InvalidOperationException($"{what.Program} does not start");
        process.StandardInput.Close();
        return process;
    }

    /// <summary>Both streams to their end, so that the process never blocks; the beginning of the messages is kept.</summary>
    private static async Task<string> ReadAsync(Process process)
    {
        async Task<string> Read(StreamReader reader)
        {
            var (buffer, kept) = (new char[1024], new System.Text.StringBuilder());
            while (await reader.ReadAsync(buffer).ConfigureAwait(false) is var n and > 0) _ = kept.Append(buffer, 0, Math.Min(n, MaxMessages - kept.Length));
            return kept.ToString();
        }

        var texts = await Task.WhenAll(Read(process.StandardError), Read(process.StandardOutput)).ConfigureAwait(false);
        return texts[0];
    }
}
