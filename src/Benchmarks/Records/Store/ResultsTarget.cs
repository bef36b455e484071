using Npgsql;

namespace Studio.Benchmarks.Records.Store;

/// <summary>Where the results database is: a SQLite file, or a PostgreSQL database that a team shares.</summary>
public sealed record ResultsTarget
{
    /// <summary>Variable that names another one than the file in the data folder.</summary>
    public const string Variable = "STUDIO_RESULTS";

    private ResultsTarget(bool isPostgres, string connection, string shown)
    {
        IsPostgres = isPostgres;
        Connection = connection;
        Shown = shown;
    }

    public bool IsPostgres { get; }

    /// <summary>For people and logs: no password.</summary>
    public string Shown { get; }

    /// <summary>A path, or a connection string with its secrets.</summary>
    internal string Connection { get; }

    public static ResultsTarget File(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        var full = Path.GetFullPath(path);
        return new(false, full, full);
    }

    /// <summary>A file's path, "Host=…;Database=…" or "postgresql://user@host/database".</summary>
    /// <param name="text">Null or empty for the file.</param>
    /// <exception cref="ArgumentException">It is none of these; the message repeats no password.</exception>
    public static ResultsTarget Parse(string? text, string defaultFile)
    {
        if (string.IsNullOrWhiteSpace(text)) return File(defaultFile);
        var trimmed = text.Trim();
        if (trimmed.StartsWith("postgres://", StringComparison.Ordinal) || trimmed.StartsWith("postgresql://", StringComparison.Ordinal)) return Postgres(FromAddress(trimmed));
        if (!trimmed.Contains('=', StringComparison.Ordinal)) return File(trimmed);
        try
        {
            return Postgres(new NpgsqlConnectionStringBuilder(trimmed));
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            // The library's message may repeat the value; names of options are safe.
            throw new ArgumentException("The results database is given as a connection string that PostgreSQL's client cannot read. Write Host=…;Database=…;Username=…;Password=…, or postgresql://user@host/database, or the path of a SQLite file.");
        }
    }

    public override string ToString() => Shown;

    private static ResultsTarget Postgres(NpgsqlConnectionStringBuilder built)
    {
        if (string.IsNullOrEmpty(built.Host)) throw new ArgumentException("The results database names no host. Write Host=… (an address, or the folder of a Unix socket).");
        built.Database = string.IsNullOrEmpty(built.Database) ? built.Username ?? "studio" : built.Database;
        built.ApplicationName ??= "studio";
        return new(true, built.ConnectionString, $"PostgreSQL database {built.Database} at {built.Host}");
    }

    private static NpgsqlConnectionStringBuilder FromAddress(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var address)) throw new ArgumentException("The results database is no address. Write postgresql://user:password@host:port/database.");
        var user = address.UserInfo.Split(':', 2);
        var built = new NpgsqlConnectionStringBuilder
        {
            Host = Uri.UnescapeDataString(address.Host),
            Database = Uri.UnescapeDataString(address.AbsolutePath.TrimStart('/')),
        };
        if (address.Port > 0) built.Port = address.Port;
        if (user[0].Length > 0) built.Username = Uri.UnescapeDataString(user[0]);
        if (user.Length > 1) built.Password = Uri.UnescapeDataString(user[1]);
        foreach (var pair in address.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, value) = pair.Split('=', 2) is [var n, var v] ? (n, Uri.UnescapeDataString(v)) : (pair, "");
            switch (name)
            {
                case "host": built.Host = value; break;
                case "sslmode" when Enum.TryParse<SslMode>(value.Replace("-", "", StringComparison.Ordinal), ignoreCase: true, out var mode): built.SslMode = mode; break;
                case "sslrootcert": built.RootCertificate = value; break;
                default: throw new ArgumentException($"The address of the results database has '{name}', which is not understood. Use host, sslmode or sslrootcert, or write it as Host=…;Database=…");
            }
        }

        return built;
    }
}
