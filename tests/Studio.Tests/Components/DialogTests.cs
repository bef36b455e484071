using Bunit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.JSInterop;
using Studio.Components;
using Xunit;

namespace Studio.Tests.Components;

public sealed class DialogTests : IAsyncLifetime
{
    private readonly BunitContext _context = new();
    private readonly ScriptedBrowser _browser = new();

    public ValueTask InitializeAsync()
    {
        _ = _context.Services.AddSingleton<IJSRuntime>(_browser);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _context.DisposeAsync();

    private async Task<IRenderedComponent<Dialog>> OpenAsync()
    {
        var dialog = _context.Render<Dialog>(p => p.Add(d => d.Title, "Delete it?").AddChildContent("<p>For ever.</p>"));
        Assert.Empty(dialog.FindAll("h2"));
        await dialog.InvokeAsync(dialog.Instance.Open);
        return dialog;
    }

    [Fact]
    public async Task Open_ThenClosed_IsShownWithItsContent()
    {
        var dialog = await OpenAsync();
        Assert.Equal("Delete it?", dialog.Find("h2").TextContent);
        await dialog.InvokeAsync(dialog.Instance.CloseAsync);
        Assert.Equal("import show close", _browser.Calls);
        dialog.Find("dialog").TriggerEvent("onclose", EventArgs.Empty);
        Assert.Empty(dialog.FindAll("h2"));
        await dialog.InvokeAsync(dialog.Instance.CloseAsync); // is closed already
        await _context.DisposeComponentsAsync();
        Assert.Equal("import show close gone", _browser.Calls);
    }

    [Fact]
    public async Task PageLeft_AsItOpens_IsNotShownAndNothingFails()
    {
        var import = _browser.Hold("import");
        _ = await OpenAsync();
        await _context.DisposeComponentsAsync();
        import.SetResult();
        await Wait.UntilAsync(() => _browser.Calls == "import gone", "the script is given back");
        Assert.False(_context.Renderer.UnhandledException.IsCompleted);
    }

    [Fact]
    public async Task LineDown_AsItOpens_NothingFails()
    {
        _browser.Hold("show").SetException(new JSDisconnectedException("gone"));
        _ = await OpenAsync();
        Assert.Equal("import show", _browser.Calls);
        Assert.False(_context.Renderer.UnhandledException.IsCompleted);
    }
}
