using System.Text.Json;
using System.Text.Json.Serialization;
using Studio.Accounts;

namespace Studio.Api;

/// <summary>What all HTTP APIs have in common: JSON, problems, description.</summary>
internal static class ApiSetup
{
    /// <summary>Name of the OpenAPI document.</summary>
    public const string Document = "v1";

    public static IServiceCollection AddApi(this IServiceCollection services)
    {
        _ = services.ConfigureHttpJsonOptions(o =>
        {
            o.SerializerOptions.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase));
            o.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
        });
        // A body that cannot be read is told in words, not as an empty 400.
        _ = services.Configure<RouteHandlerOptions>(o => o.ThrowOnBadRequest = true);
        _ = services.AddExceptionHandler<ApiProblems>();
        return services.AddOpenApi(Document, o =>
        {
            _ = o.AddDocumentTransformer<ApiDocument>();
            _ = o.AddOperationTransformer<ApiDocument>();
            o.ShouldInclude = d => ApiPaths.IsApi("/" + d.RelativePath);
        });
    }

    /// <summary>Behind the status pages of people, whose place it takes for programs.</summary>
    public static IApplicationBuilder UseApi(this IApplicationBuilder app) => app.UseMiddleware<ApiStatus>();

    public static IEndpointRouteBuilder MapApi(this IEndpointRouteBuilder endpoints)
    {
        _ = endpoints.MapOpenApi("/openapi/{documentName}.json").RequireAuthorization(Policies.Read);
        return endpoints;
    }
}

/// <summary>Which requests are programs'.</summary>
internal static class ApiPaths
{
    public static bool IsApi(PathString path) => path.StartsWithSegments("/api/v1") || IsOpenAi(path);

    public static bool IsOpenAi(PathString path) => path.StartsWithSegments("/v1");
}
