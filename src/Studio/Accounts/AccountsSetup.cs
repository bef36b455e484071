using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Identity;
using Studio.Data;
using Studio.Hosting;

namespace Studio.Accounts;

/// <summary>Sign-in, roles and what each may do.</summary>
internal static class AccountsSetup
{
    /// <summary>Chooses a scheme by the request: a token, else the cookie or the single user.</summary>
    private const string AnyScheme = "Any";

    public static IServiceCollection AddAccounts(this IServiceCollection services, StudioOptions options, StudioFolders folders)
    {
        // Without kept keys every restart would sign everyone out.
        _ = services.AddDataProtection().SetApplicationName("studio").PersistKeysToFileSystem(new(folders.Keys));
        _ = services.AddIdentityCore<StudioUser>(o =>
        {
            o.Password.RequiredLength = 10;
            o.Password.RequireDigit = o.Password.RequireUppercase = o.Password.RequireNonAlphanumeric = false;
            o.Lockout.MaxFailedAccessAttempts = 5;
            o.User.RequireUniqueEmail = false;
        }).AddRoles<IdentityRole>().AddEntityFrameworkStores<StudioDb>().AddSignInManager();
        var authentication = services.AddAuthentication(AnyScheme)
            .AddPolicyScheme(AnyScheme, null, o => o.ForwardDefaultSelector = _ => options.SingleUser ? SingleUserHandler.SchemeName : IdentityConstants.ApplicationScheme)
            .AddScheme<AuthenticationSchemeOptions, SingleUserHandler>(SingleUserHandler.SchemeName, null);
        _ = authentication.AddIdentityCookies();
        _ = services.AddAuthorizationBuilder()
            .SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build())
            .AddPolicy(Policies.Read, p => p.RequireAuthenticatedUser())
            .AddPolicy(Policies.Write, p => p.RequireRole(Roles.Admin, Roles.Editor))
            .AddPolicy(Policies.Admin, p => p.RequireRole(Roles.Admin));
        _ = services.AddCascadingAuthenticationState();
        return services;
    }
}
