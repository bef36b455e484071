using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.WebUtilities;
using Studio.Api;

namespace Studio.Security;

/// <summary>
/// Answers a request that cannot be met with its reason, wherever on the way it was found out. The API's own answers are
/// <see cref="ApiProblems"/>'.
/// </summary>
internal sealed class RequestErrors : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (ApiPaths.IsApi(httpContext.Request.Path)) return false;
        var (status, detail) = ApiProblems.Describe(exception);
        if (detail is null) return false;
        if (ErrorPages.WantsPage(httpContext)) httpContext.Response.StatusCode = status; // the page of this status follows
        else await Problems.WriteAsync(httpContext, status, ReasonPhrases.GetReasonPhrase(status), detail);
        return true;
    }
}
