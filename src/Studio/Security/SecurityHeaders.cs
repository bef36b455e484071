namespace Studio.Security;

/// <summary>What browsers must not do with anything this server sends.</summary>
internal static class SecurityHeaders
{
    /// <summary>No script but this server's own files, no page of others around ours, nothing loaded from elsewhere.</summary>
    /// <param name="host">Host and port the browser used; older ones do not count WebSockets to it as 'self'.</param>
    public static string ContentPolicy(string? host)
    {
        var sockets = host is null ? "" : $" ws://{host} wss://{host}";
        return "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' blob:; " +
            $"connect-src 'self'{sockets}; font-src 'self'; worker-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";
    }

    public static IApplicationBuilder UseSecurityHeaders(this IApplicationBuilder app) => app.Use((http, next) =>
    {
        // At the start of the response: a handler of errors clears what was set before.
        http.Response.OnStarting(Set, http);
        return next(http);
    });

    private static Task Set(object state)
    {
        var http = (HttpContext)state;
        var headers = http.Response.Headers;
        headers.ContentSecurityPolicy = ContentPolicy(PlainHost(http.Request.Host));
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        // Addresses of share links stay here; with no-referrer, browsers would send the origin 'null' with our own forms.
        headers["Referrer-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), bluetooth=(), midi=(), display-capture=(), browsing-topics=()";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["X-Permitted-Cross-Domain-Policies"] = "none";
        if (http.Request.IsHttps) headers.StrictTransportSecurity = "max-age=31536000";
        // A redirect to ourselves names no host: a proxy may be known under another name, or speak https.
        var here = $"{http.Request.Scheme}://{http.Request.Host}/";
        if (headers.Location.ToString() is { } to && to.StartsWith(here, StringComparison.OrdinalIgnoreCase)) headers.Location = to[(here.Length - 1)..];
        return Task.CompletedTask;
    }

    /// <summary>The host where it can stand in a policy; what a client invents could end one directive and begin another.</summary>
    private static string? PlainHost(HostString host) =>
        host is { HasValue: true, Value: { } value } && value.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or ':' or '[' or ']') ? value : null;
}
