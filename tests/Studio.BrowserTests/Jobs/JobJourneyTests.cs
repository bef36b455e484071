using Microsoft.Playwright;
using Studio.BrowserTests.Harness;
using Studio.Engine.Training;
using Studio.Tests;
using Xunit;

namespace Studio.BrowserTests.Jobs;

/// <summary>Tests that start processes which compute: beside all others these would hardly get a core.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}

/// <summary>A training from the page: started, watched, cancelled, tried again over a restart of the server, finished.</summary>
[Collection(Alone.Name)]
public sealed class JobJourneyTests(StudioFixture studio) : IClassFixture<StudioFixture>
{
    private const float PatienceMs = 120_000;

    [Fact]
    public async Task Training_IsStartedWatchedCancelledTriedAgainAndFinished()
    {
        await Seed.RecipeAsync(studio, "journey", steps: 150);
        await using var page = await StudioPage.OpenAsync(studio);
        await page.GoAsync("/jobs");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Start a training" }).ClickAsync();
        _ = await page.Page.GetByLabel("Recipe").SelectOptionAsync("journey");
        await page.CheckAccessibilityAsync("the form of a training");
        await page.Page.GetByLabel("Name", new() { Exact = true }).FillAsync("../up");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Start", Exact = true }).ClickAsync();
        await page.ExpectAsync("dialog [role=alert]", "'../up'");
        await page.Page.GetByLabel("Name", new() { Exact = true }).FillAsync("first-try");
        await page.Page.GetByText("Model, seed, threads, missing files").ClickAsync();
        await page.Page.GetByLabel("Seed", new() { Exact = true }).FillAsync("18446744073709551615"); // the largest
        await page.Page.GetByLabel("CPU threads").FillAsync("1"); // other tests compute beside it: two threads would wait for each other
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Start", Exact = true }).ClickAsync();
        await page.Page.WaitForURLAsync("**/jobs/*");
        await page.ExpectAsync("h1", "Training first-try by journey");

        // The curve is there and grows.
        var curves = page.Page.Locator(".training-curves");
        await curves.Locator(".main-svg").First.WaitForAsync(new() { Timeout = PatienceMs });
        var before = await UpdatesAsync(curves);
        await Wait.UntilAsync(async () => await UpdatesAsync(curves) > before, "the curve grows");
        await page.ExpectAsync(".job-progress", "first (1 of 1), update");
        await page.ExpectAsync(".job-log", "starts afresh");
        Assert.Equal(ulong.MaxValue, TrainingRecipe.Load(Path.Combine(studio.DataFolder, "training", "first-try", Trainer.RecipeFile)).Seed);
        await page.CheckAccessibilityAsync("a running training");

        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Cancel", Exact = true }).ClickAsync();
        await page.ExpectAsync(".job-headline .badge", "cancelled");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Try again" }).ClickAsync();
        await Assertions.Expect(page.Page.Locator(".job-log")).ToContainTextAsync("goes on from the last checkpoint", new() { Timeout = PatienceMs });

        page.Allow(""); // its server goes away under it
        await studio.RestartServerAsync();
        await using var later = await StudioPage.OpenAsync(studio);
        await later.GoAsync(new Uri(page.Page.Url).PathAndQuery);
        await Assertions.Expect(later.Page.Locator(".job-headline .badge")).ToHaveTextAsync("finished", new() { Timeout = PatienceMs });
        await later.Page.GetByRole(AriaRole.Link, new() { Name = "Result", Exact = true }).ClickAsync();
        await later.ExpectAsync("h1", "first-try");
        await Wait.UntilAsync(async () => await UpdatesAsync(later.Page.Locator(".training-curves")) == 150, "every update stands once in the curve");
        await later.GoAsync("/jobs?show=ended");
        await later.ExpectAsync(".job", "Training first-try by journey");
        await later.ExpectAsync(".jobs-trainings", "150 of 150");
    }

    private static async Task<int> UpdatesAsync(ILocator curves) => int.Parse(await curves.GetAttributeAsync("data-updates") ?? "0", System.Globalization.CultureInfo.InvariantCulture);
}
