namespace Studio.Security;

/// <summary>What a failed request gets: a page where a person asked for one, problem details where a program did.</summary>
internal static class ErrorPages
{
    private static readonly string[] s_programs = ["/api", "/v1", "/files", "/healthz", "/metrics", "/_blazor", "/openapi"];

    public static IApplicationBuilder UseErrorPages(this IApplicationBuilder app)
    {
        _ = app.UseWhen(WantsPage, pages => pages.UseStatusCodePagesWithReExecute("/status/{0}", createScopeForStatusCodePages: true).UseExceptionHandler("/status/500", createScopeForErrors: true));
        return app.UseWhen(http => !WantsPage(http), programs => programs.UseExceptionHandler().UseStatusCodePages());
    }

    internal static bool WantsPage(HttpContext http) =>
        !s_programs.Any(p => http.Request.Path.StartsWithSegments(p, StringComparison.OrdinalIgnoreCase))
        && http.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);
}
