using System.Linq.Expressions;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Studio.Api;
using Studio.Data;

namespace Studio.Accounts;

/// <summary>
/// Makes accounts and changes them, for pages, API and command line alike. Every change is one writing transaction: what was
/// checked still holds when it is written.
/// </summary>
public sealed class AccountService(IServiceScopeFactory scopes, SetupCode setup, AccountStates states, OwnedThings things, TimeProvider time)
{
    /// <summary>Accounts of one studio.</summary>
    public const int MaxAccounts = 10_000;

    /// <summary>How long an invitation or a reset can be used.</summary>
    public static readonly TimeSpan LinkLifetime = TimeSpan.FromDays(7);

    /// <summary>Once there is an account there always is one: the last administrator cannot be deleted.</summary>
    private volatile bool _any;

    /// <summary>Whether anybody has an account.</summary>
    public async ValueTask<bool> AnyAsync(CancellationToken ct = default) =>
        _any || (_any = await ReadAsync(db => db.Users.AnyAsync(ct)));

    /// <summary>Makes the first administrator, who also gets what was made before there were accounts.</summary>
    /// <param name="code">The set-up code.</param>
    /// <exception cref="RequestException">The code is wrong, there are accounts already, or a value cannot be used.</exception>
    public async Task<AccountState> CreateFirstAsync(string? code, NewAccount account, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(account);
        if (!await setup.MatchesAsync(code, ct)) throw RequestException.Forbidden("That is not the set-up code. It stands where the studio was started, in the line that names it; a restart prints a new one.");
        var user = await WriteAsync(async (db, users) =>
        {
            if (await db.Users.AnyAsync(ct)) throw RequestException.Conflict("This studio has accounts already: ask one of its administrators for an invitation.");
            var made = await AddAsync(users, account with { Role = Roles.Admin }, account.Password ?? "");
            made.LastSignInAt = time.GetUtcNow();
            await OwnedThings.AssignAllAsync(db, SingleUserHandler.UserId, made.Id, ct);
            return made;
        }, ct);
        setup.Expire();
        return new(user.Id, user.DisplayName, user.Role, user.SecurityStamp!, IsOpen: true);
    }

    /// <summary>Makes an account with a password, or invites somebody by a one-time link.</summary>
    /// <exception cref="RequestException">A value cannot be used, or the name is taken.</exception>
    public async Task<AccountWithLink> CreateAsync(NewAccount account, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(account);
        string? secret = null;
        var user = await WriteAsync(async (db, users) =>
        {
            if (await db.Users.CountAsync(ct) >= MaxAccounts) throw RequestException.Conflict($"This studio has {MaxAccounts} accounts, its limit: delete one first.");
            var made = await AddAsync(users, account, account.Password);
            if (account.Password is null) secret = NewLink(made);
            return made;
        }, ct);
        return new(View(user), secret is null ? null : JoinPath(secret));
    }

    /// <param name="search">Part of a name; null finds all.</param>
    /// <param name="page">From 1.</param>
    public async Task<Paged<AccountView>> ListAsync(string? search = null, int page = 1, int size = Paging.DefaultSize, CancellationToken ct = default)
    {
        var (skip, take) = Paging.Check(page, size);
        return await ReadAsync(async db =>
        {
            var found = db.Users.AsNoTracking();
            if (search?.Trim() is { Length: > 0 } part)
            {
                var pattern = "%" + string.Concat(part.Select(c => c is '%' or '_' or '!' ? $"!{c}" : $"{c}")) + "%";
                found = found.Where(u => EF.Functions.Like(u.UserName, pattern, "!") || EF.Functions.Like(u.DisplayName, pattern, "!"));
            }

            var total = await found.CountAsync(ct);
            var users = await found.OrderBy(u => u.NormalizedUserName).Skip(skip).Take(take).ToListAsync(ct);
            return new Paged<AccountView>([.. users.Select(View)], total, page, size);
        });
    }

    /// <param name="nameOrId">Null when there is none.</param>
    public Task<AccountView?> FindAsync(string nameOrId, CancellationToken ct = default) => ReadAsync(async db =>
    {
        var normalized = nameOrId.Trim().ToUpperInvariant();
        var user = await db.Users.AsNoTracking().FirstOrDefaultAsync(u => u.Id == nameOrId || u.NormalizedUserName == normalized, ct);
        return user is null ? null : View(user);
    });

    /// <exception cref="RequestException">No such account or role, or it is the last administrator.</exception>
    public Task<AccountView> SetRoleAsync(string id, string role, CancellationToken ct = default) => ChangeAsync(id, async (db, user) =>
    {
        role = AccountRules.Role(role);
        if (role != Roles.Admin) await KeepAnAdministratorAsync(db, user, ct);
        user.Role = role;
    }, ct);

