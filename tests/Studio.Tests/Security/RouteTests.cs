using System.Net;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components.Endpoints;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.StaticAssets;
using Microsoft.Extensions.DependencyInjection;
using Studio.Accounts;
using Studio.Tests.Accounts;
using Xunit;

namespace Studio.Tests.Security;

/// <summary>
/// Every route of the server, whoever added it: who may use it, by what it says about itself and by really asking. A new
/// route that is open, or a change that viewers could make, fails here until somebody writes down why.
/// </summary>
public sealed class RouteTests : IAsyncLifetime
{
    /// <summary>Routes that need no account, and why.</summary>
    private static readonly Dictionary<string, string> s_open = new(StringComparer.Ordinal)
    {
        ["/sign-in"] = "how one gets an account's rights",
        ["/sign-out"] = "ending a session that has ended does nothing",
        ["/setup"] = "the first account is made with the set-up code",
        ["/join/{Secret}"] = "a one-time link is the right to choose a password",
        ["/status/{Code:int}"] = "the page that explains a refusal; it knows nothing but the status",
        ["/s/{Secret}"] = "a share link is the right to read what it names",
        ["/s/{secret}/media/{id}"] = "files behind a share link, checked against it",
        ["/healthz"] = "states in a word each, for whoever restarts servers",
        ["/healthz/live"] = "as /healthz",
        ["/healthz/ready"] = "as /healthz",
        ["/metrics"] = "answers programs on this machine and administrators only; see MetricsTests",
    };

    /// <summary>Changes that every account may make, and why.</summary>
    private static readonly Dictionary<string, string> s_everybodysChanges = new(StringComparer.Ordinal)
    {
        ["POST /api/v1/tokens/"] = "an own token has no more rights than its maker",
        ["DELETE /api/v1/tokens/{id}"] = "own tokens only",
        ["POST /api/{**path}"] = "says that there is nothing at this address",
        ["POST /api/v1/plans"] = "computes and changes nothing",
        ["POST /_blazor/negotiate"] = "the pages' connection: what a page offers depends on the role",
        ["POST /_blazor"] = "as negotiate",
        ["POST /_blazor/initializers/"] = "a list of the pages' scripts",
        ["POST /_framework/opaque-redirect"] = "leads a page's form to where its redirect points",
        ["POST /_blazor/disconnect/"] = "the pages' connection ends",
        ["POST /_blazor/disconnect"] = "as above",
    };

    /// <summary>What lies below these is for administrators, but for the routes named beside it.</summary>
    private static readonly Dictionary<string, string[]> s_administrators = new(StringComparer.Ordinal)
    {
        ["/api/v1/accounts"] = [],
        ["/accounts"] = [],
        ["/api/v1/eval/backup"] = [],
        ["/api/v1/system"] = ["GET /api/v1/system/versions", "GET /api/v1/system/usage", "GET /api/v1/system/doctor"],
        ["/api/v1/models"] = ["GET /api/v1/models", "GET /api/v1/models/{name}", "GET /api/v1/models/published", "GET /api/v1/models/tasks", "GET /api/v1/models/memory"],
    };

    /// <summary>Routes that take more than <see cref="Studio.Security.RequestSizes.Default"/>, and why.</summary>
    private static readonly Dictionary<string, string> s_large = new(StringComparer.Ordinal)
    {
        ["POST /v1/chat/completions"] = "images and short videos stand in the request as data URLs; the API bounds them",
        ["POST /api/v1/eval/import"] = "files of results with every answer; they go to the disk as they come, each bounded",
    };

