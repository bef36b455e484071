namespace Studio.Accounts;

/// <summary>What an account is good for at the moment.</summary>
public enum AccountStatus
{
    /// <summary>Can sign in.</summary>
    Active,

    /// <summary>Has no password yet; its link chooses one.</summary>
    Invited,

    /// <summary>Closed by an administrator.</summary>
    Disabled,
}

/// <summary>An account as administrators see it.</summary>
/// <param name="Name">What it signs in with.</param>
/// <param name="LinkExpiresAt">Until when its one-time link works; null where there is none.</param>
public sealed record AccountView(
    string Id, string Name, string DisplayName, string Role, AccountStatus Status, DateTimeOffset CreatedAt, DateTimeOffset? LastSignInAt, DateTimeOffset? LinkExpiresAt);

/// <summary>An account to be made.</summary>
/// <param name="Password">Null: the person chooses it through a one-time link.</param>
public sealed record NewAccount(string Name, string? DisplayName = null, string? Role = null, string? Password = null);

/// <summary>An account that was made or reset.</summary>
/// <param name="Link">Path of its one-time link, shown once; null where a password was given.</param>
public sealed record AccountWithLink(AccountView Account, string? Link);

/// <summary>What belongs to an account.</summary>
/// <param name="Bytes">Of its videos and images.</param>
public sealed record AccountThings(int Videos, long Bytes, int Conversations, int ShareLinks, int Tokens)
{
    public bool Any => Videos > 0 || Conversations > 0;
}
