using Microsoft.JSInterop;

namespace Studio.Components;

/// <summary>
/// What a component calls in the browser: a module, which comes with the first call, or what a module has started. A page can be left at any
/// moment, also before its script has come: then there is nothing to call, and a call ends without a result. Used on one circuit only.
/// </summary>
public sealed class PageScript : IAsyncDisposable
{
    private readonly Func<ValueTask<IJSObjectReference>>? _import; // null of what a module has started
    private readonly List<PageScript> _started = []; // what was put away by itself leaves when something new is started
    private IJSObjectReference? _script;
    private bool _isGone;

    /// <param name="module">Its address: ./js/name.js.</param>
    public PageScript(IJSRuntime browser, string module)
    {
        ArgumentNullException.ThrowIfNull(browser);
        _import = () => browser.InvokeAsync<IJSObjectReference>("import", module);
    }

    private PageScript(IJSObjectReference started) => _script = started;

    public Task CallAsync(string function, params object?[] arguments) => WithAsync(async script =>
    {
        await script.InvokeVoidAsync(function, arguments);
        return true;
    });

    /// <returns>What the function returned; the default where the page is gone.</returns>
    public Task<T?> AskAsync<T>(string function, params object?[] arguments) => WithAsync(script => script.InvokeAsync<T>(function, arguments).AsTask());

    /// <param name="limit">The function may take so long, in place of the usual minute.</param>
    /// <returns>What the function returned; the default where the page is gone.</returns>
    public Task<T?> AskAsync<T>(string function, TimeSpan limit, params object?[] arguments) => WithAsync(script => script.InvokeAsync<T>(function, limit, arguments).AsTask());

    /// <summary>Calls a function that returns an object with functions of its own. Its <c>dispose</c> is called at the end: when it is disposed, at the latest with this.</summary>
    /// <returns>Null where the page is gone.</returns>
    public Task<PageScript?> StartAsync(string function, params object?[] arguments) => WithAsync<PageScript?>(async script =>
    {
        var started = new PageScript(await script.InvokeAsync<IJSObjectReference>(function, arguments));
        if (_isGone)
        {
            // Left while it began: nobody else knows of it.
            await started.DisposeAsync();
            return null;
        }

        _ = _started.RemoveAll(s => s._isGone);
        _started.Add(started);
        return started;
    });

    public ValueTask DisposeAsync() => DisposeAsync(_import is null ? "dispose" : null);

    /// <summary>Disposes it after a last call, which is left out where the script never came.</summary>
    public async ValueTask DisposeAsync(string? last, params object?[] arguments)
    {
        if (_isGone) return;
        _isGone = true;
        foreach (var started in _started) await started.DisposeAsync();
        if (_script is not { } script) return;
        try
        {
            if (last is not null) await script.InvokeVoidAsync(last, arguments);
            await script.DisposeAsync();
        }
        catch (Exception e) when (IsOfALeftPage(e))
        {
            // Its script went with the page.
        }
    }

    private static bool IsOfALeftPage(Exception e) => e is JSDisconnectedException or OperationCanceledException;

    private async Task<T?> WithAsync<T>(Func<IJSObjectReference, Task<T>> call)
    {
        if (_isGone) return default;
        try
        {
            _script ??= await _import!();
            if (!_isGone) return await call(_script);
            // Left before the module came: what disposed this found none.
            await _script.DisposeAsync();
        }
        catch (Exception e) when (_isGone || IsOfALeftPage(e))
        {
            // Of a page that was left meanwhile, the script finds no element.
        }

        return default;
    }
}
