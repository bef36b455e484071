using Bunit;
using Microsoft.Extensions.DependencyInjection;
using Studio.Api;
using Studio.Components.Chat;
using Studio.Conversations;
using Studio.ModelHosting;
using Studio.Tests.Conversations;
using Xunit;

namespace Studio.Tests.Components.Chat;

public sealed class PlanTests : IDisposable
{
    private readonly BunitContext _context = new();
    private readonly ManualTime _time = new();
    private readonly List<(AnswerSettings Settings, PlanQuestion Question)> _asked = [];
    private readonly PlanTracker _tracker;
    private int _changes;

    public PlanTests() => _tracker = new(PlanAsync, () => _changes++, _time);

    public void Dispose()
    {
        _tracker.Dispose();
        _context.Dispose();
    }

    private Task<PlanView> PlanAsync(AnswerSettings settings, PlanQuestion question, CancellationToken ct)
    {
        _asked.Add((settings, question));
        return settings.Frames == 13 ? throw RequestException.Invalid("13 brings bad luck") : Task.FromResult(Samples.Plan(settings.Frames ?? 1024));
    }

    private static SettingsColumn Column(int frames) => new() { Form = SettingsForm.From(new() { Frames = frames }, 28) };

    [Fact]
    public async Task Request_Typing_PlansOnceAfterThePause()
    {
        var column = Column(8);
        var first = _tracker.RequestAsync([column], new(["v"], "What", null));
        _time.Advance(PlanTracker.Pause - TimeSpan.FromMilliseconds(1));
        Assert.True(column.IsStale);
        var second = _tracker.RequestAsync([column], new(["v"], "What now", null));
        _time.Advance(PlanTracker.Pause - TimeSpan.FromMilliseconds(1));
        Assert.Empty(_asked);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await Task.WhenAll(first, second);
        Assert.Equal("What now", Assert.Single(_asked).Question.Text);
        Assert.False(column.IsStale);
        Assert.Equal(8, column.Plan!.VisualTokens);
        Assert.Equal(3, _changes);
    }

    [Fact]
    public async Task Request_OneOfTwoCannotBePlanned_SaysWhyAndPlansTheOther()
    {
        var (bad, good) = (Column(13), Column(4));
        var request = _tracker.RequestAsync([bad, good], new(["v"], null, null));
        _time.Advance(PlanTracker.Pause);
        await request;
        Assert.Equal((null, "13 brings bad luck"), (bad.Plan, bad.Problem));
        Assert.Equal(4, good.Plan!.VisualTokens);
    }

    [Fact]
    public async Task Request_InvalidForm_IsNotPlanned()
    {
        var column = Column(4);
        column.Form.TopP = "2";
        column.Form.Read(28);
        var request = _tracker.RequestAsync([column], new(["v"], null, null));
        _time.Advance(PlanTracker.Pause);
        await request;
        Assert.Empty(_asked);
    }

    [Fact]
    public async Task Request_NothingToPlan_ClearsThePlan()
    {
        var column = Column(4);
        column.Plan = Samples.Plan();
        await _tracker.RequestAsync([column], null);
        Assert.Null(column.Plan);
    }

    [Fact]
    public async Task PageLeft_WhileItWaitsOrPlans_CancelsAndDrawsNothing()
    {
        var column = Column(8);
        var waiting = _tracker.RequestAsync([column], new(["v"], "What", null));
        Assert.Equal(1, _changes);
        _tracker.Dispose();
        _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.True(waiting.IsCanceled); // quiet: the framework neither tells of such a task nor draws after it
        _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _tracker.RequestAsync([column], null));

