using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Studio.BrowserTests.Harness;
using Studio.Tests;
using Xunit;

namespace Studio.BrowserTests.Library;

/// <summary>A file on its way into the library, over a link that breaks.</summary>
public sealed partial class UploadJourneyTests(StudioFixture studio) : IClassFixture<StudioFixture>
{
    private const string Row = ".upload[data-state={0}]";

    [Fact]
    public async Task File_OverABrokenLink_PausedAndReloaded_ArrivesWhole_AndOnlyOnce()
    {
        // Noise is hard to compress: more than two chunks of 8 MiB.
        var file = await Film.DrawAsync(studio.DataFolder, "rain on the window.mp4", "testsrc2=size=640x360:rate=25,noise=alls=60:allf=t+u", 10, quality: 5);
        var size = new FileInfo(file).Length;
        Assert.InRange(size, 18L << 20, 120L << 20);
        await using var link = new WeakLink(studio.Url);
        await using var page = await StudioPage.OpenAsync(link.Url);
        page.Page.Dialog += (_, dialog) => _ = dialog.AcceptAsync(); // "leave the page?" while something is sent
        var offsets = new System.Collections.Concurrent.ConcurrentQueue<long>(); // where each chunk began
        var room = 0L; // bytes that may pass from a try of the first chunk on
        page.Page.Request += (_, request) =>
        {
            if (request.Method != "PATCH") return;
            var offset = long.Parse(request.Headers["upload-offset"], System.Globalization.CultureInfo.InvariantCulture);
            offsets.Enqueue(offset);
            if (offset < 8 << 20 && room > 0) link.HoldAfter(room); // a try that was refused has used some of it
        };
        await page.GoAsync("/library");
        var input = page.Page.Locator("#library-files");

        // Held up, paused, gone on.
        link.HoldAfter(2 << 20);
        await input.SetInputFilesAsync(file);
        await Wait.UntilAsync(() => link.Held > 0, "the upload is held up");
        await page.Page.Locator(State("sending")).WaitForAsync();
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Pause: rain on the window.mp4" }).ClickAsync();
        await page.ExpectAsync(State("paused"), "paused at");
        page.Allow(""); // from here on the link breaks, which is an error in the console
        link.Cut(); // what the paused chunk left in the line is gone, so that only what comes now is counted
        room = 9 << 20; // a whole chunk, and a part of the next
        link.HoldAfter(room);
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Resume: rain on the window.mp4" }).ClickAsync();
        await Wait.UntilAsync(() => link.Held > 0 && offsets.Max() >= 8 << 20, "the second chunk is held up");

        // The page is loaded again: it knows of the upload, and takes the file up where the server has it.
        room = 0;
        _ = await page.Page.ReloadAsync();
        await page.InteractiveAsync();
        await page.ExpectAsync(State("unfinished"), "begun before this page was loaded");
        link.Release();
        offsets.Clear();
        link.HoldAfter(1 << 20);
        await input.SetInputFilesAsync(file);
        await Wait.UntilAsync(() => link.Held > 0 && !offsets.IsEmpty, "the rest is held up");
        Assert.True(offsets.First() >= 8 << 20, $"after the reload it began at byte {offsets.First()}");

        // The link breaks in the middle of a chunk; nobody does anything.
        link.Cut();
        await page.Page.Locator(State("done")).WaitForAsync(new() { Timeout = 60_000 });
        Assert.All(offsets, o => Assert.True(o >= 8 << 20, $"a chunk began at byte {o} again"));
        await page.ExpectAsync(State("done"), "in the library");

        // The card, then everything about it.
        var card = page.Page.Locator(".video-card", new() { HasText = "rain on the window" });
        await Assertions.Expect(card).ToContainTextAsync("640×360 · h264");
        await Assertions.Expect(card.Locator(".video-length")).ToHaveTextAsync("0:10");
        await page.Page.WaitForFunctionAsync("() => document.querySelector('.video-poster img')?.naturalWidth > 0", null, new() { Timeout = 60_000 });
        await card.Locator(".video-card-link").ClickAsync();
        await page.ExpectAsync("h1", "rain on the window");
        await page.ExpectAsync("[aria-label=Facts]", "250 frames");
        await page.ExpectAsync("[aria-label=Facts]", "640×360");
        await page.ExpectAsync("[aria-label=Facts]", "h264");
        var strip = page.Page.Locator(".video-strip img");
        await strip.First.WaitForAsync();
        Assert.True(await strip.CountAsync() >= 5, $"{await strip.CountAsync()} pictures");
        await page.Page.WaitForFunctionAsync("() => [...document.querySelectorAll('.video-strip img')].slice(0, 5).every(i => i.naturalWidth > 0)");
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(file))), await page.Page.Locator("[aria-label=Facts] code").GetAttributeAsync("title"));
        await page.Page.WaitForFunctionAsync("() => document.querySelector('video').readyState >= 1 && Math.abs(document.querySelector('video').duration - 10) < 0.1");
        await page.Page.Locator(".video-strip button").Nth(3).ClickAsync();
        await page.Page.WaitForFunctionAsync("() => document.querySelector('video').currentTime > 1");
        var address = new Uri(page.Page.Url).AbsolutePath;

        // The same film under another name is recognised by its content.
        var copy = Path.Combine(studio.DataFolder, "copy of something.mp4");
        File.Copy(file, copy);
        await page.GoAsync("/library");
        await input.SetInputFilesAsync(copy);
        await page.Page.Locator(State("done")).WaitForAsync(new() { Timeout = 60_000 });
        Assert.Equal(address, "/" + await page.Page.Locator(State("done") + " a").GetAttributeAsync("href"));
        await Assertions.Expect(card).ToHaveCountAsync(1);
        await Assertions.Expect(page.Page.Locator(".video-card", new() { HasText = "copy of something" })).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task FileThatIsNoVideo_IsRefusedWithTheReason_AndTheLibraryStaysAsItWas()
    {
        await using var page = await StudioPage.OpenAsync(studio);
        page.Allow("422"); // how the server refuses it
        await page.GoAsync("/library");
        await page.Page.Locator("#library-files").SetInputFilesAsync(new FilePayload { Name = "<img src=x onerror=alert(1)>.mp4", MimeType = "video/mp4", Buffer = new byte[64 * 1024] });
        await page.Page.Locator(State("failed")).WaitForAsync();
        Assert.Matches(Words(), await page.Page.Locator(".upload-error").InnerTextAsync());
        await page.ExpectAsync(State("failed"), "<img src=x onerror=alert(1)>.mp4");
        Assert.Equal(0, await page.Page.Locator(".upload img").CountAsync());
    }

    [Fact]
    public async Task Library_NamedTaggedSearchedAndDeleted_ByWhatThePagesOffer()
    {
        await using var page = await StudioPage.OpenAsync(studio);
        await page.GoAsync("/library");
        var file = await Film.DrawAsync(studio.DataFolder, "harbour.mp4", "testsrc=size=320x180:rate=10", 2);
        await page.Page.Locator("#library-files").SetInputFilesAsync(file);
        await page.Page.Locator(State("done")).WaitForAsync();
        await page.Page.Locator(State("done") + " a").ClickAsync();
        await page.ExpectAsync("h1", "harbour");
        await page.Page.Locator("#video-name").FillAsync("Harbour at noon");
        await page.Page.Locator("#video-tags").FillAsync("boats, summer");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await page.ExpectAsync("h1", "Harbour at noon");
        await page.GoAsync("/library");
        await page.Page.Locator("[name=q]").FillAsync("summer");
        await page.Page.WaitForURLAsync("**/library?q=summer");
        await Assertions.Expect(page.Page.Locator(".video-card-name")).ToHaveTextAsync(["Harbour at noon"]);
        await page.Page.Locator(".video-card-link").ClickAsync();
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await page.ExpectAsync("dialog[open]", "No conversation uses");
        await page.Page.Locator("dialog[open] .btn-danger").ClickAsync();
        await page.Page.WaitForURLAsync("**/library");
        await Assertions.Expect(page.Page.Locator(".video-card-name", new() { HasText = "Harbour" })).ToHaveCountAsync(0);
    }

    private static string State(string state) => Row.Replace("{0}", state, StringComparison.Ordinal);

    [GeneratedRegex("video|image|media", RegexOptions.IgnoreCase)]
    private static partial Regex Words();
}
