using System.Net;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Studio.Accounts;
using Studio.Data;
using Studio.Tests.Conversations;
using Xunit;

namespace Studio.Tests.Accounts;

public sealed class SignInTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SignIn_LeadsBackToThePageThatWasAskedFor_AndSignOutEndsIt()
    {
        await using var server = await AccountServer.StartAsync();
        _ = await server.Accounts.CreateAsync(new("ada", "Ada", Roles.Editor, AccountServer.Password), Ct);
        using var ada = server.Anyone();
        string next;
        using (var asked = await ada.GetAsync("/account?links=2")) next = asked.Headers.Location!.OriginalString;
        Assert.Equal("/sign-in?next=%2Faccount%3Flinks%3D2", next);
        using (var signedIn = await ada.SubmitAsync(next, Form("Ada", AccountServer.Password))) Assert.Equal("/account?links=2", signedIn.Headers.Location?.OriginalString);
        Assert.Contains("Ada", await ada.ReadAsync("/account"), StringComparison.Ordinal);
        using (var signedOut = await ada.SubmitAsync("/sign-out", [])) Assert.Equal("/sign-in", signedOut.Headers.Location?.OriginalString);
        using var after = await ada.GetAsync("/account");
        Assert.Equal(HttpStatusCode.Redirect, after.StatusCode);
    }

    [Theory]
    [InlineData("//evil.example", "/")]
    [InlineData("/\\evil.example", "/")]
    [InlineData("https://evil.example", "/")]
    [InlineData("/library?q=x", "/library?q=x")]
    public async Task SignIn_LeadsNowhereElse(string next, string expected)
    {
        await using var server = await AccountServer.StartAsync();
        _ = await server.Accounts.CreateAsync(new("ada", null, Roles.Editor, AccountServer.Password), Ct);
        using var ada = server.Anyone();
        using var answer = await ada.SubmitAsync($"/sign-in?next={Uri.EscapeDataString(next)}", Form("ada", AccountServer.Password));
        Assert.Equal(expected, answer.Headers.Location?.OriginalString);
    }

    [Fact]
    public async Task Cookie_IsClosedToScripts_AndEndsWithTheBrowserUnlessAskedOtherwise()
    {
        await using var server = await AccountServer.StartAsync();
        _ = await server.Accounts.CreateAsync(new("ada", null, Roles.Editor, AccountServer.Password), Ct);
        foreach (var stay in new[] { false, true })
        {
            using var ada = server.Anyone();
            var form = Form("ada", AccountServer.Password);
            if (stay) form["Form.Stay"] = "true";
            using var answer = await ada.SubmitAsync("/sign-in", form);
            var cookie = Assert.Single(answer.Headers.GetValues("Set-Cookie"), c => c.StartsWith("studio=", StringComparison.Ordinal)).ToLowerInvariant();
            Assert.Contains("httponly", cookie, StringComparison.Ordinal);
            Assert.Contains("samesite=lax", cookie, StringComparison.Ordinal);
            Assert.Equal(stay, cookie.Contains("expires=", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Form_WithoutItsToken_IsRefused()
    {
        await using var server = await AccountServer.StartAsync();
        _ = await server.Accounts.CreateAsync(new("ada", null, Roles.Editor, AccountServer.Password), Ct);
        using var ada = server.Anyone();
        using var answer = await ada.SubmitAsync("/sign-in", Form("ada", AccountServer.Password), withToken: false);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.DoesNotContain(ada.Cookies, c => c.Name == "studio");
    }

    [Fact]
    public async Task EveryRefusal_SaysTheSame_AndCostsOneHash()
    {
        var hasher = new CountingHasher();
        await using var server = await AccountServer.StartAsync(configure: s => s.AddSingleton<IPasswordHasher<StudioUser>>(hasher));
        _ = await server.Accounts.CreateAsync(new("ada", null, Roles.Editor, AccountServer.Password), Ct);
        _ = await server.Accounts.CreateAsync(new("bob", null, Roles.Editor), Ct); // invited, no password yet
        _ = await server.Accounts.CreateAsync(new("cleo", null, Roles.Editor, AccountServer.Password), Ct);
        _ = await server.Accounts.SetDisabledAsync(await server.IdAsync("cleo"), disabled: true, Ct);
        _ = await server.Accounts.CreateAsync(new("dan", null, Roles.Editor, AccountServer.Password), Ct);
        var service = server.Get<SignInService>();
        for (var i = 0; i < SignInService.MaxFailures; i++) Assert.Null(await service.CheckAsync("dan", "wrong password", Ct)); // locked
        Assert.Null(await service.CheckAsync("nobody", "first call makes the stand-in hash", Ct));
        var pages = new HashSet<string>();
        foreach (var (name, password) in new[] { ("ada", "wrong password"), ("nobody", AccountServer.Password), ("bob", AccountServer.Password), ("cleo", AccountServer.Password), ("dan", AccountServer.Password) })
        {
            using var browser = server.Anyone();
            var before = hasher.Verified;
            using var answer = await browser.SubmitAsync("/sign-in", Form(name, password));
            Assert.Equal((name, 1, HttpStatusCode.OK), (name, hasher.Verified - before, answer.StatusCode));
            var html = await answer.Content.ReadAsStringAsync(Ct);
            var from = html.IndexOf("role=\"alert\"", StringComparison.Ordinal);
            _ = pages.Add(html[from..html.IndexOf("</p>", from, StringComparison.Ordinal)]);
        }

        Assert.Contains("do not match", Assert.Single(pages), StringComparison.Ordinal);
    }

    [Fact]
    public async Task FiveWrongPasswords_LockTheAccountForFiveMinutes_RightOnesBetweenStartAnew()
    {
        var time = new ManualTime();
        await using var server = await AccountServer.StartAsync(time: time);
        _ = await server.Accounts.CreateAsync(new("ada", null, Roles.Editor, AccountServer.Password), Ct);
        var service = server.Get<SignInService>();
        for (var round = 0; round < 2; round++)
        {
            for (var i = 0; i < SignInService.MaxFailures - 1; i++) Assert.Null(await service.CheckAsync("ada", "wrong password", Ct));
            Assert.NotNull(await service.CheckAsync("ada", AccountServer.Password, Ct));
        }

        for (var i = 0; i < SignInService.MaxFailures; i++) Assert.Null(await service.CheckAsync("ada", "wrong password", Ct));
        Assert.Null(await service.CheckAsync("ada", AccountServer.Password, Ct));
        time.Advance(SignInService.LockTime - TimeSpan.FromSeconds(1));
        Assert.Null(await service.CheckAsync("ada", AccountServer.Password, Ct));
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.NotNull(await service.CheckAsync("ada", AccountServer.Password, Ct));
    }

    [Fact]
    public async Task ManyWrongPasswordsAtOnce_AreAllCounted()
    {
        var hasher = new CountingHasher();
        await using var server = await AccountServer.StartAsync(configure: s => s.AddSingleton<IPasswordHasher<StudioUser>>(hasher));
        _ = await server.Accounts.CreateAsync(new("ada", null, Roles.Editor, AccountServer.Password), Ct);
        var service = server.Get<SignInService>();
        _ = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => service.CheckAsync("ada", $"wrong password {i}", Ct)));
        Assert.Equal(SignInService.MaxFailures, hasher.VerifiedOwn);
        Assert.Null(await service.CheckAsync("ada", AccountServer.Password, Ct));
    }

    [Fact]
    public async Task Passwords_AreHashedWithTheRoundsThatAreRecommended()
    {
        await using var server = await TestStudio.StartAsync();
        Assert.Equal(210_000, server.Get<IOptions<PasswordHasherOptions>>().Value.IterationCount);
        Assert.Equal(PasswordHasherCompatibilityMode.IdentityV3, server.Get<IOptions<PasswordHasherOptions>>().Value.CompatibilityMode);
    }

    [Fact]
    public async Task Session_SurvivesARestart_AndEndsAfterTwoWeeksWithoutUse()
    {
        var time = new ManualTime();
        await using var server = await AccountServer.StartAsync(time: time);
        using var ada = await server.SignInAsync("ada", Roles.Editor);
        var port = server.Address.Port;
        await server.RestartAsync();
        using var moved = server.Anyone();
        foreach (Cookie cookie in ada.Cookies) moved.Http.DefaultRequestHeaders.Add("Cookie", $"{cookie.Name}={cookie.Value}");
        using (var still = await moved.Http.GetAsync("/api/v1/me", Ct)) Assert.Equal(HttpStatusCode.OK, still.StatusCode);
        time.Advance(Sessions.Lifetime + TimeSpan.FromMinutes(1));
        using var over = await moved.Http.GetAsync("/api/v1/me", Ct);
        Assert.Equal(HttpStatusCode.Unauthorized, over.StatusCode);
    }

    [Fact]
    public async Task ChangedPassword_EndsOtherSessions_AndKeepsThisOne()
    {
        await using var server = await AccountServer.StartAsync();
        using var here = await server.SignInAsync("ada", Roles.Editor);
        using var there = server.Anyone();
        using (await there.SubmitAsync("/sign-in", Form("ada", AccountServer.Password))) _ = await there.ReadAsync("/account");
        using (var wrong = await here.SubmitAsync("/account/password", Change("not the password", "a new password 1"))) Assert.Contains("not the present password", await wrong.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        using (var right = await here.SubmitAsync("/account/password", Change(AccountServer.Password, "a new password 1"))) Assert.Equal("/account?changed=password", right.Headers.Location?.OriginalString);
        _ = await here.ReadAsync("/account");
        using (var ended = await there.GetAsync("/account")) Assert.Equal(HttpStatusCode.Redirect, ended.StatusCode);
        Assert.Null(await server.Get<SignInService>().CheckAsync("ada", AccountServer.Password, Ct));
        Assert.NotNull(await server.Get<SignInService>().CheckAsync("ada", "a new password 1", Ct));
    }

    [Theory]
    [InlineData("short", "at least 10")]
    [InlineData("aaaaaaaaaaaaaaa", "different characters")]
    [InlineData("hello adalovelace 1", "must not contain")]
    public async Task WeakPassword_IsRefusedWithItsReason(string password, string reason)
    {
        await using var server = await AccountServer.StartAsync();
        var refused = await Assert.ThrowsAsync<Studio.Api.RequestException>(() => server.Accounts.CreateAsync(new("AdaLovelace", null, Roles.Viewer, password), Ct));
        Assert.Equal(400, refused.Status);
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        Assert.False(await server.WithDbAsync(db => db.Users.AnyAsync(Ct)));
    }

    private static Dictionary<string, string> Form(string name, string password) => new() { ["Form.Name"] = name, ["Form.Password"] = password };

    private static Dictionary<string, string> Change(string present, string password) => new() { ["Form.Present"] = present, ["Form.Password"] = password, ["Form.Again"] = password };

    private sealed class CountingHasher : IPasswordHasher<StudioUser>
    {
        private readonly PasswordHasher<StudioUser> _inner = new(Options.Create(new PasswordHasherOptions { IterationCount = 1000 }));
        private int _verified;
        private int _verifiedOwn;

        public int Verified => _verified;

        /// <summary>Against an account's own hash, not the stand-in.</summary>
        public int VerifiedOwn => _verifiedOwn;

        public string HashPassword(StudioUser user, string password) => _inner.HashPassword(user, password);

        public PasswordVerificationResult VerifyHashedPassword(StudioUser user, string hashedPassword, string providedPassword)
        {
            _ = Interlocked.Increment(ref _verified);
            if (user.UserName is not null) _ = Interlocked.Increment(ref _verifiedOwn);
            return _inner.VerifyHashedPassword(user, hashedPassword, providedPassword);
        }
    }
}
