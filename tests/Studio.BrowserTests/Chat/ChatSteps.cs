using Microsoft.Playwright;
using Studio.BrowserTests.Harness;

namespace Studio.BrowserTests.Chat;

/// <summary>What people do on the chat page again and again.</summary>
internal static class ChatSteps
{
    /// <summary>Adds the sample by the button of the empty library, or finds it there.</summary>
    public static async Task AddSampleAsync(this StudioPage page)
    {
        await page.GoAsync("/library");
        await page.Page.Locator(".empty-title, .video-card").First.WaitForAsync();
        if (await page.Page.Locator(".video-card-name", new() { HasText = "shapes" }).CountAsync() > 0) return;
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Add the sample video" }).ClickAsync();
        await page.Page.Locator(".video-card-name", new() { HasText = "shapes" }).WaitForAsync();
    }

    /// <summary>A new conversation about the sample, with few frames and short answers.</summary>
    public static async Task BeginAsync(this StudioPage page, int tokens = 24)
    {
        await page.GoAsync("/chat");
        await page.Page.Locator(".picker-item", new() { HasText = "shapes" }).ClickAsync();
        await page.Page.Locator(".composer .media-chip").WaitForAsync();
        await page.Page.Locator(".composer-how").ClickAsync();
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "number", Exact = true }).ClickAsync();
        await page.Page.GetByLabel("Number of frames").FillAsync("8");
        await page.Page.Locator(".settings-more summary", new() { HasText = "Sampling" }).ClickAsync();
        await page.Page.GetByLabel("Longest answer").FillAsync(tokens.ToString(System.Globalization.CultureInfo.InvariantCulture));
        await page.ExpectAsync(".plan-line", "8 frames"); // the plan, before anything is sent
        await page.Page.Locator(".composer-how").ClickAsync();
    }

    public static async Task AskAsync(this StudioPage page, string question)
    {
        await page.Page.Locator(".chat[data-ready]").WaitForAsync(); // before that, Enter is not heard
        await page.Page.Locator("[data-composer]").FillAsync(question);
        await page.Page.Keyboard.PressAsync("Enter");
        await page.Page.Locator(".question-text", new() { HasText = question }).Last.WaitForAsync();
    }

    /// <summary>Waits until every answer on the page has ended.</summary>
    public static async Task AnsweredAsync(this StudioPage page, int answers = 1)
    {
        await Assertions.Expect(page.Page.Locator(".answer[aria-busy=false] .answer-foot .measures, .answer[aria-busy=false] .answer-end")).Not.ToHaveCountAsync(0, new() { Timeout = 60_000 });
        await Assertions.Expect(page.Page.Locator(".answer[aria-busy=false]")).ToHaveCountAsync(answers, new() { Timeout = 60_000 });
    }

    public static Task<string> AnswerTextAsync(this StudioPage page) => page.Page.Locator(".answer-body").Last.InnerTextAsync();
}
