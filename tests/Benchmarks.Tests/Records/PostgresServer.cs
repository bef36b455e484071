using System.Diagnostics;
using Npgsql;
using Studio.Benchmarks.Records.Store;
using Xunit;

namespace Studio.Benchmarks.Tests.Records;

/// <summary>
/// A PostgreSQL server of the tests' own: a new cluster in a temporary folder, reached by a Unix socket only, gone afterwards. PostgreSQL refuses
/// to run as root, so root starts it as the system's user "postgres".
/// </summary>
public sealed class PostgresServer : IAsyncLifetime
{
    private const string User = "studio";

    private string? _folder;
    private string? _programs;
    private int _databases;

    /// <summary>Why there is no server; null where there is one.</summary>
    public string? Missing { get; private set; }

    public async ValueTask InitializeAsync()
    {
        _programs = Programs();
        Missing = _programs is null ? "PostgreSQL is not installed (apt-get install postgresql)"
            : Environment.IsPrivilegedProcess && !HasUser() ? "PostgreSQL cannot run as root, and there is no user 'postgres' on this machine"
            : null;
        if (Missing is not null) return;
        // A socket's path may have 107 characters: not below a long temporary folder.
        _folder = Path.Combine(Path.GetTempPath().Length < 60 ? Path.GetTempPath() : "/tmp", $"pg-{Guid.NewGuid():N}"[..15]);
        _ = Directory.CreateDirectory(_folder);
        if (Environment.IsPrivilegedProcess) await RunAsync("chown", "postgres", _folder);
        await AsServerAsync("initdb", "-D", $"{_folder}/data", "-U", User, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync");
        // Nothing here must outlive a power cut.
        await AsServerAsync("pg_ctl", "-D", $"{_folder}/data", "-l", $"{_folder}/log", "-w", "-t", "120", "-o", $"-k {_folder} -c listen_addresses= -c fsync=off -c max_connections=200", "start");
    }

    public async ValueTask DisposeAsync()
    {
        if (_folder is null) return;
        NpgsqlConnection.ClearAllPools();
        await AsServerAsync("pg_ctl", "-D", $"{_folder}/data", "-m", "immediate", "-w", "stop");
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>A database that does not exist yet. Skips the test, with the reason, where there is no server.</summary>
    public ResultsTarget NewDatabase()
    {
        Assert.SkipWhen(Missing is not null, Missing ?? "");
        return ResultsTarget.Parse($"Host={_folder};Username={User};Database=results{Interlocked.Increment(ref _databases)}", "unused");
    }

    private Task AsServerAsync(string program, params string[] arguments) => Environment.IsPrivilegedProcess
        ? RunAsync("setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", $"{_programs}/{program}", .. arguments])
        : RunAsync($"{_programs}/{program}", arguments);

    private static async Task RunAsync(string program, params string[] arguments)
    {
        // The server inherits the standard streams: they go nowhere, or reading them would not end before it does.
        using var process = Process.Start(new ProcessStartInfo("sh", ["-c", "exec \"$0\" \"$@\" >/dev/null 2>&1 </dev/null", program, .. arguments]) { WorkingDirectory = "/" })!;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} returned {process.ExitCode}.");
    }

    private static bool HasUser() => File.ReadLines("/etc/passwd").Any(l => l.StartsWith("postgres:", StringComparison.Ordinal));

    private static string? Programs()
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').ToList();
        if (Directory.Exists("/usr/lib/postgresql")) folders.AddRange(Directory.GetDirectories("/usr/lib/postgresql").OrderDescending(StringComparer.Ordinal).Select(d => $"{d}/bin"));
        return folders.Find(f => f.Length > 0 && new[] { "initdb", "pg_ctl", "postgres" }.All(p => File.Exists(Path.Combine(f, p))));
    }
}
