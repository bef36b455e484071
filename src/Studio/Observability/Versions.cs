using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using Studio.Benchmarks.Machine;
using Studio.Engine.Torch;

namespace Studio.Observability;

/// <summary>What runs here.</summary>
public sealed record VersionView(string Name, string Version);

/// <summary>Versions of the studio and of what it stands on; read once.</summary>
public sealed class Versions
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10);

    private readonly Lazy<Task<IReadOnlyList<VersionView>>> _all = new(() => Task.Run<IReadOnlyList<VersionView>>(Read));

    /// <summary>The studio's own.</summary>
    public static string Studio { get; } =
        typeof(Versions).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    public Task<IReadOnlyList<VersionView>> ReadAsync(CancellationToken ct = default) => _all.Value.WaitAsync(ct);

    private static List<VersionView> Read() =>
    [
        new("Studio", Studio),
        new(".NET", Environment.Version.ToString()),
        new("libtorch", Libtorch()),
        new("ffmpeg", Ffmpeg()),
        new("SQLite", Sqlite()),
        new("System", $"{RuntimeInformation.OSDescription}, {RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant()}"),
    ];

    private static string Libtorch()
    {
        try
        {
            return torch.Version;
        }
        catch (Exception e) when (e is TypeInitializationException or TorchException or DllNotFoundException or EntryPointNotFoundException or BadImageFormatException)
        {
            return "does not load: see the doctor's report";
        }
    }

    private static string Ffmpeg()
    {
        var answer = ProcessRunner.Run("ffmpeg", ["-hide_banner", "-version"], s_limit);
        var words = answer.FirstLine.Split(' ');
        return answer.State == ToolState.Works && words.Length > 2 ? words[2] : "not found";
    }

    private static string Sqlite()
    {
        using var connection = new SqliteConnection("Data Source=:memory:");
        return connection.ServerVersion;
    }
}
