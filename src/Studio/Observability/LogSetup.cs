using Microsoft.Extensions.Logging.Console;
using Studio.Hosting;

namespace Studio.Observability;

internal static class LogSetup
{
    /// <summary>Lines that wait to be written; then the writers wait.</summary>
    private const int MaxWaiting = 2500;

    /// <summary>To standard error: standard output is for data.</summary>
    public static ILoggingBuilder AddStudioLog(this ILoggingBuilder logging, StudioOptions options, LogLevelSwitch level)
    {
        _ = logging.ClearProviders().SetMinimumLevel(LogLevel.Trace).AddFilter((category, l) => level.Allows(category, l));
        _ = logging.AddConsole(o =>
        {
            o.FormatterName = options.Log == LogFormat.Json ? JsonLogFormatter.FormatterName : TextLogFormatter.FormatterName;
            o.LogToStandardErrorThreshold = LogLevel.Trace;
            o.MaxQueueLength = MaxWaiting;
        });
        return logging.AddConsoleFormatter<JsonLogFormatter, ConsoleFormatterOptions>().AddConsoleFormatter<TextLogFormatter, ConsoleFormatterOptions>();
    }
}
