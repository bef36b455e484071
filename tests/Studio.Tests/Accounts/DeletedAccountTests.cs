using Microsoft.EntityFrameworkCore;
using Studio.Accounts;
using Studio.Api;
using Studio.Data;
using Xunit;

namespace Studio.Tests.Accounts;

public sealed class DeletedAccountTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WithItsThings_NothingIsLeft_AndOthersKeepTheirs()
    {
        await using var server = await AccountServer.StartAsync();
        var (ada, bob) = await TwoAsync(server);
        var (conversation, video) = await server.AddThingsAsync(bob);
        var (_, kept) = await server.AddThingsAsync(ada);
        var answer = await AddFilesAsync(server, conversation, video, bob);
        Assert.Equal(new AccountThings(1, 18, 1, 1, 1), await server.Accounts.ThingsAsync(bob, Ct));

        await server.Accounts.DeleteAsync(bob, null, Ct);
        Assert.Null(await server.Accounts.FindAsync("bob", Ct));
        Assert.Equal([kept + ".mp4"], Directory.EnumerateFiles(server.Folders.Videos).Select(Path.GetFileName));
        foreach (var folder in new[] { server.Folders.Thumbnails, server.Folders.Traces, server.Folders.Uploads }) Assert.Empty(Directory.EnumerateFileSystemEntries(folder));
        Assert.Equal((1, 1, 2, 0, 0, 0), await server.WithDbAsync(async db => (
            await db.Videos.CountAsync(Ct), await db.Conversations.CountAsync(Ct), await db.Messages.CountAsync(Ct),
            await db.ShareLinks.CountAsync(Ct), await db.ApiTokens.CountAsync(Ct), await db.Uploads.CountAsync(Ct))));
        Assert.DoesNotContain(answer, Directory.EnumerateFiles(server.Folders.Traces).Select(Path.GetFileName));
    }

    [Fact]
    public async Task WithAnHeir_ThingsChangeHands_AndWhatBothHadIsKeptOnce()
    {
        await using var server = await AccountServer.StartAsync();
        var (ada, bob) = await TwoAsync(server);
        var (same, twice) = await server.AddThingsAsync(bob, "both have this");
        var (_, own) = await server.AddThingsAsync(ada, "both have this");
        var (_, other) = await server.AddThingsAsync(bob, "only bob has this");
        _ = await AddFilesAsync(server, same, twice, bob);

        await server.Accounts.DeleteAsync(bob, ada, Ct);
        Assert.Equal(new[] { own, other }.Order(), (await server.WithDbAsync(db => db.Videos.Where(v => v.OwnerId == ada).Select(v => v.Id).ToListAsync(Ct))).Order());
        Assert.Equal(3, await server.WithDbAsync(db => db.Conversations.CountAsync(c => c.OwnerId == ada, Ct)));
        // The conversation about the one that went now points to the one that stays.
        Assert.Equal(own, await server.WithDbAsync(db => db.MessageMedia.Where(m => db.Messages.Any(q => q.Id == m.MessageId && q.ConversationId == same)).Select(m => m.VideoId).SingleAsync(Ct)));
        Assert.Equal(new[] { own + ".mp4", other + ".mp4" }.Order(), Directory.EnumerateFiles(server.Folders.Videos).Select(f => Path.GetFileName(f)!).Order());
        Assert.Equal((0, 0), await server.WithDbAsync(async db => (await db.ShareLinks.CountAsync(Ct), await db.ApiTokens.CountAsync(Ct))));
    }

    [Fact]
    public async Task MoreThanOneBatch_GoesToo()
    {
        await using var server = await AccountServer.StartAsync();
        var (_, bob) = await TwoAsync(server);
        _ = await server.WithDbAsync(async db =>
        {
            db.AddRange(Enumerable.Range(0, OwnedThings.Batch + 1).Select(i => new Conversation { Id = $"{i:x32}", OwnerId = bob }));
            return await db.SaveChangesAsync(Ct);
        });
        await server.Accounts.DeleteAsync(bob, null, Ct);
        Assert.Equal(0, await server.WithDbAsync(db => db.Conversations.CountAsync(Ct)));
    }

    [Fact]
    public async Task HeirThatIsNobodyOrItself_IsRefused_AndNothingIsDeleted()
    {
        await using var server = await AccountServer.StartAsync();
        var (_, bob) = await TwoAsync(server);
        Assert.Equal(400, (await Assert.ThrowsAsync<RequestException>(() => server.Accounts.DeleteAsync(bob, bob, Ct))).Status);
        Assert.Equal(404, (await Assert.ThrowsAsync<RequestException>(() => server.Accounts.DeleteAsync(bob, "nobody", Ct))).Status);
        Assert.Equal(AccountStatus.Active, (await server.Accounts.FindAsync("bob", Ct))!.Status);
    }

    private static async Task<(string Ada, string Bob)> TwoAsync(AccountServer server)
    {
        var ada = await server.Accounts.CreateAsync(new("ada", null, Roles.Admin, AccountServer.Password), Ct);
        var bob = await server.Accounts.CreateAsync(new("bob", null, Roles.Editor, AccountServer.Password), Ct);
        return (ada.Account.Id, bob.Account.Id);
    }

    /// <summary>Thumbnails, a trace, an upload under way, a token and a link.</summary>
    private static async Task<string> AddFilesAsync(AccountServer server, string conversation, string video, string owner)
    {
        _ = Directory.CreateDirectory(Path.Combine(server.Folders.Thumbnails, video));
        await File.WriteAllTextAsync(Path.Combine(server.Folders.Thumbnails, video, "0.jpg"), "a picture", Ct);
        await File.WriteAllTextAsync(Path.Combine(server.Folders.Uploads, new string('d', 32) + ".part"), "half a film", Ct);
        var answer = await server.WithDbAsync(async db =>
        {
            _ = db.Uploads.Add(new() { Id = new string('d', 32), OwnerId = owner, Name = "film.mp4", Length = 100 });
            var message = await db.Messages.SingleAsync(m => m.ConversationId == conversation && m.Role == MessageRole.Answer, Ct);
            message.HasTrace = true;
            _ = await db.SaveChangesAsync(Ct);
            return message.Id;
        });
        await File.WriteAllTextAsync(Path.Combine(server.Folders.Traces, $"{answer}.json.gz"), "a trace", Ct);
        _ = await server.Get<TokenService>().CreateAsync(owner, "a program", Ct);
        _ = await server.Get<ShareService>().CreateAsync(new(owner, "bob", Roles.Editor), ShareTarget.Video, video, Ct);
        return answer;
    }
}
