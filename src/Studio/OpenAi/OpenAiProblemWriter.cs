using Studio.Api;

namespace Studio.OpenAi;

/// <summary>Refusals before a request below /v1 reaches its route (no key, too many requests), as clients of that API know them.</summary>
internal sealed class OpenAiProblemWriter : IProblemDetailsWriter
{
    public bool CanWrite(ProblemDetailsContext context) => ApiPaths.IsOpenAi(context.HttpContext.Request.Path);

    public ValueTask WriteAsync(ProblemDetailsContext context)
    {
        var (http, problem) = (context.HttpContext, context.ProblemDetails);
        var status = problem.Status ?? http.Response.StatusCode;
        var (message, code) = status switch
        {
            StatusCodes.Status401Unauthorized => ("there is no such API key: make a token on the account page of the studio and give it as key", "invalid_api_key"),
            StatusCodes.Status429TooManyRequests => (problem.Detail ?? "too many requests", "rate_limit_exceeded"),
            _ => (problem.Detail ?? problem.Title ?? $"status {status}", (string?)null),
        };
        var (_, body) = OpenAiProblems.Describe(new OpenAiException(status, message, code: code));
        http.Response.ContentType = "application/json";
        return new(http.Response.WriteAsync(body.ToJsonString(OpenAiProblems.Json), http.RequestAborted));
    }
}
