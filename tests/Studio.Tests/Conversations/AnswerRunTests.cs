using System.Net;
using Microsoft.EntityFrameworkCore;
using Studio.Accounts;
using Studio.Api;
using Studio.Conversations;
using Studio.Data;
using Studio.Engine.Video;
using Xunit;

namespace Studio.Tests.Conversations;

/// <summary>What becomes of answers under way: stopped, abandoned, failed, interrupted. The engine is scripted, all else is real.</summary>
public sealed class AnswerRunTests
{
    private readonly ScriptedEngine _engine = new();
    private readonly ManualTime _time = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SecondUsersQuestion_WaitsItsTurn_AndIsAnswered()
    {
        await using var studio = await StartAsync();
        var anns = new List<AskResult>();
        for (var i = 0; i < 3; i++) anns.Add(await AskAsync(studio, TestStudio.Ann, $"ann {i}"));
        var first = await _engine.NextAsync();
        var bobs = await AskAsync(studio, TestStudio.Bob, "bob");
        Assert.Equal(new AnswerUpdate.Queued(1, 3), await FirstAsync(studio, bobs.AnswerIds[0]));
        Assert.Equal(new AnswerUpdate.Queued(2, 3), await FirstAsync(studio, anns[1].AnswerIds[0]));
        first.Say("done");
        first.End();
        var second = await _engine.NextAsync();
        Assert.Equal("bob", second.Question.Question);
        second.Say("Hello Bob.");
        second.End();
        Assert.Equal("Hello Bob.", (await studio.FinishedAsync(bobs.AnswerIds[0])).Answer);
        for (var i = 1; i < 3; i++)
        {
            var run = await _engine.NextAsync();
            Assert.Equal($"ann {i}", run.Question.Question);
            run.End();
        }

        foreach (var ask in anns) Assert.Equal(AnswerState.Done, (await studio.FinishedAsync(ask.AnswerIds[0])).State);
    }

    [Fact]
    public async Task Stop_WhileRunning_KeepsTheText_AndWhileWaiting_TakesItOut()
    {
        await using var studio = await StartAsync();
        var (running, waiting) = (await AskAsync(studio, TestStudio.Ann, "one"), await AskAsync(studio, TestStudio.Ann, "two"));
        var run = await _engine.NextAsync();
        run.Say("So far ");
        await HasTextAsync(studio, running, "So far");
        await studio.Conversations.StopAsync(TestStudio.Ann, waiting.AnswerIds[0], Ct);
        Assert.Equal((AnswerState.Stopped, ""), StateOf(await studio.FinishedAsync(waiting.AnswerIds[0])));
        await studio.Conversations.StopAsync(TestStudio.Ann, running.AnswerIds[0], Ct);
        Assert.Equal((AnswerState.Stopped, "So far"), StateOf(await studio.FinishedAsync(running.AnswerIds[0])));
        var message = await studio.MessageAsync(running.AnswerIds[0]);
        Assert.Equal((AnswerState.Stopped, "So far", null), (message.State, message.Text, message.Error)); // a person did it: nothing to explain
        Assert.Equal(["one"], _engine.Asked.Select(q => q.Question));
    }

    [Fact]
    public async Task StoppedAnswer_CanBeFollowed_AndTheHistoryIsWhatWasSaid()
    {
        await using var studio = await StartAsync();
        var video = await studio.AddVideoAsync(TestStudio.Ann);
        var asked = await AskAsync(studio, TestStudio.Ann, "one", [video.Id]);
        var run = await _engine.NextAsync();
        run.Say("Half");
        await HasTextAsync(studio, asked, "Half");
        await studio.Conversations.StopAsync(TestStudio.Ann, asked.AnswerIds[0], Ct);
        _ = await studio.FinishedAsync(asked.AnswerIds[0]);
        var followed = await studio.Conversations.AskAsync(TestStudio.Ann, asked.ConversationId, asked.AnswerIds[0], "two", [], [new()], ct: Ct);
        run = await _engine.NextAsync();
        var turn = Assert.Single(run.Question.History);
        Assert.Equal(("one", "Half"), (turn.Question, turn.AnswerText));
        Assert.Equal([QuestionReader.FileOf(studio.Folders, video)], turn.Media);
        Assert.Equal(("two", 0, asked.ConversationId), (run.Question.Question, run.Question.Media.Count, run.Question.Scope));
        run.End();
        _ = await studio.FinishedAsync(followed.AnswerIds[0]);
    }

