namespace Studio.Engine.Checkpoints.Hub;

/// <summary>Repeats what may succeed the next time.</summary>
internal static class HubRetry
{
    /// <summary>Runs an action until it succeeds, fails for good, or has failed too often in a row without progress.</summary>
    /// <param name="options">Attempts and waiting times.</param>
    /// <param name="action">One attempt.</param>
    /// <param name="waiting">Told the problem and the waiting time before each wait.</param>
    /// <param name="cancellationToken">Ends attempts and waits.</param>
    /// <param name="position">A position in the work: passing its highest value so far gives all attempts back, so this ends
    /// with the work.</param>
    /// <exception cref="HubException">Gave up; carries the last problem.</exception>
    public static async Task<T> RunAsync<T>(
        HubOptions options, Func<Task<T>> action, Action<string, TimeSpan> waiting, CancellationToken cancellationToken,
        Func<long>? position = null)
    {
        int failures = 0;
        long best = position?.Invoke() ?? 0;
        while (true)
        {
            try
            {
                return await action().ConfigureAwait(false);
            }
            catch (HubRequestException exception)
            {
                long reached = position?.Invoke() ?? 0;
                failures = reached > best ? 1 : failures + 1;
                best = Math.Max(best, reached);
                if (!exception.MayRetry)
                {
                    throw new HubException(exception.Message, exception);
                }

                if (failures >= options.MaxAttempts)
                {
                    throw new HubException(
                        $"{exception.Message}; gave up after {failures} attempts. Pull again to continue from what is on disk.",
                        exception);
                }

                TimeSpan wait = Wait(options, failures, exception.RetryAfter);
                waiting(exception.Message, wait);
                await options.Delay(wait, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Reads some bytes; a silent or broken connection becomes a problem worth another attempt.</summary>
    public static async Task<int> ReadAsync(
        Stream body, Memory<byte> buffer, string what, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var stall = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        stall.CancelAfter(timeout);
        try
        {
            return await body.ReadAsync(buffer, stall.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HubRequestException($"{what}: no data for {timeout.TotalSeconds:0} s", mayRetry: true, inner: exception);
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            throw new HubRequestException($"{what}: the connection broke ({exception.Message})", mayRetry: true,
                inner: exception);
        }
    }

    private static TimeSpan Wait(HubOptions options, int failures, TimeSpan? asked)
    {
        double seconds = options.BaseDelay.TotalSeconds * Math.Pow(2, Math.Min(failures - 1, 20));
        seconds = Math.Max(seconds, asked?.TotalSeconds ?? 0);
        return TimeSpan.FromSeconds(Math.Min(seconds, options.MaxDelay.TotalSeconds));
    }
}
