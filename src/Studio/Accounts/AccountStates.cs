using System.Collections.Concurrent;
using System.Security.Claims;
using Microsoft.EntityFrameworkCore;
using Studio.Data;

namespace Studio.Accounts;

/// <summary>What a session needs to know about its account at each request.</summary>
/// <param name="Stamp">Changes with the password: sessions that carry another one are over.</param>
public sealed record AccountState(string Id, string DisplayName, string Role, string Stamp, bool IsOpen)
{
    public const string StampClaim = "stamp";

    /// <summary>Who this account is for the rest of the studio.</summary>
    public ClaimsPrincipal Principal(string scheme, params ReadOnlySpan<Claim> more) => new(new ClaimsIdentity(
        [new(ClaimTypes.NameIdentifier, Id), new(ClaimTypes.Name, DisplayName), new(ClaimTypes.Role, Role), new(StampClaim, Stamp), .. more], scheme));

    /// <summary>Whether a session begun with these claims goes on.</summary>
    public bool Continues(ClaimsPrincipal principal) => IsOpen && principal.FindFirstValue(StampClaim) == Stamp;

    /// <summary>Whether the claims still say what the account is.</summary>
    public bool Agrees(ClaimsPrincipal principal) => principal.IsInRole(Role) && principal.Identity?.Name == DisplayName;
}

/// <summary>
/// The states of accounts, read at most every <see cref="Lifetime"/>: a closed account or a changed role counts at once where
/// it was changed through this process, and soon where another one (the command line) changed it.
/// </summary>
public sealed class AccountStates(IDbContextFactory<StudioDb> databases, TimeProvider time)
{
    /// <summary>Accounts remembered; one more and all are read anew.</summary>
    public const int Capacity = 1024;

    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, (AccountState? State, DateTimeOffset ReadAt)> _known = new(StringComparer.Ordinal);

    /// <summary>An account with this id was changed through this process.</summary>
    public event Action<string>? Changed;

    /// <summary>How many are remembered.</summary>
    public int Count => _known.Count;

    /// <summary>Null when there is no such account.</summary>
    public async ValueTask<AccountState?> GetAsync(string id, CancellationToken ct = default)
    {
        var now = time.GetUtcNow();
        if (_known.TryGetValue(id, out var known) && now - known.ReadAt < Lifetime) return known.State;
        await using var db = await databases.CreateDbContextAsync(ct);
        var state = await db.Users.Where(u => u.Id == id)
            .Select(u => new AccountState(u.Id, u.DisplayName, u.Role, u.SecurityStamp!, u.DisabledAt == null)).FirstOrDefaultAsync(ct);
        if (_known.Count >= Capacity && !_known.ContainsKey(id)) _known.Clear();
        _known[id] = (state, now);
        return state;
    }

    /// <summary>Reads this account anew from now on, and tells its open pages.</summary>
    public void Forget(string id)
    {
        _ = _known.TryRemove(id, out _);
        Changed?.Invoke(id);
    }
}
