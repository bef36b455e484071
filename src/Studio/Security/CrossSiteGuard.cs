namespace Studio.Security;

/// <summary>
/// Refuses what another site's page sends with this browser's cookies, or to a studio without sign-in: changes, sockets, and
/// reading data. Following a link to a page of ours is fine. Programs send neither Origin nor Sec-Fetch-Site and are not meant.
/// </summary>
internal static class CrossSiteGuard
{
    public static IApplicationBuilder UseCrossSiteGuard(this IApplicationBuilder app) => app.Use((http, next) => Reason(http.Request) is { } reason
        ? Problems.WriteAsync(http, StatusCodes.Status403Forbidden, "Request from another site", reason)
        : next(http));

    /// <summary>Why a request is another site's; null where it is not.</summary>
    internal static string? Reason(HttpRequest request)
    {
        var origin = request.Headers.Origin.ToString();
        if (origin.Length > 0 && !IsHere(origin, request.Host))
            return $"The page at '{Shorten(origin)}' may not use this studio, which was addressed as '{Shorten(request.Host.Value ?? "")}'. If both are the same studio, the proxy in front of it must pass the Host header on.";
        return request.Headers["Sec-Fetch-Site"].ToString() is "cross-site" or "same-site" && !IsNavigation(request)
            ? "A page of another site may link to this studio, and nothing else."
            : null;
    }

    private static bool IsNavigation(HttpRequest request) =>
        HttpMethods.IsGet(request.Method) && request.Headers["Sec-Fetch-Mode"] == "navigate" && request.Headers["Sec-Fetch-Dest"] == "document";

    /// <summary>Host and port agree; a port left out is the scheme's own, and a proxy may speak https for us.</summary>
    private static bool IsHere(string origin, HostString host)
    {
        if (!Uri.TryCreate(origin, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https")) return false;
        return uri.Host.Trim('[', ']').Equals(host.Host.Trim('[', ']'), StringComparison.OrdinalIgnoreCase)
            && (host.Port is { } port ? uri.Port == port : uri.IsDefaultPort);
    }

    private static string Shorten(string text) => text.Length <= 200 ? text : text[..200] + "…";
}
