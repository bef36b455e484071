using Microsoft.Extensions.DependencyInjection;
using Studio.BrowserTests.Harness;
using Studio.ModelHosting;
using Studio.Tests;
using Xunit;

namespace Studio.BrowserTests.Chat;

/// <summary>Time goes thirty times as fast for what the server waits for.</summary>
public sealed class ClosedPageTests : IAsyncLifetime
{
    private readonly StudioFixture _studio = new() { Clock = new HurriedTime(30) };

    public ValueTask InitializeAsync() => _studio.InitializeAsync();

    public ValueTask DisposeAsync() => _studio.DisposeAsync();

    [Fact]
    public async Task PageClosed_ItsAnswerIsStopped_AndFoundWithTheTextSoFar()
    {
        await using (var page = await StudioPage.OpenAsync(_studio))
        {
            await page.AddSampleAsync();
            await page.BeginAsync(tokens: 200);
            _studio.Gate.Close(after: 3);
            await page.AskAsync("Is anybody there?");
            await Wait.UntilAsync(() => _studio.Gate.Held == 1, "the answer is being written");
            // As a person closes it: taken away without a word, the page would count as one whose line is down, for minutes.
            await page.Page.CloseAsync(new() { RunBeforeUnload = true });
            await Wait.UntilAsync(() => page.Page.IsClosed, "the page is closed");
        }

        // The gate stays closed: only the end of the work leads out of it.
        await Wait.UntilAsync(() => _studio.Gate.Held == 0, "the closed page's work ends");
        await Wait.UntilAsync(() => _studio.Services.GetRequiredService<DeviceScheduler>().Positions().Positions.Count == 0, "nothing is left in line");
        await using var later = await StudioPage.OpenAsync(_studio);
        await later.GoAsync("/chat");
        await later.Page.Locator(".history-link", new() { HasText = "Is anybody there?" }).ClickAsync();
        await later.ExpectAsync(".answer-end", "Stopped");
        Assert.NotEmpty(await later.AnswerTextAsync());
    }
}
