using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.Net.Http.Headers;
using Studio.Accounts;
using Studio.Hosting;

namespace Studio.Security;

/// <summary>What a request counts as.</summary>
public enum RateClass
{
    /// <summary>Everything that is not named below.</summary>
    General,

    /// <summary>Trying a password, a set-up code or a one-time link: by address, whoever asks.</summary>
    SignIn,

    /// <summary>Asking a model.</summary>
    Ask,

    /// <summary>A piece of an upload: its bytes and their number are limited instead.</summary>
    Piece,
}

/// <summary>Marks a route with what a request that changes something counts as.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class RateAttribute(RateClass rate) : Attribute
{
    public RateClass Rate => rate;
}

/// <summary>How often one user, or one address where nobody is signed in, may ask for something.</summary>
public sealed class RateLimits(StudioOptions options, TimeProvider time)
{
    /// <summary>Passwords, codes and links one address may try a minute.</summary>
    public const int SignInsPerMinute = 10;

    private readonly TokenBuckets _general = new(options.RequestsPerMinute, time);
    private readonly TokenBuckets _signIn = new(SignInsPerMinute, time);
    private readonly TokenBuckets _ask = new(AsksPerMinute(options), time);

    /// <summary>Questions a user may send a minute, those waiting and running limited besides.</summary>
    public static int AsksPerMinute(StudioOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Math.Max(1, options.RequestsPerMinute / 4);
    }

    /// <summary>Counts a request.</summary>
    /// <param name="key">Who asks: <see cref="KeyOf"/>.</param>
    /// <returns>Null where it may go on; else the time to wait.</returns>
    public TimeSpan? TryTake(RateClass rate, string key) => rate switch
    {
        RateClass.Piece => null,
        RateClass.SignIn => _signIn.TryTake(key) ?? _general.TryTake(key),
        RateClass.Ask => _ask.TryTake(key) ?? _general.TryTake(key),
        _ => _general.TryTake(key),
    };

    /// <summary>The user, or the address where nobody is signed in or the request is about signing in.</summary>
    public static string KeyOf(HttpContext http, RateClass rate)
    {
        ArgumentNullException.ThrowIfNull(http);
        return rate != RateClass.SignIn && CurrentUser.TryFrom(http.User) is { } user ? $"user {user.Id}" : $"address {Network(http.Connection.RemoteIpAddress)}";
    }

    /// <summary>An IPv4 address, or the /64 of an IPv6 one: a line's holder may use any address in it.</summary>
    internal static string Network(IPAddress? address)
    {
        if (address is null) return "none";
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        return address.AddressFamily == AddressFamily.InterNetworkV6 ? Convert.ToHexStringLower(address.GetAddressBytes().AsSpan(0, 8)) : address.ToString();
    }
}

internal static class RateLimiting
{
    /// <summary>Behind routing and authentication: it needs the route's mark and the user.</summary>
    public static IApplicationBuilder UseRateLimits(this IApplicationBuilder app) => app.Use((http, next) =>
    {
        // The page that explains a refusal is not another request.
        if (http.Features.Get<IStatusCodeReExecuteFeature>() is not null) return next(http);
        var rate = HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method)
            ? RateClass.General
            : http.GetEndpoint()?.Metadata.GetMetadata<RateAttribute>()?.Rate ?? RateClass.General;
        if (http.RequestServices.GetRequiredService<RateLimits>().TryTake(rate, RateLimits.KeyOf(http, rate)) is not { } wait) return next(http);
        var seconds = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds));
        http.Response.Headers[HeaderNames.RetryAfter] = seconds.ToString(CultureInfo.InvariantCulture);
        return Problems.WriteAsync(http, StatusCodes.Status429TooManyRequests, "Too many requests", $"Wait {seconds} s and try again.");
    });
}
