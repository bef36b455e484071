using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Studio.Conversations;
using Studio.Data;
using Studio.Engine.Compression;
using Studio.ModelHosting;
using Xunit;

namespace Studio.Tests.Conversations;

/// <summary>Questions to the built-in model through the whole server.</summary>
public sealed class EndToEndTests
{
    private static readonly AnswerSettings s_small = new() { Frames = 8, MaxNewTokens = 6 };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ask_AboutAVideo_AnswersMeasuresAndTraces_AndAFollowUpReusesWhatWasRead()
    {
        await using var studio = await TestStudio.StartAsync();
        var video = await studio.AddVideoAsync(TestStudio.Me, "my shapes");
        var settings = s_small with { Compress = "uniform0_attention:2,4:1,0.5,0.25" };
        var asked = await studio.Conversations.AskAsync(TestStudio.Me, null, null, "What happens?", [video.Id], [settings], ct: Ct);
        var updates = new List<AnswerUpdate>();
        await foreach (var update in studio.Conversations.WatchAsync(TestStudio.Me, asked.AnswerIds[0], 0, Ct)) updates.Add(update);
        var finished = Assert.IsType<AnswerUpdate.Finished>(updates[^1]);
        Assert.Equal((AnswerState.Done, null), (finished.State, finished.Error));
        Assert.NotEmpty(finished.Answer);
        Assert.StartsWith(finished.Answer, string.Concat(updates.OfType<AnswerUpdate.Text>().Select(t => t.Delta)), StringComparison.Ordinal);

        var view = await studio.Conversations.GetAsync(TestStudio.Me, asked.ConversationId, Ct);
        Assert.Equal("What happens?", view.Title);
        var answer = Assert.Single(view.Messages, m => m.Role == MessageRole.Answer);
        Assert.Equal((finished.Answer, "tiny-random", asked.QuestionId, settings), (answer.Text, answer.Model, answer.ParentId, answer.Settings));
        var measures = answer.Measures!;
        Assert.Equal((128, 6, 0), (measures.VisualTokens, measures.GeneratedTokens, measures.ReusedRows));
        Assert.Equal([128, 64, 32], measures.StageTokens);
        Assert.Equal("uniform0_attention:2,4:1,0.5,0.25", measures.Compression);
        Assert.True(measures is { Flops: > 0, KvBytes: > 0, TotalMs: > 0, TimeToFirstTokenMs: > 0 });

        using var gz = await studio.Http.GetAsync($"/api/v1/traces/{answer.Id}", Ct);
        var trace = CompressionTrace.FromJson(await gz.Content.ReadAsStringAsync(Ct));
        Assert.Equal(("tiny-random", "my shapes"), (trace.Model, trace.Media[0].Name));
        Assert.Equal([128, 128, 64, 64, 32, 32], trace.Layers.Select(l => l.VisualTokens));

        var second = await studio.Conversations.AskAsync(TestStudio.Me, asked.ConversationId, answer.Id, "And then?", [], [settings], ct: Ct);
        _ = await studio.FinishedAsync(second.AnswerIds[0]);
        var followed = await studio.Conversations.GetMessageAsync(TestStudio.Me, second.AnswerIds[0], Ct);
        Assert.True(followed.Measures!.ReusedRows >= 128, $"only {followed.Measures.ReusedRows} rows re-used");
        Assert.DoesNotContain(followed.Measures.Costs, c => c.Stage == "tower");
        Assert.Equal([asked.QuestionId, answer.Id, second.QuestionId, followed.Id], (await studio.Conversations.GetAsync(TestStudio.Me, asked.ConversationId, Ct)).PathTo(followed.Id).Select(m => m.Id));
    }

