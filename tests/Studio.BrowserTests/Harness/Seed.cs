using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Studio.Accounts;
using Studio.Data;
using Studio.Library.Importing;

namespace Studio.BrowserTests.Harness;

/// <summary>What a test needs to be there and no page can bring about, such as an answer with given words.</summary>
internal static class Seed
{
    public static CurrentUser Me { get; } = new(SingleUserHandler.UserId, "You", Roles.Admin);

    /// <summary>A video of the one user with a question about it and an answer with these words.</summary>
    public static async Task<(string Conversation, string Answer)> ConversationAsync(StudioFixture studio, string film, string question, string answer)
    {
        var video = (await studio.Services.GetRequiredService<VideoImporter>().AddFileAsync(Me, film, null, CancellationToken.None)).Video;
        var now = TimeProvider.System.GetUtcNow();
        var conversation = new Conversation { Id = Ids.New(TimeProvider.System), OwnerId = Me.Id, Title = question, CreatedAt = now, UpdatedAt = now };
        var asked = new Message { Id = Ids.New(TimeProvider.System), ConversationId = conversation.Id, Role = MessageRole.Question, Text = question, CreatedAt = now };
        asked.Media.Add(new() { MessageId = asked.Id, Position = 0, VideoId = video.Id, Name = video.Name });
        var answered = new Message { Id = Ids.New(TimeProvider.System), ConversationId = conversation.Id, ParentId = asked.Id, Role = MessageRole.Answer, Text = answer, CreatedAt = now.AddSeconds(1), Model = "tiny-random" };
        conversation.Messages.Add(asked);
        conversation.Messages.Add(answered);
        await using var db = await studio.Services.GetRequiredService<IDbContextFactory<StudioDb>>().CreateDbContextAsync();
        _ = db.Add(conversation);
        _ = await db.SaveChangesAsync();
        return (conversation.Id, answered.Id);
    }
}
