using System.Security.Claims;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.Extensions.Logging.Abstractions;
using Studio.Accounts;
using Studio.Tests.Conversations;
using Xunit;

namespace Studio.Tests.Accounts;

/// <summary>Open pages: what a change of the account does to them.</summary>
public sealed class CircuitAuthenticationTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ClosedAccount_LosesItsOpenPages_OthersStay()
    {
        await using var server = await AccountServer.StartAsync();
        using var bob = await OpenAsync(server, "bob");
        using var ada = await OpenAsync(server, "ada");
        _ = await server.Accounts.SetDisabledAsync(bob.Id, disabled: true, Ct);
        await Wait.UntilAsync(async () => await bob.UserAsync() is null, "bob's page is signed out");
        Assert.Equal("ada", (await ada.UserAsync())?.Name);
    }

    [Fact]
    public async Task ChangedPassword_EndsOpenPages()
    {
        await using var server = await AccountServer.StartAsync();
        using var bob = await OpenAsync(server, "bob");
        _ = await server.Accounts.ChangePasswordAsync(bob.Id, AccountServer.Password, "a new password 3", Ct);
        await Wait.UntilAsync(async () => await bob.UserAsync() is null, "bob's page is signed out");
    }

    [Fact]
    public async Task ChangedRole_ChangesOpenPages()
    {
        await using var server = await AccountServer.StartAsync();
        using var bob = await OpenAsync(server, "bob");
        _ = await server.Accounts.SetRoleAsync(bob.Id, Roles.Viewer, Ct);
        await Wait.UntilAsync(async () => (await bob.UserAsync())?.Role == Roles.Viewer, "bob's page knows the role");
    }

    [Fact]
    public async Task DisposedPage_IsLeftAlone()
    {
        await using var server = await AccountServer.StartAsync();
        var bob = await OpenAsync(server, "bob");
        bob.Dispose();
        _ = await server.Accounts.SetDisabledAsync(bob.Id, disabled: true, Ct);
        Assert.Equal("bob", (await bob.UserAsync())?.Name);
    }

    [Fact]
    public async Task SingleUser_StaysSignedIn()
    {
        await using var studio = await TestStudio.StartAsync();
        using var provider = new CircuitAuthentication(NullLoggerFactory.Instance, studio.Get<AccountStates>());
        provider.SetAuthenticationState(Task.FromResult(new AuthenticationState(new(new ClaimsIdentity([new(ClaimTypes.NameIdentifier, SingleUserHandler.UserId)], SingleUserHandler.SchemeName)))));
        await provider.RevalidateAsync(SingleUserHandler.UserId);
        Assert.True((await provider.GetAuthenticationStateAsync()).User.Identity?.IsAuthenticated);
    }

    private static async Task<OpenPage> OpenAsync(AccountServer server, string name)
    {
        var id = (await server.Accounts.CreateAsync(new(name, null, Roles.Editor, AccountServer.Password), Ct)).Account.Id;
        var state = await server.Get<SignInService>().CheckAsync(name, AccountServer.Password, Ct);
        var provider = new CircuitAuthentication(NullLoggerFactory.Instance, server.Get<AccountStates>());
        provider.SetAuthenticationState(Task.FromResult(new AuthenticationState(state!.Principal(Sessions.SchemeName))));
        return new(id, provider);
    }

    private sealed record OpenPage(string Id, CircuitAuthentication Provider) : IDisposable
    {
        public async Task<CurrentUser?> UserAsync() => CurrentUser.TryFrom((await Provider.GetAuthenticationStateAsync()).User);

        public void Dispose() => ((IDisposable)Provider).Dispose();
    }
}