    [Fact]
    public async Task Ask_AfterARestart_RebuildsTheHistory_AndAnswersAsWithoutOne()
    {
        await using var studio = await TestStudio.StartAsync();
        var video = await studio.AddVideoAsync(TestStudio.Me);
        var first = await studio.Conversations.AskAsync(TestStudio.Me, null, null, "What happens?", [video.Id], [s_small], ct: Ct);
        _ = await studio.FinishedAsync(first.AnswerIds[0]);
        var warm = await studio.Conversations.AskAsync(TestStudio.Me, first.ConversationId, first.AnswerIds[0], "And then?", [], [s_small], ct: Ct);
        var expected = (await studio.FinishedAsync(warm.AnswerIds[0])).Answer;
        await studio.RestartAsync();
        var again = await studio.Conversations.RegenerateAsync(TestStudio.Me, warm.AnswerIds[0], ct: Ct);
        var finished = await studio.FinishedAsync(again.AnswerIds[0]);
        Assert.Equal((expected, 0), (finished.Answer, finished.Measures!.ReusedRows));
    }

    [Fact]
    public async Task Ask_TwoSettings_StandSideBySide_AndABranchIsASibling()
    {
        await using var studio = await TestStudio.StartAsync();
        var video = await studio.AddVideoAsync(TestStudio.Me);
        var asked = await studio.Conversations.AskAsync(TestStudio.Me, null, null, "What happens?", [video.Id], [s_small, s_small with { Compress = "strong" }], ct: Ct);
        foreach (var id in asked.AnswerIds) Assert.Equal(AnswerState.Done, (await studio.FinishedAsync(id)).State);
        var view = await studio.Conversations.GetAsync(TestStudio.Me, asked.ConversationId, Ct);
        var answers = view.Children(asked.QuestionId).ToList();
        Assert.Equal([(0, asked.AnswerIds[0]), (1, asked.AnswerIds[1])], answers.Select(a => (a.Slot, a.Id)));
        Assert.Single(answers.Select(a => a.Batch).Distinct());
        Assert.NotEqual(answers[0].Measures!.Compression, answers[1].Measures!.Compression);
        Assert.True(answers[1].Measures!.KvBytes < answers[0].Measures!.KvBytes);

        var edited = await studio.Conversations.AskAsync(TestStudio.Me, asked.ConversationId, null, "What is seen?", [video.Id], [s_small], ct: Ct);
        _ = await studio.FinishedAsync(edited.AnswerIds[0]);
        view = await studio.Conversations.GetAsync(TestStudio.Me, asked.ConversationId, Ct);
        Assert.Equal([asked.QuestionId, edited.QuestionId], view.Children(null).Select(m => m.Id));

        var regenerated = await studio.Conversations.RegenerateAsync(TestStudio.Me, asked.AnswerIds[1], ct: Ct);
        _ = await studio.FinishedAsync(regenerated.AnswerIds[0]);
        var latest = await studio.Conversations.GetMessageAsync(TestStudio.Me, regenerated.AnswerIds[0], Ct);
        Assert.Equal((1, answers[1].Batch, answers[1].Text, answers[1].Settings), (latest.Slot, latest.Batch, latest.Text, latest.Settings));
    }

    [Fact]
    public async Task Ask_VideosAndAnImageTogether_AreAllSeen_InOrder()
    {
        await using var studio = await TestStudio.StartAsync();
        var picture = Path.Combine(studio.Folders.Data, "picture.png");
        await PictureAsync(picture);
        var (video, image) = (await studio.AddVideoAsync(TestStudio.Me), await studio.AddVideoAsync(TestStudio.Me, "a picture", file: picture));
        var plan = await studio.Get<PlanService>().PlanAsync(TestStudio.Me, s_small, [image.Id, video.Id], "Compare.", ct: Ct);
        var asked = await studio.Conversations.AskAsync(TestStudio.Me, null, null, "Compare.", [image.Id, video.Id], [s_small], ct: Ct);
        var finished = await studio.FinishedAsync(asked.AnswerIds[0]);
        Assert.Equal(AnswerState.Done, finished.State);
        Assert.Equal((plan.VisualTokens, plan.TextTokens), (finished.Measures!.VisualTokens, finished.Measures.TextTokens));
        var message = (await studio.Conversations.GetAsync(TestStudio.Me, asked.ConversationId, Ct)).Messages[0];
        Assert.Equal([("a picture", VideoKind.Image), ("shapes", VideoKind.Video)], message.Media.Select(m => (m.Name, m.Kind!.Value)));
    }

