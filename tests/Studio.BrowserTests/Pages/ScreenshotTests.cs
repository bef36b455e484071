using System.Diagnostics.CodeAnalysis;
using Microsoft.Playwright;
using Studio.BrowserTests.Chat;
using Studio.BrowserTests.Harness;
using Xunit;

namespace Studio.BrowserTests.Pages;

/// <summary>The pictures of the README, of real pages after real work. Made when STUDIO_SCREENSHOTS names a folder.</summary>
public sealed class ScreenshotTests(ShippedStudio shipped) : IClassFixture<ShippedStudio>
{
    private const string Folder = "STUDIO_SCREENSHOTS";
    private const int MaxBytes = 250_000;

    [SuppressMessage("Maintainability", "CA1515", Justification = "the runner reads it")]
    public static bool AreWanted => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(Folder));

    [Fact(Skip = Folder + " names no folder for them", SkipUnless = nameof(AreWanted))]
    public async Task Pages_AreTakenPicturesOf()
    {
        var studio = shipped.Studio;
        var folder = Directory.CreateDirectory(Environment.GetEnvironmentVariable(Folder)!).FullName;
        var films = Directory.CreateDirectory(Path.Combine(studio.DataFolder, "films")).FullName;
        (string Name, string Source, int Seconds)[] drawn =
        [
            ("Slow aurora.mp4", "gradients=size=1280x720:rate=25:speed=0.012:n=4:c0=0x0b1026:c1=0x1f6f78:c2=0x7bdcb5:c3=0x3b1f66", 20),
            ("Growing colony.mp4", "life=size=96x54:mold=12:rate=25:ratio=0.2:death_color=#1b3a4b:life_color=#f2e8cf:seed=7,scale=1280:720:flags=neighbor", 16),
            ("Test pattern.mp4", "testsrc2=size=1280x720:rate=25", 12),
            ("Into the Mandelbrot set.mp4", "mandelbrot=size=960x540:rate=15:start_scale=2.2:end_scale=0.004:end_pts=260:maxiter=1200", 18),
        ];
        await using var page = await StudioPage.OpenAsync(studio);
        await page.AddSampleAsync();
        List<string> files = [];
        foreach (var (name, source, seconds) in drawn) files.Add(await Film.DrawAsync(films, name, source, seconds, quality: 24));
        await page.Page.Locator("#library-files").SetInputFilesAsync(files);
        await Assertions.Expect(page.Page.Locator(".upload[data-state=done]")).ToHaveCountAsync(drawn.Length, new() { Timeout = 120_000 });
        foreach (var file in files) await page.Page.GetByRole(AriaRole.Button, new() { Name = $"Dismiss: {Path.GetFileName(file)}" }).ClickAsync();
        _ = await page.Page.WaitForFunctionAsync("() => document.querySelectorAll('.video-poster img').length === document.querySelectorAll('.video-card').length && [...document.querySelectorAll('.video-poster img')].every(i => i.naturalWidth > 0)", null, new() { Timeout = 120_000 });
        await TakeAsync(page, folder, "library");

        await page.GoAsync("/chat");
        await page.Page.Locator(".picker-item", new() { HasText = "cards" }).ClickAsync();
        await page.Page.Locator(".composer .media-chip").WaitForAsync();
        await page.Page.Locator(".composer-how").ClickAsync();
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "number", Exact = true }).ClickAsync();
        await page.Page.GetByLabel("Number of frames").FillAsync("32");
        await page.Page.Locator(".settings-more summary", new() { HasText = "Sampling" }).ClickAsync();
        await page.Page.GetByLabel("Longest answer").FillAsync("16");
        await page.ExpectAsync(".plan-line", "32 frames");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Compare" }).ClickAsync();
        await page.Page.GetByRole(AriaRole.Group, new() { Name = "Right answer" }).GetByRole(AriaRole.Button, new() { Name = "strong" }).ClickAsync();
        await page.Page.Locator(".composer-how").ClickAsync();
        await page.AskAsync("Which number is on the card?");
        await page.AnsweredAsync(2);
        var inspect = await page.Page.Locator(".answer").Nth(1).GetByRole(AriaRole.Link, new() { Name = "Inspect" }).GetAttributeAsync("href");
        await page.Page.Locator(".strip-picture").Nth(1).ClickAsync();
        _ = await page.Page.WaitForFunctionAsync("() => { const v = document.querySelector('video[data-player]'); return v.readyState >= 2 && v.currentTime > 3 && !v.seeking; }");
        await TopAsync(page);
        await TakeAsync(page, folder, "chat");
        await page.Page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
        await TakeAsync(page, folder, "chat-dark");
        await page.Page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Light });
        await page.Page.SetViewportSizeAsync(375, 812);
        await TopAsync(page);
        await TakeAsync(page, folder, "chat-phone");

        await page.Page.SetViewportSizeAsync(1280, 800);
        await page.GoAsync($"/{inspect}?frame=5&layer=4");
        await page.Page.Locator("[data-ribbon][data-ready=true]").WaitForAsync();
        await page.ExpectAsync("[data-patch-summary]", "tokens alive");
        await page.Page.Locator("#ribbon-readout").EvaluateAsync("e => e.scrollIntoView({ block: 'end' })");
        await TakeAsync(page, folder, "inspect");
        await page.GoAsync("/system");
        await page.Page.Locator(".system-found").First.WaitForAsync(new() { Timeout = 60_000 });
        await TakeAsync(page, folder, "system");
    }

    private static async Task TopAsync(StudioPage page) => _ = await page.Page.Locator("[data-log]").EvaluateAsync("log => { log.scrollTop = 0; }");

    private static async Task TakeAsync(StudioPage page, string folder, string name)
    {
        await page.Page.Mouse.MoveAsync(1, 1);
        var path = Path.Combine(folder, name + ".png");
        _ = await page.Page.ScreenshotAsync(new() { Path = path, Animations = ScreenshotAnimations.Disabled });
        Assert.InRange(new FileInfo(path).Length, 10_000, MaxBytes);
    }
}

/// <summary>A studio whose answers are those of the model that ships.</summary>
public sealed class ShippedStudio : IAsyncLifetime
{
    public StudioFixture Studio { get; } = new() { Options = o => o with { Model = "flash-mini" } };

    public ValueTask InitializeAsync() => Studio.InitializeAsync();

    public ValueTask DisposeAsync() => Studio.DisposeAsync();
}
