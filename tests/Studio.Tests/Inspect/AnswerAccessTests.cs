using Microsoft.EntityFrameworkCore;
using Studio.Accounts;
using Studio.Data;
using Studio.Inspect;
using Xunit;

namespace Studio.Tests.Inspect;

public sealed class AnswerAccessTests(InspectServer server) : IClassFixture<InspectServer>
{
    private static readonly CurrentUser s_owner = new("anna", "Anna", Roles.Editor);
    private static readonly CurrentUser s_other = new("ben", "Ben", Roles.Viewer);
    private static readonly CurrentUser s_admin = new("root", "Root", Roles.Admin);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private DatabaseAnswerAccess Access => new(server.Databases);

    [Fact]
    public async Task Find_PrivateAnswer_IsForItsOwnerAndAdministrators()
    {
        var id = (await server.Seed.AddAnswersAsync("anna", null, [server.Traces[0]]))[0];
        Assert.Equal("What happens in the video?", (await Access.FindAsync(s_owner, id, Ct))!.Question);
        Assert.NotNull(await Access.FindAsync(s_admin, id, Ct));
        Assert.Null(await Access.FindAsync(s_other, id, Ct));
        Assert.Empty(await Access.OthersAsync(s_other, id, 10, Ct));
    }

    [Fact]
    public async Task Find_TeamAnswerAboutAPrivateVideo_IsReadableWithoutTheVideo()
    {
        var video = await server.Seed.AddVideoAsync(InspectServer.Sample, "anna");
        var id = (await server.Seed.AddAnswersAsync("anna", video, [server.Traces[0]], visibility: Visibility.Team))[0];
        Assert.Equal(video, (await Access.FindAsync(s_owner, id, Ct))!.Media[0].VideoId);
        var seen = (await Access.FindAsync(s_other, id, Ct))!.Media[0];
        Assert.Equal(("shapes.mp4", null, null), (seen.Name, seen.VideoId, seen.File));
        await using (var db = await server.Databases.CreateDbContextAsync(Ct)) _ = await db.Videos.Where(v => v.Id == video).ExecuteUpdateAsync(s => s.SetProperty(v => v.Visibility, Visibility.Team), Ct);
        Assert.Equal(video + ".mp4", (await Access.FindAsync(s_other, id, Ct))!.Media[0].File);
    }

    [Fact]
    public async Task Find_Question_IsNoAnswer()
    {
        await using var db = await server.Databases.CreateDbContextAsync(Ct);
        var question = await db.Messages.Where(m => m.Role == MessageRole.Question).Select(m => m.Id).FirstAsync(Ct);
        Assert.Null(await Access.FindAsync(s_admin, question, Ct));
        Assert.Null(await Access.FindAsync(s_admin, "../../etc/passwd", Ct));
    }

    [Fact]
    public async Task Find_LaterAnswer_HasTheMediaOfItsOwnBranchInOrder()
    {
        var first = (await server.Seed.AddAnswersAsync("anna", null, [server.Traces[0], server.Traces[1]]));
        await using var db = await server.Databases.CreateDbContextAsync(Ct);
        var conversation = await db.Messages.Where(m => m.Id == first[0]).Select(m => m.ConversationId).FirstAsync(Ct);
        string[] follow = ["second.mp4", "other branch.mp4"];
        var answers = new List<string>();
        for (var i = 0; i < 2; i++)
        {
            var question = new Message { Id = Ids.New(TimeProvider.System), ConversationId = conversation, ParentId = first[i], Role = MessageRole.Question, Text = $"Follow {i}", CreatedAt = DateTimeOffset.UnixEpoch };
            question.Media.Add(new() { MessageId = question.Id, Position = 0, Name = "a " + follow[i] });
            question.Media.Add(new() { MessageId = question.Id, Position = 1, Name = "b " + follow[i] });
            var answer = new Message { Id = Ids.New(TimeProvider.System), ConversationId = conversation, ParentId = question.Id, Role = MessageRole.Answer, HasTrace = true, CreatedAt = DateTimeOffset.UnixEpoch };
            db.AddRange(question, answer);
            answers.Add(answer.Id);
        }

        _ = await db.SaveChangesAsync(Ct);
        Assert.Equal(["shapes.mp4", "a second.mp4", "b second.mp4"], (await Access.FindAsync(s_owner, answers[0], Ct))!.Media.Select(m => m.Name));
        var others = await Access.OthersAsync(s_owner, first[0], 10, Ct);
        Assert.Equal(first[1], others[0].Id);
        Assert.Equal((true, InspectSeed.Dropping), (others[0].SameQuestion, others[0].Settings));
        Assert.Equal([false, false], others.Skip(1).Select(o => o.SameQuestion));
        Assert.Single(await Access.OthersAsync(s_owner, first[0], 1, Ct));
    }
}
