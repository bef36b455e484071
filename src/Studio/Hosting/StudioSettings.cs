using System.Globalization;
using Studio.Benchmarks.Records.Store;

namespace Studio.Hosting;

/// <summary>Where a setting in force came from.</summary>
public enum SettingSource
{
    Default,

    /// <summary>A <c>STUDIO_…</c> variable.</summary>
    Environment,
    CommandLine,
}

/// <summary>A setting of the server as people give it.</summary>
/// <param name="Name">On the command line, behind two hyphens; the variable is STUDIO_ and the name in capitals.</param>
/// <param name="Description">What it does, and what may be given.</param>
/// <param name="Show">The value in force as text.</param>
/// <param name="Apply">Options with the given text; throws an <see cref="ArgumentException"/> that names a value that cannot be used.</param>
/// <param name="Many">It may be repeated; in the variable the values are separated by commas.</param>
public sealed record StudioSetting(string Name, string Description, Func<StudioOptions, string> Show, Func<StudioOptions, IReadOnlyList<string>, StudioOptions> Apply, bool Many = false)
{
    public string Variable => "STUDIO_" + Name.ToUpperInvariant().Replace('-', '_');
}

/// <summary>
/// Every setting of the server in one table: the command line, the variables, the system page and the README's table are made
/// from it.
/// </summary>
public static class StudioSettings
{
    public static IReadOnlyList<StudioSetting> All { get; } =
    [
        One("host", "address to listen on; with another one than this machine's, people sign in", o => o.Host, (o, v) => o with { Host = v }),
        One("port", "0 takes a free one", o => Text(o.Port), (o, v) => o with { Port = Whole(v, 0, 65535) }),
        One("accounts", "auto (on unless only this machine can reach the server), on or off", o => Word(o.Accounts), (o, v) => o with { Accounts = Choice<AccountMode>(v) }),
        Several("import-folder", "folder on this machine that videos may be imported from; may be repeated", o => o.ImportFolders, (o, v) => o with { ImportFolders = v }),
        One("results", "database of evaluations: auto for a file in the data folder, a SQLite file, or PostgreSQL as Host=…;Database=…;Username=… or postgresql://user@host/database",
            o => o.Results is { } r ? ResultsTarget.Parse(r, r).Shown : "auto", (o, v) => o with { Results = v.Equals("auto", StringComparison.OrdinalIgnoreCase) ? null : Database(v) }),
        One("device", "auto, cpu or cuda:N", o => o.Device, (o, v) => o with { Device = v }),
        One("dtype", "auto, fp32, bf16 or fp16", o => o.Dtype, (o, v) => o with { Dtype = v }),
        One("model", "installed model that answers where none is chosen", o => o.Model ?? "the built-in one", (o, v) => o with { Model = v }),
        One("max-models", "models in memory at once", o => Text(o.MaxLoadedModels), (o, v) => o with { MaxLoadedModels = Whole(v, 1, 100) }),
        One("model-memory", "weights and conversations kept in memory, or auto for half of this machine's", o => o.ModelMemoryBytes == 0 ? "auto" : Size(o.ModelMemoryBytes),
            (o, v) => o with { ModelMemoryBytes = v.Equals("auto", StringComparison.OrdinalIgnoreCase) ? 0 : Bytes(v) }),
        One("max-upload", "largest file of an upload", o => Size(o.MaxUploadBytes), (o, v) => o with { MaxUploadBytes = Bytes(v) }),
        One("user-quota", "videos one user may keep", o => Size(o.UserQuotaBytes), (o, v) => o with { UserQuotaBytes = Bytes(v) }),
        One("max-video-hours", "longest video", o => Text(o.MaxVideoSeconds / 3600), (o, v) => o with { MaxVideoSeconds = 3600 * Number(v, 0.001, 10_000) }),
        One("max-queued", "questions a user may have waiting or running at once", o => Text(o.MaxQueuedPerUser), (o, v) => o with { MaxQueuedPerUser = Whole(v, 1, 1000) }),
        One("requests-per-minute", "requests of one user, or of one address without sign-in", o => Text(o.RequestsPerMinute), (o, v) => o with { RequestsPerMinute = Whole(v, 1, 1_000_000) }),
        Several("trusted-proxy", "address or network of a proxy whose X-Forwarded-For and -Proto are believed; may be repeated", o => o.TrustedProxies, (o, v) => o with { TrustedProxies = v }),
        One("log", "text, or json for one object a line", o => Word(o.Log), (o, v) => o with { Log = Choice<LogFormat>(v) }),
        One("log-level", "trace, debug, information, warning, error or none (warning for text, information for json)",
            o => o.LogLevel is { } level ? Word(level) : "auto", (o, v) => o with { LogLevel = v.Equals("auto", StringComparison.OrdinalIgnoreCase) ? null : Choice<LogLevel>(v) }),
    ];