    /// <summary>Closes or opens an account. A closed one is signed out everywhere; its tokens and share links rest.</summary>
    /// <exception cref="RequestException">No such account, or it is the last administrator.</exception>
    public Task<AccountView> SetDisabledAsync(string id, bool disabled, CancellationToken ct = default) => ChangeAsync(id, async (db, user) =>
    {
        if (disabled) await KeepAnAdministratorAsync(db, user, ct);
        user.DisabledAt = disabled ? user.DisabledAt ?? time.GetUtcNow() : null;
        // Opening an account again must not bring back the sessions it had.
        user.SecurityStamp = Secrets.New();
    }, ct);

    /// <exception cref="RequestException">No such account, or the name is too long.</exception>
    public Task<AccountView> SetDisplayNameAsync(string id, string? displayName, CancellationToken ct = default) => ChangeAsync(id, (_, user) =>
    {
        user.DisplayName = AccountRules.DisplayName(displayName, user.UserName!);
        return Task.CompletedTask;
    }, ct);

    /// <summary>Makes a one-time link with which the person chooses a new password; sessions end, the old password no longer works.</summary>
    /// <exception cref="RequestException">No such account, or it is closed.</exception>
    public async Task<AccountWithLink> ResetAsync(string id, CancellationToken ct = default)
    {
        string? secret = null;
        var account = await ChangeAsync(id, (_, user) =>
        {
            if (user.DisabledAt is not null) throw RequestException.Conflict($"The account '{user.UserName}' is closed: open it first.");
            (user.PasswordHash, user.SecurityStamp, user.LockoutEnd, user.AccessFailedCount) = (null, Secrets.New(), null, 0);
            secret = NewLink(user);
            return Task.CompletedTask;
        }, ct);
        return new(account, JoinPath(secret!));
    }

    /// <exception cref="RequestException">The present password is wrong or the new one cannot be used.</exception>
    public async Task<AccountState> ChangePasswordAsync(string id, string? present, string? password, CancellationToken ct = default)
    {
        var user = await WriteAsync(async (_, users) =>
        {
            var user = await users.FindByIdAsync(id) ?? throw NotFound(id);
            if (!await users.CheckPasswordAsync(user, present ?? "")) throw RequestException.Forbidden("That is not the present password. Nothing was changed.");
            await SetPasswordAsync(users, user, password ?? "");
            return user;
        }, ct);
        states.Forget(id);
        return new(user.Id, user.DisplayName, user.Role, user.SecurityStamp!, IsOpen: true);
    }

    /// <summary>Whose one-time link this is; null where it is used, expired, or of a closed account.</summary>
    public Task<AccountView?> FindLinkAsync(string? secret, CancellationToken ct = default) => ReadAsync(async db =>
        Secrets.HasForm(secret) && await db.Users.AsNoTracking().FirstOrDefaultAsync(LinkWorks(secret!), ct) is { } user ? View(user) : null);

    /// <summary>Uses a one-time link: chooses the password, and the person is signed in.</summary>
    /// <exception cref="RequestException">The link does not work, or the password cannot be used.</exception>
    public async Task<AccountState> RedeemLinkAsync(string? secret, string? password, string? displayName = null, CancellationToken ct = default)
    {
        var user = await WriteAsync(async (db, users) =>
        {
            var user = (Secrets.HasForm(secret) ? await db.Users.FirstOrDefaultAsync(LinkWorks(secret!), ct) : null)
                ?? throw RequestException.Conflict("This link does not work: it was used, replaced or has expired. Ask an administrator of this studio for a new one.");
            if (displayName is not null) user.DisplayName = AccountRules.DisplayName(displayName, user.UserName!);
            (user.LinkHash, user.LinkExpiresAt, user.LastSignInAt) = (null, null, time.GetUtcNow());
            await SetPasswordAsync(users, user, password ?? "");
            return user;
        }, ct);
        states.Forget(user.Id);
        return new(user.Id, user.DisplayName, user.Role, user.SecurityStamp!, IsOpen: true);
    }

    /// <exception cref="RequestException">No such account.</exception>
    public async Task<AccountThings> ThingsAsync(string id, CancellationToken ct = default)
    {
        _ = await FindAsync(id, ct) ?? throw NotFound(id);
        return await things.CountAsync(id, ct);
    }

