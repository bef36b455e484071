using Microsoft.Playwright;
using Studio.BrowserTests.Chat;
using Studio.BrowserTests.Harness;
using Xunit;

namespace Studio.BrowserTests.Hosting;

public sealed class RestartTests(StudioFixture studio) : IClassFixture<StudioFixture>
{
    [Fact]
    public async Task ServerRestarted_EverythingIsFoundAgain_AndTheFirstPageComesSoon()
    {
        await using var page = await StudioPage.OpenAsync(studio);
        await page.AddSampleAsync();
        var video = await page.Page.Locator(".video-card-link[title=shapes]").GetAttributeAsync("href");
        await page.BeginAsync(tokens: 16);
        await page.AskAsync("What stays?");
        await page.AnsweredAsync();
        var (address, text) = (page.Page.Url, await page.AnswerTextAsync());
        var inspect = await page.Page.GetByRole(AriaRole.Link, new() { Name = "Inspect" }).GetAttributeAsync("href");

        page.Allow(""); // its server goes away under it
        await studio.RestartServerAsync();
        await using var later = await StudioPage.OpenAsync(studio);
        var began = TimeProvider.System.GetTimestamp();
        await later.GoAsync("/chat");
        var first = TimeProvider.System.GetElapsedTime(began);
        TestContext.Current.TestOutputHelper!.WriteLine($"server started in {studio.StartTook.TotalMilliseconds:0} ms; its first page answered to clicks {first.TotalMilliseconds:0} ms after it was asked for");

        // The page that was open all the while finds its way back, too.
        await page.GoAsync(new Uri(address).PathAndQuery);
        foreach (var opened in new[] { page, later })
        {
            await opened.Page.Locator(".history-link", new() { HasText = "What stays?" }).ClickAsync();
            await opened.AnsweredAsync();
            Assert.Equal(text, await opened.AnswerTextAsync());
        }

        await later.Page.WaitForFunctionAsync("() => document.querySelector('video[data-player]').readyState >= 1");
        await later.GoAsync("/" + inspect);
        await later.Page.Locator("[data-ribbon][data-ready=true]").WaitForAsync();
        await later.ExpectAsync("#ribbon-readout", "of 8, layer");
        await later.GoAsync("/" + video);
        await later.ExpectAsync("h1", "shapes");
        await later.GoAsync("/library");
        await Assertions.Expect(later.Page.Locator(".video-card")).ToHaveCountAsync(2);

        // And the conversation goes on.
        await later.GoAsync(new Uri(address).PathAndQuery);
        await later.AskAsync("And now?");
        await later.AnsweredAsync(2);
    }
}
