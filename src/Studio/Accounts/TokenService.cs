using Microsoft.EntityFrameworkCore;
using Studio.Api;
using Studio.Data;

namespace Studio.Accounts;

/// <param name="LastUsedAt">To the minute.</param>
public sealed record TokenView(string Id, string Name, DateTimeOffset CreatedAt, DateTimeOffset? LastUsedAt);

/// <param name="Secret">The token; it is shown this once.</param>
public sealed record NewToken(TokenView Token, string Secret);

/// <summary>Bearer tokens with which programs act as the account that made them.</summary>
public sealed class TokenService(IDbContextFactory<StudioDb> databases, AccountStates states, TimeProvider time)
{
    /// <summary>What every token begins with, so that people and scanners know one when they see it.</summary>
    public const string Prefix = "studio_";

    /// <summary>Tokens of one account.</summary>
    public const int MaxPerOwner = 50;

    public const int MaxNameLength = 80;

    /// <summary>How exactly the last use is kept: writing at every request would cost more than the request.</summary>
    public static readonly TimeSpan UseResolution = TimeSpan.FromMinutes(1);

    /// <exception cref="RequestException">The name cannot be used, or there are too many.</exception>
    public async Task<NewToken> CreateAsync(string owner, string? name, CancellationToken ct = default)
    {
        name = string.Concat((name ?? "").Where(c => !char.IsControl(c))).Trim();
        if (name.Length is 0 or > MaxNameLength) throw RequestException.Invalid($"Give the token a name of 1 to {MaxNameLength} characters that says what uses it; this one has {name.Length}.");
        await using var db = await databases.CreateDbContextAsync(ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct); // a writing one: nobody else counts meanwhile
        if (await db.ApiTokens.CountAsync(t => t.OwnerId == owner, ct) >= MaxPerOwner) throw RequestException.Conflict($"There are {MaxPerOwner} tokens, the limit of an account: revoke one first.");
        var secret = Prefix + Secrets.New();
        var token = new ApiToken { Id = Ids.New(time), OwnerId = owner, Name = name, SecretHash = Secrets.Hash(secret), CreatedAt = time.GetUtcNow() };
        _ = db.ApiTokens.Add(token);
        _ = await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return new(View(token), secret);
    }

    /// <summary>Newest first; at most <see cref="MaxPerOwner"/>.</summary>
    public async Task<IReadOnlyList<TokenView>> ListAsync(string owner, CancellationToken ct = default)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        return await db.ApiTokens.Where(t => t.OwnerId == owner).OrderByDescending(t => t.CreatedAt)
            .Select(t => new TokenView(t.Id, t.Name, t.CreatedAt, t.LastUsedAt)).ToListAsync(ct);
    }

    /// <exception cref="RequestException">The owner has no such token.</exception>
    public async Task RevokeAsync(string owner, string id, CancellationToken ct = default)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        if (await db.ApiTokens.Where(t => t.OwnerId == owner && t.Id == id).ExecuteDeleteAsync(ct) == 0)
            throw RequestException.NotFound("token", AccountRules.Shorten(id));
    }

    /// <summary>Whose token this is; null where it is none, was revoked, or its owner's account is closed.</summary>
    public async Task<(AccountState Owner, string TokenId)?> FindAsync(string secret, CancellationToken ct = default)
    {
        if (!secret.StartsWith(Prefix, StringComparison.Ordinal) || !Secrets.HasForm(secret[Prefix.Length..])) return null;
        await using var db = await databases.CreateDbContextAsync(ct);
        var hash = Secrets.Hash(secret);
        var token = await db.ApiTokens.AsNoTracking().FirstOrDefaultAsync(t => t.SecretHash == hash, ct);
        if (token is null || !Secrets.Matches(secret, token.SecretHash)) return null;
        if (await states.GetAsync(token.OwnerId, ct) is not { IsOpen: true } owner) return null;
        var now = time.GetUtcNow();
        if (token.LastUsedAt is null || now - token.LastUsedAt >= UseResolution)
            _ = await db.ApiTokens.Where(t => t.Id == token.Id).ExecuteUpdateAsync(s => s.SetProperty(t => t.LastUsedAt, now), ct);
        return (owner, token.Id);
    }

    private static TokenView View(ApiToken token) => new(token.Id, token.Name, token.CreatedAt, token.LastUsedAt);
}
