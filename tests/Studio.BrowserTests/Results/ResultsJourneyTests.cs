using Microsoft.Playwright;
using Studio.BrowserTests.Harness;
using Xunit;

namespace Studio.BrowserTests.Results;

/// <summary>From the list of runs to a flip whose clip plays, and a leaderboard that somebody without an account reads.</summary>
public sealed class ResultsJourneyTests(StudioFixture studio) : IClassFixture<StudioFixture>
{
    [Fact]
    public async Task Runs_AreComparedWatchedAndShared()
    {
        var seed = new EvalSeed(studio.Services);
        var first = await seed.AddAsync(1, "off", i => i != 3);
        var second = await seed.AddAsync(2, "uniform:1:0.5", i => i != 5, kept: 200);
        await using var page = await StudioPage.OpenAsync(studio);
        await page.GoAsync("/results");
        await page.Page.Locator($"[data-run='{first}'] input[type=checkbox]").CheckAsync();
        await Assertions.Expect(page.Page.Locator(".results-picked")).ToContainTextAsync("One run is ticked");
        await page.Page.Locator($"[data-run='{second}'] input[type=checkbox]").CheckAsync();
        await page.Page.Locator(".results-picked").GetByRole(AriaRole.Link, new() { Name = "Compare" }).ClickAsync();
        await Assertions.Expect(page.Page.Locator(".flip")).ToHaveCountAsync(2);
        await page.Page.Locator("[data-flip='3']").ClickAsync();
        await Clips.PlaysAsync(page.Page.Locator(".flip-open .clip-video"));

        await page.GoAsync($"/results/{first}?show=wrong");
        await page.Page.GetByRole(AriaRole.Link, new() { Name = "Sample 3" }).ClickAsync();
        await Assertions.Expect(page.Page.Locator("#verdict")).ToHaveTextAsync("Wrong");
        await Clips.PlaysAsync(page.Page.Locator(".clip-video"));

        await page.GoAsync("/results/board/niah");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Share" }).ClickAsync();
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Make a link" }).ClickAsync();
        var link = await page.Page.Locator("dialog[open] .copy-field input").InputValueAsync();
        await page.Page.GotoAsync(link);
        await Assertions.Expect(page.Page.Locator(".board-table tbody tr")).ToHaveCountAsync(2);
        Assert.Equal(0, await page.Page.Locator(".board-table a").CountAsync());
    }
}
