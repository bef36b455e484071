using System.Net;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Studio.Api;
using Studio.Hosting;
using Studio.Observability;

namespace Studio.Security;

/// <summary>What stands between the network and the pages.</summary>
internal static class SecuritySetup
{
    public static IServiceCollection AddSecurity(this IServiceCollection services, StudioOptions options)
    {
        _ = services.Configure<KestrelServerOptions>(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = RequestSizes.Default;
            kestrel.Limits.MaxConcurrentConnections = RequestSizes.MaxConnections;
            kestrel.Limits.MaxConcurrentUpgradedConnections = RequestSizes.MaxSockets;
        });
        _ = services.Configure<ForwardedHeadersOptions>(forwarded =>
        {
            forwarded.ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto;
            forwarded.KnownProxies.Clear();
            forwarded.KnownIPNetworks.Clear();
            foreach (var proxy in options.TrustedProxies) forwarded.KnownIPNetworks.Add(NetworkOf(proxy));
        });
        _ = services.AddAntiforgery(o =>
        {
            o.Cookie.Name = "studio-form";
            o.Cookie.SameSite = SameSiteMode.Strict;
            o.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
            o.SuppressXFrameOptionsHeader = true; // SecurityHeaders sets a stricter one
        });
        return services.AddSingleton<RateLimits>().AddExceptionHandler<RequestErrors>();
    }

    /// <summary>Everything between the connection and the route; the order matters.</summary>
    public static IApplicationBuilder UseSecurity(this IApplicationBuilder app, StudioOptions options)
    {
        if (options.TrustedProxies.Count > 0) _ = app.UseForwardedHeaders();
        _ = app.UseSecurityHeaders().UseErrorPages().UseApi().UseHostGuard(options).UseCrossSiteGuard();
        // Named here, so that a page that explains an error finds its own route.
        return app.UseRouting().Use(RequestLog.NoteRoute).UseAuthentication().UseRateLimits().UseAuthorization().UseAntiforgery();
    }

    /// <summary>An address or a network (10.0.0.0/8).</summary>
    /// <exception cref="ArgumentException">It is neither.</exception>
    internal static System.Net.IPNetwork NetworkOf(string text) =>
        System.Net.IPNetwork.TryParse(text, out var network) ? network
        : IPAddress.TryParse(text, out var address) ? new(address, address.GetAddressBytes().Length * 8)
        : throw new ArgumentException($"'{text}' is neither an IP address nor a network such as 10.0.0.0/8");
}
