using System.Net;
using Microsoft.EntityFrameworkCore;
using Studio.Accounts;
using Studio.Api;
using Studio.Data;
using Studio.Tests.Conversations;
using Xunit;

namespace Studio.Tests.Accounts;

public sealed class AccountServiceTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Invitation_ChoosesThePassword_Once()
    {
        await using var server = await AccountServer.StartAsync();
        var made = await server.Accounts.CreateAsync(new("bob", "Bob", Roles.Editor), Ct);
        Assert.Equal(AccountStatus.Invited, made.Account.Status);
        using var bob = server.Anyone();
        Assert.Contains("bob", await bob.ReadAsync("/" + made.Link), StringComparison.Ordinal);
        using (var differs = await bob.SubmitAsync("/" + made.Link, Passwords("one password", "another password"))) Assert.Contains("two passwords differ", await differs.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        using (var used = await bob.SubmitAsync("/" + made.Link, Passwords(AccountServer.Password, AccountServer.Password))) Assert.Equal("/", used.Headers.Location?.OriginalString);
        Assert.Contains("bob", await bob.ReadAsync("/account"), StringComparison.Ordinal);
        using var eve = server.Anyone();
        Assert.Contains("does not work", await eve.ReadAsync("/" + made.Link), StringComparison.Ordinal);
        _ = await Assert.ThrowsAsync<RequestException>(() => server.Accounts.RedeemLinkAsync(made.Link!["join/".Length..], AccountServer.Password, ct: Ct));
    }

    [Fact]
    public async Task Link_Ends_WhenItsTimeIsOver_WhenReplaced_AndWhileTheAccountIsClosed()
    {
        var time = new ManualTime();
        await using var server = await AccountServer.StartAsync(time: time);
        var made = await server.Accounts.CreateAsync(new("bob"), Ct);
        Assert.NotNull(await Find(made));
        time.Advance(AccountService.LinkLifetime + TimeSpan.FromSeconds(1));
        Assert.Null(await Find(made));
        var second = await server.Accounts.ResetAsync(made.Account.Id, Ct);
        var third = await server.Accounts.ResetAsync(made.Account.Id, Ct);
        Assert.Null(await Find(second));
        Assert.NotNull(await Find(third));
        _ = await server.Accounts.SetDisabledAsync(made.Account.Id, disabled: true, Ct);
        Assert.Null(await Find(third));
        Assert.Null(await server.Accounts.FindLinkAsync("x' or 1=1 --", Ct));

        Task<AccountView?> Find(AccountWithLink account) => server.Accounts.FindLinkAsync(account.Link!["join/".Length..], Ct);
    }

    [Fact]
    public async Task Database_HoldsNoSecret()
    {
        await using var server = await AccountServer.StartAsync();
        var made = await server.Accounts.CreateAsync(new("bob", null, Roles.Editor), Ct);
        _ = await server.Accounts.CreateAsync(new("ada", null, Roles.Admin, AccountServer.Password), Ct);
        var (conversation, _) = await server.AddThingsAsync(await server.IdAsync("ada"));
        var token = await server.Get<TokenService>().CreateAsync(await server.IdAsync("ada"), "a program", Ct);
        var share = await server.Get<ShareService>().CreateAsync(new(await server.IdAsync("ada"), "ada", Roles.Admin), ShareTarget.Conversation, conversation, Ct);
        _ = await server.WithDbAsync(db => db.Database.ExecuteSqlRawAsync("PRAGMA wal_checkpoint(TRUNCATE)", Ct));
        var bytes = System.Text.Encoding.Latin1.GetString(await File.ReadAllBytesAsync(server.Folders.Database, Ct));
        Assert.Contains("bob", bytes, StringComparison.Ordinal);
        foreach (var secret in new[] { made.Link!["join/".Length..], token.Secret, token.Secret[TokenService.Prefix.Length..], share.Path["s/".Length..], AccountServer.Password })
            Assert.DoesNotContain(secret, bytes, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reset_EndsPasswordAndSessions()
    {
        await using var server = await AccountServer.StartAsync();
        using var bob = await server.SignInAsync("bob", Roles.Editor);
        var link = (await server.Accounts.ResetAsync(await server.IdAsync("bob"), Ct)).Link;
        Assert.Null(await server.Get<SignInService>().CheckAsync("bob", AccountServer.Password, Ct));
        using (var ended = await bob.GetAsync("/account")) Assert.Equal(HttpStatusCode.Redirect, ended.StatusCode);
        using var used = await bob.SubmitAsync("/" + link, Passwords("a new password 2", "a new password 2"));
        Assert.NotNull(await server.Get<SignInService>().CheckAsync("bob", "a new password 2", Ct));
    }

    [Fact]
    public async Task ClosedAccount_LosesItsSessionAndTokensAtOnce_AndGetsBackTheTokensOnly()
    {
        await using var server = await AccountServer.StartAsync();
        using var bob = await server.SignInAsync("bob", Roles.Editor);
        using var program = await server.ProgramAsync("bob");
        Assert.Equal(HttpStatusCode.OK, (await program.GetAsync("/api/v1/me", Ct)).StatusCode);
        var id = await server.IdAsync("bob");
        _ = await server.Accounts.SetDisabledAsync(id, disabled: true, Ct);
        Assert.Equal(HttpStatusCode.Unauthorized, (await program.GetAsync("/api/v1/me", Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await bob.Http.GetAsync("/api/v1/me", Ct)).StatusCode);
        Assert.Null(await server.Get<SignInService>().CheckAsync("bob", AccountServer.Password, Ct));
        _ = await server.Accounts.SetDisabledAsync(id, disabled: false, Ct);
        Assert.Equal(HttpStatusCode.OK, (await program.GetAsync("/api/v1/me", Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await bob.Http.GetAsync("/api/v1/me", Ct)).StatusCode);
        Assert.NotNull(await server.Get<SignInService>().CheckAsync("bob", AccountServer.Password, Ct));
    }

    [Fact]
    public async Task ChangedRole_CountsAtTheNextRequest()
    {
        await using var server = await AccountServer.StartAsync();
        _ = await server.Accounts.CreateAsync(new("ada", null, Roles.Admin, AccountServer.Password), Ct);
        using var bob = await server.SignInAsync("bob", Roles.Viewer);
        Assert.Equal(HttpStatusCode.Forbidden, (await bob.Http.GetAsync("/api/v1/accounts", Ct)).StatusCode);
        _ = await server.Accounts.SetRoleAsync(await server.IdAsync("bob"), Roles.Admin, Ct);
        Assert.Equal(HttpStatusCode.OK, (await bob.Http.GetAsync("/api/v1/accounts", Ct)).StatusCode);
        _ = await server.Accounts.SetRoleAsync(await server.IdAsync("bob"), Roles.Viewer, Ct);
        Assert.Equal(HttpStatusCode.Forbidden, (await bob.Http.GetAsync("/api/v1/accounts", Ct)).StatusCode);
    }

    [Fact]
    public async Task ChangeOfAnotherProcess_CountsWithinSeconds()
    {
        var time = new ManualTime();
        await using var server = await AccountServer.StartAsync(time: time);
        using var bob = await server.SignInAsync("bob", Roles.Editor);
        Assert.Equal(HttpStatusCode.OK, (await bob.Http.GetAsync("/api/v1/me", Ct)).StatusCode);
        _ = await server.WithDbAsync(db => db.Users.ExecuteUpdateAsync(s => s.SetProperty(u => u.DisabledAt, time.GetUtcNow()), Ct));
        Assert.Equal(HttpStatusCode.OK, (await bob.Http.GetAsync("/api/v1/me", Ct)).StatusCode);
        time.Advance(AccountStates.Lifetime);
        Assert.Equal(HttpStatusCode.Unauthorized, (await bob.Http.GetAsync("/api/v1/me", Ct)).StatusCode);
    }

    [Fact]
    public async Task LastAdministrator_StaysOne()
    {
        await using var server = await AccountServer.StartAsync();
        var ada = (await server.Accounts.CreateAsync(new("ada", null, Roles.Admin, AccountServer.Password), Ct)).Account.Id;
        var invited = (await server.Accounts.CreateAsync(new("bob", null, Roles.Admin), Ct)).Account.Id; // cannot sign in yet
        foreach (var attempt in new Func<Task>[] { () => server.Accounts.SetRoleAsync(ada, Roles.Editor, Ct), () => server.Accounts.SetDisabledAsync(ada, true, Ct), () => server.Accounts.DeleteAsync(ada, null, Ct) })
            Assert.Equal(409, (await Assert.ThrowsAsync<RequestException>(attempt)).Status);
        _ = await server.Accounts.SetRoleAsync(invited, Roles.Viewer, Ct);
        _ = await server.Accounts.CreateAsync(new("cleo", null, Roles.Admin, AccountServer.Password), Ct);
        Assert.Equal(Roles.Editor, (await server.Accounts.SetRoleAsync(ada, Roles.Editor, Ct)).Role);
    }

    [Fact]
    public async Task TwoAdministrators_GivingUpAtOnce_LeaveOne()
    {
        await using var server = await AccountServer.StartAsync();
        var ids = new List<string>();
        foreach (var name in new[] { "ada", "bob" }) ids.Add((await server.Accounts.CreateAsync(new(name, null, Roles.Admin, AccountServer.Password), Ct)).Account.Id);
        var statuses = await Task.WhenAll(ids.Select(async id =>
        {
            try
            {
                _ = await server.Accounts.SetRoleAsync(id, Roles.Viewer, Ct);
                return 200;
            }
            catch (RequestException e)
            {
                return e.Status;
            }
        }));
        Assert.Equal([200, 409], statuses.Order());
    }

    [Theory]
    [InlineData("", 400)]
    [InlineData("x", 400)]
    [InlineData("two words", 400)]
    [InlineData("<b>bob</b>", 400)]
    [InlineData("../etc", 400)]
    [InlineData("ADA", 409)] // there is an ada
    public async Task UnusableName_IsRefused(string name, int status)
    {
        await using var server = await AccountServer.StartAsync();
        _ = await server.Accounts.CreateAsync(new("ada"), Ct);
        Assert.Equal(status, (await Assert.ThrowsAsync<RequestException>(() => server.Accounts.CreateAsync(new(name), Ct))).Status);
    }

    [Fact]
    public async Task List_IsPagedAndSearched()
    {
        await using var server = await AccountServer.StartAsync();
        foreach (var i in Enumerable.Range(0, 7)) _ = await server.Accounts.CreateAsync(new($"user{i}", i == 3 ? "50% of_it" : null), Ct);
        var second = await server.Accounts.ListAsync(null, 2, 3, Ct);
        Assert.Equal((7, 3), (second.Total, second.Pages));
        Assert.Equal(["user3", "user4", "user5"], second.Items.Select(a => a.Name));
        Assert.Equal("user5", Assert.Single((await server.Accounts.ListAsync("R5", ct: Ct)).Items).Name);
        Assert.Equal("user3", Assert.Single((await server.Accounts.ListAsync("0% of_", ct: Ct)).Items).Name);
        Assert.Empty((await server.Accounts.ListAsync("%%%", ct: Ct)).Items);
    }

    [Fact]
    public async Task States_AreRememberedUpToTheirBound()
    {
        await using var server = await AccountServer.StartAsync();
        var states = server.Get<AccountStates>();
        for (var i = 0; i <= AccountStates.Capacity; i++) Assert.Null(await states.GetAsync($"nobody {i}", Ct));
        Assert.InRange(states.Count, 1, AccountStates.Capacity);
    }

    private static Dictionary<string, string> Passwords(string one, string two) => new() { ["Form.Password"] = one, ["Form.Again"] = two };
}
