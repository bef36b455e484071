using System.Buffers;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Studio.Observability;

/// <summary>One JSON object a line: time, level, category, message, requestId, the message's values under fields, exception.</summary>
internal sealed class JsonLogFormatter(TimeProvider time) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "studio-json";

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer, new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("time", time.GetUtcNow());
            json.WriteString("level", logEntry.LogLevel.ToString().ToLowerInvariant());
            json.WriteString("category", logEntry.Category);
            json.WriteString("message", Redactor.Clean(logEntry.Formatter(logEntry.State, logEntry.Exception)));
            if (RequestIds.Current is { } request) json.WriteString("requestId", request);
            if (logEntry.State is IReadOnlyList<KeyValuePair<string, object?>> fields) WriteFields(json, fields);
            if (logEntry.Exception is { } exception) json.WriteString("exception", Redactor.Clean(exception.ToString()));
            json.WriteEndObject();
        }

        textWriter.WriteLine(Encoding.UTF8.GetString(buffer.WrittenSpan));
    }

    private static void WriteFields(Utf8JsonWriter json, IReadOnlyList<KeyValuePair<string, object?>> fields)
    {
        json.WriteStartObject("fields");
        foreach (var (name, value) in fields)
        {
            switch (value)
            {
                case var _ when name == "{OriginalFormat}": break;
                case null: json.WriteNull(name); break;
                case bool b: json.WriteBoolean(name, b); break;
                case int i: json.WriteNumber(name, i); break;
                case long l: json.WriteNumber(name, l); break;
                case double d when double.IsFinite(d): json.WriteNumber(name, d); break;
                default: json.WriteString(name, Redactor.Clean(value.ToString() ?? "")); break;
            }
        }

        json.WriteEndObject();
    }
}

/// <summary>Lines for people: time, level, category, message.</summary>
internal sealed class TextLogFormatter(TimeProvider time) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "studio-text";

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var text = logEntry.Formatter(logEntry.State, logEntry.Exception);
        if (logEntry.Exception is { } exception) text = text.Length == 0 ? exception.ToString() : $"{text}\n{exception}";
        // A line of another's making must not look like one of ours.
        text = Redactor.Clean(text).Replace("\r", "", StringComparison.Ordinal).Replace("\n", "\n  ", StringComparison.Ordinal);
        textWriter.WriteLine($"{time.GetLocalNow():HH:mm:ss} {Word(logEntry.LogLevel)} {logEntry.Category}: {text}{(RequestIds.Current is { } request ? $" (request {request})" : "")}");
    }

    private static string Word(LogLevel level) => level switch
    {
        LogLevel.Critical => "FATAL",
        LogLevel.Error => "ERROR",
        LogLevel.Warning => "warn",
        LogLevel.Information => "info",
        _ => level.ToString().ToLowerInvariant(),
    };
}

/// <summary>What ties an answer, its problem details and its log lines together.</summary>
internal static class RequestIds
{
    /// <summary>Of the request that this code runs for; null outside of one.</summary>
    public static string? Current => Activity.Current?.TraceId.ToHexString();

    public static string Of(HttpContext http) => Current ?? http.TraceIdentifier;
}
