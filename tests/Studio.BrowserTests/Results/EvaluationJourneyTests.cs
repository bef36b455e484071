using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Studio.Benchmarks.Records.Store;
using Studio.BrowserTests.Harness;
using Studio.BrowserTests.Jobs;
using Studio.Hosting;
using Studio.Tests;
using Studio.Tests.Hosting;
using Xunit;

namespace Studio.BrowserTests.Results;

/// <summary>
/// From the form to the team's board: a needle sweep as a job whose server is killed and that goes on with the next one, its heat map, charts,
/// samples and clips, the comparison of its two runs, running one again, and a link that somebody without an account reads until it is revoked.
/// </summary>
[Collection(Alone.Name)]
public sealed partial class EvaluationJourneyTests : IAsyncLifetime
{
    private const float PatienceMs = 120_000;
    private const int PerCell = 8; // enough that a kill after the first answers is far from the last
    private const int Samples = 2 * 2 * PerCell * 2; // two lengths, two depths, two compressions

    private readonly string _data = Directory.CreateTempSubdirectory("studio-journey-").FullName;
    private readonly ServerProcess _server;

    public EvaluationJourneyTests() => _server = new(StudioFixture.Root, _data, "--model", "tiny-random", "--accounts", "on");

    private string Url => _server.Url.GetLeftPart(UriPartial.Authority);

    public async ValueTask InitializeAsync() => await _server.StartAsync();

