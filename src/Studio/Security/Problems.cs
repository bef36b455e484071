using Microsoft.AspNetCore.Mvc;

namespace Studio.Security;

/// <summary>Refusals of the pipeline as problem details (RFC 9457).</summary>
internal static class Problems
{
    public static async Task WriteAsync(HttpContext http, int status, string title, string detail)
    {
        http.Response.StatusCode = status;
        var problem = new ProblemDetailsContext { HttpContext = http, ProblemDetails = new ProblemDetails { Status = status, Title = title, Detail = detail } };
        if (await http.RequestServices.GetRequiredService<IProblemDetailsService>().TryWriteAsync(problem)) return;
        // The client accepts no JSON.
        http.Response.ContentType = "text/plain; charset=utf-8";
        await http.Response.WriteAsync($"{title}. {detail}\n", http.RequestAborted);
    }
}
