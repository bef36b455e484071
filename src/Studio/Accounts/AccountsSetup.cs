using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Identity;
using Studio.Data;
using Studio.Hosting;

namespace Studio.Accounts;

/// <summary>Sign-in, roles and what each may do.</summary>
internal static class AccountsSetup
{
    /// <summary>Chooses a scheme by the request: the single user, else a token, else the cookie.</summary>
    private const string AnyScheme = "Any";

    /// <summary>As recommended for PBKDF2 with SHA-512.</summary>
    private const int HashRounds = 210_000;

    /// <summary>Accounts, tokens and share links without the web: what the command line needs, too.</summary>
    public static IServiceCollection AddAccountServices(this IServiceCollection services)
    {
        _ = services.AddIdentityCore<StudioUser>(o => o.Password = new() { RequireDigit = false, RequireLowercase = false, RequireUppercase = false, RequireNonAlphanumeric = false, RequiredLength = 1 })
            .AddEntityFrameworkStores<StudioDb>().AddPasswordValidator<PasswordRules>();
        _ = services.Configure<PasswordHasherOptions>(o => o.IterationCount = HashRounds);
        // Without state; UserManager asks for it as a scoped service, the sign-in as a singleton.
        _ = services.AddSingleton<IPasswordHasher<StudioUser>, PasswordHasher<StudioUser>>();
        return services.AddSingleton<SetupCode>().AddSingleton<AccountStates>().AddSingleton<OwnedThings>().AddSingleton<AccountService>()
            .AddSingleton<SignInService>().AddSingleton<TokenService>().AddSingleton<ShareService>();
    }

    public static IServiceCollection AddAccounts(this IServiceCollection services, StudioOptions options, StudioFolders folders)
    {
        // Without kept keys every restart would sign everyone out.
        _ = services.AddDataProtection().SetApplicationName("studio").PersistKeysToFileSystem(new(folders.Keys));
        _ = services.AddAccountServices().AddSingleton<Sessions>();
        _ = services.AddAuthentication(AnyScheme)
            .AddPolicyScheme(AnyScheme, null, o => o.ForwardDefaultSelector = http =>
                options.SingleUser ? SingleUserHandler.SchemeName : TokenHandler.Handles(http.Request) ? TokenHandler.SchemeName : Sessions.SchemeName)
            .AddScheme<AuthenticationSchemeOptions, SingleUserHandler>(SingleUserHandler.SchemeName, null)
            .AddScheme<AuthenticationSchemeOptions, TokenHandler>(TokenHandler.SchemeName, null)
            .AddCookie(Sessions.SchemeName, o =>
            {
                o.Cookie.Name = "studio";
                o.Cookie.HttpOnly = true;
                o.Cookie.SameSite = SameSiteMode.Lax;
                o.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
                o.ExpireTimeSpan = Sessions.Lifetime;
                o.SlidingExpiration = true;
                o.LoginPath = "/sign-in";
                o.ReturnUrlParameter = "next";
                o.EventsType = typeof(Sessions);
            });
        _ = services.AddAuthorizationBuilder()
            .SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build())
            .AddPolicy(Policies.Read, p => p.RequireAuthenticatedUser())
            .AddPolicy(Policies.Write, p => p.RequireRole(Roles.Admin, Roles.Editor))
            .AddPolicy(Policies.Admin, p => p.RequireRole(Roles.Admin));
        _ = services.AddCascadingAuthenticationState().AddScoped<AuthenticationStateProvider, CircuitAuthentication>();
        return services.AddHostedService<ClosedAccounts>();
    }

    public static IEndpointRouteBuilder MapAccounts(this IEndpointRouteBuilder routes)
    {
        AccountsApi.Map(routes);
        SharedFiles.Map(routes);
        return routes;
    }
}