    [Fact]
    public async Task ClosedPage_EndsItsWork_WithTheTextAndAReason()
    {
        await using var studio = await StartAsync();
        var asked = await AskAsync(studio, TestStudio.Ann, "one");
        var run = await _engine.NextAsync();
        run.Say("Half");
        await HasTextAsync(studio, asked, "Half"); // watched, then left
        _time.Advance(AnswerFeed.Grace);
        var finished = await studio.FinishedAsync(asked.AnswerIds[0]);
        Assert.Equal((AnswerState.Stopped, "Half"), StateOf(finished));
        Assert.Contains("nobody watched", finished.Error, StringComparison.Ordinal);
        Assert.Equal(finished.Error, (await studio.MessageAsync(asked.AnswerIds[0])).Error);
    }

    [Fact]
    public async Task ClosedPage_OfAWaitingQuestion_TakesItOut_ButAKeptOneRunsToItsEnd()
    {
        await using var studio = await StartAsync();
        var kept = await AskAsync(studio, TestStudio.Ann, "kept", lifetime: AnswerLifetime.Kept);
        var run = await _engine.NextAsync();
        var waiting = await AskAsync(studio, TestStudio.Ann, "left");
        _time.Advance(AnswerFeed.Grace * 2);
        Assert.Equal(AnswerState.Stopped, (await studio.FinishedAsync(waiting.AnswerIds[0])).State);
        run.Say("Whole.");
        run.End();
        Assert.Equal((AnswerState.Done, "Whole."), StateOf(await studio.FinishedAsync(kept.AnswerIds[0])));
    }

    [Fact]
    public async Task TextSoFar_IsKeptNowAndThen()
    {
        await using var studio = await StartAsync();
        var asked = await AskAsync(studio, TestStudio.Ann, "one", lifetime: AnswerLifetime.Kept);
        var run = await _engine.NextAsync();
        run.Say("Kept early");
        await HasTextAsync(studio, asked, "Kept early");
        await Wait.UntilAsync(async () =>
        {
            _time.Advance(AnswerRunner.SaveInterval);
            var message = await studio.MessageAsync(asked.AnswerIds[0]);
            return (message.State, message.Text) == (AnswerState.Running, "Kept early");
        }, "the text is in the database while the answer runs");
        run.End();
        _ = await studio.FinishedAsync(asked.AnswerIds[0]);
    }

