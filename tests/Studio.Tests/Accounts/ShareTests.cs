using System.Net;
using System.Net.Http.Headers;
using Microsoft.EntityFrameworkCore;
using Studio.Accounts;
using Studio.Api;
using Studio.Data;
using Xunit;

namespace Studio.Tests.Accounts;

public sealed class ShareTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Conversation_IsReadByAnyoneWithTheLink_AsText_UntilRevoked()
    {
        await using var server = await AccountServer.StartAsync();
        var ada = await UserAsync(server, "ada");
        var (conversation, video) = await server.AddThingsAsync(ada.Id);
        var (_, other) = await server.AddThingsAsync(ada.Id, "another film");
        var shares = server.Get<ShareService>();
        var made = await shares.CreateAsync(ada, ShareTarget.Conversation, conversation, Ct);
        using var anyone = server.Anyone();
        var html = await anyone.ReadAsync("/" + made.Path);
        Assert.Contains("What &lt;i&gt;happens&lt;/i&gt;?", html, StringComparison.Ordinal);
        Assert.Contains("A circle &lt;script&gt;alert(1)&lt;/script&gt; appears.", html, StringComparison.Ordinal);
        Assert.DoesNotContain(ada.Id, html, StringComparison.Ordinal);
        using (var film = await anyone.GetAsync($"/{made.Path}/media/{video}"))
        {
            Assert.Equal((HttpStatusCode.OK, "video/mp4", "not really a video"), (film.StatusCode, film.Content.Headers.ContentType?.MediaType, await film.Content.ReadAsStringAsync(Ct)));
            Assert.Equal("private, no-cache", film.Headers.CacheControl?.ToString().Replace("no-cache, private", "private, no-cache", StringComparison.Ordinal));
        }

        // The link opens what it names and nothing else.
        Assert.Equal(HttpStatusCode.NotFound, (await anyone.GetAsync($"/{made.Path}/media/{other}")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await anyone.GetAsync($"/{made.Path}/media/..%2F..%2Fstudio.db")).StatusCode);
        Assert.Equal(HttpStatusCode.Redirect, (await anyone.GetAsync($"/chat/{conversation}")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await anyone.Http.GetAsync($"/api/v1/conversations/{conversation}", Ct)).StatusCode);

        await shares.RevokeAsync(ada, made.Share.Id, Ct);
        Assert.Equal(HttpStatusCode.NotFound, (await anyone.GetAsync("/" + made.Path)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await anyone.GetAsync($"/{made.Path}/media/{video}")).StatusCode);
    }

    [Fact]
    public async Task Video_IsSentInRanges()
    {
        await using var server = await AccountServer.StartAsync();
        var ada = await UserAsync(server, "ada");
        var (_, video) = await server.AddThingsAsync(ada.Id);
        var made = await server.Get<ShareService>().CreateAsync(ada, ShareTarget.Video, video, Ct);
        using var anyone = server.Anyone();
        Assert.Contains("A film", await anyone.ReadAsync("/" + made.Path), StringComparison.Ordinal);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/{made.Path}/media/{video}");
        request.Headers.Range = new RangeHeaderValue(4, 9);
        using var answer = await anyone.Http.SendAsync(request, Ct);
        Assert.Equal((HttpStatusCode.PartialContent, "really"), (answer.StatusCode, await answer.Content.ReadAsStringAsync(Ct)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("abc")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("..%2F..%2Fapi")]
    public async Task SecretThatIsNone_OpensNothing(string secret)
    {
        await using var server = await AccountServer.StartAsync();
        Assert.Null(await server.Get<ShareService>().OpenAsync(Uri.UnescapeDataString(secret), Ct));
        if (secret.Length == 0) return;
        using var anyone = server.Anyone();
        using var answer = await anyone.GetAsync($"/s/{secret}");
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    public async Task OnlyOwnersAndAdministrators_Share()
    {
        await using var server = await AccountServer.StartAsync();
        var (ada, bob, rea) = (await UserAsync(server, "ada", Roles.Admin), await UserAsync(server, "bob"), await UserAsync(server, "rea", Roles.Viewer));
        var shares = server.Get<ShareService>();
        var (own, _) = await server.AddThingsAsync(bob.Id);
        var (team, _) = await server.AddThingsAsync(ada.Id, "the team's film", Visibility.Team);
        var (secret, _) = await server.AddThingsAsync(ada.Id, "ada's film");
        _ = await shares.CreateAsync(bob, ShareTarget.Conversation, own, Ct);
        _ = await shares.CreateAsync(ada, ShareTarget.Conversation, own, Ct);
        Assert.Equal(403, await StatusAsync(() => shares.CreateAsync(bob, ShareTarget.Conversation, team, Ct)));
        Assert.Equal(404, await StatusAsync(() => shares.CreateAsync(bob, ShareTarget.Conversation, secret, Ct)));
        Assert.Equal(404, await StatusAsync(() => shares.CreateAsync(bob, ShareTarget.Video, "nothing", Ct)));
        var (demoted, _) = await server.AddThingsAsync(rea.Id, "made before rea became a viewer");
        Assert.Equal(403, await StatusAsync(() => shares.CreateAsync(rea, ShareTarget.Conversation, demoted, Ct)));
        // Both see the links of what is bob's; bob may end the administrator's, not the other way round only.
        Assert.Equal(2, (await shares.ListAsync(bob, ShareTarget.Conversation, own, Ct)).Count);
        var adas = Assert.Single((await shares.ListOwnAsync(ada, ct: Ct)).Items);
        Assert.Equal(404, await StatusAsync(() => shares.RevokeAsync(rea, adas.Id, Ct)));
        await shares.RevokeAsync(bob, adas.Id, Ct);
        Assert.Empty((await shares.ListOwnAsync(ada, ct: Ct)).Items);
    }

    [Fact]
    public async Task OthersVideosInAConversation_StayClosed()
    {
        await using var server = await AccountServer.StartAsync();
        var (ada, bob) = (await UserAsync(server, "ada"), await UserAsync(server, "bob"));
        var (conversation, _) = await server.AddThingsAsync(ada.Id);
        var (_, lent) = await server.AddThingsAsync(bob.Id, "bob's film", Visibility.Team);
        _ = await server.WithDbAsync(db => db.MessageMedia.Where(m => db.Messages.Any(q => q.Id == m.MessageId && q.ConversationId == conversation)).ExecuteUpdateAsync(s => s.SetProperty(m => m.VideoId, lent), Ct));
        var made = await server.Get<ShareService>().CreateAsync(ada, ShareTarget.Conversation, conversation, Ct);
        using var anyone = server.Anyone();
        Assert.Contains("not part of this link", await anyone.ReadAsync("/" + made.Path), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await anyone.GetAsync($"/{made.Path}/media/{lent}")).StatusCode);
    }

    [Fact]
    public async Task ClosedAccount_RestsItsLinks_AndADeletedThingEndsThem()
    {
        await using var server = await AccountServer.StartAsync();
        var bob = await UserAsync(server, "bob");
        var (conversation, _) = await server.AddThingsAsync(bob.Id);
        var shares = server.Get<ShareService>();
        var secret = (await shares.CreateAsync(bob, ShareTarget.Conversation, conversation, Ct)).Path["s/".Length..];
        Assert.NotNull(await shares.OpenAsync(secret, Ct));
        _ = await server.Accounts.SetDisabledAsync(bob.Id, disabled: true, Ct);
        Assert.Null(await shares.OpenAsync(secret, Ct));
        _ = await server.Accounts.SetDisabledAsync(bob.Id, disabled: false, Ct);
        Assert.NotNull(await shares.OpenAsync(secret, Ct));
        _ = await server.WithDbAsync(db => db.Conversations.ExecuteDeleteAsync(Ct));
        Assert.Null(await shares.OpenAsync(secret, Ct));
    }

    [Fact]
    public async Task Links_AreBounded()
    {
        await using var server = await AccountServer.StartAsync();
        var ada = await UserAsync(server, "ada");
        var (conversation, _) = await server.AddThingsAsync(ada.Id);
        _ = await server.WithDbAsync(async db =>
        {
            db.AddRange(Enumerable.Range(0, ShareService.MaxPerOwner).Select(i => new ShareLink { Id = $"{i:x32}", OwnerId = ada.Id, Target = ShareTarget.Conversation, TargetId = conversation, SecretHash = $"{i}" }));
            return await db.SaveChangesAsync(Ct);
        });
        Assert.Equal(409, await StatusAsync(() => server.Get<ShareService>().CreateAsync(ada, ShareTarget.Conversation, conversation, Ct)));
    }

    [Fact]
    public void Line_ShowsTheWayToTheNewestMessage_WithItsAnswersSideBySide()
    {
        var n = 0;
        Message[] messages =
        [
            Made("q1", null), Made("a1", "q1", batch: "x", slot: 1), Made("a2", "q1", batch: "x", slot: 0), Made("a3", "q1", batch: "y"),
            Made("q2", "a3"), Made("a4", "q2", batch: "z"),
            Made("q2-edited", "a1"), Made("a5", "q2-edited", batch: "w"),
        ];
        var line = SharedThing.Line(messages);
        Assert.Equal(["q1: a2 a1", "q2-edited: a5"], line.Select(t => $"{t.Question.Id}: {string.Join(' ', t.Answers.Select(a => a.Id))}"));
        Assert.Empty(SharedThing.Line([]));

        Message Made(string id, string? parent, string? batch = null, int slot = 0) => new()
        {
            Id = id, ConversationId = "c", ParentId = parent, Role = id[0] == 'q' ? MessageRole.Question : MessageRole.Answer, Batch = batch, Slot = slot, CreatedAt = DateTimeOffset.UnixEpoch.AddSeconds(n++),
        };
    }

    private static async Task<CurrentUser> UserAsync(AccountServer server, string name, string role = Roles.Editor) =>
        new((await server.Accounts.CreateAsync(new(name, null, role, AccountServer.Password), Ct)).Account.Id, name, role);

    private static async Task<int> StatusAsync(Func<Task> work) => (await Assert.ThrowsAsync<RequestException>(work)).Status;
}
