using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Studio.Security;

namespace Studio.Accounts;

/// <summary>Sessions of people in browsers: a cookie each, checked against the account at every request.</summary>
internal sealed class Sessions(AccountStates states, AccountService accounts) : CookieAuthenticationEvents
{
    public const string SchemeName = "Session";

    /// <summary>A session that is used goes on; one that is not ends after this.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(14);

    /// <param name="persistent">Whether it outlives the browser.</param>
    public static Task BeginAsync(HttpContext http, AccountState account, bool persistent) =>
        http.SignInAsync(SchemeName, account.Principal(SchemeName), new() { IsPersistent = persistent });

    public static Task EndAsync(HttpContext http) => http.SignOutAsync(SchemeName);

    public override async Task ValidatePrincipal(CookieValidatePrincipalContext context)
    {
        var id = context.Principal?.FindFirstValue(ClaimTypes.NameIdentifier);
        var state = id is null ? null : await states.GetAsync(id, context.HttpContext.RequestAborted);
        if (state is null || !state.Continues(context.Principal!))
        {
            context.RejectPrincipal();
            await EndAsync(context.HttpContext);
        }
        else if (!state.Agrees(context.Principal!))
        {
            context.ReplacePrincipal(state.Principal(SchemeName));
            context.ShouldRenew = true;
        }
    }

    public override async Task RedirectToLogin(RedirectContext<CookieAuthenticationOptions> context)
    {
        // A person opening a page is led to the sign-in; a program asking for data is told.
        if (!HttpMethods.IsGet(context.Request.Method) || !ErrorPages.WantsPage(context.HttpContext)) context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        else if (await accounts.AnyAsync(context.HttpContext.RequestAborted)) context.Response.Redirect(context.RedirectUri);
        else context.Response.Redirect("/setup");
    }

    public override Task RedirectToAccessDenied(RedirectContext<CookieAuthenticationOptions> context)
    {
        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        return Task.CompletedTask;
    }
}
