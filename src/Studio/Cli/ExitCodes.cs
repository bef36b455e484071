namespace Studio.Cli;

/// <summary>What the process returns. Stable: scripts rely on them.</summary>
internal static class ExitCodes
{
    public const int Ok = 0;

    /// <summary>The command line itself is wrong.</summary>
    public const int Usage = 1;

    /// <summary>A file, model or setting cannot be used; the message says why.</summary>
    public const int BadInput = 2;

    /// <summary>A check that was asked for did not pass (verify, doctor, models verify), or no sample of an evaluation could be scored.</summary>
    public const int CheckFailed = 3;

    /// <summary>A failure that is ours.</summary>
    public const int Internal = 70;

    /// <summary>Interrupted.</summary>
    public const int Cancelled = 130;
}
