namespace Studio.Api;

/// <summary>Waiting for something with a word to say meanwhile.</summary>
internal static class Patience
{
    /// <summary>Whether the task ended before the time was over. Its own failure is left to whoever awaits it.</summary>
    public static async Task<bool> EndsWithinAsync(this Task task, TimeSpan time, TimeProvider clock, CancellationToken ct)
    {
        if (task.IsCompleted) return true;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var pause = Task.Delay(time, clock, over.Token);
        var first = await Task.WhenAny(task, pause).ConfigureAwait(false);
        await over.CancelAsync().ConfigureAwait(false);
        return first == task || pause.IsCanceled;
    }
}
