using System.Net;
using Studio.Tests.Accounts;
using Xunit;

namespace Studio.Tests.Security;

public sealed class HeadersTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EveryKindOfAnswer_ForbidsForeignScriptsAndFrames()
    {
        await using var server = await AccountServer.StartAsync();
        using var browser = await server.SignInAsync("ada", Studio.Accounts.Roles.Viewer);
        var asset = System.Text.RegularExpressions.Regex.Match(await browser.ReadAsync("/account"), "href=\"(?<path>css/app[^\"]*)\"").Groups["path"].Value;
        foreach (var (path, status) in new[] { ("/account", 200), ("/" + asset, 200), ("/api/v1/me", 200), ("/healthz", 200), ("/nothing", 404), ("/accounts", 403), ("/api/v1/nothing", 404), ("/s/nothing", 404) })
        {
            using var answer = await browser.GetAsync(path);
            Assert.Equal((path, status), (path, (int)answer.StatusCode));
            string Header(string name) => string.Join(", ", answer.Headers.TryGetValues(name, out var values) ? values : answer.Content.Headers.TryGetValues(name, out values) ? values : ["(none)"]);
            var policy = Header("Content-Security-Policy").Split(';', StringSplitOptions.TrimEntries).Select(d => d.Split(' ', 2)).ToDictionary(d => d[0], d => d[1]);
            Assert.Equal("'self'", policy["default-src"]);
            Assert.Equal("'self'", policy["script-src"]);
            Assert.Equal(("'none'", "'none'", "'self'", "'self'"), (policy["frame-ancestors"], policy["object-src"], policy["base-uri"], policy["form-action"]));
            Assert.Equal($"'self' ws://{server.Address.Authority} wss://{server.Address.Authority}", policy["connect-src"]);
            Assert.Equal(("nosniff", "DENY", "same-origin", "same-origin", "same-origin"), (
                Header("X-Content-Type-Options"), Header("X-Frame-Options"), Header("Referrer-Policy"), Header("Cross-Origin-Opener-Policy"), Header("Cross-Origin-Resource-Policy")));
            Assert.Contains("camera=()", Header("Permissions-Policy"), StringComparison.Ordinal);
            Assert.False(answer.Headers.Contains("Server"));
        }
    }

    [Fact]
    public async Task Host_ThatWouldBreakThePolicy_StaysOutOfIt()
    {
        await using var server = await AccountServer.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/healthz");
        _ = request.Headers.TryAddWithoutValidation("Host", "a;script-src*");
        using var program = server.Program(null);
        using var answer = await program.SendAsync(request, Ct);
        var policy = answer.Headers.TryGetValues("Content-Security-Policy", out var values) ? string.Join(' ', values) : "";
        Assert.DoesNotContain("script-src*", policy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pages_HoldNoScriptOfTheirOwn()
    {
        await using var server = await AccountServer.StartAsync();
        using var browser = await server.SignInAsync("ada", Studio.Accounts.Roles.Admin);
        foreach (var path in new[] { "/account", "/accounts", "/system", "/models", "/account/password", "/sign-out" })
        {
            var html = await browser.ReadAsync(path);
            foreach (System.Text.RegularExpressions.Match script in System.Text.RegularExpressions.Regex.Matches(html, "<script[^>]*>"))
                Assert.Matches("src=|type=\"application/json\"", script.Value);
            Assert.DoesNotMatch("<[^>]+\\son[a-z]+=", html);
            Assert.DoesNotContain("javascript:", html, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public async Task Redirect_NamesNoHost()
    {
        await using var server = await AccountServer.StartAsync();
        _ = await server.Accounts.CreateAsync(new("ada"), Ct);
        using var browser = server.Anyone();
        using var answer = await browser.GetAsync("/account");
        Assert.Equal((HttpStatusCode.Redirect, "/sign-in?next=%2Faccount"), (answer.StatusCode, answer.Headers.Location?.OriginalString));
    }
}
