using System.Net;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Http;
using Studio.Accounts;
using Studio.Security;
using Studio.Tests.Accounts;
using Studio.Tests.Conversations;
using Xunit;

namespace Studio.Tests.Security;

/// <summary>Other sites' pages in the same browser, and foreign names for this machine.</summary>
public sealed class GuardTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/")]
    [InlineData("/api/v1/me")]
    [InlineData("/css/app.css")]
    [InlineData("/healthz")]
    [InlineData("/s/nothing")]
    [InlineData("/metrics")]
    [InlineData("/_blazor/negotiate")]
    public async Task WithoutSignIn_AForeignHostName_GetsNothing(string path)
    {
        await using var studio = await TestStudio.StartAsync();
        foreach (var host in new[] { "evil.example", "evil.example:5080", "localhost.evil.example", "127.0.0.1.nip.io" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Host = host } };
            using var answer = await studio.Http.SendAsync(request, Ct);
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
            Assert.Contains("--host 0.0.0.0", await answer.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("localhost", true)]
    [InlineData("LOCALHOST", true)]
    [InlineData("127.0.0.1", true)]
    [InlineData("127.8.9.1", true)]
    [InlineData("[::1]", true)]
    [InlineData("0.0.0.0", false)]
    [InlineData("192.168.1.5", false)]
    [InlineData("", false)]
    [InlineData("localhost.", false)]
    public void Names_OfThisMachine(string host, bool expected) => Assert.Equal(expected, HostGuard.IsThisMachine(host));

    [Theory]
    // method, Origin, Sec-Fetch-Site, Sec-Fetch-Mode, Sec-Fetch-Dest, refused
    [InlineData("POST", "http://studio.test:5080", null, null, null, false)]
    [InlineData("POST", "https://studio.test:5080", null, null, null, false)] // a proxy speaks https
    [InlineData("POST", null, null, null, null, false)] // a program
    [InlineData("POST", "http://evil.example", null, null, null, true)]
    [InlineData("POST", "http://studio.test:3000", null, null, null, true)] // another program on the same machine
    [InlineData("POST", "http://studio.test", null, null, null, true)]
    [InlineData("POST", "null", null, null, null, true)] // a sandboxed frame, a file
    [InlineData("GET", "http://evil.example", null, null, null, true)]
    [InlineData("POST", null, "cross-site", "navigate", "document", true)]
    [InlineData("GET", null, "cross-site", "navigate", "document", false)] // somebody followed a link
    [InlineData("GET", null, "cross-site", "navigate", "iframe", true)]
    [InlineData("GET", null, "cross-site", "no-cors", "image", true)]
    [InlineData("GET", null, "same-site", "cors", "empty", true)]
    [InlineData("GET", null, "same-origin", "cors", "empty", false)]
    [InlineData("GET", null, "none", "navigate", "document", false)]
    [InlineData("POST", "http://studio.test:5080", "same-origin", "cors", "empty", false)]
    public void RequestsOfOtherSites_AreRefused(string method, string? origin, string? site, string? mode, string? destination, bool refused)
    {
        var request = new DefaultHttpContext().Request;
        (request.Method, request.Host) = (method, new("studio.test", 5080));
        foreach (var (name, value) in new[] { ("Origin", origin), ("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", mode), ("Sec-Fetch-Dest", destination) })
        {
            if (value is not null) request.Headers[name] = value;
        }

        Assert.Equal(refused, CrossSiteGuard.Reason(request) is not null);
    }

    [Fact]
    public void DefaultPorts_AreTheSameWithAndWithoutTheirNumber()
    {
        var request = new DefaultHttpContext().Request;
        (request.Method, request.Host) = ("POST", new("studio.test"));
        request.Headers.Origin = "https://studio.test";
        Assert.Null(CrossSiteGuard.Reason(request));
        request.Headers.Origin = "https://studio.test:8443";
        Assert.NotNull(CrossSiteGuard.Reason(request));
    }

    [Fact]
    public async Task Session_IsNoUseToOtherSites()
    {
        await using var server = await AccountServer.StartAsync();
        using var ada = await server.SignInAsync("ada", Roles.Editor);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/tokens") { Content = new StringContent("{\"name\":\"x\"}", MediaTypeHeaderValue.Parse("application/json")) };
        request.Headers.Add("Origin", "http://evil.example");
        using var answer = await ada.Http.SendAsync(request, Ct);
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Empty(await server.Get<TokenService>().ListAsync(await server.IdAsync("ada"), Ct));
    }

    [Fact]
    public async Task Sockets_AreOpenedByOurOwnPagesOnly()
    {
        await using var studio = await TestStudio.StartAsync();
        Assert.Equal(WebSocketState.Open, await OpenAsync(studio, studio.Address.GetLeftPart(UriPartial.Authority)));
        Assert.Null(await OpenAsync(studio, "http://evil.example"));
        Assert.Null(await OpenAsync(studio, "null"));
    }

    [Fact]
    public async Task Sockets_NeedASession()
    {
        await using var server = await AccountServer.StartAsync();
        using var socket = new ClientWebSocket();
        var refused = await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(new Uri($"ws://{server.Address.Authority}/_blazor"), Ct));
        Assert.Contains("401", refused.Message, StringComparison.Ordinal);
    }

    private static async Task<WebSocketState?> OpenAsync(TestStudio studio, string origin)
    {
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Origin", origin);
        try
        {
            await socket.ConnectAsync(new Uri($"ws://{studio.Address.Authority}/_blazor"), Ct);
            return socket.State;
        }
        catch (WebSocketException)
        {
            return null;
        }
    }
}
