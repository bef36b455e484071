using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Studio.Accounts;
using Studio.Api;
using Studio.Tests.Conversations;
using Xunit;

namespace Studio.Tests.Accounts;

public sealed class TokenTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Token_ActsAsItsOwner_WithTheRoleOfTheMoment_UntilRevoked()
    {
        await using var server = await AccountServer.StartAsync();
        _ = await server.Accounts.CreateAsync(new("ada", "Ada", Roles.Editor, AccountServer.Password), Ct);
        using var program = await server.ProgramAsync("ada");
        var me = await program.GetFromJsonAsync<WhoAmI>("/api/v1/me", Ct);
        Assert.Equal(("Ada", Roles.Editor, false), (me!.Name, me.Role, me.SingleUser));
        _ = await server.Accounts.SetRoleAsync(me.Id, Roles.Viewer, Ct);
        Assert.Equal(Roles.Viewer, (await program.GetFromJsonAsync<WhoAmI>("/api/v1/me", Ct))!.Role);
        var token = Assert.Single((await program.GetFromJsonAsync<TokenView[]>("/api/v1/tokens", Ct))!);
        Assert.Equal(HttpStatusCode.NoContent, (await program.DeleteAsync($"/api/v1/tokens/{token.Id}", Ct)).StatusCode);
        using var refused = await program.GetAsync("/api/v1/me", Ct);
        Assert.Equal((HttpStatusCode.Unauthorized, "Bearer"), (refused.StatusCode, refused.Headers.WwwAuthenticate.ToString()));
        Assert.Equal("application/problem+json", refused.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task TokensThatAreNone_AreRefused_EvenBesideAGoodCookie()
    {
        await using var server = await AccountServer.StartAsync();
        using var ada = await server.SignInAsync("ada", Roles.Editor);
        foreach (var secret in new[] { "sk-something", "studio_", TokenService.Prefix + new string('A', 43), TokenService.Prefix + new string('é', 43), new string('x', 5000) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/me");
            _ = request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {Uri.EscapeDataString(secret)}");
            using var answer = await ada.Http.SendAsync(request, Ct);
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        }
    }

    [Fact]
    public async Task Token_CannotMakeTokens_ASessionCan()
    {
        await using var server = await AccountServer.StartAsync();
        using var ada = await server.SignInAsync("ada", Roles.Viewer);
        using var program = await server.ProgramAsync("ada");
        Assert.Equal(HttpStatusCode.Forbidden, (await program.PostAsJsonAsync("/api/v1/tokens", new TokenRequest("another"), Ct)).StatusCode);
        using var made = await ada.Http.PostAsJsonAsync("/api/v1/tokens", new TokenRequest("another"), Ct);
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        using var second = server.Program((await made.Content.ReadFromJsonAsync<NewToken>(Ct))!.Secret);
        Assert.Equal(HttpStatusCode.OK, (await second.GetAsync("/api/v1/me", Ct)).StatusCode);
    }

    [Fact]
    public async Task OthersTokens_AreNeitherSeenNorRevoked()
    {
        await using var server = await AccountServer.StartAsync();
        using var ada = await server.SignInAsync("ada", Roles.Admin);
        _ = await server.Accounts.CreateAsync(new("bob", null, Roles.Editor, AccountServer.Password), Ct);
        using var program = await server.ProgramAsync("bob");
        var token = Assert.Single(await server.Get<TokenService>().ListAsync(await server.IdAsync("bob"), Ct));
        Assert.Empty((await ada.Http.GetFromJsonAsync<TokenView[]>("/api/v1/tokens", Ct))!);
        Assert.Equal(HttpStatusCode.NotFound, (await ada.Http.DeleteAsync($"/api/v1/tokens/{token.Id}", Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await program.GetAsync("/api/v1/me", Ct)).StatusCode);
    }

    [Fact]
    public async Task LastUse_IsKeptToTheMinute()
    {
        var time = new ManualTime();
        await using var server = await AccountServer.StartAsync(time: time);
        var ada = (await server.Accounts.CreateAsync(new("ada", null, Roles.Editor, AccountServer.Password), Ct)).Account.Id;
        var tokens = server.Get<TokenService>();
        var made = await tokens.CreateAsync(ada, "a program", Ct);
        Assert.Null(Assert.Single(await tokens.ListAsync(ada, Ct)).LastUsedAt);
        var first = time.GetUtcNow();
        _ = await tokens.FindAsync(made.Secret, Ct);
        time.Advance(TokenService.UseResolution / 2);
        _ = await tokens.FindAsync(made.Secret, Ct);
        Assert.Equal(first, Assert.Single(await tokens.ListAsync(ada, Ct)).LastUsedAt);
        time.Advance(TokenService.UseResolution / 2);
        _ = await tokens.FindAsync(made.Secret, Ct);
        Assert.Equal(first + TokenService.UseResolution, Assert.Single(await tokens.ListAsync(ada, Ct)).LastUsedAt);
    }

    [Fact]
    public async Task Names_AreAskedFor_AndTheirNumberIsBounded()
    {
        await using var server = await AccountServer.StartAsync();
        var ada = (await server.Accounts.CreateAsync(new("ada"), Ct)).Account.Id;
        var tokens = server.Get<TokenService>();
        foreach (var name in new[] { "", "  ", new string('x', TokenService.MaxNameLength + 1) }) Assert.Equal(400, (await Assert.ThrowsAsync<RequestException>(() => tokens.CreateAsync(ada, name, Ct))).Status);
        for (var i = 0; i < TokenService.MaxPerOwner; i++) _ = await tokens.CreateAsync(ada, $"program {i}", Ct);
        Assert.Equal(409, (await Assert.ThrowsAsync<RequestException>(() => tokens.CreateAsync(ada, "one more", Ct))).Status);
    }

    [Fact]
    public async Task WithoutSignIn_AnyKeyIsTheSingleUser_AndNoTokensAreMade()
    {
        await using var studio = await TestStudio.StartAsync();
        studio.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "sk-dummy");
        Assert.Equal((SingleUserHandler.UserId, true), await studio.Http.GetFromJsonAsync<WhoAmI>("/api/v1/me", Ct) is { } me ? (me.Id, me.SingleUser) : default);
        Assert.Equal(HttpStatusCode.Conflict, (await studio.Http.PostAsJsonAsync("/api/v1/tokens", new TokenRequest("x"), Ct)).StatusCode);
    }
}
