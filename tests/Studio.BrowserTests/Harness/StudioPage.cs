using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Playwright;
using Xunit;

namespace Studio.BrowserTests.Harness;

/// <summary>
/// A page that remembers everything that went wrong in it: console errors, uncaught exceptions, failed and refused
/// requests, requests to other hosts. Closing it fails the test if there was anything.
/// </summary>
public sealed class StudioPage : IAsyncDisposable
{
    private readonly List<string> _problems = [];
    private readonly List<string> _allowed = [];

    private StudioPage(IBrowserContext context, IPage page, string url) => (Context, Page, Url) = (context, page, url);

    public IBrowserContext Context { get; }

    public IPage Page { get; }

    public string Url { get; }

    /// <param name="state">Cookies and storage of another page's context.</param>
    public static Task<StudioPage> OpenAsync(StudioFixture studio, int width = 1280, int height = 800, ColorScheme scheme = ColorScheme.Light, string? state = null) =>
        OpenAsync(studio.Url, width, height, scheme, state);

    /// <param name="url">Where the browser finds the studio, without a closing slash.</param>
    /// <param name="state">Cookies and storage of another page's context.</param>
    public static async Task<StudioPage> OpenAsync(string url, int width = 1280, int height = 800, ColorScheme scheme = ColorScheme.Light, string? state = null)
    {
        var browser = await OneBrowser.GetAsync();
        var context = await browser.NewContextAsync(new()
        {
            ViewportSize = new() { Width = width, Height = height },
            ColorScheme = scheme,
            ReducedMotion = ReducedMotion.Reduce,
            BaseURL = url,
            StorageState = state,
        });
        context.SetDefaultTimeout(20_000);
        var page = await context.NewPageAsync();
        var opened = new StudioPage(context, page, url);
        page.Console += (_, m) => opened.Note(m.Type == "error", $"console: {m.Text}");
        page.PageError += (_, e) => opened.Note(true, $"exception: {e}");
        page.Response += (_, r) => opened.Note(r.Status >= 400, $"{r.Status}: {r.Url}");
        page.Request += (_, r) => opened.Note(!r.Url.StartsWith(url, StringComparison.Ordinal) && !r.Url.StartsWith("data:", StringComparison.Ordinal) && !r.Url.StartsWith("blob:", StringComparison.Ordinal), $"foreign request: {r.Url}");
        return opened;
    }

    /// <summary>Expects text in the first element of a selector.</summary>
    public Task ExpectAsync(string selector, string text) => Assertions.Expect(Page.Locator(selector).First).ToContainTextAsync(text, new() { Timeout = 30_000 });

    /// <summary>Forgets what went wrong so far, where a test provoked it.</summary>
    public void Forgive()
    {
        lock (_problems) _problems.Clear();
    }

    /// <summary>A problem that this test provokes on purpose.</summary>
    public void Allow(string partOfProblem)
    {
        lock (_problems) _allowed.Add(partOfProblem);
    }

    /// <summary>Goes there and waits until the page answers to clicks.</summary>
    public async Task GoAsync(string path)
    {
        _ = await Page.GotoAsync(path);
        await InteractiveAsync();
    }

    /// <summary>Before that, a click on the prerendered page would be lost.</summary>
    public Task InteractiveAsync() => Page.Locator("[data-interactive=true]").WaitForAsync(new() { State = WaitForSelectorState.Attached });

    /// <summary>Runs axe over the page as it is and fails on serious and critical issues.</summary>
    public async Task CheckAccessibilityAsync(string where)
    {
        if (!await Page.EvaluateAsync<bool>("() => !!window.axe")) _ = await Page.EvaluateAsync(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "axe.min.js")));
        var json = await Page.EvaluateAsync<string>("async () => JSON.stringify((await axe.run(document, { resultTypes: ['violations'] })).violations.map(v => ({ id: v.id, impact: v.impact, help: v.help, nodes: v.nodes.slice(0, 5).map(n => n.html.slice(0, 300) + ' :: ' + n.failureSummary) })))");
        var found = JsonSerializer.Deserialize<Violation[]>(json, s_web)!.Where(v => v.Impact is "serious" or "critical").ToArray();
        Assert.True(found.Length == 0, $"{where}: " + string.Join("\n", found.Select(v => $"{v.Impact} {v.Id}: {v.Help}\n  {string.Join("\n  ", v.Nodes)}")));
    }

    /// <summary>Nothing may stick out sideways.</summary>
    public async Task CheckWidthAsync(string where)
    {
        var overflow = await Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - document.documentElement.clientWidth");
        Assert.True(overflow <= 0, $"{where}: the page is {overflow} px wider than its window");
    }

    public async ValueTask DisposeAsync()
    {
        await Context.DisposeAsync();
        string[] problems;
        lock (_problems) problems = [.. _problems.Where(p => !_allowed.Exists(a => p.Contains(a, StringComparison.Ordinal)))];
        Assert.True(problems.Length == 0, "the browser reported:\n" + string.Join("\n", problems));
    }

    private void Note(bool isProblem, string text)
    {
        if (!isProblem) return;
        lock (_problems) _problems.Add(text);
    }

    private static readonly JsonSerializerOptions s_web = new(JsonSerializerDefaults.Web);

    private sealed record Violation(string Id, string? Impact, string Help, [property: JsonPropertyName("nodes")] string[] Nodes);
}
