using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Studio.Accounts;
using Studio.Security;
using Studio.Tests.Accounts;
using Studio.Tests.Conversations;
using Xunit;

namespace Studio.Tests.Security;

public sealed class RateLimitTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public void Bucket_GivesWhatItHolds_AndRefillsEvenly()
    {
        var time = new ManualTime();
        var buckets = new TokenBuckets(6, time);
        for (var i = 0; i < 6; i++) Assert.Null(buckets.TryTake("ann"));
        Assert.Equal(TimeSpan.FromSeconds(10), buckets.TryTake("ann"));
        Assert.Null(buckets.TryTake("bob"));
        time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(TimeSpan.FromSeconds(1), buckets.TryTake("ann"));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(buckets.TryTake("ann"));
        Assert.NotNull(buckets.TryTake("ann"));
        time.Advance(TimeSpan.FromHours(1));
        for (var i = 0; i < 6; i++) Assert.Null(buckets.TryTake("ann"));
        Assert.NotNull(buckets.TryTake("ann"));
    }

    [Fact]
    public async Task Bucket_AskedFromManySides_GivesNoMore()
    {
        var buckets = new TokenBuckets(100, new ManualTime());
        var given = 0;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 100; i++)
            {
                if (buckets.TryTake("ann") is null) _ = Interlocked.Increment(ref given);
            }
        }, Ct)));
        Assert.Equal(100, given);
    }

    [Fact]
    public void Buckets_AreBounded_FullOnesGo_AndFurtherKeysShareOne()
    {
        var time = new ManualTime();
        var buckets = new TokenBuckets(2, time, capacity: 10);
        for (var i = 0; i < 10; i++) Assert.Null(buckets.TryTake($"key {i}"));
        Assert.Null(buckets.TryTake("one more"));
        Assert.Null(buckets.TryTake("another"));
        Assert.NotNull(buckets.TryTake("a third")); // the shared bucket is empty
        Assert.InRange(buckets.Count, 10, 11);
        time.Advance(TimeSpan.FromMinutes(2));
        Assert.Null(buckets.TryTake("a third"));
        Assert.InRange(buckets.Count, 1, 2);
    }

    [Theory]
    [InlineData("203.0.113.7", "203.0.113.7")]
    [InlineData("::ffff:203.0.113.7", "203.0.113.7")]
    [InlineData("2001:db8:1:2:3:4:5:6", "20010db800010002")]
    [InlineData("2001:db8:1:2::1", "20010db800010002")]
    public void Addresses_OfOneLine_AreOne(string address, string expected) => Assert.Equal(expected, RateLimits.Network(IPAddress.Parse(address)));

    [Fact]
    public async Task TooManyRequests_AreTold_HowLongToWait_UserByUser()
    {
        var time = new ManualTime();
        await using var server = await AccountServer.StartAsync(o => o with { RequestsPerMinute = 20 }, time);
        _ = await server.Accounts.CreateAsync(new("ada", null, Roles.Viewer, AccountServer.Password), Ct);
        _ = await server.Accounts.CreateAsync(new("bob", null, Roles.Viewer, AccountServer.Password), Ct);
        using var ada = await server.ProgramAsync("ada");
        using var bob = await server.ProgramAsync("bob");
        for (var i = 0; i < 20; i++) Assert.Equal(HttpStatusCode.OK, (await ada.GetAsync("/api/v1/me", Ct)).StatusCode);
        using var refused = await ada.GetAsync("/api/v1/me", Ct);
        Assert.Equal((HttpStatusCode.TooManyRequests, TimeSpan.FromSeconds(3)), (refused.StatusCode, refused.Headers.RetryAfter?.Delta));
        using var problem = JsonDocument.Parse(await refused.Content.ReadAsStringAsync(Ct));
        Assert.Equal(("application/problem+json", 429), (refused.Content.Headers.ContentType?.MediaType, problem.RootElement.GetProperty("status").GetInt32()));
        Assert.Equal(32, problem.RootElement.GetProperty("requestId").GetString()?.Length);
        Assert.Equal(HttpStatusCode.OK, (await bob.GetAsync("/api/v1/me", Ct)).StatusCode);
        time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(HttpStatusCode.OK, (await ada.GetAsync("/api/v1/me", Ct)).StatusCode);
    }

    [Fact]
    public async Task Passwords_AreTriedTenTimesAMinute_WhateverTheName()
    {
        var time = new ManualTime();
        await using var server = await AccountServer.StartAsync(time: time);
        _ = await server.Accounts.CreateAsync(new("ada", null, Roles.Viewer, AccountServer.Password), Ct);
        using var eve = server.Anyone();
        for (var i = 0; i < RateLimits.SignInsPerMinute; i++)
        {
            using var tried = await eve.SubmitAsync("/sign-in", new() { ["Form.Name"] = $"name{i}", ["Form.Password"] = "a guess at random" });
            Assert.Equal(HttpStatusCode.OK, tried.StatusCode);
        }

        using var refused = await eve.SubmitAsync("/sign-in", new() { ["Form.Name"] = "ada", ["Form.Password"] = AccountServer.Password });
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        _ = await eve.ReadAsync("/sign-in"); // looking is not trying
        time.Advance(TimeSpan.FromSeconds(6));
        using var later = await eve.SubmitAsync("/sign-in", new() { ["Form.Name"] = "ada", ["Form.Password"] = AccountServer.Password });
        Assert.Equal(HttpStatusCode.Redirect, later.StatusCode);
    }

    [Fact]
    public async Task Questions_AreLimitedMoreThanReading_AndPiecesOfUploadsLess()
    {
        var time = new ManualTime();
        await using var server = await AccountServer.StartAsync(o => o with { RequestsPerMinute = 12 }, time);
        _ = await server.Accounts.CreateAsync(new("ada", null, Roles.Editor, AccountServer.Password), Ct);
        using var ada = await server.ProgramAsync("ada");
        for (var i = 0; i < 20; i++)
        {
            using var piece = new HttpRequestMessage(HttpMethod.Patch, "/files/nothing") { Headers = { { "Tus-Resumable", "1.0.0" } } };
            Assert.NotEqual(HttpStatusCode.TooManyRequests, (await ada.SendAsync(piece, Ct)).StatusCode);
        }

        for (var i = 0; i < 3; i++) Assert.Equal(HttpStatusCode.BadRequest, (await ada.PostAsJsonAsync("/api/v1/questions", new { text = "" }, Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await ada.PostAsJsonAsync("/api/v1/questions", new { text = "" }, Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await ada.GetAsync("/api/v1/me", Ct)).StatusCode);
    }

    [Fact]
    public async Task OpenAiClients_AreToldInTheirOwnWords()
    {
        await using var server = await AccountServer.StartAsync(o => o with { RequestsPerMinute = 1 }, new ManualTime());
        using var client = server.Program("sk-none");
        foreach (var (status, type) in new[] { (HttpStatusCode.Unauthorized, "authentication_error"), (HttpStatusCode.TooManyRequests, "rate_limit_error") })
        {
            using var answer = await client.GetAsync("/v1/models", Ct);
            using var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Ct));
            Assert.Equal((status, type), (answer.StatusCode, body.RootElement.GetProperty("error").GetProperty("type").GetString()));
        }
    }

    [Fact]
    public async Task Browser_GetsAPage()
    {
        await using var server = await AccountServer.StartAsync(o => o with { RequestsPerMinute = 1 }, new ManualTime());
        using var eve = server.Anyone();
        using var first = await eve.GetAsync("/sign-in");
        using var second = await eve.GetAsync("/sign-in");
        Assert.Equal(HttpStatusCode.TooManyRequests, second.StatusCode);
        Assert.NotNull(second.Headers.RetryAfter);
    }
}
