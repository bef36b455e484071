using System.Net;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Studio.Api;

/// <summary>Completes the OpenAPI document: what it is, how one signs in, and the problems that any operation may answer with.</summary>
internal sealed class ApiDocument : IOpenApiDocumentTransformer, IOpenApiOperationTransformer
{
    private const string Bearer = "token";

    public Task TransformAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.Info = new()
        {
            Title = "Studio",
            Version = "1",
            Description = "Videos, conversations, plans, traces and models. "
                + "Failures are problem details (RFC 9457) with a message that says what was wrong and what to do; below /v1 they have OpenAI's shape.",
        };
        document.Servers = []; // wherever it was fetched from
        document.Components ??= new();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            [Bearer] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "An API token of an account; not needed where the studio runs without accounts.",
            },
        };
        document.Security = [new() { [new OpenApiSecuritySchemeReference(Bearer, document)] = [] }];
        return Task.CompletedTask;
    }

    public async Task TransformAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var path = "/" + context.Description.RelativePath;
        var statuses = new List<HttpStatusCode> { HttpStatusCode.Unauthorized, HttpStatusCode.TooManyRequests };
        if (operation.RequestBody is not null || operation.Parameters?.Count > 0) statuses.Add(HttpStatusCode.BadRequest);
        if (path.Contains('{', StringComparison.Ordinal)) statuses.Add(HttpStatusCode.NotFound);
        if (context.Description.HttpMethod != HttpMethod.Get.Method) statuses.Add(HttpStatusCode.Forbidden);
        operation.Responses ??= [];
        var media = new OpenApiMediaType();
        if (!IsOpenAi(path) && context.Document is { } document)
        {
            _ = document.AddComponent(nameof(ProblemDetails), await context.GetOrCreateSchemaAsync(typeof(ProblemDetails), null, cancellationToken).ConfigureAwait(false));
            media.Schema = new OpenApiSchemaReference(nameof(ProblemDetails), document);
        }

        foreach (var status in statuses)
        {
            var type = IsOpenAi(path) ? "application/json" : "application/problem+json";
            var response = new OpenApiResponse { Description = Meaning(status), Content = new Dictionary<string, OpenApiMediaType> { [type] = media } };
            _ = operation.Responses.TryAdd(((int)status).ToString(), response);
        }
    }

    private static bool IsOpenAi(string path) => path.StartsWith("/v1/", StringComparison.Ordinal);

    private static string Meaning(HttpStatusCode status) => status switch
    {
        HttpStatusCode.BadRequest => "A value cannot be used; the message names it.",
        HttpStatusCode.Unauthorized => "Nobody is signed in, or the token is not valid.",
        HttpStatusCode.Forbidden => "It can be seen but not changed by this account.",
        HttpStatusCode.NotFound => "There is none, or none that this account may see.",
        _ => "Too many requests, or too many questions in line.",
    };
}
