using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Studio.BrowserTests.Harness;
using Studio.Tests;
using Xunit;

namespace Studio.BrowserTests.Chat;

/// <summary>A conversation about a video, as a person has it.</summary>
public sealed partial class ChatJourneyTests(StudioFixture studio) : IClassFixture<StudioFixture>
{
    [Fact]
    public async Task Answer_StreamsStopsComesAgain_AndTheQuestionBranches()
    {
        await using var page = await StudioPage.OpenAsync(studio);
        await page.AddSampleAsync();
        await page.BeginAsync(tokens: 40);
        studio.Gate.Close(after: 4);
        await page.AskAsync("What happens in the meadow?");
        await Wait.UntilAsync(() => studio.Gate.Held == 1, "the answer is being written");
        await page.Page.Locator(".answer[aria-busy=true] .cursor").WaitForAsync(); // text is there and more will come
        // What is typed meanwhile is nobody's but the person's.
        await page.Page.Locator("[data-composer]").FillAsync("And after that");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Stop" }).ClickAsync();
        await page.ExpectAsync(".answer-end", "Stopped; the text so far is kept.");
        var stopped = await page.AnswerTextAsync();
        Assert.NotEmpty(stopped);
        Assert.Equal("And after that", await page.Page.Locator("[data-composer]").InputValueAsync());
        studio.Gate.Open();

        // The same settings again: the whole answer, which begins with what was stopped.
        await AgainAsync(page, "Same settings");
        await page.ExpectAsync(".answer .branches", "2 of 2");
        await page.AnsweredAsync();
        var whole = await page.AnswerTextAsync();
        Assert.StartsWith(stopped, whole, StringComparison.Ordinal);
        Assert.True(whole.Length > stopped.Length, $"'{whole}' is not longer than '{stopped}'");
        await page.Page.GetByRole(AriaRole.Link, new() { Name = "Earlier version" }).ClickAsync();
        await page.ExpectAsync(".answer .branches", "1 of 2");
        await page.ExpectAsync(".answer-end", "Stopped");
        _ = await page.Page.ReloadAsync(); // which version is shown stands in the address
        await page.ExpectAsync(".answer .branches", "1 of 2");
        await page.InteractiveAsync();

        // Another question in its place; the first one keeps its answers.
        await page.Page.Locator(".question").HoverAsync();
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Edit the question" }).ClickAsync();
        await page.Page.Locator(".question-edit textarea").FillAsync("Which shapes are in the meadow?");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Ask again" }).ClickAsync();
        await page.ExpectAsync(".question-text", "Which shapes are in the meadow?");
        await page.AnsweredAsync();
        await page.ExpectAsync(".question .branches", "2 of 2");
        await page.Page.Locator(".question").HoverAsync();
        await page.Page.Locator(".question .branches a[aria-label='Earlier version']").ClickAsync();
        await page.ExpectAsync(".question-text", "What happens in the meadow?");
        await page.ExpectAsync(".answer .branches", "of 2");

        // On with the conversation; measured values beside what was planned.
        await page.Page.Locator(".measures summary").Last.ClickAsync();
        await page.ExpectAsync(".measures-body", "KV cache");
        await page.AskAsync("And after that?");
        await page.AnsweredAsync(2);
    }

    [Fact]
    public async Task QuestionSentRightAfterAChoice_IsAskedWithThatChoice()
    {
        await using var page = await StudioPage.OpenAsync(studio);
        await page.AddSampleAsync();
        await page.BeginAsync(tokens: 8);
        await page.Page.Locator(".chat[data-ready]").WaitForAsync();
        // In one breath: the page's address cannot have come back in between.
        await page.Page.EvaluateAsync("""
            () => {
                [...document.querySelectorAll('button')].find(b => b.textContent.trim() === 'Compare').click();
                const box = document.querySelector('[data-composer]');
                box.value = 'At once?';
                box.dispatchEvent(new Event('input', { bubbles: true }));
                box.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
            }
            """);
        await page.AnsweredAsync(2);
        Assert.Equal(1, await page.Page.Locator(".question-text").CountAsync());
    }