    [Fact]
    public async Task FileThatIsGone_FailsWithTheNameOfTheVideo_NotItsPath_AndTheServerGoesOn()
    {
        await using var studio = await TestStudio.StartAsync();
        var video = await studio.AddVideoAsync(TestStudio.Me, "holiday.mp4");
        File.Delete(QuestionReader.FileOf(studio.Folders, video));
        var asked = await studio.Conversations.AskAsync(TestStudio.Me, null, null, "What happens?", [video.Id], [s_small], ct: Ct);
        var finished = await studio.FinishedAsync(asked.AnswerIds[0]);
        Assert.Equal(AnswerState.Failed, finished.State);
        Assert.Contains("holiday.mp4", finished.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(studio.Folders.Data, finished.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(video.Id, finished.Error, StringComparison.Ordinal);
        var next = await studio.Conversations.AskAsync(TestStudio.Me, null, null, "Still there?", [], [s_small], ct: Ct);
        Assert.Equal(AnswerState.Done, (await studio.FinishedAsync(next.AnswerIds[0])).State);
    }

    [Fact]
    public async Task HttpApi_AsksWatchesWaitsAndDeletes()
    {
        await using var studio = await TestStudio.StartAsync();
        var video = await studio.AddVideoAsync(TestStudio.Me);
        using var posted = await studio.Http.PostAsJsonAsync("/api/v1/questions", new { text = "What happens?", videoIds = new[] { video.Id }, settings = new[] { new { frames = 8, maxNewTokens = 5 } } }, Ct);
        Assert.Equal(HttpStatusCode.Accepted, posted.StatusCode);
        var asked = (await posted.Content.ReadFromJsonAsync<AskResult>(Ct))!;
        Assert.Equal($"/api/v1/answers/{asked.AnswerIds[0]}", posted.Headers.Location!.ToString());
        using var answer = JsonDocument.Parse(await studio.Http.GetStringAsync($"{posted.Headers.Location}?wait=60", Ct));
        Assert.Equal("done", answer.RootElement.GetProperty("state").GetString());
        Assert.Equal(5, answer.RootElement.GetProperty("measures").GetProperty("generatedTokens").GetInt32());

        var events = await studio.Http.GetStringAsync($"/api/v1/answers/{asked.AnswerIds[0]}/events", Ct);
        Assert.Contains("event: finished", events, StringComparison.Ordinal);
        Assert.Contains("\"type\":\"text\"", events, StringComparison.Ordinal);

        var trace = Path.Combine(studio.Folders.Traces, asked.AnswerIds[0] + ".json.gz");
        Assert.True(File.Exists(trace));
        using var zipped = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/traces/{asked.AnswerIds[0]}");
        zipped.Headers.AcceptEncoding.ParseAdd("gzip");
        using var raw = await studio.Http.SendAsync(zipped, Ct);
        Assert.Equal(await File.ReadAllBytesAsync(trace, Ct), await raw.Content.ReadAsByteArrayAsync(Ct));

        using var deleted = await studio.Http.DeleteAsync($"/api/v1/conversations/{asked.ConversationId}", Ct);
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        Assert.False(File.Exists(trace));
        using var gone = await studio.Http.GetAsync($"/api/v1/answers/{asked.AnswerIds[0]}", Ct);
        Assert.Equal((HttpStatusCode.NotFound, "application/problem+json"), (gone.StatusCode, gone.Content.Headers.ContentType!.MediaType));
    }

    internal static async Task PictureAsync(string path)
    {
        var start = new System.Diagnostics.ProcessStartInfo(Engine.Video.MediaTools.Locate().Ffmpeg, ["-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc=size=200x120", "-frames:v", "1", path]);
        using var process = System.Diagnostics.Process.Start(start)!;
        await process.WaitForExitAsync(Ct);
        Assert.Equal(0, process.ExitCode);
    }
}
