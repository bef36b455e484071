using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Studio.Security;

namespace Studio.Accounts;

/// <summary>
/// Without accounts, whoever reaches the server from this machine is its one user. The host name must be this machine's
/// own: a foreign name that resolves here (DNS rebinding) is a web page of somebody else's asking.
/// </summary>
internal sealed class SingleUserHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "SingleUser";

    /// <summary>The one user's id; rows made without accounts belong to it.</summary>
    public const string UserId = "local";

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (!HostGuard.IsThisMachine(Request.Host.Host)) return Task.FromResult(AuthenticateResult.Fail($"host '{Request.Host.Host}' is not this machine"));
        var identity = new ClaimsIdentity(
            [new(ClaimTypes.NameIdentifier, UserId), new(ClaimTypes.Name, "You"), new(ClaimTypes.Role, Roles.Admin)], Scheme.Name);
        return Task.FromResult(AuthenticateResult.Success(new(new(identity), Scheme.Name)));
    }
}
