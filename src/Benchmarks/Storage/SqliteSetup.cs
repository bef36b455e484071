using System.Data.Common;
using System.Globalization;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Studio.Benchmarks.Storage;

/// <summary>How SQLite files are opened.</summary>
public static class SqliteSetup
{
    /// <summary>Seconds that a statement waits for the writer before it fails.</summary>
    private const int DefaultPatience = 30;

    public static string ConnectionString(string file, int patience = DefaultPatience) =>
        new SqliteConnectionStringBuilder { DataSource = file, ForeignKeys = true, DefaultTimeout = patience }.ToString();

    /// <param name="patience">Seconds that a statement waits for the writer before it fails.</param>
    public static DbContextOptionsBuilder UseStudioSqlite(this DbContextOptionsBuilder options, string file, int patience = DefaultPatience)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.UseSqlite(ConnectionString(file, patience)).AddInterceptors(new Pragmas(patience));
    }

    /// <summary>Readers never wait for the writer, and the writer waits its turn instead of failing.</summary>
    private sealed class Pragmas(int patience) : DbConnectionInterceptor
    {
        private readonly string _text = string.Create(CultureInfo.InvariantCulture, $"PRAGMA busy_timeout={patience * 1000}; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;");

        public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData)
        {
            ArgumentNullException.ThrowIfNull(connection);
            using var command = connection.CreateCommand();
            command.CommandText = _text;
            _ = command.ExecuteNonQuery();
        }

        public override async Task ConnectionOpenedAsync(DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
        {
            ArgumentNullException.ThrowIfNull(connection);
            var command = connection.CreateCommand();
            await using (command.ConfigureAwait(false))
            {
                command.CommandText = _text;
                _ = await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