    [Fact]
    public async Task TwoSettings_AnswerSideBySide_AndAreInspectedTogether()
    {
        await using var page = await StudioPage.OpenAsync(studio);
        await page.AddSampleAsync();
        await page.BeginAsync(tokens: 12);
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Compare" }).ClickAsync();
        await page.Page.GetByRole(AriaRole.Group, new() { Name = "Right answer" }).GetByRole(AriaRole.Button, new() { Name = "strong" }).ClickAsync();
        await Assertions.Expect(page.Page.Locator(".composer-plan .plan-line")).ToHaveCountAsync(2);
        await page.AskAsync("What changes?");
        await page.AnsweredAsync(2);
        var table = page.Page.Locator(".compare .table");
        var tokens = await table.Locator("tr", new() { HasText = "visual tokens" }).Locator("td").AllInnerTextsAsync();
        Assert.Equal(2, tokens.Count);
        Assert.NotEqual(tokens[0], tokens[1]);
        Assert.StartsWith("128", tokens[0], StringComparison.Ordinal);

        // From the answer to what the model kept of the video.
        var other = (await page.Page.Locator(".answer").Nth(1).GetAttributeAsync("id"))!["message-".Length..];
        await page.Page.Locator(".answer").First.GetByRole(AriaRole.Link, new() { Name = "Inspect" }).ClickAsync();
        await page.Page.Locator("[data-ribbon][data-ready=true]").WaitForAsync();
        await page.ExpectAsync(".inspect-question", "What changes?");
        await page.Page.Locator("#compare").SelectOptionAsync(other);
        await page.Page.Locator("[data-ribbon-compare][data-ready=true]").WaitForAsync();
        await page.ExpectAsync("[aria-label=Sums]", "Rows over all layers");
        var chart = page.Page.Locator("[data-chart=visual-tokens]");
        await chart.ScrollIntoViewIfNeededAsync();
        await chart.Locator(".plot .main-svg").First.WaitForAsync();
        var csv = await File.ReadAllTextAsync(await DownloadAsync(page, chart.Locator("a:has-text('CSV')")));
        Assert.Contains("128", csv, StringComparison.Ordinal);
        var png = await File.ReadAllBytesAsync(await DownloadAsync(page, chart.Locator("button:has-text('PNG')")));
        Assert.Equal(new byte[] { 0x89, (byte)'P', (byte)'N', (byte)'G' }, png[..4]);
        await chart.Locator("button:has-text('Table')").ClickAsync();
        Assert.Equal(csv.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Length - 1, await chart.Locator("tbody tr").CountAsync());
        await page.Page.GetByRole(AriaRole.Link, new() { Name = "Conversation" }).ClickAsync();
        await page.ExpectAsync(".question-text", "What changes?");
    }

    [Fact]
    public async Task Times_SeekThePlayer_FromLinksToo_AndConversationsAreFoundAndDeleted()
    {
        await using var page = await StudioPage.OpenAsync(studio);
        await page.AddSampleAsync(); // only an empty library offers it, and the tests come in any order
        var film = await Film.DrawAsync(studio.DataFolder, "long film.mp4", "testsrc=size=160x90:rate=1", 800);
        var (conversation, answer) = await Seed.ConversationAsync(studio, film, "When does the lighthouse appear?", "First at 12:34, behind the quay; before, at 0:10, there is only fog.");
        await page.GoAsync($"/chat/{conversation}");
        await page.Page.Locator("a.time-link", new() { HasText = "12:34" }).ClickAsync();
        await PlayerAtAsync(page, 754);
        await page.Page.Locator("a.time-link", new() { HasText = "0:10" }).ClickAsync();
        await PlayerAtAsync(page, 10);

        // The same moment by its address, in another window.
        var link = await page.Page.Locator("a.time-link", new() { HasText = "12:34" }).GetAttributeAsync("href");
        await page.GoAsync("/library");
        await page.GoAsync("/" + link);
        await PlayerAtAsync(page, 754);
        await page.Page.Locator($"#message-{answer}").WaitForAsync();
        await page.GoAsync($"/chat/{conversation}?m={answer}&t=10");
        await PlayerAtAsync(page, 10);
        await page.Page.Locator($"#message-{answer}[data-highlight]").WaitForAsync();

        // Found by a word of the answer; gone when deleted.
        await page.GoAsync("/chat");
        await page.Page.Locator(".chat[data-ready]").WaitForAsync(); // its keys are heard
        await page.Page.Keyboard.PressAsync("Control+k");
        await page.Page.Keyboard.TypeAsync("quay");
        await page.Page.WaitForURLAsync(Searched());
        await Assertions.Expect(page.Page.Locator(".history-link")).ToContainTextAsync(["When does the lighthouse appear?"]);
        await page.ExpectAsync(".history-match", "quay");
        await page.Page.Locator(".history-item").HoverAsync();
        await page.Page.Locator(".history-item summary").ClickAsync();
        await page.Page.Locator(".history-item .is-danger").ClickAsync();
        await page.ExpectAsync("dialog[open]", "lighthouse");
        await page.Page.Locator("dialog[open] .btn-danger").ClickAsync();
        await page.ExpectAsync(".history-empty", "No title or message has “quay”");
        await page.GoAsync($"/chat/{conversation}");
        await page.ExpectAsync(".empty-title", "This conversation cannot be shown");
    }