        var service = new TaskCompletionSource<PlanView>();
        var changes = 0;
        using var tracker = new PlanTracker((_, _, _) => service.Task, () => changes++, _time);
        var planning = tracker.RequestAsync([column], new(["v"], "What", null));
        _time.Advance(PlanTracker.Pause);
        tracker.Dispose();
        service.SetException(new ObjectDisposedException("database"));
        _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => planning);
        Assert.True(planning.IsCanceled);
        Assert.Equal((1, 1), (_changes, changes));
        Assert.Empty(_asked);
    }

    [Theory]
    [InlineData(nameof(IServiceProvider), true)] // a circuit's services ended before its page did
    [InlineData("database", false)]
    public async Task ServicesEnded_WhileItPlans_CancelsQuietly(string disposed, bool isQuiet)
    {
        using var tracker = new PlanTracker((_, _, _) => throw new ObjectDisposedException(disposed), () => { }, _time);
        var planning = tracker.RequestAsync([Column(8)], new(["v"], "What", null));
        _time.Advance(PlanTracker.Pause);
        _ = await Assert.ThrowsAnyAsync<Exception>(() => planning);
        Assert.Equal(isQuiet, planning.IsCanceled);
    }

    [Theory]
    [InlineData(180, "1,024 in 2 windows", "180 summaries")]
    [InlineData(0, "1,024 in 2 windows", "1,024 kept")]
    public void PlanLine_OfVideoXl_ShowsWindowsAndWhatTheyLeave(int summaries, string read, string left)
    {
        var line = _context.Render<PlanLine>(p => p.Add(c => c.Plan, Samples.Plan() with { Windows = new(2, summaries, summaries == 0 ? 1024 : summaries) }));
        Assert.Equal((read, left), (line.Find(".plan-windows").TextContent, line.Find(".plan-stages").TextContent));
    }

    [Fact]
    public void Measures_OfVideoXl_TellSummaryTokens()
    {
        Assert.StartsWith("1,024 visual → 128 summary tokens · ", AnswerFigures.Line(Samples.Measures(128) with { Compression = "vst:8" }), StringComparison.Ordinal);
        Assert.StartsWith("1,024 → 128 visual tokens · ", AnswerFigures.Line(Samples.Measures(1024, 128)), StringComparison.Ordinal);
    }

    [Fact]
    public void Line_Plan_ShowsFramesTokensCacheMemoryAndTime()
    {
        var line = _context.Render<PlanLine>(p => p.Add(c => c.Plan, Samples.Plan(1024, 768, 256)));
        var text = line.Find(".plan-facts").TextContent;
        foreach (var fact in new[] { "64 frames", "1,024 → 768 → 256 tokens", "KV 2.00 MiB", "40.0 MiB memory", "900 ms" }) Assert.Contains(fact, text, StringComparison.Ordinal);
        var bars = line.FindAll(".stage-bar").Select(b => b.GetAttribute("style")).OfType<string>().ToArray();
        Assert.Equal(["flex-grow:2;height:100%", "flex-grow:2;height:75%", "flex-grow:2;height:25%"], bars);
        Assert.Contains("768 visual tokens in 2 layers", line.Find("[role=img]").GetAttribute("aria-label"), StringComparison.Ordinal);
    }

    [Fact]
    public void Line_Problem_IsShownInstead()
    {
        var line = _context.Render<PlanLine>(p => p.Add(c => c.Plan, Samples.Plan()).Add(c => c.Problem, "Too long."));
        Assert.Equal("Too long.", line.Find(".error-text").TextContent);
        Assert.Empty(line.FindAll(".plan-facts"));
    }

    [Fact]
    public void Details_Plan_ShowsEveryStage()
    {
        var details = _context.Render<PlanDetails>(p => p.Add(c => c.Plan, Samples.Plan(1024, 256) with { Notes = ["Longer than trained."] }));
        Assert.Equal(["1 to 2", "3 to 4"], details.FindAll("tbody tr td:first-child").Select(c => c.TextContent));
        Assert.Equal("256", details.FindAll("meter")[1].GetAttribute("value"));
        Assert.Contains("Longer than trained.", details.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public void Measures_Opened_ShowWhatWasMeasuredBesideThePlan()
    {
        var planned = 0;
        var view = _context.Render<MeasuresView>(p => p.Add(c => c.Measures, Samples.Measures(1024, 256)).Add(c => c.Plan, () =>
        {
            planned++;
            return Task.FromResult<PlanView?>(Samples.Plan(1024, 250));
        }));
        Assert.Equal("1,024 → 256 visual tokens · KV 3.00 MiB · first token 500 ms · 10 tokens/s · 2.50 s in all", view.Find("summary").TextContent);
        Assert.Empty(view.FindAll("table"));
        Assert.Equal(0, planned); // nobody has looked
        view.Find("details").TriggerEvent("ontoggle", EventArgs.Empty);
        string[] Row(string name) => [.. view.FindAll("tr").First(r => r.QuerySelector("th")?.TextContent == name).QuerySelectorAll("td").Select(c => c.TextContent)];
        Assert.Equal(["1,024 → 256", "1,024 → 250"], Row("visual tokens"));
        Assert.Equal(["2.50 s", "900 ms"], Row("in all"));
        Assert.Equal(["90 ms", "1,066 rows", "3.00 GFLOP"], Row("prefill"));
        Assert.Contains("A warning.", view.Markup, StringComparison.Ordinal);
        Assert.Equal(1, planned);
    }

    [Fact]
    public void Compare_TwoAnswers_HaveTheirValuesInColumns()
    {
        var (left, right) = (Samples.Answer("l", "q", settings: new() { Compress = "off" }), Samples.Answer("r", "q", slot: 1, state: Studio.Data.AnswerState.Running, settings: new() { Compress = "strong" }));
        var table = _context.Render<CompareTable>(p => p.Add(c => c.Answers, [left, right]).Add(c => c.Plans, new Dictionary<string, PlanView> { ["l"] = Samples.Plan() }));
        Assert.Equal(["measured (expected)", "no compression", "strong"], table.FindAll("thead th").Select(c => c.TextContent));
        var prefill = table.FindAll("tbody tr").First(r => r.QuerySelector("th")!.TextContent == "prefill").QuerySelectorAll("td").Select(c => c.TextContent.Trim()).ToArray();
        Assert.Equal(["90 ms (60 ms)", "…"], prefill);
    }
}
