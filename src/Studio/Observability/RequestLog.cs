using Studio.Accounts;

namespace Studio.Observability;

/// <summary>A line a request. It names the route, never the address: addresses carry secrets and searches.</summary>
internal sealed class RequestLog(RequestDelegate next, ILogger<RequestLog> log, TimeProvider time)
{
    public async Task InvokeAsync(HttpContext http)
    {
        var id = RequestIds.Of(http);
        http.Response.OnStarting(() =>
        {
            http.Response.Headers["X-Request-Id"] = id;
            return Task.CompletedTask;
        });
        var start = time.GetTimestamp();
        try
        {
            await next(http);
        }
        finally
        {
            var level = LevelOf(http);
            if (log.IsEnabled(level))
                log.Log(level, "{Method} {Route} {Status} in {Milliseconds} ms for {User}", http.Request.Method, RouteOf(http), http.Response.StatusCode,
                    Math.Round(time.GetElapsedTime(start).TotalMilliseconds, 1), CurrentUser.TryFrom(http.User)?.Id ?? "nobody");
        }
    }

    /// <summary>Behind routing: notes what matched first, before a page that explains a refusal takes its place.</summary>
    public static Task NoteRoute(HttpContext http, RequestDelegate next)
    {
        _ = http.Items.TryAdd(typeof(RequestLog), (http.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText);
        return next(http);
    }

    /// <summary>The pattern that matched, as it is written in the program.</summary>
    private static string RouteOf(HttpContext http) => http.Items[typeof(RequestLog)] as string ?? "no route";

    /// <summary>Reading is everyday; changes and refusals are worth a line; our own failures are warnings.</summary>
    private static LogLevel LevelOf(HttpContext http) => http.Response.StatusCode switch
    {
        >= 500 => LogLevel.Warning,
        >= 400 => LogLevel.Information,
        _ when HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method) => LogLevel.Debug,
        _ => LogLevel.Information,
    };
}
