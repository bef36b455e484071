using Studio.Hosting;

namespace Studio.Observability;

/// <summary>The least important lines that are written; administrators can change it while the server runs.</summary>
public sealed class LogLevelSwitch(StudioOptions options)
{
    private volatile LogLevelBox _level = new(options.LogLevel ?? (options.Log == LogFormat.Json ? LogLevel.Information : LogLevel.Warning));

    public LogLevel Level
    {
        get => _level.Value;
        set => _level = new(value);
    }

    /// <summary>
    /// The studio's own lines from the level on. Of the framework only warnings and worse at any level: in detail it writes
    /// whole addresses, and those of share links are secrets.
    /// </summary>
    internal bool Allows(string? category, LogLevel level) =>
        level >= (category?.StartsWith("Studio", StringComparison.Ordinal) == true ? Level
            // At every start it warns that keys on disk are not encrypted: their folder is closed to others instead.
            : Max(Level, category?.StartsWith("Microsoft.AspNetCore.DataProtection", StringComparison.Ordinal) == true ? LogLevel.Error : LogLevel.Warning));

    private static LogLevel Max(LogLevel a, LogLevel b) => a > b ? a : b;

    private sealed record LogLevelBox(LogLevel Value);
}
