using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.WebUtilities;
using Studio.Api;

namespace Studio.Security;

/// <summary>Answers a request that cannot be met with its reason, wherever on the way it was found out.</summary>
internal sealed class RequestErrors : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        switch (exception)
        {
            case RequestException refused:
                await Problems.WriteAsync(httpContext, refused.Status, ReasonPhrases.GetReasonPhrase(refused.Status), refused.Message);
                return true;
            case BadHttpRequestException bad:
                await Problems.WriteAsync(httpContext, bad.StatusCode, ReasonPhrases.GetReasonPhrase(bad.StatusCode), bad.Message);
                return true;
            case OperationCanceledException when httpContext.RequestAborted.IsCancellationRequested:
                httpContext.Response.StatusCode = StatusCodes.Status499ClientClosedRequest; // for the log; nobody listens any more
                return true;
            default:
                return false;
        }
    }
}
