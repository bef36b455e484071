using Microsoft.EntityFrameworkCore;
using Studio.Accounts;
using Studio.Api;
using Studio.Conversations;
using Studio.Data;
using Xunit;

namespace Studio.Tests.Conversations;

/// <summary>Whose conversations they are, and finding them again.</summary>
public sealed class ConversationServiceTests
{
    private readonly ScriptedEngine _engine = new() { Always = "A red circle moves." };
    private readonly ManualTime _time = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task List_IsLatestFirst_InPages()
    {
        await using var studio = await StartAsync();
        var ids = new List<string>();
        for (var i = 0; i < 7; i++)
        {
            ids.Insert(0, (await studio.Conversations.CreateAsync(TestStudio.Ann, $"number {i}", Ct)).Id);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        var (first, last) = (await studio.Conversations.ListAsync(TestStudio.Ann, null, 1, 3, Ct), await studio.Conversations.ListAsync(TestStudio.Ann, null, 3, 3, Ct));
        Assert.Equal((7, 3, 3), (first.Total, first.Pages, first.Items.Count));
        Assert.Equal(ids, first.Items.Concat((await studio.Conversations.ListAsync(TestStudio.Ann, null, 2, 3, Ct)).Items).Concat(last.Items).Select(c => c.Id));
        var asked = await AskAsync(studio, TestStudio.Ann, "again", last.Items[0].Id);
        Assert.Equal(asked.ConversationId, (await studio.Conversations.ListAsync(TestStudio.Ann, ct: Ct)).Items[0].Id);
        foreach (var (page, size) in new[] { (0, 10), (1, 0), (1, Paging.MaxSize + 1) })
        {
            Assert.Equal(400, (await Assert.ThrowsAsync<RequestException>(() => studio.Conversations.ListAsync(TestStudio.Ann, null, page, size, Ct))).Status);
        }
    }

    [Fact]
    public async Task List_FindsWordsInTitlesAndMessages()
    {
        await using var studio = await StartAsync();
        var asked = await AskAsync(studio, TestStudio.Ann, "Who rides the bicycle at 100% in this Übung?");
        _ = await studio.Conversations.CreateAsync(TestStudio.Ann, "The second one", Ct);
        (string Query, int Expected)[] searches =
        [
            ("RED", 1), // in an answer
            ("bicycle", 1), // in a question
            ("red bicycle", 1), // every word, wherever
            ("red unicycle", 0),
            ("100%", 1),
            ("1_0%", 0), // no wildcards
            ("ÜBUNG", 1),
            ("übung", 1),
            ("second", 1), // a title
            ("  ", 2),
        ];
        foreach (var (query, expected) in searches) Assert.Equal((query, expected), (query, (await studio.Conversations.ListAsync(TestStudio.Ann, query, ct: Ct)).Total));
        Assert.Equal((asked.ConversationId, "A red circle moves."), Match(await studio.Conversations.ListAsync(TestStudio.Ann, "RED", ct: Ct)));
        Assert.Null(Match(await studio.Conversations.ListAsync(TestStudio.Ann, "second", ct: Ct)).Text);
    }

    [Fact]
    public async Task Access_OthersSeeNothing_UntilItIsShared_AndChangeNothingThen()
    {
        await using var studio = await StartAsync();
        var service = studio.Conversations;
        var asked = await AskAsync(studio, TestStudio.Ann, "Mine?");
        var (id, answer) = (asked.ConversationId, asked.AnswerIds[0]);
        Func<CurrentUser, Task>[] reads = [u => service.GetAsync(u, id, Ct), u => service.GetMessageAsync(u, answer, Ct), u => Drain(service.WatchAsync(u, answer, 0, Ct))];
        Func<CurrentUser, Task>[] writes =
        [
            u => service.RenameAsync(u, id, "x", Ct), u => service.DeleteAsync(u, id, Ct), u => service.DeleteMessageAsync(u, answer, Ct), u => service.StopAsync(u, answer, Ct),
            u => service.RegenerateAsync(u, answer, ct: Ct), u => service.SetVisibilityAsync(u, id, Visibility.Private, Ct), u => service.AskAsync(u, id, answer, "more", [], [new()], ct: Ct),
        ];
        foreach (var user in new[] { TestStudio.Bob, TestStudio.Reader })
        {
            Assert.Empty((await service.ListAsync(user, ct: Ct)).Items);
            foreach (var act in reads.Concat(writes))
            {
                var status = (await Assert.ThrowsAsync<RequestException>(() => act(user))).Status;
                Assert.True(status == 404 || (user == TestStudio.Reader && status == 403), $"{status}");
            }
        }

        await service.SetVisibilityAsync(TestStudio.Ann, id, Visibility.Team, Ct);
        foreach (var user in new[] { TestStudio.Bob, TestStudio.Reader })
        {
            Assert.False(Assert.Single((await service.ListAsync(user, ct: Ct)).Items).CanWrite);
            foreach (var read in reads) await read(user);
            foreach (var write in writes) Assert.Equal(403, (await Assert.ThrowsAsync<RequestException>(() => write(user))).Status);
        }

        var admin = new CurrentUser("root", "Root", Roles.Admin);
        Assert.True((await service.GetAsync(admin, id, Ct)).CanWrite);
        await service.SetVisibilityAsync(admin, id, Visibility.Private, Ct);
        Assert.Empty((await service.ListAsync(admin, ct: Ct)).Items); // not among one's own
        Assert.Single((await service.ListAsync(admin, everybodys: true, ct: Ct)).Items);
        Assert.Empty((await service.ListAsync(TestStudio.Bob, everybodys: true, ct: Ct)).Items);
        Assert.Single((await service.ListAsync(TestStudio.Me, ct: Ct)).Items); // without accounts all is one person's
        await service.RenameAsync(TestStudio.Me, id, "Renamed", Ct);
        await service.DeleteAsync(TestStudio.Ann, id, Ct);
        Assert.Equal(404, (await Assert.ThrowsAsync<RequestException>(() => service.GetAsync(TestStudio.Ann, id, Ct))).Status);
    }

    [Fact]
    public async Task Videos_OfOthers_AreNotFound_UntilShared()
    {
        await using var studio = await StartAsync();
        var (mine, shared) = (await studio.AddVideoAsync(TestStudio.Ann), await studio.AddVideoAsync(TestStudio.Bob, "shared", Visibility.Team));
        var missing = await Assert.ThrowsAsync<RequestException>(() => studio.Conversations.AskAsync(TestStudio.Bob, null, null, "What?", [mine.Id], [new()], ct: Ct));
        Assert.Equal(404, missing.Status);
        Assert.Equal(0, await studio.ReadAsync(db => db.Conversations.CountAsync(Ct)));
        var asked = await studio.Conversations.AskAsync(TestStudio.Ann, null, null, "What?", [shared.Id, mine.Id], [new()], ct: Ct);
        _ = await studio.FinishedAsync(asked.AnswerIds[0]);
        Assert.Equal(["shared", "shapes"], (await studio.Conversations.GetAsync(TestStudio.Ann, asked.ConversationId, Ct)).Messages[0].Media.Select(m => m.Name));
    }

    [Fact]
    public async Task DeletedVideo_StaysByName_AndItsConversationCannotGoOn()
    {
        await using var studio = await StartAsync();
        var video = await studio.AddVideoAsync(TestStudio.Ann, "holiday");
        var asked = await studio.Conversations.AskAsync(TestStudio.Ann, null, null, "What?", [video.Id], [new()], ct: Ct);
        _ = await studio.FinishedAsync(asked.AnswerIds[0]);
        _ = await studio.ReadAsync(db => db.Videos.Where(v => v.Id == video.Id).ExecuteDeleteAsync(Ct));
        Assert.Equal(new MediaView(0, null, "holiday", null, 0), (await studio.Conversations.GetAsync(TestStudio.Ann, asked.ConversationId, Ct)).Messages[0].Media[0]);
        foreach (var act in new Func<Task>[]
        {
            () => studio.Conversations.AskAsync(TestStudio.Ann, asked.ConversationId, asked.AnswerIds[0], "more", [], [new()], ct: Ct),
            () => studio.Conversations.RegenerateAsync(TestStudio.Ann, asked.AnswerIds[0], ct: Ct),
        })
        {
            var refused = await Assert.ThrowsAsync<RequestException>(act);
            Assert.Equal(409, refused.Status);
            Assert.Contains("holiday", refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task BadQuestions_NameTheValue_AndKeepNothing()
    {
        await using var studio = await StartAsync();
        var service = studio.Conversations;
        (Func<Task> Ask, string Named)[] bad =
        [
            (() => service.AskAsync(TestStudio.Ann, null, null, "  ", [], [new()], ct: Ct), "empty"),
            (() => service.AskAsync(TestStudio.Ann, null, null, new('x', ConversationService.MaxQuestionLength + 1), [], [new()], ct: Ct), "20001"),
            (() => service.AskAsync(TestStudio.Ann, null, null, "q", [], [], ct: Ct), "1 to 4"),
            (() => service.AskAsync(TestStudio.Ann, null, null, "q", [], [new(), new(), new(), new(), new()], ct: Ct), "5"),
            (() => service.AskAsync(TestStudio.Ann, null, null, "q", [], [new() { Model = "none" }], ct: Ct), "tiny-random"),
            (() => service.AskAsync(TestStudio.Ann, null, null, "q", [], [new() { Model = "/etc" }], ct: Ct), "/etc"),
            (() => service.AskAsync(TestStudio.Ann, null, null, "q", [], [new() { Compress = "uniform:99:1,0.5" }], ct: Ct), "99"),
            (() => service.AskAsync(TestStudio.Ann, null, null, "q", [], [new() { Frames = 8, Fps = 1 }], ct: Ct), "fps"),
            (() => service.AskAsync(TestStudio.Ann, null, null, "q", [.. Enumerable.Repeat("v", QuestionReader.MaxMedia + 1)], [new()], ct: Ct), "17"),
            (() => service.AskAsync(TestStudio.Ann, null, "nowhere", "q", [], [new()], ct: Ct), "nowhere"),
            (() => service.RenameAsync(TestStudio.Ann, "x", " ", Ct), "0 characters"),
            (() => service.RenameAsync(TestStudio.Ann, "x", new('t', ConversationService.MaxTitleLength + 1), Ct), "201"),
        ];
        foreach (var (ask, named) in bad)
        {
            var refused = await Assert.ThrowsAsync<RequestException>(ask);
            Assert.True(refused.Status is 400 or 404, refused.Message);
            Assert.Contains(named, refused.Message, StringComparison.Ordinal);
        }

        Assert.Equal(0, await studio.ReadAsync(db => db.Messages.CountAsync(Ct)));
        Assert.Empty(_engine.Asked);
    }

    [Fact]
    public async Task Title_IsTheFirstQuestion_UntilAPersonRenamesIt()
    {
        await using var studio = await StartAsync();
        (string Question, string Title)[] titles =
        [
            ("Short?", "Short?"),
            ("Two\n  lines  of it", "Two lines of it"),
            ("A question that goes on and on about many things, and does not come to an end before the eightieth character", "A question that goes on and on about many things, and does not come to an end…"),
            (new('x', 120), new string('x', 79) + "…"),
            (string.Concat(Enumerable.Repeat("🎬", 60)), string.Concat(Enumerable.Repeat("🎬", 39)) + "…"), // never half a character
        ];
        foreach (var (question, title) in titles)
        {
            var asked = await AskAsync(studio, TestStudio.Ann, question);
            Assert.Equal(title, (await studio.Conversations.GetAsync(TestStudio.Ann, asked.ConversationId, Ct)).Title);
            await studio.Conversations.RenameAsync(TestStudio.Ann, asked.ConversationId, "  My   title ", Ct);
            _ = await AskAsync(studio, TestStudio.Ann, "Another?", asked.ConversationId);
            Assert.Equal("My title", (await studio.Conversations.GetAsync(TestStudio.Ann, asked.ConversationId, Ct)).Title);
        }
    }

    [Fact]
    public async Task DeleteMessage_TakesWhatIsBelow_AndLeavesTheOtherBranch()
    {
        await using var studio = await StartAsync();
        var first = await AskAsync(studio, TestStudio.Ann, "one");
        var below = await studio.Conversations.AskAsync(TestStudio.Ann, first.ConversationId, first.AnswerIds[0], "two", [], [new()], ct: Ct);
        _ = await studio.FinishedAsync(below.AnswerIds[0]);
        var other = await AskAsync(studio, TestStudio.Ann, "other", first.ConversationId);
        await studio.Conversations.DeleteMessageAsync(TestStudio.Ann, first.QuestionId, Ct);
        Assert.Equal([other.QuestionId, other.AnswerIds[0]], (await studio.Conversations.GetAsync(TestStudio.Ann, first.ConversationId, Ct)).Messages.Select(m => m.Id));
    }

    private static (string Id, string? Text) Match(Paged<ConversationSummary> found) => (Assert.Single(found.Items).Id, found.Items[0].Match);

    private static async Task Drain(IAsyncEnumerable<AnswerUpdate> updates)
    {
        await foreach (var update in updates) Assert.NotNull(update);
    }

    private static async Task<AskResult> AskAsync(TestStudio studio, CurrentUser user, string text, string? conversationId = null)
    {
        var asked = await studio.Conversations.AskAsync(user, conversationId, null, text, [], [new()], ct: Ct);
        _ = await studio.FinishedAsync(asked.AnswerIds[0]);
        return asked;
    }

    private Task<TestStudio> StartAsync() => TestStudio.StartAsync(_engine, _time);
}
