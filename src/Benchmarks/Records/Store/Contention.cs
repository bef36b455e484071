using System.Data.Common;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Studio.Benchmarks.Records.Store;

/// <summary>What kind of failure a database reports.</summary>
internal static class Contention
{
    private const int Busy = 5, Locked = 6, Constraint = 19, NotADatabase = 26, ForeignKey = 787, PrimaryKey = 1555, Unique = 2067;

    /// <summary>Somebody else was faster or holds a lock: the same again will pass.</summary>
    public static bool IsPassing(Exception e) => Cause(e) switch
    {
        SqliteException { SqliteErrorCode: Busy or Locked } => true,
        PostgresException { SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.TooManyConnections } => true,
        _ => false,
    };

    /// <summary>A row with this key is there.</summary>
    public static bool IsDuplicate(Exception e) => Cause(e) switch
    {
        SqliteException { SqliteErrorCode: Constraint, SqliteExtendedErrorCode: PrimaryKey or Unique } => true,
        PostgresException { SqlState: PostgresErrorCodes.UniqueViolation } => true,
        _ => false,
    };

    /// <summary>The row it belongs to is not there.</summary>
    public static bool IsOrphan(Exception e) => Cause(e) switch
    {
        SqliteException { SqliteErrorCode: Constraint, SqliteExtendedErrorCode: ForeignKey } => true,
        PostgresException { SqlState: PostgresErrorCodes.ForeignKeyViolation } => true,
        _ => false,
    };

    /// <summary>A failure in the user's words; null for one that is not the database's.</summary>
    public static Exception? Explain(Exception e, ResultsTarget target) => Cause(e) switch
    {
        SqliteException { SqliteErrorCode: NotADatabase } => new InvalidDataException($"{target.Shown} is no results database. Name another file with {ResultsTarget.Variable}.", e),
        DbException d when target.IsPostgres => new IOException($"The results database ({target.Shown}) cannot be used: {d.Message} Check {ResultsTarget.Variable} and that the server runs.", e),
        DbException d => new IOException($"The results database ({target.Shown}) cannot be used: {d.Message}", e),
        _ => null,
    };

    private static DbException? Cause(Exception? e)
    {
        for (; e is not null; e = e.InnerException)
        {
            if (e is DbException found) return found;
        }

        return null;
    }
}