    [Theory]
    [InlineData(true, "cannot be decoded")]
    [InlineData(false, "internal error")]
    public async Task Failure_IsExplained_AndTheNextQuestionIsAnswered(bool known, string expected)
    {
        await using var studio = await StartAsync();
        var asked = await AskAsync(studio, TestStudio.Ann, "one");
        var run = await _engine.NextAsync();
        run.Say("Some ");
        run.Fail(known ? new MediaException(MediaError.DecodeFailed, "x", "it cannot be decoded") : new KeyNotFoundException("secret detail"));
        var finished = await studio.FinishedAsync(asked.AnswerIds[0]);
        Assert.Equal((AnswerState.Failed, "Some"), StateOf(finished));
        Assert.Contains(expected, finished.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", finished.Error, StringComparison.Ordinal);
        var conflict = await Assert.ThrowsAsync<RequestException>(() => studio.Conversations.AskAsync(TestStudio.Ann, asked.ConversationId, asked.AnswerIds[0], "two", [], [new()], ct: Ct));
        Assert.Equal(409, conflict.Status);
        var again = await studio.Conversations.RegenerateAsync(TestStudio.Ann, asked.AnswerIds[0], ct: Ct);
        run = await _engine.NextAsync();
        run.Say("Now.");
        run.End();
        Assert.Equal((AnswerState.Done, "Now."), StateOf(await studio.FinishedAsync(again.AnswerIds[0])));
    }

    [Fact]
    public async Task Restart_MarksWhatRan_AndAsksAgainWhatWaited()
    {
        await using var studio = await StartAsync();
        var video = await studio.AddVideoAsync(TestStudio.Ann);
        var running = await AskAsync(studio, TestStudio.Ann, "one");
        var run = await _engine.NextAsync();
        run.Say("Half ");
        await HasTextAsync(studio, running, "Half");
        var waiting = await AskAsync(studio, TestStudio.Ann, "two", [video.Id]);
        await studio.RestartAsync();
        Assert.Equal((AnswerState.Stopped, "Half"), StateOf(await studio.FinishedAsync(running.AnswerIds[0])));
        Assert.Equal(AnswerFeed.ServerStopped, (await studio.MessageAsync(running.AnswerIds[0])).Error);
        run = await _engine.NextAsync();
        Assert.Equal(("two", 1), (run.Question.Question, run.Question.Media.Count));
        _time.Advance(AnswerFeed.Grace * 2); // nobody watches, and still
        run.Say("Answered.");
        run.End();
        Assert.Equal((AnswerState.Done, "Answered."), StateOf(await studio.FinishedAsync(waiting.AnswerIds[0])));
    }

    [Fact]
    public async Task StartAfterACrash_StopsWhatRan_FailsWhatCannotBeAsked_AndSweepsHalfWrittenTraces()
    {
        _engine.Always = "Yes.";
        await using var studio = await StartAsync();
        var video = await studio.AddVideoAsync(TestStudio.Ann);
        AskResult[] asked = [await AskAsync(studio, TestStudio.Ann, "ran"), await AskAsync(studio, TestStudio.Ann, "waits", [video.Id]), await AskAsync(studio, TestStudio.Ann, "waits too")];
        foreach (var ask in asked) _ = await studio.FinishedAsync(ask.AnswerIds[0]);
        var half = Path.Combine(studio.Folders.Traces, "x.json.gz.tmp");
        // As a process that was killed leaves it.
        _ = await studio.ReadAsync(async db =>
        {
            await db.Messages.Where(m => m.Id == asked[0].AnswerIds[0]).ExecuteUpdateAsync(s => s.SetProperty(m => m.State, AnswerState.Running).SetProperty(m => m.Text, "half"), Ct);
            var waiting = asked.Skip(1).Select(a => a.AnswerIds[0]).ToList();
            await db.Messages.Where(m => waiting.Contains(m.Id)).ExecuteUpdateAsync(s => s.SetProperty(m => m.State, AnswerState.Queued).SetProperty(m => m.Text, ""), Ct);
            return await db.Videos.Where(v => v.Id == video.Id).ExecuteDeleteAsync(Ct);
        });
        await File.WriteAllTextAsync(half, "{", Ct);
        await studio.RestartAsync();
        Assert.Equal((AnswerState.Stopped, "half"), StateOf(await studio.FinishedAsync(asked[0].AnswerIds[0])));
        var failed = await studio.FinishedAsync(asked[1].AnswerIds[0]);
        Assert.Equal(AnswerState.Failed, failed.State);
        Assert.Contains("'shapes'", failed.Error, StringComparison.Ordinal);
        Assert.Equal((AnswerState.Done, "Yes."), StateOf(await studio.FinishedAsync(asked[2].AnswerIds[0])));
        Assert.False(File.Exists(half));
    }

    [Fact]
    public async Task Delete_OfWhatRuns_EndsIt_AndLeavesNothing()
    {
        await using var studio = await StartAsync();
        var (one, two) = (await AskAsync(studio, TestStudio.Ann, "one"), await AskAsync(studio, TestStudio.Ann, "two"));
        var run = await _engine.NextAsync();
        await studio.Conversations.DeleteAsync(TestStudio.Ann, one.ConversationId, Ct);
        await Wait.UntilAsync(() => run.Token.IsCancellationRequested, "the running answer is asked to stop");
        run = await _engine.NextAsync(); // the next one's turn
        await studio.Conversations.DeleteMessageAsync(TestStudio.Ann, two.QuestionId, Ct);
        await Wait.UntilAsync(() => run.Token.IsCancellationRequested, "the running answer is asked to stop");
        await Wait.UntilAsync(() => !studio.Get<AnswerFeed>().Live.Any(), "no answer is under way");
        Assert.Equal(0, await studio.ReadAsync(db => db.Messages.CountAsync(Ct)));
        Assert.Equal(404, (await Assert.ThrowsAsync<RequestException>(() => studio.Conversations.GetAsync(TestStudio.Ann, one.ConversationId, Ct))).Status);
        Assert.Empty((await studio.Conversations.GetAsync(TestStudio.Ann, two.ConversationId, Ct)).Messages);
    }

    [Fact]
    public async Task TooManyQuestions_AreRefusedBeforeAnythingIsKept()
    {
        await using var studio = await StartAsync(maxQueued: 3);
        for (var i = 0; i < 2; i++) _ = await AskAsync(studio, TestStudio.Ann, $"{i}");
        var refused = await Assert.ThrowsAsync<RequestException>(() => studio.Conversations.AskAsync(TestStudio.Ann, null, null, "side by side", [], [new(), new()], ct: Ct));
        Assert.Equal(429, refused.Status);
        Assert.Equal(2, await studio.ReadAsync(db => db.Conversations.CountAsync(Ct)));
        _ = await AskAsync(studio, TestStudio.Bob, "another user's");
    }

    [Fact]
    public async Task Events_OverHttp_GoOnWhereAReaderWas_AndEndWithTheServer()
    {
        await using var studio = await StartAsync();
        var asked = await AskAsync(studio, TestStudio.Me, "one");
        var run = await _engine.NextAsync();
        run.Say("One two");
        await HasTextAsync(studio, asked, "One two");
        var path = $"/api/v1/answers/{asked.AnswerIds[0]}/events";
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("Last-Event-ID", "4");
        using var response = await studio.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Ct);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Ct));
        Assert.Equal("event: text", await reader.ReadLineAsync(Ct));
        Assert.Equal("""data: {"type":"text","offset":4,"delta":"two"}""", await reader.ReadLineAsync(Ct));
        Assert.Equal("id: 7", await reader.ReadLineAsync(Ct));
        Assert.Equal("", await reader.ReadLineAsync(Ct));
        var ping = reader.ReadLineAsync(Ct).AsTask();
        // The clock goes on until the stream waits by it.
        await Wait.UntilAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(15));
                return ping.IsCompleted;
            },
            "a ping");
        Assert.Equal("event: ping", await ping);
        using var bad = new HttpRequestMessage(HttpMethod.Get, path);
        bad.Headers.Add("Last-Event-ID", "x");
        Assert.Equal(HttpStatusCode.BadRequest, (await studio.Http.SendAsync(bad, Ct)).StatusCode);
        await studio.RestartAsync(); // would wait half a minute for a stream that does not end
        Assert.Equal(AnswerState.Stopped, (await studio.FinishedAsync(asked.AnswerIds[0])).State);
    }

    private static (AnswerState State, string Text) StateOf(AnswerUpdate.Finished finished) => (finished.State, finished.Answer);

    private static Task<AskResult> AskAsync(TestStudio studio, CurrentUser user, string text, IReadOnlyList<string>? videos = null, AnswerLifetime lifetime = AnswerLifetime.WhileWatched) =>
        studio.Conversations.AskAsync(user, null, null, text, videos ?? [], [new()], lifetime, Ct);

    private static async Task<AnswerUpdate> FirstAsync(TestStudio studio, string answerId)
    {
        await foreach (var update in studio.Get<AnswerFeed>().WatchAsync(answerId, 0, Ct)) return update;
        throw new InvalidOperationException("it ended at once");
    }

    /// <summary>Watches until the text has come, then leaves.</summary>
    private static async Task HasTextAsync(TestStudio studio, AskResult asked, string expected)
    {
        var text = "";
        await foreach (var update in studio.Get<AnswerFeed>().WatchAsync(asked.AnswerIds[0], 0, Ct))
        {
            if (update is AnswerUpdate.Text t) text += t.Delta;
            if (text.Trim() == expected) return;
        }
    }

    private Task<TestStudio> StartAsync(int maxQueued = 8) => TestStudio.StartAsync(_engine, _time, o => o with { MaxQueuedPerUser = maxQueued });
}
