using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Diagnostics;
using Studio.Api;

namespace Studio.OpenAi;

/// <summary>Failures below /v1 as clients of that API know them.</summary>
internal sealed class OpenAiProblems(ILogger<OpenAiProblems> log) : IExceptionHandler
{
    /// <summary>Words as they are: the responses are JSON by type, never part of a page.</summary>
    public static JsonSerializerOptions Json { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (!ApiPaths.IsOpenAi(httpContext.Request.Path)) return false;
        var (status, body) = Describe(exception);
        if (status == StatusCodes.Status500InternalServerError && exception is not OpenAiException)
        {
            log.LogError(exception, "{Method} {Path} failed", httpContext.Request.Method, httpContext.Request.Path);
        }

        await WriteAsync(httpContext, status, body, cancellationToken).ConfigureAwait(false);
        return true;
    }

    public static Task WriteAsync(HttpContext http, int status, JsonObject body, CancellationToken ct)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        if (status == StatusCodes.Status429TooManyRequests) http.Response.Headers.RetryAfter = "5";
        return http.Response.WriteAsync(body.ToJsonString(Json), ct);
    }

    public static (int Status, JsonObject Body) Describe(Exception exception)
    {
        if (exception is OpenAiException e) return (e.Status, Body(e.Status, e.Message, e.Param, e.Code));
        var (status, detail) = ApiProblems.Describe(exception);
        return (status, Body(status, detail ?? "an internal error; the server's log has the details", null, status == StatusCodes.Status429TooManyRequests ? "rate_limit_exceeded" : null));
    }

    private static JsonObject Body(int status, string message, string? param, string? code) => new()
    {
        ["error"] = new JsonObject { ["message"] = message, ["type"] = Type(status), ["param"] = param, ["code"] = code },
    };

    private static string Type(int status) => status switch
    {
        StatusCodes.Status401Unauthorized => "authentication_error",
        StatusCodes.Status403Forbidden => "permission_error",
        StatusCodes.Status429TooManyRequests => "rate_limit_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };
}
