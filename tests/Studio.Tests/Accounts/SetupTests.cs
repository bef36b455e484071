using System.Net;
using Microsoft.EntityFrameworkCore;
using Studio.Accounts;
using Studio.Api;
using Xunit;

namespace Studio.Tests.Accounts;

public sealed class SetupTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task FirstVisitor_WithTheCode_BecomesAdministrator_AndTheCodeIsUsedUp()
    {
        await using var server = await AccountServer.StartAsync();
        var code = await server.Get<SetupCode>().IssueAsync(Ct);
        using var ada = server.Anyone();
        using (var start = await ada.GetAsync("/chat")) Assert.Equal("/setup", start.Headers.Location?.OriginalString);
        // As people copy it: in small letters, with spaces, O for 0.
        var typed = code.ToLowerInvariant().Replace('-', ' ').Replace('0', 'o');
        using var made = await ada.SubmitAsync("/setup", Form(typed, "ada"));
        Assert.Equal("/", made.Headers.Location?.OriginalString);
        var account = await server.Accounts.FindAsync("ADA", Ct);
        Assert.Equal(("ada", Roles.Admin, AccountStatus.Active), (account!.Name, account.Role, account.Status));
        Assert.Contains("ada", await ada.ReadAsync("/account"), StringComparison.Ordinal);

        using var eve = server.Anyone();
        using (var again = await eve.GetAsync("/setup")) Assert.Equal("/", again.Headers.Location?.OriginalString);
        var refused = await Assert.ThrowsAsync<RequestException>(() => server.Accounts.CreateFirstAsync(code, new("eve", Password: AccountServer.Password), Ct));
        Assert.Equal(403, refused.Status);
    }

    [Fact]
    public async Task WrongCode_MakesNothing()
    {
        await using var server = await AccountServer.StartAsync();
        var code = await server.Get<SetupCode>().IssueAsync(Ct);
        using var eve = server.Anyone();
        using var answer = await eve.SubmitAsync("/setup", Form(code[..^1] + (code[^1] == '7' ? '8' : '7'), "eve"));
        Assert.Contains("not the set-up code", await answer.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        Assert.False(await server.Accounts.AnyAsync(Ct));
    }

    [Fact]
    public async Task NewCode_ReplacesTheOneBefore_AndOnlyItsHashIsOnDisk()
    {
        await using var server = await AccountServer.StartAsync();
        var codes = server.Get<SetupCode>();
        var first = await codes.IssueAsync(Ct);
        var second = await codes.IssueAsync(Ct);
        Assert.Equal((false, true, false), (await codes.MatchesAsync(first, Ct), await codes.MatchesAsync(second, Ct), await codes.MatchesAsync("", Ct)));
        foreach (var file in Directory.EnumerateFiles(server.Folders.Keys)) Assert.DoesNotContain(second[..5], await File.ReadAllTextAsync(file, Ct), StringComparison.OrdinalIgnoreCase);
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(server.Folders.Keys));
    }

    [Fact]
    public async Task TwoAtOnce_OneBecomesAdministrator()
    {
        await using var server = await AccountServer.StartAsync();
        var code = await server.Get<SetupCode>().IssueAsync(Ct);
        var tries = Enumerable.Range(0, 4).Select(async i =>
        {
            try
            {
                return (await server.Accounts.CreateFirstAsync(code, new($"ada{i}", Password: AccountServer.Password), Ct)).Role;
            }
            catch (RequestException e)
            {
                return e.Status.ToString();
            }
        });
        var results = await Task.WhenAll(tries);
        Assert.Single(results, Roles.Admin);
        Assert.Equal(1, await server.WithDbAsync(db => db.Users.CountAsync(Ct)));
    }

    [Fact]
    public async Task WhatWasMadeWithoutAccounts_BelongsToTheFirstAdministrator()
    {
        await using var server = await AccountServer.StartAsync();
        var (conversation, video) = await server.AddThingsAsync(SingleUserHandler.UserId);
        var code = await server.Get<SetupCode>().IssueAsync(Ct);
        var ada = await server.Accounts.CreateFirstAsync(code, new("ada", Password: AccountServer.Password), Ct);
        Assert.Equal((ada.Id, ada.Id), await server.WithDbAsync(async db => (
            (await db.Conversations.SingleAsync(c => c.Id == conversation, Ct)).OwnerId, (await db.Videos.SingleAsync(v => v.Id == video, Ct)).OwnerId)));
    }

    [Fact]
    public async Task SetupPage_WithoutSignIn_LeadsToTheStartPage_AndMakesNoAccount()
    {
        await using var server = await AccountServer.StartAsync(o => o with { Accounts = Studio.Hosting.AccountMode.Auto });
        using var me = server.Anyone();
        using var answer = await me.GetAsync("/setup");
        Assert.Equal((HttpStatusCode.Redirect, "/"), (answer.StatusCode, answer.Headers.Location?.OriginalString));
    }

    private static Dictionary<string, string> Form(string code, string name) => new()
    {
        ["Form.Code"] = code, ["Form.Name"] = name, ["Form.Password"] = AccountServer.Password, ["Form.Again"] = AccountServer.Password,
    };
}