    private AccountServer _server = null!;
    private Route[] _routes = [];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await AccountServer.StartAsync(o => o with { RequestsPerMinute = 1_000_000 });
        _ = await _server.Accounts.CreateAsync(new("ada", null, Roles.Admin, AccountServer.Password), Ct);
        _routes = [.. _server.Get<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.Metadata.GetMetadata<StaticAssetDescriptor>() is null)
            .SelectMany(e => (e.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET", "POST"]).Select(m => new Route(m, e)))];
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public void Table_IsTheWholeServers()
    {
        foreach (var part in new[] { "/chat", "/library", "/account", "/system", "/models", "/api/v1/me", "/api/v1/conversations", "/files", "/_blazor" })
            Assert.Contains(_routes, r => r.Pattern.StartsWith(part, StringComparison.Ordinal) || part is "/chat" or "/library");
        Assert.True(_routes.Length > 60, $"{_routes.Length} routes");
    }

    [Fact]
    public void StaticFiles_AreOpen_AndCannotBeChanged()
    {
        var assets = _server.Get<EndpointDataSource>().Endpoints.Where(e => e.Metadata.GetMetadata<StaticAssetDescriptor>() is not null).ToList();
        Assert.NotEmpty(assets);
        Assert.All(assets, a => Assert.Equal(["GET", "HEAD"], a.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Order()));
    }

    [Fact]
    public async Task Anonymous_GetsNothing_ButWhatIsWrittenDownHere()
    {
        using var anyone = _server.Program(null);
        var open = _routes.Where(r => r.IsOpen).Select(r => r.Pattern).Distinct().Order().ToArray();
        Assert.Equal(s_open.Keys.Order(), open);
        foreach (var route in _routes.Where(r => !r.IsOpen))
        {
            var status = await route.AskAsync(anyone);
            Assert.True(status == HttpStatusCode.Unauthorized, $"{route}: anonymous got {(int)status}");
        }
    }

    [Fact]
    public async Task Viewer_ChangesNothing_ButWhatIsWrittenDownHere()
    {
        using var viewer = await ProgramAsync(Roles.Viewer);
        var changes = _routes.Where(r => r.IsChange && !r.IsOpen && !r.IsPage).ToArray();
        Assert.NotEmpty(changes);
        foreach (var route in changes)
        {
            if (s_everybodysChanges.ContainsKey(route.ToString())) continue;
            Assert.True(route.Demands(Policies.Write) || route.Demands(Policies.Admin), $"{route} changes something and is open to viewers");
            var status = await route.AskAsync(viewer);
            Assert.True(status == HttpStatusCode.Forbidden, $"{route}: a viewer got {(int)status}");
        }
    }

    [Fact]
    public async Task Editor_DoesNotAdministrate()
    {
        using var editor = await ProgramAsync(Roles.Editor);
        foreach (var (prefix, others) in s_administrators)
        {
            var below = _routes.Where(r => r.Pattern.StartsWith(prefix, StringComparison.Ordinal) && !others.Contains(r.ToString().TrimEnd('/'))).ToArray();
            Assert.NotEmpty(below);
            Assert.All(below, r => Assert.True(r.Demands(Policies.Admin), $"{r} lies below {prefix} and is open to others than administrators"));
        }

        foreach (var route in _routes.Where(r => r.Demands(Policies.Admin)))
        {
            var status = await route.AskAsync(editor);
            Assert.True(status == HttpStatusCode.Forbidden, $"{route}: an editor got {(int)status}");
        }
    }

    [Fact]
    public async Task Pages_AreOpenToViewers_UnlessTheySayOtherwise()
    {
        using var viewer = await ProgramAsync(Roles.Viewer);
        foreach (var route in _routes.Where(r => r is { IsPage: true, IsOpen: false, Method: "GET" }))
        {
            var status = await route.AskAsync(viewer);
            Assert.Equal((route.ToString(), route.Demands(Policies.Admin) || route.Demands(Policies.Write)), (route.ToString(), status == HttpStatusCode.Forbidden));
            Assert.True((int)status < 500, $"{route}: {(int)status}");
        }
    }

    [Fact]
    public void LargeBodies_AreTakenOnlyWhereTheyAreWrittenDown()
    {
        var large = _routes.Where(r => r.Endpoint.Metadata.GetMetadata<Microsoft.AspNetCore.Http.Metadata.IRequestSizeLimitMetadata>() is not null).Select(r => r.ToString()).Distinct().Order();
        Assert.Equal(s_large.Keys.Order(), large);
    }

    private async Task<HttpClient> ProgramAsync(string role)
    {
        _ = await _server.Accounts.CreateAsync(new(role + "1", null, role, AccountServer.Password), Ct);
        return await _server.ProgramAsync(role + "1");
    }

    private sealed record Route(string Method, RouteEndpoint Endpoint)
    {
        public string Pattern => "/" + (Endpoint.RoutePattern.RawText ?? "").TrimStart('/');

        /// <summary>Whether it may change something.</summary>
        public bool IsChange => Method is not ("GET" or "HEAD" or "OPTIONS");

        // Pages answer GET and POST; what a POST may do is the form's own matter.
        public bool IsPage => Endpoint.Metadata.GetMetadata<ComponentTypeMetadata>() is not null;

        public bool IsOpen => Endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null;

        public bool Demands(string policy) => Endpoint.Metadata.GetOrderedMetadata<IAuthorizeData>().Any(a => a.Policy == policy);

        /// <summary>Asks with values that name nothing.</summary>
        public async Task<HttpStatusCode> AskAsync(HttpClient client)
        {
            var path = string.Join('/', Endpoint.RoutePattern.PathSegments.Select(s => string.Concat(s.Parts.Select(p => p switch
            {
                Microsoft.AspNetCore.Routing.Patterns.RoutePatternLiteralPart literal => literal.Content,
                Microsoft.AspNetCore.Routing.Patterns.RoutePatternSeparatorPart separator => separator.Content,
                Microsoft.AspNetCore.Routing.Patterns.RoutePatternParameterPart { ParameterPolicies.Count: > 0 } => "1",
                _ => "nothing",
            }))));
            using var request = new HttpRequestMessage(new(Method), "/" + path);
            if (IsChange) request.Content = new StringContent("{}", System.Text.Encoding.UTF8, "application/json");
            using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Ct);
            return answer.StatusCode;
        }

        public override string ToString() => $"{Method} {Pattern}";
    }
}
