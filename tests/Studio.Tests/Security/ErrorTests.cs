using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Studio.Accounts;
using Studio.Security;
using Studio.Tests.Accounts;
using Studio.Tests.Conversations;
using Xunit;

namespace Studio.Tests.Security;

/// <summary>What failed requests get, and what large ones.</summary>
public sealed class ErrorTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Programs_GetProblemDetails_WithTheRequestsId()
    {
        await using var studio = await TestStudio.StartAsync();
        foreach (var (path, status) in new[] { ("/api/v1/nothing", 404), ("/api/v1/accounts?page=0", 400), ("/api/v1/accounts?size=1000", 400), ("/api/v1/accounts?page=x", 400), ("/nothing", 404) })
        {
            using var answer = await studio.Http.GetAsync(path, Ct);
            Assert.Equal((path, status, "application/problem+json"), (path, (int)answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
            using var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Ct));
            Assert.Equal(answer.Headers.GetValues("X-Request-Id").Single(), problem.RootElement.GetProperty("requestId").GetString());
        }
    }

    [Fact]
    public async Task People_GetPages()
    {
        await using var server = await AccountServer.StartAsync();
        using var rea = await server.SignInAsync("rea", Roles.Viewer);
        foreach (var (path, status, text) in new[] { ("/nothing", 404, "There is nothing at this address"), ("/accounts", 403, "not open to your account"), ("/status/500", 404, "There is nothing at this address") })
        {
            using var answer = await rea.GetAsync(path);
            Assert.Equal((path, status, "text/html"), (path, (int)answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
            Assert.Contains(text, await answer.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task OurOwnFailures_TellNothingOfTheInside()
    {
        // The database goes away under the server.
        await using var server = await AccountServer.StartAsync();
        using var ada = await server.SignInAsync("ada", Roles.Admin);
        _ = await server.WithDbAsync(async db =>
        {
            await Microsoft.EntityFrameworkCore.RelationalDatabaseFacadeExtensions.ExecuteSqlRawAsync(db.Database, "ALTER TABLE ShareLinks RENAME TO Gone", Ct);
            return 0;
        });
        using var program = await ada.Http.GetAsync("/api/v1/shares", Ct);
        var text = await program.Content.ReadAsStringAsync(Ct);
        Assert.Equal((HttpStatusCode.InternalServerError, "application/problem+json"), (program.StatusCode, program.Content.Headers.ContentType?.MediaType));
        Assert.DoesNotContain("ShareLinks", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Sqlite", text, StringComparison.OrdinalIgnoreCase);
        using var page = await ada.GetAsync("/s/" + new string('A', 43));
        Assert.Equal((HttpStatusCode.InternalServerError, "text/html"), (page.StatusCode, page.Content.Headers.ContentType?.MediaType));
        var html = await page.Content.ReadAsStringAsync(Ct);
        Assert.Contains("Something went wrong on the server", html, StringComparison.Ordinal);
        Assert.Contains(page.Headers.GetValues("X-Request-Id").Single(), html, StringComparison.Ordinal);
        Assert.DoesNotContain("ShareLinks", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task LargeBody_IsRefused_BeforeItIsRead()
    {
        await using var studio = await TestStudio.StartAsync();
        using var large = JsonContent.Create(new { name = new string('x', (int)RequestSizes.Default) });
        await large.LoadIntoBufferAsync(Ct);
        using var answer = await studio.Http.PostAsync("/api/v1/tokens", large, Ct);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
        using var form = new StringContent("x=" + new string('y', (int)RequestSizes.Default), System.Text.Encoding.ASCII, "application/x-www-form-urlencoded");
        using var page = await studio.Http.PostAsync("/sign-in", form, Ct);
        Assert.False(page.IsSuccessStatusCode, $"{(int)page.StatusCode}");
    }
}
