namespace Studio.Accounts;

/// <summary>Why something about an account cannot be done.</summary>
public enum AccountProblem
{
    /// <summary>A value cannot be used.</summary>
    Invalid,

    /// <summary>No such account, token or link, or not for the one who asks.</summary>
    NotFound,

    /// <summary>It would contradict what is there: a name that is taken, the last administrator.</summary>
    Conflict,

    /// <summary>The one who asks may not.</summary>
    Refused,
}

/// <summary>A request about accounts, tokens or links that cannot be met; the message says why and what to do.</summary>
public sealed class AccountException(AccountProblem problem, string message) : InvalidOperationException(message)
{
    public AccountProblem Problem => problem;
}
