using System.Security.Claims;

namespace Studio.Accounts;

/// <summary>What an account may do. Each role may also do what the ones below it may.</summary>
public static class Roles
{
    /// <summary>Accounts, models, settings, everybody's things.</summary>
    public const string Admin = "admin";

    /// <summary>Own videos and conversations.</summary>
    public const string Editor = "editor";

    /// <summary>Reads what the team shares.</summary>
    public const string Viewer = "viewer";

    public static IReadOnlyList<string> All { get; } = [Admin, Editor, Viewer];
}

/// <summary>Names of the authorisation policies. Every route without one needs <see cref="Read"/>.</summary>
public static class Policies
{
    /// <summary>Anyone signed in.</summary>
    public const string Read = "read";

    /// <summary>Editors and administrators.</summary>
    public const string Write = "write";

    public const string Admin = "admin";
}

/// <summary>Who asks.</summary>
/// <param name="Id">The account's id.</param>
/// <param name="Name">For people.</param>
/// <param name="Role">One of <see cref="Roles"/>.</param>
public sealed record CurrentUser(string Id, string Name, string Role)
{
    public bool IsAdmin => Role == Roles.Admin;

    public bool CanWrite => Role is Roles.Admin or Roles.Editor;

    /// <exception cref="InvalidOperationException">Nobody is signed in.</exception>
    public static CurrentUser From(ClaimsPrincipal principal) =>
        TryFrom(principal) ?? throw new InvalidOperationException("nobody is signed in");

    /// <summary>Null when nobody is signed in.</summary>
    public static CurrentUser? TryFrom(ClaimsPrincipal? principal)
    {
        if (principal?.Identity?.IsAuthenticated != true || principal.FindFirstValue(ClaimTypes.NameIdentifier) is not { } id) return null;
        var role = principal.IsInRole(Roles.Admin) ? Roles.Admin : principal.IsInRole(Roles.Editor) ? Roles.Editor : Roles.Viewer;
        return new(id, principal.Identity.Name ?? id, role);
    }
}
