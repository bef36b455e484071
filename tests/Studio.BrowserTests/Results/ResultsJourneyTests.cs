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

    [Fact]
    public async Task ResultsOfAnotherProgram_AreChosenAndImported_ByKeyboardAlone()
    {
        var results = new FilePayload
        {
            Name = "20250101_000000_results.json", MimeType = "application/json",
            Buffer = """{"results":{"mvbench":{"mvbench_accuracy,none":51.5}},"config":{"model":"llava_vid","model_args":"pretrained=lmms-lab/LLaVA-Video-7B"},"date":1735689600}"""u8.ToArray(),
        };
        await using var page = await StudioPage.OpenAsync(studio);
        await page.GoAsync("/results");
        var open = page.Page.GetByRole(AriaRole.Button, new() { Name = "Import" });
        await open.FocusAsync();
        await page.Page.Keyboard.PressAsync("Enter");
        var dialog = page.Page.GetByRole(AriaRole.Dialog, new() { Name = "Import results" });
        var send = dialog.GetByRole(AriaRole.Button, new() { Name = "Import" });
        await send.FocusAsync();
        await page.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(dialog.GetByRole(AriaRole.Alert)).ToHaveTextAsync("Choose files or a folder first.");
        var files = dialog.GetByLabel("Files, or a .zip of their folder");
        await files.SetInputFilesAsync(new FilePayload { Name = "results.json", MimeType = "application/json", Buffer = "{}"u8.ToArray() });
        page.Allow("400");
        await send.PressAsync("Enter");
        await Assertions.Expect(dialog.GetByRole(AriaRole.Alert)).ToContainTextAsync("results.json is neither a JSON export of the studio nor a file of lmms-eval");
        await files.SetInputFilesAsync(results);
        await send.PressAsync("Enter");
        await Assertions.Expect(dialog).ToContainTextAsync("1 run is imported.");
        await page.CheckAccessibilityAsync("import");
        await page.Page.SetViewportSizeAsync(375, 800);
        await page.CheckWidthAsync("import");
        await dialog.GetByRole(AriaRole.Link, new() { Name = "mvbench" }).PressAsync("Enter");
        await Assertions.Expect(page.Page.Locator("h1")).ToContainTextAsync("mvbench");
        await Assertions.Expect(page.Page.GetByText("imported", new() { Exact = false }).First).ToBeVisibleAsync();
    }
}
