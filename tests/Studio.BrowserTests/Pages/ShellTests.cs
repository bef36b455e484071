using Microsoft.Playwright;
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

    [Theory]
    [InlineData("/chat", "chat.js")]
    [InlineData("/library", "library.js")]
    public async Task PageLeft_BeforeItsScriptIsThere_DoesNotBreakTheNextOne(string path, string script)
    {
        await using var page = await StudioPage.OpenAsync(studio);
        var isLeft = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await page.Page.RouteAsync($"**/js/{script}", async route =>
        {
            await isLeft.Task;
            await route.ContinueAsync();
        });
        await page.GoAsync(path);
        await page.Page.GetByRole(AriaRole.Link, new() { Name = "Evaluate", Exact = true }).ClickAsync();
        await page.Page.GetByLabel("Task").WaitForAsync();
        isLeft.SetResult();
        _ = await page.Page.EvaluateAsync($"async () => {{ await import('/js/{script}'); }}");

        // The page that was left calls its script once more or twice: as often to the server and back, and the next one still answers.
        foreach (var (task, needs) in new[] { ("niah", "Needs nothing"), ("videomme", "Needs its official"), ("niah", "Needs nothing") })
        {
            _ = await page.Page.GetByLabel("Task").SelectOptionAsync(task);
            await page.ExpectAsync("[data-needs]", needs);
        }
    }
}