    /// <summary>Deletes an account. Its videos and conversations go to another account, or are deleted with it; its tokens and share links end.</summary>
    /// <param name="heir">Who gets its things; null deletes them.</param>
    /// <exception cref="RequestException">No such account, it is the last administrator, or it would inherit from itself.</exception>
    public async Task DeleteAsync(string id, string? heir, CancellationToken ct = default)
    {
        if (heir == id) throw RequestException.Invalid("An account cannot inherit its own things: name another one, or delete them.");
        if (heir is not null && await FindAsync(heir, ct) is null) throw NotFound(heir);
        // Closed first: nothing new is made while its things are moved.
        _ = await SetDisabledAsync(id, disabled: true, ct);
        if (heir is null) await things.DeleteAsync(id, ct);
        else await things.HandOverAsync(id, heir, ct);
        _ = await WriteAsync(async (db, _) => await db.Users.Where(u => u.Id == id).ExecuteDeleteAsync(ct), ct);
        states.Forget(id);
    }

    /// <summary>Where a one-time link points to, below the studio's address.</summary>
    public static string JoinPath(string secret) => $"join/{secret}";

    internal static RequestException NotFound(string id) => RequestException.NotFound("account", AccountRules.Shorten(id));

    private static AccountView View(StudioUser user) => new(
        user.Id, user.UserName!, user.DisplayName, user.Role,
        user.DisabledAt is not null ? AccountStatus.Disabled : user.PasswordHash is null ? AccountStatus.Invited : AccountStatus.Active,
        user.CreatedAt, user.LastSignInAt, user.LinkExpiresAt);

    private static async Task KeepAnAdministratorAsync(StudioDb db, StudioUser user, CancellationToken ct)
    {
        if (user.Role != Roles.Admin || user.DisabledAt is not null) return;
        if (!await db.Users.AnyAsync(u => u.Id != user.Id && u.Role == Roles.Admin && u.DisabledAt == null && u.PasswordHash != null, ct))
            throw RequestException.Conflict($"'{user.UserName}' is the only administrator who can sign in: make somebody else one first.");
    }

    private static async Task SetPasswordAsync(UserManager<StudioUser> users, StudioUser user, string password)
    {
        foreach (var rule in users.PasswordValidators) Check(await rule.ValidateAsync(users, user, password));
        user.PasswordHash = users.PasswordHasher.HashPassword(user, password);
        (user.SecurityStamp, user.LockoutEnd, user.AccessFailedCount) = (Secrets.New(), null, 0);
        Check(await users.UpdateAsync(user));
    }

    private static void Check(IdentityResult result)
    {
        if (result.Succeeded) return;
        var taken = result.Errors.Any(e => e.Code == nameof(IdentityErrorDescriber.DuplicateUserName));
        var text = string.Join(" ", result.Errors.Select(e => e.Description));
        throw taken ? RequestException.Conflict(text) : RequestException.Invalid(text);
    }

    private async Task<StudioUser> AddAsync(UserManager<StudioUser> users, NewAccount account, string? password)
    {
        var name = AccountRules.Name(account.Name);
        var user = new StudioUser
        {
            Id = Ids.New(time),
            UserName = name,
            DisplayName = AccountRules.DisplayName(account.DisplayName, name),
            Role = AccountRules.Role(account.Role ?? Roles.Viewer),
            CreatedAt = time.GetUtcNow(),
        };
        Check(password is null ? await users.CreateAsync(user) : await users.CreateAsync(user, password));
        return user;
    }

    private string NewLink(StudioUser user)
    {
        var secret = Secrets.New();
        (user.LinkHash, user.LinkExpiresAt) = (Secrets.Hash(secret), time.GetUtcNow() + LinkLifetime);
        return secret;
    }

    private Expression<Func<StudioUser, bool>> LinkWorks(string secret)
    {
        var (hash, now) = (Secrets.Hash(secret), time.GetUtcNow());
        return u => u.LinkHash == hash && u.LinkExpiresAt > now && u.DisabledAt == null;
    }

    private async Task<AccountView> ChangeAsync(string id, Func<StudioDb, StudioUser, Task> change, CancellationToken ct)
    {
        var user = await WriteAsync(async (db, _) =>
        {
            var found = await db.Users.FirstOrDefaultAsync(u => u.Id == id, ct) ?? throw NotFound(id);
            await change(db, found);
            return found;
        }, ct);
        states.Forget(id);
        return View(user);
    }

    private async Task<T> ReadAsync<T>(Func<StudioDb, Task<T>> work)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await work(scope.ServiceProvider.GetRequiredService<StudioDb>());
    }

    private async Task<T> WriteAsync<T>(Func<StudioDb, UserManager<StudioUser>, Task<T>> work, CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<StudioDb>();
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var result = await work(db, scope.ServiceProvider.GetRequiredService<UserManager<StudioUser>>());
        _ = await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return result;
    }
}