    /// <summary>Options with every <c>STUDIO_…</c> variable that is set, and then the command line, applied.</summary>
    /// <param name="variable">Looks a variable up; null or empty where it is not set.</param>
    /// <param name="given">What the command line gives, by setting name.</param>
    /// <exception cref="ArgumentException">A value cannot be used; the message names the variable or option and the value.</exception>
    public static StudioOptions Read(StudioOptions defaults, Func<string, string?> variable, IReadOnlyDictionary<string, IReadOnlyList<string>> given)
    {
        ArgumentNullException.ThrowIfNull(defaults);
        ArgumentNullException.ThrowIfNull(variable);
        ArgumentNullException.ThrowIfNull(given);
        var (options, sources) = (defaults, new Dictionary<string, SettingSource>(StringComparer.Ordinal));
        foreach (var setting in All)
        {
            if (variable(setting.Variable) is { Length: > 0 } text) Take(setting, setting.Many ? text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) : [text], setting.Variable, SettingSource.Environment);
            if (given.GetValueOrDefault(setting.Name) is { Count: > 0 } values) Take(setting, values, $"--{setting.Name}", SettingSource.CommandLine);
        }

        foreach (var folder in new[] { "data", "root" })
        {
            if (variable("STUDIO_" + folder.ToUpperInvariant()) is { Length: > 0 }) sources[folder] = SettingSource.Environment;
        }

        return options with { Sources = sources };

        void Take(StudioSetting setting, IReadOnlyList<string> values, string name, SettingSource source)
        {
            try
            {
                options = setting.Apply(options, values);
                sources[setting.Name] = source;
            }
            catch (ArgumentException e)
            {
                throw new ArgumentException($"{name}: {e.Message}");
            }
        }
    }

    /// <summary>Bytes as people write them: 1048576, 512MiB, 16GiB, 1.5TB.</summary>
    /// <exception cref="ArgumentException">It is no size.</exception>
    internal static long Bytes(string text)
    {
        var digits = text.TakeWhile(c => char.IsAsciiDigit(c) || c == '.').Count();
        double unit = text[digits..].Trim().ToUpperInvariant() switch
        {
            "" or "B" => 1,
            "KB" => 1e3,
            "MB" => 1e6,
            "GB" => 1e9,
            "TB" => 1e12,
            "K" or "KIB" => 1L << 10,
            "M" or "MIB" => 1L << 20,
            "G" or "GIB" => 1L << 30,
            "T" or "TIB" => 1L << 40,
            _ => 0,
        };
        return double.TryParse(text[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var n) && unit > 0 && n * unit is >= 1 and < 9e18
            ? (long)(n * unit)
            : throw new ArgumentException($"'{text}' is no size: write 500MB, 16GiB or a number of bytes");
    }

    private static string Size(long bytes)
    {
        (string Name, int Shift)[] units = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];
        foreach (var (name, shift) in units)
        {
            if (bytes >= 1L << shift && bytes % (1L << shift) == 0) return $"{bytes >> shift}{name}";
        }

        return Text(bytes);
    }

    private static StudioSetting One(string name, string description, Func<StudioOptions, string> show, Func<StudioOptions, string, StudioOptions> apply) =>
        new(name, description, show, (o, values) => apply(o, values[^1].Trim()));

    private static StudioSetting Several(string name, string description, Func<StudioOptions, IReadOnlyList<string>> show, Func<StudioOptions, IReadOnlyList<string>, StudioOptions> apply) =>
        new(name, description, o => show(o) is { Count: > 0 } values ? string.Join(", ", values) : "none", apply, Many: true);

    /// <summary>A file by its full path, or the connection string as it is.</summary>
    private static string Database(string text) => ResultsTarget.Parse(text, text) is { IsPostgres: false } file ? file.Shown : text;

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Word<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();

    private static double Number(string text, double least, double most) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var n) && n >= least && n <= most
            ? n
            : throw new ArgumentException($"'{text}' is not a number from {Text(least)} to {Text(most)}");

    private static int Whole(string text, int least, int most) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n >= least && n <= most
            ? n
            : throw new ArgumentException($"'{text}' is not a whole number from {Text(least)} to {Text(most)}");

    private static T Choice<T>(string text)
        where T : struct, Enum =>
        Enum.GetNames<T>().FirstOrDefault(n => n.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } name
            ? Enum.Parse<T>(name)
            : throw new ArgumentException($"'{text}' is none of {string.Join(", ", Enum.GetNames<T>().Select(n => n.ToLowerInvariant()))}");
}
