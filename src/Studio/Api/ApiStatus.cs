using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using Studio.OpenAi;

namespace Studio.Api;

/// <summary>
/// Gives API requests that ended with a bare status (no such route, wrong method or content type, not signed in) a body in
/// the API's own form; people get a page instead.
/// </summary>
internal sealed class ApiStatus(RequestDelegate next)
{
    public async Task InvokeAsync(HttpContext http, IProblemDetailsService problems)
    {
        if (!ApiPaths.IsApi(http.Request.Path))
        {
            await next(http).ConfigureAwait(false);
            return;
        }

        if (http.Features.Get<IStatusCodePagesFeature>() is { } pages) pages.Enabled = false;
        await next(http).ConfigureAwait(false);
        if (http.Response.StatusCode < 400 || http.Response.HasStarted || http.Response.ContentLength > 0 || http.Response.ContentType is not null) return;
        var message = Message(http);
        var status = http.Response.StatusCode;
        if (ApiPaths.IsOpenAi(http.Request.Path))
        {
            await OpenAiProblems.WriteAsync(http, status, OpenAiProblems.Describe(new OpenAiException(status, message)).Body, http.RequestAborted).ConfigureAwait(false);
            return;
        }

        _ = await problems.TryWriteAsync(new() { HttpContext = http, ProblemDetails = new ProblemDetails { Status = status, Detail = message } }).ConfigureAwait(false);
    }

    private static string Message(HttpContext http) => http.Response.StatusCode switch
    {
        StatusCodes.Status401Unauthorized => "nobody is signed in; send a valid token as 'Authorization: Bearer TOKEN'",
        StatusCodes.Status403Forbidden => "this account may not do that; ask an administrator for another role",
        StatusCodes.Status404NotFound => $"there is no {http.Request.Method} {http.Request.Path}; /api lists what there is",
        StatusCodes.Status405MethodNotAllowed => $"{http.Request.Path} does not take {http.Request.Method}, but {string.Join(", ", http.Response.Headers.Allow.ToArray())}",
        StatusCodes.Status415UnsupportedMediaType => $"the body is '{http.Request.ContentType}'; send application/json",
        var status => $"the request ended with status {status}",
    };
}
