using System.Text.Json;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;

namespace Studio.Api;

/// <summary>Failures of API requests as problem details (RFC 9457). What is not the asker's fault says nothing of the inside.</summary>
internal sealed class ApiProblems(IProblemDetailsService problems) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (!ApiPaths.IsApi(httpContext.Request.Path) || ApiPaths.IsOpenAi(httpContext.Request.Path)) return false; // pages have their own way, and /v1 its own form
        var (status, detail) = Describe(exception);
        if (detail is null) return false;
        httpContext.Response.StatusCode = status;
        if (status == StatusCodes.Status429TooManyRequests) httpContext.Response.Headers.RetryAfter = "5";
        return await problems.TryWriteAsync(new() { HttpContext = httpContext, ProblemDetails = new ProblemDetails { Status = status, Detail = detail } }).ConfigureAwait(false);
    }

    /// <returns>Status and message; no message where it is ours.</returns>
    internal static (int Status, string? Detail) Describe(Exception exception) => exception switch
    {
        RequestException e => (e.Status, e.Message),
        // The inner exception knows the field; the outer one only the parameter of a method.
        BadHttpRequestException { InnerException: JsonException { Path: { Length: > 2 } path } } =>
            (StatusCodes.Status400BadRequest, $"the body's {path[2..]} has not the form that is asked for; /api describes it"),
        BadHttpRequestException { InnerException: JsonException e } => (StatusCodes.Status400BadRequest, $"the body is not the JSON that is asked for: {e.Message}"),
        BadHttpRequestException e => (e.StatusCode, e.Message),
        _ => (StatusCodes.Status500InternalServerError, null),
    };
}
