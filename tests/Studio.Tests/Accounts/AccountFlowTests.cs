using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Studio.Accounts;
using Xunit;

namespace Studio.Tests.Accounts;

/// <summary>From an empty server to a team, as people do it.</summary>
public sealed class AccountFlowTests
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { Converters = { new System.Text.Json.Serialization.JsonStringEnumConverter() } };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SetUp_Invite_SignIn_Share_Revoke_Restart()
    {
        await using var server = await AccountServer.StartAsync();
        var code = await server.Get<SetupCode>().IssueAsync(Ct);
        using var ada = server.Anyone();
        using (await ada.SubmitAsync("/setup", new() { ["Form.Code"] = code, ["Form.Name"] = "ada", ["Form.Password"] = AccountServer.Password, ["Form.Again"] = AccountServer.Password })) { }

        // The administrator invites an editor, who chooses a password.
        var invited = await SendAsync<AccountWithLink>(ada, HttpMethod.Post, "/api/v1/accounts", new NewAccount("bob", "Bob", Roles.Editor));
        using var bob = server.Anyone();
        using (var joined = await bob.SubmitAsync("/" + invited.Link, new() { ["Form.Password"] = AccountServer.Password, ["Form.Again"] = AccountServer.Password })) Assert.Equal("/", joined.Headers.Location?.OriginalString);
        var me = await SendAsync<WhoAmI>(bob, HttpMethod.Get, "/api/v1/me");
        Assert.Equal(("Bob", Roles.Editor), (me.Name, me.Role));
        Assert.Equal(HttpStatusCode.Forbidden, (await bob.Http.GetAsync("/api/v1/accounts", Ct)).StatusCode);

        // The editor shares a conversation with somebody without an account.
        var (conversation, _) = await server.AddThingsAsync(me.Id);
        var share = await SendAsync<NewShare>(bob, HttpMethod.Post, "/api/v1/shares", new { target = "conversation", id = conversation });
        using var anyone = server.Anyone();
        Assert.Contains("A circle", await anyone.ReadAsync("/" + share.Path), StringComparison.Ordinal);

        // Everything is still there after a restart, and people are still signed in.
        await server.RestartAsync();
        using var later = server.Anyone();
        Assert.Contains("A circle", await later.ReadAsync("/" + share.Path), StringComparison.Ordinal);
        using var returned = server.Anyone();
        foreach (Cookie cookie in bob.Cookies) returned.Http.DefaultRequestHeaders.Add("Cookie", $"{cookie.Name}={cookie.Value}");
        Assert.Equal(HttpStatusCode.NoContent, (await returned.Http.DeleteAsync($"/api/v1/shares/{share.Share.Id}", Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await later.GetAsync("/" + share.Path)).StatusCode);
    }

    [Fact]
    public async Task Administrator_ManagesAccountsOverHttp()
    {
        await using var server = await AccountServer.StartAsync();
        _ = await server.Accounts.CreateAsync(new("ada", null, Roles.Admin, AccountServer.Password), Ct);
        using var program = await server.ProgramAsync("ada");
        using var made = await program.PostAsJsonAsync("/api/v1/accounts", new { name = "bob", role = "viewer" }, Ct);
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        var bob = (await program.GetFromJsonAsync<AccountView>("/api/v1/accounts/bob", s_json, Ct))!;
        using (var changed = await program.PatchAsJsonAsync($"/api/v1/accounts/{bob.Id}", new { role = "editor", displayName = "Bob B.", disabled = true }, Ct)) _ = changed.EnsureSuccessStatusCode();
        bob = (await program.GetFromJsonAsync<AccountView>($"/api/v1/accounts/{bob.Id}", s_json, Ct))!;
        Assert.Equal((Roles.Editor, "Bob B.", AccountStatus.Disabled), (bob.Role, bob.DisplayName, bob.Status));
        Assert.Equal(HttpStatusCode.Conflict, (await program.PostAsync($"/api/v1/accounts/{bob.Id}/reset", null, Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await program.DeleteAsync($"/api/v1/accounts/{bob.Id}", Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await program.DeleteAsync($"/api/v1/accounts/{bob.Id}?deleteThings=true", Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await program.GetAsync($"/api/v1/accounts/{bob.Id}", Ct)).StatusCode);
        using var list = JsonDocument.Parse(await program.GetStringAsync("/api/v1/accounts?size=10", Ct));
        Assert.Equal((1, 1, 10), (list.RootElement.GetProperty("total").GetInt32(), list.RootElement.GetProperty("page").GetInt32(), list.RootElement.GetProperty("size").GetInt32()));
    }

    private static async Task<T> SendAsync<T>(Browser browser, HttpMethod method, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        using var answer = await browser.Http.SendAsync(request, Ct);
        Assert.True(answer.IsSuccessStatusCode, $"{method} {path}: {answer.StatusCode} {await answer.Content.ReadAsStringAsync(Ct)}");
        return (await answer.Content.ReadFromJsonAsync<T>(s_json, Ct))!;
    }
}
