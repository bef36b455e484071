using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Studio.Accounts;

/// <summary><c>Authorization: Bearer studio_…</c>: the account that made the token, with the role it has now.</summary>
internal sealed class TokenHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, TokenService tokens)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "Token";

    /// <summary>Claim with the token's id: who carries it signed in by a token.</summary>
    public const string TokenClaim = "token";

    private const string Bearer = "Bearer ";

    public static bool Handles(HttpRequest request) => request.Headers.Authorization.ToString().StartsWith(Bearer, StringComparison.OrdinalIgnoreCase);

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (!Handles(Request)) return AuthenticateResult.NoResult();
        var secret = Request.Headers.Authorization.ToString()[Bearer.Length..].Trim();
        return await tokens.FindAsync(secret, Context.RequestAborted) is var (owner, id)
            ? AuthenticateResult.Success(new(owner.Principal(SchemeName, new Claim(TokenClaim, id)), SchemeName))
            : AuthenticateResult.Fail("no such token, or it was revoked");
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.StatusCode = StatusCodes.Status401Unauthorized;
        Response.Headers[HeaderNames.WWWAuthenticate] = "Bearer";
        return Task.CompletedTask;
    }
}
