using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Studio.Accounts;
using Studio.Conversations;
using Studio.Hosting;
using Studio.Observability;
using Studio.Tests.Accounts;
using Studio.Tests.Conversations;
using Xunit;

namespace Studio.Tests.Observability;

public sealed class LogTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Log_HoldsNoQuestion_Token_Password_NorSecretAddress()
    {
        const string Question = "Where did the heron hide the crimson umbrella?";
        var lines = new ConcurrentQueue<string>();
        await using var server = await AccountServer.StartAsync(o => o with { LogLevel = LogLevel.Trace }, configure: s =>
        {
            _ = s.AddSingleton<ILoggerProvider>(new Recorder(lines)).AddSingleton<IAnswerEngine>(new ScriptedEngine { Always = "The heron hid the crimson umbrella in the reeds." });
        });
        using var ada = await server.SignInAsync("ada", Roles.Editor);
        using var program = await server.ProgramAsync("ada");
        var token = program.DefaultRequestHeaders.Authorization!.Parameter!;
        using (var wrong = await server.Anyone().SubmitAsync("/sign-in", new() { ["Form.Name"] = "ada", ["Form.Password"] = "mistyped password 17" })) { }
        using var asked = await program.PostAsJsonAsync("/api/v1/questions", new { text = Question, lifetime = "kept" }, Ct);
        Assert.True(asked.IsSuccessStatusCode, await asked.Content.ReadAsStringAsync(Ct));
        var answer = (await asked.Content.ReadFromJsonAsync<AskResult>(Ct))!;
        using var shared = await program.PostAsJsonAsync("/api/v1/shares", new { target = "conversation", id = answer.ConversationId }, Ct);
        var share = JsonDocument.Parse(await shared.Content.ReadAsStringAsync(Ct)).RootElement.GetProperty("path").GetString()!;
        var invited = (await server.Accounts.CreateAsync(new("bob"), Ct)).Link!;
        using var anyone = server.Anyone();
        _ = await anyone.ReadAsync("/" + share);
        _ = await anyone.ReadAsync("/" + invited);
        _ = await program.GetAsync($"/api/v1/conversations?q={Uri.EscapeDataString("crimson umbrella")}", Ct);
        using (var refused = server.Program(token + "x")) _ = await refused.GetAsync("/api/v1/me", Ct);
        _ = await anyone.GetAsync($"/{share}/media/nothing");

        await Wait.UntilAsync(() => lines.Any(l => l.Contains("/s/{secret}/media/{id} 404", StringComparison.Ordinal)), "the last request is logged");
        Assert.Contains(lines, l => l.Contains("POST /api/v1/questions 202", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.Contains("GET /s/{Secret} 200", StringComparison.Ordinal));
        var cookie = ada.Cookies["studio"]!.Value;
        foreach (var secret in new[] { "heron", "crimson", token, share["s/".Length..], invited["join/".Length..], AccountServer.Password, "mistyped password 17", cookie })
            Assert.DoesNotContain(lines, l => l.Contains(secret, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public void JsonLine_IsOneObject_WithItsFields()
    {
        var time = new ManualTime();
        var line = Write(new JsonLogFormatter(time), LogLevel.Warning, "Studio.Test", "two\nlines {Name} {Count} {Share}", new InvalidOperationException("broken\nhere"), "a \"name\"", 3, 0.5);
        Assert.Equal(1, line.TrimEnd('\n').Count(c => c == '\n') + 1);
        var json = JsonDocument.Parse(line).RootElement;
        Assert.Equal(("warning", "Studio.Test", "two\nlines a \"name\" 3 0.5"), (json.GetProperty("level").GetString(), json.GetProperty("category").GetString(), json.GetProperty("message").GetString()));
        Assert.Equal(time.GetUtcNow(), json.GetProperty("time").GetDateTimeOffset());
        Assert.Equal(("a \"name\"", 3, 0.5), (json.GetProperty("fields").GetProperty("Name").GetString(), json.GetProperty("fields").GetProperty("Count").GetInt32(), json.GetProperty("fields").GetProperty("Share").GetDouble()));
        Assert.Contains("broken", json.GetProperty("exception").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void TextLine_CannotLookLikeAnother()
    {
        var line = Write(new TextLogFormatter(new ManualTime()), LogLevel.Warning, "Studio.Test", "name {Name}", null, "x\r\n12:00:00 info Studio.Forged: all is well");
        Assert.Equal(2, line.TrimEnd('\n').Split('\n').Length);
        Assert.StartsWith("  12:00:00", line.Split('\n')[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Authorization: Bearer abc.def-ghi rest", "abc.def-ghi", "rest")]
    [InlineData("token studio_0123456789012345678901234567890123456789012 rest", "studio_0123456789012345678901234567890123456789012", "rest")]
    [InlineData("GET /s/0123456789012345678901234567890123456789012/media rest", "0123456789012345678901234567890123456789012", "/media rest")]
    [InlineData("GET https://x/join/ABCDEFGHIJ_-ABCDEFGHIJ_-ABCDEFGHIJ_-ABCDEFG rest", "ABCDEFGHIJ_-ABCDEFGHIJ_-ABCDEFGHIJ_-ABCDEFG", "rest")]
    [InlineData("{\"password\": \"hunter2\", \"rest\"", "hunter2", "rest")]
    [InlineData("HF hf_abcdefghijklmnopqrst rest", "hf_abcdefghijklmnopqrst", "rest")]
    [InlineData("Set-Cookie: studio=CfDJ8abc; path=/\nrest", "CfDJ8abc", "rest")]
    [InlineData("api_key=sk-123&rest", "sk-123", "rest")]
    public void Redactor_HidesSecrets_AndKeepsTheRest(string text, string secret, string kept)
    {
        var cleaned = Redactor.Clean(text);
        Assert.DoesNotContain(secret, cleaned, StringComparison.Ordinal);
        Assert.Contains("[hidden]", cleaned, StringComparison.Ordinal);
        Assert.Contains(kept, cleaned, StringComparison.Ordinal);
    }

    [Fact]
    public void Redactor_CutsWhatIsTooLong()
    {
        var cleaned = Redactor.Clean(new string('x', Redactor.MaxLength + 10));
        Assert.Equal(Redactor.MaxLength + 1, cleaned.Length);
    }

    [Theory]
    [InlineData(LogFormat.Text, null, "Studio.X", LogLevel.Information, false)]
    [InlineData(LogFormat.Text, null, "Studio.X", LogLevel.Warning, true)]
    [InlineData(LogFormat.Json, null, "Studio.X", LogLevel.Information, true)]
    [InlineData(LogFormat.Json, null, "Studio.X", LogLevel.Debug, false)]
    [InlineData(LogFormat.Text, LogLevel.Trace, "Studio.X", LogLevel.Trace, true)]
    [InlineData(LogFormat.Text, LogLevel.Trace, "Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Information, false)]
    [InlineData(LogFormat.Text, LogLevel.Trace, "Microsoft.AspNetCore.Server.Kestrel", LogLevel.Warning, true)]
    [InlineData(LogFormat.Text, LogLevel.Error, "Microsoft.AspNetCore.Server.Kestrel", LogLevel.Warning, false)]
    [InlineData(LogFormat.Text, LogLevel.None, "Studio.X", LogLevel.Critical, false)]
    public void Levels_OfOursAndTheFrameworks(LogFormat format, LogLevel? level, string category, LogLevel line, bool written) =>
        Assert.Equal(written, new LogLevelSwitch(new() { DataFolder = "d", RootFolder = "r", Log = format, LogLevel = level }).Allows(category, line));

    private static string Write(Microsoft.Extensions.Logging.Console.ConsoleFormatter formatter, LogLevel level, string category, string template, Exception? exception, params object?[] values)
    {
        using var output = new StringWriter { NewLine = "\n" };
        var logger = new ToFormatter(formatter, output, category);
#pragma warning disable CA2254 // the template is the test's subject
        logger.Log(level, exception, template, values);
#pragma warning restore CA2254
        return output.ToString();
    }

    private sealed class ToFormatter(Microsoft.Extensions.Logging.Console.ConsoleFormatter formatter, TextWriter output, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatMessage) =>
            formatter.Write(new LogEntry<TState>(logLevel, category, eventId, state, exception, formatMessage), null, output);
    }

    /// <summary>Keeps every line as it is before anything cleans it: message, values, exception.</summary>
    private sealed class Recorder(ConcurrentQueue<string> lines) : ILoggerProvider
    {
        public ILogger CreateLogger(string categoryName) => new Line(lines, categoryName);

        public void Dispose()
        {
        }

        private sealed class Line(ConcurrentQueue<string> lines, string category) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => null;

            public bool IsEnabled(LogLevel logLevel) => true;

            public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            {
                var values = state is IEnumerable<KeyValuePair<string, object?>> fields ? string.Join(' ', fields.Select(f => f.Value)) : "";
                lines.Enqueue($"{category} {formatter(state, exception)} {values} {exception}");
            }
        }
    }
}
