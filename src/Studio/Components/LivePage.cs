using Microsoft.AspNetCore.Components;
using Studio.Api;

namespace Studio.Components;

/// <summary>A page that is read again while somebody looks at it, and stops when nobody does.</summary>
public abstract class LivePage(Toasts toasts, TimeProvider time) : ComponentBase, IDisposable
{
    private readonly CancellationTokenSource _gone = new();
    private int _waiting;

    protected Toasts Toasts => toasts;

    /// <summary>Nobody looks any more.</summary>
    protected CancellationToken Gone => _gone.Token;

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>The token's source is not disposed itself: what still runs asks it for its token.</summary>
    protected virtual void Dispose(bool isDisposing) => _gone.Cancel();

    /// <summary>Reads what is shown.</summary>
    protected abstract Task ReadAsync();

    /// <summary>Reads what is shown, unless nobody looks any more.</summary>
    protected async Task LoadAsync()
    {
        if (Gone.IsCancellationRequested) return;
        try
        {
            await ReadAsync();
        }
        catch (OperationCanceledException) when (Gone.IsCancellationRequested)
        {
            // Nobody looks any more.
        }
    }

    /// <summary>Does something, tells why where it cannot be done, and reads what is shown again.</summary>
    /// <returns>Whether it was done.</returns>
    protected async Task<bool> TryAsync(Func<Task> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        var done = false;
        try
        {
            await work();
            done = true;
        }
        catch (RequestException e)
        {
            toasts.Error(e.Message);
        }

        await LoadAsync();
        return done;
    }

    /// <summary>Reads and draws once more after a while; what is asked for meanwhile is that same time. On any thread.</summary>
    protected void Again(TimeSpan after)
    {
        if (Interlocked.Exchange(ref _waiting, 1) != 0) return;
        _ = InvokeAsync(async () =>
        {
            try
            {
                await Task.Delay(after, time, Gone);
                _ = Interlocked.Exchange(ref _waiting, 0);
                await LoadAsync();
                StateHasChanged();
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                // The page is gone.
            }
        });
    }
}
