using Microsoft.JSInterop;
using Studio.Components;
using Xunit;

namespace Studio.Tests.Components;

public sealed class PageScriptTests
{
    [Fact]
    public async Task Calls_TheModuleComesOnce_AndGoesWithTheComponent()
    {
        var browser = new ScriptedBrowser { Value = 7 };
        var script = new PageScript(browser, "./js/x.js");
        Assert.Equal("", browser.Calls);
        await script.CallAsync("draw", 1, null);
        Assert.Equal(7, await script.AskAsync<int>("offset"));
        Assert.Equal(7, await script.AskAsync<int>("send", Timeout.InfiniteTimeSpan));
        await script.DisposeAsync("forget", 1);
        await script.DisposeAsync();
        Assert.Equal("import draw offset send forget gone", browser.Calls);
        await script.CallAsync("draw");
        Assert.Null(await script.StartAsync("start"));
        Assert.Equal("import draw offset send forget gone", browser.Calls);
    }

    [Fact]
    public async Task NeverCalled_NothingIsBroughtToEndIt()
    {
        var browser = new ScriptedBrowser();
        await new PageScript(browser, "./js/x.js").DisposeAsync("forget");
        Assert.Equal("", browser.Calls);
    }

    [Fact]
    public async Task LeftBeforeTheModuleCame_ItIsGivenBackUncalled()
    {
        var browser = new ScriptedBrowser { Value = 7 };
        var import = browser.Hold("import");
        var script = new PageScript(browser, "./js/x.js");
        var call = script.AskAsync<int>("offset");
        await script.DisposeAsync();
        import.SetResult();
        Assert.Equal(0, await call);
        Assert.Equal("import gone", browser.Calls);
    }

    [Fact]
    public async Task LeftWhileAFunctionRuns_ItMayFail()
    {
        var browser = new ScriptedBrowser();
        var draw = browser.Hold("draw");
        var script = new PageScript(browser, "./js/x.js");
        var call = script.CallAsync("draw");
        await script.DisposeAsync();
        draw.SetException(new JSException("there is no element"));
        await call;

        var there = new PageScript(browser, "./js/x.js");
        _ = await Assert.ThrowsAsync<JSException>(() => there.CallAsync("draw")); // a defect of the script is told
    }

    [Theory]
    [InlineData("import")]
    [InlineData("offset")]
    [InlineData("dispose")]
    public async Task LineIsDown_NothingIsToBeDone(string function)
    {
        var browser = new ScriptedBrowser();
        browser.Hold(function).SetException(new JSDisconnectedException("gone"));
        var script = new PageScript(browser, "./js/x.js");
        Assert.Equal(0, await script.AskAsync<int>("offset"));
        _ = await script.StartAsync("start");
        await script.DisposeAsync();
    }

    [Fact]
    public async Task WhatIsStarted_IsDisposedOnce_AtTheLatestWithTheModule()
    {
        var browser = new ScriptedBrowser();
        var script = new PageScript(browser, "./js/x.js");
        var first = await script.StartAsync("player");
        await first!.DisposeAsync();
        var second = await script.StartAsync("player");
        await second!.CallAsync("seek");
        await script.DisposeAsync();
        await second.DisposeAsync();
        Assert.Equal("import player dispose gone player seek dispose gone gone", browser.Calls);
    }

    [Fact]
    public async Task LeftWhileSomethingStarts_ItIsDisposedWhenItHas()
    {
        var browser = new ScriptedBrowser();
        var start = browser.Hold("start");
        var script = new PageScript(browser, "./js/x.js");
        var starting = script.StartAsync("start");
        await script.DisposeAsync();
        start.SetResult();
        Assert.Null(await starting);
        Assert.Equal("import start gone dispose gone", browser.Calls);
    }
}