    public ValueTask DisposeAsync()
    {
        _server.Dispose();
        Directory.Delete(_data, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Needles_AreSweptOverAKilledServer_LookedInto_Compared_AndShared()
    {
        await using var ada = await StudioPage.OpenAsync(Url);
        await ada.SetUpAsync((await _server.SaysAsync(SetUpCode())).Groups[1].Value, "ada");
        await ada.InteractiveAsync();
        var job = await StartAsync(ada);
        var before = await KillInTheMiddleAsync(ada);
        await _server.StartAsync();
        await using var later = await StudioPage.OpenAsync(Url, state: await ada.Context.StorageStateAsync());
        await later.GoAsync(job);
        await Assertions.Expect(later.Page.Locator(".job-headline .badge")).ToHaveTextAsync("finished", new() { Timeout = PatienceMs });
        await later.ExpectAsync(".facts", "for the 2nd time");
        await CheckSamplesAsync(before);
        await later.Page.GetByRole(AriaRole.Link, new() { Name = "Result", Exact = true }).ClickAsync();
        await ChartsAsync(later);
        var run = await HeatMapAsync(later);
        await SampleAsync(later);
        await CompareAsync(later, run);
        await RunAgainAsync(later);
        await ShareAsync(later);
    }

    /// <returns>Address of the job.</returns>
    private static async Task<string> StartAsync(StudioPage ada)
    {
        var page = ada.Page;
        await page.GetByRole(AriaRole.Link, new() { Name = "Evaluate", Exact = true }).ClickAsync();
        await ada.ExpectAsync("h1", "Evaluate");
        _ = await page.GetByLabel("Task").SelectOptionAsync("niah");
        await FillAsync("Lengths in frames", "8,12");
        await FillAsync("Depths from 0 to 1", "0,deep");
        await ada.ExpectAsync(".evaluate [role=alert]", "'deep'");
        await FillAsync("Depths from 0 to 1", "0,1");
        await FillAsync("Questions a cell", $"{PerCell}");
        await page.GetByLabel("off", new() { Exact = true }).CheckAsync();
        await page.GetByLabel("strong", new() { Exact = true }).CheckAsync();
        await Assertions.Expect(page.Locator(".evaluate-facts")).ToContainTextAsync($"Answers in all{Samples}", new() { Timeout = PatienceMs });
        Assert.Contains("compress=off", page.Url, StringComparison.Ordinal);
        await page.GetByRole(AriaRole.Button, new() { Name = "Start the sweep" }).ClickAsync();
        await page.WaitForURLAsync("**/jobs/*");
        await ada.ExpectAsync("h1", "Sweep niah over 2 settings");
        return new Uri(page.Url).AbsolutePath;

        async Task FillAsync(string label, string text)
        {
            await page.GetByLabel(label).FillAsync(text);
            await page.GetByLabel(label).PressAsync("Enter");
        }
    }

    /// <summary>The server is killed while the page shows that some are answered and others are not.</summary>
    /// <returns>What it had recorded.</returns>
    private async Task<HashSet<Recorded>> KillInTheMiddleAsync(StudioPage ada)
    {
        await Assertions.Expect(ada.Page.Locator(".job-progress")).ToContainTextAsync(SomeDone(), new() { Timeout = PatienceMs });
        ada.Allow(""); // its server goes away under it
        _server.Kill();
        var recorded = await RecordedAsync();
        TestContext.Current.TestOutputHelper!.WriteLine($"the server was killed with {recorded.Count} of {Samples} samples recorded");
        Assert.InRange(recorded.Count, 1, Samples - 1);
        return [.. recorded];
    }

    /// <summary>Every sample is there once, and those of the killed server are still its own.</summary>
    private async Task CheckSamplesAsync(HashSet<Recorded> before)
    {
        var after = await RecordedAsync();
        Assert.Subset(after.ToHashSet(), before);
        var runs = after.GroupBy(r => r.Run).ToList();
        Assert.Equal(2, runs.Count);
        Assert.All(runs, r => Assert.Equal(Enumerable.Range(0, Samples / 2), r.Select(s => s.Ordinal)));
    }

    /// <summary>What lies on disk, read beside the server as the command line does.</summary>
    private async Task<List<Recorded>> RecordedAsync()
    {
        using var store = await RunStore.ConnectAsync(ResultsTarget.File(new StudioFolders(_data).Results), TimeProvider.System, CancellationToken.None);
        var recorded = new List<Recorded>();
        foreach (var run in (await store.ListAsync(new(), CancellationToken.None)).Runs)
        {
            await foreach (var sample in store.SamplesAsync(run.Id, CancellationToken.None)) recorded.Add(new(run.Id, sample.Ordinal, sample.RecordedAt));
        }

        return recorded;
    }

    private static async Task ChartsAsync(StudioPage ada)
    {
        await ada.ExpectAsync("h1", "Sweep over niah");
        await Assertions.Expect(ada.Page.Locator("[data-chart]")).ToHaveCountAsync(4);
        await ada.Page.Locator("[data-chart=sweep-tokens] .plot .main-svg").First.WaitForAsync(new() { Timeout = PatienceMs });
        await ada.Page.Locator("[data-chart=sweep-tokens]").GetByRole(AriaRole.Button, new() { Name = "Table", Exact = true }).ClickAsync();
        await Assertions.Expect(ada.Page.Locator("[data-chart=sweep-tokens] tbody tr")).ToHaveCountAsync(2);
        await ada.CheckAccessibilityAsync("a sweep");
    }

    /// <returns>The run that was opened.</returns>
    private static async Task<string> HeatMapAsync(StudioPage ada)
    {
        await ada.Page.GetByRole(AriaRole.Region, new() { Name = "Settings" }).GetByRole(AriaRole.Link, new() { Name = "strong" }).ClickAsync();
        await ada.ExpectAsync("h1", "niah, tiny-random");
        var cells = ada.Page.Locator("[data-map=found] .needle-value");
        await Assertions.Expect(cells).ToHaveCountAsync(4);
        await ada.Page.Locator(".needle-figure .table-wrap").First.FocusAsync();
        await ada.Page.Keyboard.PressAsync("Tab"); // to the first cell: the keyboard sees what the pointer does
        await Assertions.Expect(ada.Page.Locator(".tip")).ToContainTextAsync($"n = {PerCell}, 95 % interval");
        await ada.Page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(ada.Page.Locator(".tip")).ToBeHiddenAsync();
        await ada.Page.Locator("[data-map=survival] .needle-value").First.HoverAsync();
        await Assertions.Expect(ada.Page.Locator(".tip")).ToContainTextAsync("of the needle's tokens alive");
        var run = new Uri(ada.Page.Url).AbsolutePath["/results/".Length..];
        await cells.Last.ClickAsync();
        await Assertions.Expect(ada.Page.Locator(".sample-table tbody tr")).ToHaveCountAsync(PerCell);
        await Assertions.Expect(ada.Page.Locator(".sample-table tbody tr").First).ToContainTextAsync("niah-12-1-0");
        return run;
    }

    private static async Task SampleAsync(StudioPage ada)
    {
        await ada.Page.Locator(".sample-table tbody a").First.ClickAsync();
        await ada.Page.Locator("#verdict").WaitForAsync();
        var video = ada.Page.Locator(".clip-video");
        await Clips.PlaysAsync(video);
        var seek = ada.Page.Locator("[data-clip-seek]").First;
        var start = double.Parse((await seek.GetAttributeAsync("data-clip-seek"))!, CultureInfo.InvariantCulture);
        await seek.ClickAsync();
        await Wait.UntilAsync(async () => Math.Abs(await video.EvaluateAsync<double>("v => v.currentTime") - start) < 0.1, "the clip shows the needle");
        await ada.ExpectAsync("#alive", "What is left of the needle");
        await ada.Page.GetByText("Prompt as the model read it").ClickAsync();
        await Assertions.Expect(ada.Page.Locator("details[open] .run-json")).ToContainTextAsync("frames are uniformly sampled from it");
    }

    private static async Task CompareAsync(StudioPage ada, string run)
    {
        await ada.GoAsync($"/results/{run}");
        await ada.Page.GetByRole(AriaRole.Link, new() { Name = "Compare" }).ClickAsync();
        await ada.ExpectAsync(".results-picked", "One run is ticked");
        await ada.Page.Locator("[data-run] input[type=checkbox]:not(:checked)").First.CheckAsync();
        await ada.Page.Locator(".results-picked").GetByRole(AriaRole.Link, new() { Name = "Compare" }).ClickAsync();
        await ada.ExpectAsync("h1", "Comparison");
        await ada.ExpectAsync(".compare-tests", $"{Samples / 2} scored in both");
        await ada.CheckAccessibilityAsync("a comparison");
    }

    private static async Task RunAgainAsync(StudioPage ada)
    {
        await ada.GoAsync("/results/board/niah");
        await ada.Page.GetByRole(AriaRole.Button, new() { Name = "Run again" }).First.ClickAsync();
        await ada.Page.WaitForURLAsync("**/jobs/*");
        await ada.ExpectAsync("h1", "Evaluation niah with tiny-random");
        await ada.Page.GetByRole(AriaRole.Button, new() { Name = "Cancel", Exact = true }).ClickAsync();
        await Assertions.Expect(ada.Page.Locator(".job-headline .badge")).ToHaveTextAsync("cancelled", new() { Timeout = PatienceMs });
    }

    private async Task ShareAsync(StudioPage ada)
    {
        await ada.GoAsync("/results/board/niah");
        await ada.Page.GetByRole(AriaRole.Button, new() { Name = "Share" }).ClickAsync();
        await ada.Page.GetByRole(AriaRole.Button, new() { Name = "Make a link" }).ClickAsync();
        var link = await ada.Page.Locator("dialog[open] .copy-field input").InputValueAsync();
        await using var visitor = await StudioPage.OpenAsync(Url);
        _ = await visitor.Page.GotoAsync(link);
        await Assertions.Expect(visitor.Page.Locator(".board-table [data-row]")).ToHaveCountAsync(2);
        Assert.Equal(0, await visitor.Page.Locator(".board-table a").CountAsync());
        _ = await visitor.Page.GotoAsync("/results/board/niah");
        await visitor.ExpectAsync("h1", "Sign in");
        await ada.Page.GetByRole(AriaRole.Button, new() { Name = "Revoke link 1" }).ClickAsync();
        await Assertions.Expect(ada.Page.GetByRole(AriaRole.Button, new() { Name = "Revoke link 1" })).ToHaveCountAsync(0);
        visitor.Allow("404");
        var answer = await visitor.Page.GotoAsync(link);
        Assert.Equal(404, answer!.Status);
    }

    [GeneratedRegex(@"set-up code (\S+)")]
    private static partial Regex SetUpCode();

    [GeneratedRegex(@"sample [1-9]\d* of")]
    private static partial Regex SomeDone();

    private readonly record struct Recorded(string Run, int Ordinal, DateTimeOffset At);
}
