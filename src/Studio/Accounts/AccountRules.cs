using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Identity;
using Studio.Api;
using Studio.Data;

namespace Studio.Accounts;

/// <summary>What names and passwords must be like.</summary>
public static partial class AccountRules
{
    public const int MaxNameLength = 64;

    public const int MaxDisplayNameLength = 80;

    public const int MinPasswordLength = 10;

    /// <summary>Hashing takes longer with the length; nobody types more.</summary>
    public const int MaxPasswordLength = 256;

    /// <exception cref="RequestException">It is no name for an account.</exception>
    public static string Name(string? name)
    {
        name = name?.Trim() ?? "";
        return NamePattern().IsMatch(name) ? name : throw RequestException.Invalid($"'{Shorten(name)}' is no name for an account: use 2 to {MaxNameLength} letters, digits, '.', '_', '-', '+' or '@', beginning with a letter or digit.");
    }

    /// <summary>The text without what would break a line, or the account's name where there is none.</summary>
    /// <exception cref="RequestException">It is too long.</exception>
    public static string DisplayName(string? text, string name)
    {
        text = string.Concat((text ?? "").Where(c => !char.IsControl(c))).Trim();
        if (text.Length > MaxDisplayNameLength) throw RequestException.Invalid($"A display name has at most {MaxDisplayNameLength} characters; this one has {text.Length}.");
        return text.Length == 0 ? name : text;
    }

    /// <exception cref="RequestException">There is no such role.</exception>
    public static string Role(string? role) => Roles.All.Contains(role ?? "") ? role! : throw RequestException.Invalid($"'{Shorten(role ?? "")}' is no role: use {string.Join(", ", Roles.All)}.");

    internal static string Shorten(string text) => text.Length <= 80 ? text : text[..80] + "…";

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._+@-]{1,63}\z")]
    private static partial Regex NamePattern();
}

/// <summary>Length is what makes a password strong; only the worst habits are refused besides.</summary>
internal sealed class PasswordRules : IPasswordValidator<StudioUser>
{
    private const int MinDifferent = 4;

    public Task<IdentityResult> ValidateAsync(UserManager<StudioUser> manager, StudioUser user, string? password)
    {
        password ??= "";
        var problem =
            password.Length < AccountRules.MinPasswordLength ? $"A password needs at least {AccountRules.MinPasswordLength} characters; this one has {password.Length}. Three or four words make a good one."
            : password.Length > AccountRules.MaxPasswordLength ? $"A password has at most {AccountRules.MaxPasswordLength} characters; this one has {password.Length}."
            : password.Distinct().Count() < MinDifferent ? $"A password needs at least {MinDifferent} different characters."
            : user.UserName is { Length: >= 4 } name && password.Contains(name, StringComparison.OrdinalIgnoreCase) ? "A password must not contain the account's name."
            : null;
        return Task.FromResult(problem is null ? IdentityResult.Success : IdentityResult.Failed(new IdentityError { Code = "Password", Description = problem }));
    }
}
