using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Studio.Data;

namespace Studio.Accounts;

/// <summary>
/// Checks a name and a password. Every refusal is the same and costs the same one hash, so that neither text nor time tells
/// whether a name exists, is closed or is locked.
/// </summary>
public sealed class SignInService(IServiceScopeFactory scopes, IPasswordHasher<StudioUser> hasher, TimeProvider time)
{
    /// <summary>Wrong passwords in a row that lock an account for <see cref="LockTime"/>.</summary>
    public const int MaxFailures = 5;

    public static readonly TimeSpan LockTime = TimeSpan.FromMinutes(5);

    /// <summary>What every refusal says.</summary>
    public const string Refusal = "That name and password do not match. Check both. After five wrong passwords in a row an account stays locked for five minutes; an administrator can give you a link to choose a new password.";

    private const int Gates = 64;

    /// <summary>Attempts on one account go one by one: at once, they could all be counted as the first.</summary>
    private readonly SemaphoreSlim[] _gates = [.. Enumerable.Range(0, Gates).Select(_ => new SemaphoreSlim(1))];

    private readonly Lazy<string> _nobody = new(() => hasher.HashPassword(new(), Secrets.New()));

    /// <summary>The account, or null where it is refused.</summary>
    public async Task<AccountState?> CheckAsync(string? name, string? password, CancellationToken ct = default)
    {
        if (string.IsNullOrWhiteSpace(name) || name.Length > AccountRules.MaxNameLength || string.IsNullOrEmpty(password) || password.Length > AccountRules.MaxPasswordLength) return null;
        await using var scope = scopes.CreateAsyncScope();
        var users = scope.ServiceProvider.GetRequiredService<UserManager<StudioUser>>();
        var normalized = users.NormalizeName(name.Trim());
        var gate = _gates[(uint)string.GetHashCode(normalized, StringComparison.Ordinal) % Gates];
        await gate.WaitAsync(ct);
        try
        {
            return await CheckAsync(users, normalized, password);
        }
        finally
        {
            _ = gate.Release();
        }
    }

    private async Task<AccountState?> CheckAsync(UserManager<StudioUser> users, string normalized, string password)
    {
        var now = time.GetUtcNow();
        // Not cancelled by a closed connection: an attempt that began counts.
        var user = await users.Users.FirstOrDefaultAsync(u => u.NormalizedUserName == normalized, CancellationToken.None);
        if (user?.PasswordHash is null || user.DisabledAt is not null || user.LockoutEnd > now)
        {
            _ = hasher.VerifyHashedPassword(new(), _nobody.Value, password);
            return null;
        }

        var right = await users.CheckPasswordAsync(user, password);
        if (right)
        {
            (user.AccessFailedCount, user.LockoutEnd, user.LastSignInAt) = (0, null, now);
        }
        else if (++user.AccessFailedCount >= MaxFailures)
        {
            (user.AccessFailedCount, user.LockoutEnd) = (0, now + LockTime);
        }

        _ = await users.UpdateAsync(user);
        return right ? new(user.Id, user.DisplayName, user.Role, user.SecurityStamp!, IsOpen: true) : null;
    }
}
