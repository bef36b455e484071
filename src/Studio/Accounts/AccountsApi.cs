using Microsoft.AspNetCore.Http.HttpResults;
using Studio.Api;
using Studio.Data;
using Studio.Hosting;

namespace Studio.Accounts;

/// <param name="Role">admin, editor or viewer.</param>
/// <param name="SingleUser">Whether the studio runs without sign-in.</param>
public sealed record WhoAmI(string Id, string Name, string Role, bool SingleUser);

/// <summary>What to change of an account; what is left out stays.</summary>
public sealed record AccountChange(string? Role = null, bool? Disabled = null, string? DisplayName = null);

/// <param name="Name">What will use the token.</param>
public sealed record TokenRequest(string Name);

/// <param name="Target">conversation or video.</param>
public sealed record ShareRequest(ShareTarget Target, string Id);

/// <summary>Accounts, tokens and share links over HTTP.</summary>
internal static class AccountsApi
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api/v1");
        _ = api.MapGet("/me", (HttpContext http, StudioOptions options) => Describe(Who(http), options))
            .RequireAuthorization(Policies.Read).WithName("getMe").WithSummary("Who asks").WithTags("Accounts");
        MapAccounts(api.MapGroup("/accounts").RequireAuthorization(Policies.Admin).WithTags("Accounts"));
        MapTokens(api.MapGroup("/tokens").RequireAuthorization(Policies.Read).WithTags("Tokens"));
        MapShares(api.MapGroup("/shares").RequireAuthorization(Policies.Write).WithTags("Share links"));
    }

    private static void MapAccounts(RouteGroupBuilder accounts)
    {
        _ = accounts.MapGet("/", (AccountService service, CancellationToken ct, string? q = null, int page = 1, int size = 50) => service.ListAsync(q, page, size, ct))
            .WithName("listAccounts").WithSummary("Accounts by name");
        _ = accounts.MapPost("/", async Task<Created<AccountWithLink>> (NewAccount account, AccountService service, CancellationToken ct) =>
        {
            var made = await service.CreateAsync(account, ct);
            return TypedResults.Created($"/api/v1/accounts/{made.Account.Id}", made);
        }).WithName("createAccount").WithSummary("Makes an account; without a password it is an invitation with a one-time link");
        _ = accounts.MapGet("/{id}", async (string id, AccountService service, CancellationToken ct) => await service.FindAsync(id, ct) ?? throw AccountService.NotFound(id))
            .WithName("getAccount").WithSummary("One account, by id or name");
        _ = accounts.MapPatch("/{id}", ChangeAsync).WithName("changeAccount").WithSummary("Changes role or display name, closes or opens");
        _ = accounts.MapPost("/{id}/reset", (string id, AccountService service, CancellationToken ct) => service.ResetAsync(id, ct))
            .WithName("resetAccount").WithSummary("Ends the password and makes a one-time link for a new one");
        _ = accounts.MapGet("/{id}/things", (string id, AccountService service, CancellationToken ct) => service.ThingsAsync(id, ct))
            .WithName("getAccountThings").WithSummary("What belongs to an account");
        _ = accounts.MapDelete("/{id}", async Task<NoContent> (string id, AccountService service, CancellationToken ct, string? heir = null, bool deleteThings = false) =>
        {
            if (heir is null != deleteThings) throw RequestException.Invalid("Say what becomes of the account's videos and conversations: either heir=ID of the account that gets them, or deleteThings=true.");
            await service.DeleteAsync(id, heir, ct);
            return TypedResults.NoContent();
        }).WithName("deleteAccount").WithSummary("Deletes an account; its things go to an heir or are deleted");
    }

    private static void MapTokens(RouteGroupBuilder tokens)
    {
        _ = tokens.MapGet("/", (HttpContext http, TokenService service, CancellationToken ct) => service.ListAsync(Who(http).Id, ct))
            .WithName("listTokens").WithSummary("Own tokens, newest first");
        _ = tokens.MapPost("/", async Task<Created<NewToken>> (TokenRequest request, HttpContext http, TokenService service, StudioOptions options, CancellationToken ct) =>
        {
            if (options.SingleUser) throw RequestException.Conflict("This studio runs without sign-in: clients need no token, and any bearer key is accepted.");
            // Or a token that leaked could outlive its own revocation.
            if (http.User.HasClaim(c => c.Type == TokenHandler.TokenClaim)) throw RequestException.Forbidden("A token cannot make tokens: sign in with a browser, or use the command line on the server.");
            var made = await service.CreateAsync(Who(http).Id, request.Name, ct);
            return TypedResults.Created($"/api/v1/tokens/{made.Token.Id}", made);
        }).WithName("createToken").WithSummary("Makes a token; its secret is in this answer only");
        _ = tokens.MapDelete("/{id}", async Task<NoContent> (string id, HttpContext http, TokenService service, CancellationToken ct) =>
        {
            await service.RevokeAsync(Who(http).Id, id, ct);
            return TypedResults.NoContent();
        }).WithName("revokeToken").WithSummary("Ends a token at once");
    }

    private static void MapShares(RouteGroupBuilder shares)
    {
        _ = shares.MapGet("/", (HttpContext http, ShareService service, CancellationToken ct, int page = 1, int size = 50) => service.ListOwnAsync(Who(http), page, size, ct))
            .WithName("listShares").WithSummary("Own share links, newest first");
        _ = shares.MapPost("/", async Task<Created<NewShare>> (ShareRequest request, HttpContext http, ShareService service, CancellationToken ct) =>
        {
            var made = await service.CreateAsync(Who(http), request.Target, request.Id, ct);
            return TypedResults.Created($"/api/v1/shares/{made.Share.Id}", made);
        }).WithName("createShare").WithSummary("Makes a link that anyone may read; its path is in this answer only");
        _ = shares.MapDelete("/{id}", async Task<NoContent> (string id, HttpContext http, ShareService service, CancellationToken ct) =>
        {
            await service.RevokeAsync(Who(http), id, ct);
            return TypedResults.NoContent();
        }).WithName("revokeShare").WithSummary("Ends a share link at once");
    }

    private static async Task<AccountView> ChangeAsync(string id, AccountChange change, AccountService service, CancellationToken ct)
    {
        var account = await service.FindAsync(id, ct) ?? throw AccountService.NotFound(id);
        if (change.Role is { } role) account = await service.SetRoleAsync(account.Id, role, ct);
        if (change.DisplayName is { } name) account = await service.SetDisplayNameAsync(account.Id, name, ct);
        if (change.Disabled is { } disabled) account = await service.SetDisabledAsync(account.Id, disabled, ct);
        return account;
    }

    private static WhoAmI Describe(CurrentUser user, StudioOptions options) => new(user.Id, user.Name, user.Role, options.SingleUser);

    private static CurrentUser Who(HttpContext http) => CurrentUser.From(http.User);
}
