using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;
using Studio.Tests.Conversations;
using Xunit;

namespace Studio.Tests.Api;

public sealed partial class ApiTests(ApiTests.Server server) : IClassFixture<ApiTests.Server>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Document_HasEveryApiRoute_WithASummaryAndItsProblems()
    {
        var studio = server.Studio;
        using var document = JsonDocument.Parse(await studio.Http.GetStringAsync("/openapi/v1.json", Ct));
        var paths = document.RootElement.GetProperty("paths");
        var described = new HashSet<string>();
        foreach (var path in paths.EnumerateObject())
        {
            foreach (var operation in path.Value.EnumerateObject())
            {
                var name = $"{operation.Name.ToUpperInvariant()} {path.Name}";
                Assert.True(described.Add(name));
                Assert.True(operation.Value.TryGetProperty("summary", out var summary) && summary.GetString()!.Length > 5, $"{name} has no summary");
                Assert.True(operation.Value.TryGetProperty("operationId", out _), $"{name} has no name");
                var responses = operation.Value.GetProperty("responses").EnumerateObject().Select(r => r.Name).ToList();
                Assert.Contains(responses, r => r[0] == '2');
                Assert.Contains("401", responses);
                Assert.Contains("429", responses);
                if (path.Name.Contains('{', StringComparison.Ordinal)) Assert.Contains("404", responses);
                if (operation.Name != "get") Assert.Contains("403", responses);
                var problem = operation.Value.GetProperty("responses").GetProperty("401").GetProperty("content").EnumerateObject().Single();
                Assert.Equal(path.Name.StartsWith("/v1", StringComparison.Ordinal) ? "application/json" : "application/problem+json", problem.Name);
            }
        }

        var routes = ((IEndpointRouteBuilder)studio.App).DataSources.SelectMany(s => s.Endpoints).OfType<RouteEndpoint>()
            .Select(e => (Path: "/" + Constraint().Replace(e.RoutePattern.RawText!.Trim('/'), "}"), Methods: e.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? []))
            .Where(e => e.Path.StartsWith("/api/v1/", StringComparison.Ordinal) || e.Path.StartsWith("/v1/", StringComparison.Ordinal))
            .SelectMany(e => e.Methods.Where(m => m is not "HEAD" and not "OPTIONS").Select(m => $"{m} {e.Path}")).ToHashSet();
        Assert.True(routes.Count > 25, $"only {routes.Count} routes were found");
        Assert.Equal(routes.Order(), described.Order());
    }

    [Theory]
    [InlineData("GET", "/api/v1/nothing", null, 404, "/api/v1/nothing")]
    [InlineData("PUT", "/api/v1/models", null, 405, "GET")]
    [InlineData("POST", "/api/v1/questions", "text/plain", 415, "application/json")]
    [InlineData("POST", "/api/v1/questions", "application/json", 400, "JSON")]
    [InlineData("GET", "/api/v1/conversations?page=0", null, 400, "page 0")]
    [InlineData("GET", "/api/v1/conversations?page=x", null, 400, "page")]
    [InlineData("GET", "/api/v1/conversations/00000000000000000000000000000000", null, 404, "conversation")]
    [InlineData("GET", "/api/v1/traces/..%2f..%2fstudio.db", null, 404, "studio.db")]
    [InlineData("GET", "/api/v1/answers/x?wait=61", null, 400, "61")]
    [InlineData("DELETE", "/api/v1/model-tasks/x", null, 404, "task")]
    public async Task Problems_AreTold_InJson(string method, string path, string? type, int status, string named)
    {
        var studio = server.Studio;
        using var request = new HttpRequestMessage(new(method), path);
        if (type is not null) request.Content = new StringContent("{", Encoding.UTF8, type);
        using var response = await studio.Http.SendAsync(request, Ct);
        Assert.Equal((status, "application/problem+json"), ((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        using var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Ct));
        Assert.Contains(named, problem.RootElement.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task UnknownPath_BelowV1_IsToldAsOpenAiDoes_AndAPageStaysAPage()
    {
        var studio = server.Studio;
        using var api = await studio.Http.GetAsync("/v1/nothing", Ct);
        using var error = JsonDocument.Parse(await api.Content.ReadAsStringAsync(Ct));
        Assert.Equal((HttpStatusCode.NotFound, "invalid_request_error"), (api.StatusCode, error.RootElement.GetProperty("error").GetProperty("type").GetString()));
        using var browser = new HttpRequestMessage(HttpMethod.Get, "/nothing");
        browser.Headers.Accept.ParseAdd("text/html");
        using var page = await studio.Http.SendAsync(browser, Ct);
        Assert.Equal((HttpStatusCode.NotFound, "text/html"), (page.StatusCode, page.Content.Headers.ContentType!.MediaType));
    }

    [Fact]
    public async Task Page_ShowsEveryOperation_WithoutScript()
    {
        var studio = server.Studio;
        var html = WebUtility.HtmlDecode(await studio.Http.GetStringAsync("/api", Ct));
        using var document = JsonDocument.Parse(await studio.Http.GetStringAsync("/openapi/v1.json", Ct));
        foreach (var path in document.RootElement.GetProperty("paths").EnumerateObject())
        {
            Assert.Contains($"<code>{path.Name}</code>", html, StringComparison.Ordinal);
            foreach (var operation in path.Value.EnumerateObject()) Assert.Contains(operation.Value.GetProperty("summary").GetString()!, html, StringComparison.Ordinal);
        }

        Assert.Contains("\"form-AnswerSettings\"", html, StringComparison.Ordinal);
    }

    [GeneratedRegex(":[^}]+}")]
    private static partial Regex Constraint();

    /// <summary>One server for all: nothing here changes it.</summary>
    public sealed class Server : IAsyncLifetime
    {
        internal TestStudio Studio { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Studio = await TestStudio.StartAsync(new ScriptedEngine());

        public ValueTask DisposeAsync() => Studio.DisposeAsync();
    }
}
