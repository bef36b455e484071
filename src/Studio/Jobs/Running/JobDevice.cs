using Studio.Api;
using Studio.Data;
using Studio.ModelHosting;

namespace Studio.Jobs.Running;

/// <summary>Pieces of jobs in the line before the device, behind questions, but not for ever.</summary>
internal sealed class JobDevice(DeviceScheduler scheduler, JobLimits limits, TimeProvider time)
{
    /// <summary>Before a full line is asked again.</summary>
    private static readonly TimeSpan s_full = TimeSpan.FromSeconds(1);

    /// <exception cref="OperationCanceledException">The token was cancelled, or the device takes in nothing more because the server stops.</exception>
    public async Task RunAsync(LiveJob job, string what, Action<CancellationToken> piece, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(piece);
        for (var (yields, isPatient) = (0, true); ;)
        {
            ct.ThrowIfCancellationRequested();
            var turn = await TryAsync(job, what, piece, isPatient ? WorkPriority.Background : WorkPriority.Interactive, ct).ConfigureAwait(false);
            if (turn == Turn.Done) return;
            if (turn == Turn.Yielded) yields++;
            isPatient = turn == Turn.Full || (turn == Turn.Yielded && yields < limits.MaxYields);
            if (turn == Turn.Full) await Task.Delay(s_full, time, ct).ConfigureAwait(false);
        }
    }

    private async Task<Turn> TryAsync(LiveJob job, string what, Action<CancellationToken> piece, WorkPriority priority, CancellationToken ct)
    {
        var work = new DeviceWork(Ids.New(time), "", job.OwnerName, $"job: {what}", Priority: priority);
        var started = 0;
        using var waited = new CancellationTokenSource();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, waited.Token);
        job.IsWaiting = true;
        try
        {
            var run = scheduler.RunAsync(
                work,
                token =>
                {
                    if (Interlocked.CompareExchange(ref started, 1, 0) != 0) return; // it was taken back while its turn came
                    job.IsWaiting = false;
                    Run(piece, token);
                },
                either.Token);
            if (priority == WorkPriority.Background && !await run.EndsWithinAsync(limits.LongestWait, time, ct).ConfigureAwait(false)
                && Interlocked.CompareExchange(ref started, 2, 0) == 0)
            {
                await waited.CancelAsync().ConfigureAwait(false);
                await run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return Turn.Starved;
            }

            await run.ConfigureAwait(false);
            return Turn.Done;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return Turn.Yielded;
        }
        catch (RequestException)
        {
            return Turn.Full;
        }
        catch (ObjectDisposedException e)
        {
            throw new OperationCanceledException("the device takes in nothing more", e);
        }
        finally
        {
            job.IsWaiting = false;
        }
    }

    /// <summary>A piece that gives up unasked has failed; as one that gave way it would be run again for ever.</summary>
    private static void Run(Action<CancellationToken> piece, CancellationToken token)
    {
        try
        {
            piece(token);
        }
        catch (OperationCanceledException e) when (!token.IsCancellationRequested)
        {
            throw new InvalidOperationException("a piece of work gave up although nobody asked it to", e);
        }
    }

    private enum Turn
    {
        Done,

        /// <summary>A question came.</summary>
        Yielded,

        /// <summary>It waited too long.</summary>
        Starved,

        /// <summary>The line was full.</summary>
        Full,
    }
}
