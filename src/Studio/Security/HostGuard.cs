using System.Net;
using Studio.Hosting;

namespace Studio.Security;

/// <summary>
/// Without sign-in, this machine is the one user, so that a request must name this machine: with a foreign name that resolves
/// here (DNS rebinding), somebody else's web page could read everything.
/// </summary>
internal static class HostGuard
{
    public static IApplicationBuilder UseHostGuard(this IApplicationBuilder app, StudioOptions options) => !options.SingleUser ? app : app.Use((http, next) =>
        IsThisMachine(http.Request.Host.Host)
            ? next(http)
            : Problems.WriteAsync(http, StatusCodes.Status400BadRequest, "Another machine's name",
                $"'{http.Request.Host.Host}' is not a name of this machine. Open the studio as http://localhost:{http.Connection.LocalPort}, or start it with --host 0.0.0.0: people then sign in, and any name works."));

    internal static bool IsThisMachine(string host)
    {
        host = host.Trim('[', ']');
        return host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
    }
}