    [Fact]
    public async Task FileDroppedOnTheChat_IsUploadedAndAttached()
    {
        var file = await Film.DrawAsync(studio.DataFolder, "dropped.mp4", "testsrc=size=320x180:rate=5", 3);
        await using var page = await StudioPage.OpenAsync(studio);
        await page.AddSampleAsync(); // only an empty library offers it, and the tests come in any order
        await page.GoAsync("/chat");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Attach" }).ClickAsync();
        await page.Page.Locator("dialog[open] input[data-upload]").SetInputFilesAsync(file);
        await page.ExpectAsync(".composer .media-chip", "dropped");
        await Assertions.Expect(page.Page.Locator(".upload-tray")).ToBeHiddenAsync();
    }

    [Fact]
    public async Task LinkThatBreaksWhileAnAnswerComes_ReconnectsAndShowsTheRest()
    {
        await using var link = new WeakLink(studio.Url);
        await using var page = await StudioPage.OpenAsync(link.Url);
        await page.AddSampleAsync();
        await page.BeginAsync(tokens: 30);
        studio.Gate.Close(after: 3);
        await page.AskAsync("Does it go on?");
        await Wait.UntilAsync(() => studio.Gate.Held == 1, "the answer is being written");
        await page.Page.Locator(".answer[aria-busy=true] .cursor").WaitForAsync();
        var before = await page.AnswerTextAsync();
        page.Allow(""); // a broken link is an error in the console
        link.Cut();
        studio.Gate.Open();
        await page.AnsweredAsync();
        Assert.StartsWith(before.Trim(), await page.AnswerTextAsync(), StringComparison.Ordinal);

        // And in a page that is opened afterwards.
        var whole = await page.AnswerTextAsync();
        await using var later = await StudioPage.OpenAsync(studio);
        await later.GoAsync("/chat");
        await later.Page.Locator(".history-link", new() { HasText = "Does it go on?" }).ClickAsync();
        await later.AnsweredAsync();
        Assert.Equal(whole, await later.AnswerTextAsync());
    }

    private static async Task AgainAsync(StudioPage page, string how)
    {
        await page.Page.Locator(".answer .menu summary", new() { HasText = "Again" }).ClickAsync();
        await page.Page.Locator(".menu-list button", new() { HasText = how }).ClickAsync();
    }

    private static async Task PlayerAtAsync(StudioPage page, double seconds) =>
        _ = await page.Page.WaitForFunctionAsync("t => Math.abs(document.querySelector('video[data-player]').currentTime - t) < 1", seconds);

    private static async Task<string> DownloadAsync(StudioPage page, ILocator control)
    {
        var download = await page.Page.RunAndWaitForDownloadAsync(() => control.ClickAsync());
        return await download.PathAsync();
    }

    [GeneratedRegex("[?&]q=quay")]
    private static partial Regex Searched();
}
