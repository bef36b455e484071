using Studio.Api;
using Studio.Conversations;
using Studio.ModelHosting;
using Studio.Tests.Conversations;
using Xunit;

namespace Studio.Tests.ModelHosting;

public sealed class PlanServiceTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("off")]
    [InlineData("uniform0_attention:2,4:1,0.5,0.25")]
    public async Task Plan_IsWhatTheAnswerThenMeasures_AndKnowsWhatIsCached(string compress)
    {
        await using var studio = await TestStudio.StartAsync();
        var plans = studio.Get<PlanService>();
        var video = await studio.AddVideoAsync(TestStudio.Ann);
        var settings = new AnswerSettings { Frames = 8, MaxNewTokens = 6, Compress = compress };
        await studio.Get<MachineRatesSource>().MeasuredAsync(); // both plans by the same rates
        var before = await plans.PlanAsync(TestStudio.Ann, settings, [video.Id], "What happens?", ct: Ct);
        Assert.False(before.IsModelLoaded || before.Media[0].IsCached);
        var asked = await studio.Conversations.AskAsync(TestStudio.Ann, null, null, "What happens?", [video.Id], [settings], ct: Ct);
        var measured = (await studio.FinishedAsync(asked.AnswerIds[0])).Measures!;
        Assert.Equal((measured.VisualTokens, measured.TextTokens, measured.KvBytes, measured.Compression), (before.VisualTokens, before.TextTokens, before.KvBytes, before.Compression));
        Assert.Equal(measured.StageTokens, before.Stages.Select(s => s.VisualTokens));
        Assert.Equal(new PlannedMedia(video.Id, "shapes", 8, 128, false), before.Media[0]);

        var after = await plans.PlanAsync(TestStudio.Ann, settings, [video.Id], "What happens?", ct: Ct);
        Assert.True(after.IsModelLoaded && after.Media[0].IsCached);
        Assert.True(after.Flops < before.Flops && after.TotalMs.High < before.TotalMs.High);
        Assert.Equal((0, before.KvBytes), (after.Steps.Single(s => s.Name == "encode").Flops, after.KvBytes));

        var followUp = await plans.PlanAsync(TestStudio.Ann, settings, [], "And then?", asked.AnswerIds[0], Ct);
        var second = await studio.Conversations.AskAsync(TestStudio.Ann, asked.ConversationId, asked.AnswerIds[0], "And then?", [], [settings], ct: Ct);
        measured = (await studio.FinishedAsync(second.AnswerIds[0])).Measures!;
        Assert.Equal((measured.VisualTokens, measured.KvBytes), (followUp.VisualTokens, followUp.KvBytes));
    }

    [Theory]
    [InlineData(null, "vst:8", 3)]
    [InlineData("vst:2,16", "vst:2,16", 3)]
    [InlineData("off", "off", 3)]
    public async Task VideoXl_IsPlannedAndAnswersLikeTheFirstSystem(string? compress, string resolved, int windows)
    {
        await using var studio = await TestStudio.StartAsync();
        var video = await studio.AddVideoAsync(TestStudio.Me);
        var settings = new AnswerSettings { Model = "tiny-random-xl", Frames = 24, MaxNewTokens = 6, Compress = compress };
        var plan = await studio.Get<PlanService>().PlanAsync(TestStudio.Me, settings, [video.Id], "What happens?", ct: Ct);
        var asked = await studio.Conversations.AskAsync(TestStudio.Me, null, null, "What happens?", [video.Id], [settings], ct: Ct);
        var measured = (await studio.FinishedAsync(asked.AnswerIds[0])).Measures!;
        Assert.Equal((resolved, resolved), (measured.Compression, plan.Compression));
        Assert.Equal((measured.VisualTokens, measured.TextTokens, measured.KvBytes), (plan.VisualTokens, plan.TextTokens, plan.KvBytes));
        Assert.Equal(measured.StageTokens[^1], plan.Stages[0].VisualTokens);
        Assert.Equal((windows, measured.StageTokens[^1]), (plan.Windows!.Count, plan.Windows.Kept));
        using var json = await studio.Http.GetAsync($"/api/v1/traces/{asked.AnswerIds[0]}", Ct);
        var trace = Engine.Compression.CompressionTrace.FromJson(await json.Content.ReadAsStringAsync(Ct));
        Assert.Equal((windows, "tiny-random-xl", resolved), (trace.Windows.Count, trace.Model, trace.Settings));

        // Another conversation starts behind the video.
        var again = await studio.Conversations.AskAsync(TestStudio.Me, null, null, "And then?", [video.Id], [settings], ct: Ct);
        Assert.True((await studio.FinishedAsync(again.AnswerIds[0])).Measures!.ReusedRows >= measured.VisualTokens);
    }

    [Fact]
    public async Task Plan_FollowsASlider()
    {
        await using var studio = await TestStudio.StartAsync();
        var plans = studio.Get<PlanService>();
        var video = await studio.AddVideoAsync(TestStudio.Me);
        _ = await plans.PlanAsync(TestStudio.Me, new(), [video.Id], ct: Ct);
        await studio.Get<MachineRatesSource>().MeasuredAsync();
        var times = new List<double>();
        for (var frames = 4; frames <= 400; frames += 4)
        {
            var start = TimeProvider.System.GetTimestamp();
            var plan = await plans.PlanAsync(TestStudio.Me, new() { Frames = frames, Compress = "strong" }, [video.Id], ct: Ct);
            times.Add(TimeProvider.System.GetElapsedTime(start).TotalMilliseconds);
            Assert.Equal((frames, frames * 16, true), (plan.Frames, plan.VisualTokens, plan.IsMeasured));
            Assert.Equal(plan.TotalMs.Low, plan.TotalMs.High);
        }

        times.Sort();
        Assert.True(times[times.Count / 2] < 50, $"a plan takes {times[times.Count / 2]:0.0} ms");
    }

    [Fact]
    public async Task Plan_ExplainsWhatCannotBe()
    {
        await using var studio = await TestStudio.StartAsync();
        var plans = studio.Get<PlanService>();
        var video = await studio.AddVideoAsync(TestStudio.Ann, "my film");
        (Func<Task> Plan, int Status, string Named)[] bad =
        [
            (() => plans.PlanAsync(TestStudio.Ann, new() { Frames = 0 }, [video.Id], ct: Ct), 400, "frames is 0"),
            (() => plans.PlanAsync(TestStudio.Ann, new() { Start = 900 }, [video.Id], ct: Ct), 400, "my film"),
            (() => plans.PlanAsync(TestStudio.Ann, new() { Model = "none" }, [video.Id], ct: Ct), 400, "none"),
            (() => plans.PlanAsync(TestStudio.Ann, new() { Compress = "uniform:6:1,0.5" }, [video.Id], ct: Ct), 400, "layer 6"),
            (() => plans.PlanAsync(TestStudio.Bob, new(), [video.Id], ct: Ct), 404, video.Id),
            (() => plans.PlanAsync(TestStudio.Ann, new(), [], null, "nowhere", Ct), 404, "nowhere"),
        ];
        foreach (var (plan, status, named) in bad)
        {
            var refused = await Assert.ThrowsAsync<RequestException>(plan);
            Assert.Equal(status, refused.Status);
            Assert.Contains(named, refused.Message, StringComparison.Ordinal);
        }

        var tooLong = await plans.PlanAsync(TestStudio.Ann, new() { Frames = 4000 }, [video.Id], ct: Ct);
        Assert.Contains(tooLong.Notes, n => n.Contains("trained", StringComparison.Ordinal));
    }
}
