using Studio.BrowserTests.Harness;
using Xunit;

namespace Studio.BrowserTests.Pages;

public sealed class ShellTests(StudioFixture studio) : IClassFixture<StudioFixture>
{
    [Fact]
    public async Task Theme_Toggled_StaysAfterReload()
    {
        await using var page = await StudioPage.OpenAsync(studio);
        page.Allow("404"); // the address that is not there
        await page.GoAsync("/not-found");
        Assert.Equal("light", await page.Page.EvaluateAsync<string>("document.documentElement.dataset.theme"));
        await page.Page.Locator("[data-theme-toggle]").ClickAsync();
        _ = await page.Page.ReloadAsync();
        Assert.Equal("dark", await page.Page.EvaluateAsync<string>("document.documentElement.dataset.theme"));
    }

    [Fact]
    public async Task SkipLink_Pressed_MovesToTheContentAndStaysOnThePage()
    {
        await using var page = await StudioPage.OpenAsync(studio);
        page.Allow("404");
        await page.GoAsync("/not-found");
        await page.Page.Locator(".skip-link").FocusAsync();
        Assert.True(await page.Page.Locator(".skip-link").IsVisibleAsync());
        await page.Page.Keyboard.PressAsync("Enter");
        Assert.Equal("main", await page.Page.EvaluateAsync<string>("document.activeElement.id"));
        Assert.EndsWith("/not-found", page.Page.Url, StringComparison.Ordinal);
    }
}
