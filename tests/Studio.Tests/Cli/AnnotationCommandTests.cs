using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Studio.Cli;
using Xunit;

namespace Studio.Tests.Cli;

/// <summary><c>data vico</c> on the command line against an endpoint of its own; the pipelines themselves are the engine's tests.</summary>
public sealed partial class AnnotationCommandTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("annotate").FullName;
    private WebApplication? _server;
    private int _requests;
    private bool _busy;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        _ = builder.WebHost.UseUrls("http://127.0.0.1:0");
        _ = builder.Logging.ClearProviders();
        _server = builder.Build();
        _ = _server.MapPost("/v1/chat/completions", async (HttpRequest request) =>
        {
            var number = Interlocked.Increment(ref _requests);
            using var body = await JsonDocument.ParseAsync(request.Body);
            if (_busy && number % 3 == 0) return Results.StatusCode(503);
            var content = body.RootElement.GetProperty("messages")[0].GetProperty("content");
            var text = content.ValueKind == JsonValueKind.Array ? $"A thing{Hash(content.GetRawText())} stands still." : Reply(content.GetString()!);
            return Results.Json(new { choices = new[] { new { finish_reason = "stop", message = new { content = text } } } });
        });
        await _server.StartAsync(TestContext.Current.CancellationToken);
        foreach (var role in new[] { "CAPTIONER", "WRITER" }) Environment.SetEnvironmentVariable($"STUDIO_{role}_URL", $"{_server.Urls.Single()}/v1");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var role in new[] { "CAPTIONER", "WRITER" }) Environment.SetEnvironmentVariable($"STUDIO_{role}_URL", null);
        await _server!.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Vico_DrawnVideo_GoesOnUntilAllIsThere()
    {
        var (videos, annotations) = (Path.Combine(_folder, "videos"), Path.Combine(_folder, "out"));
        Assert.Equal(ExitCodes.Ok, (await Run("world", "make", videos, "--count", "1", "--seconds", "64", "--fps", "1", "--size", "64", "--kinds", "order")).Code);
        string[] arguments = ["data", "vico", videos, "--out", annotations, "--captioner", "endpoint:vlm", "--writer", "endpoint:llm", "--side", "64", "--questions", "4"];
        _busy = true;
        var (code, output, error) = await Run([.. arguments, "--attempts", "1", "--json"]);
        Assert.Equal(ExitCodes.CheckFailed, code);
        var summary = JsonDocument.Parse(output).RootElement;
        Assert.True(summary.GetProperty("failed").GetInt32() > 0);
        Assert.Contains("vico.failed.jsonl", error, StringComparison.Ordinal);

        _busy = false;
        (code, output, _) = await Run([.. arguments, "--json"]);
        Assert.Equal(ExitCodes.Ok, code);
        summary = JsonDocument.Parse(output).RootElement;
        Assert.Equal((1, 1, 0), (summary.GetProperty("videos").GetInt32(), summary.GetProperty("sections").GetInt32(), summary.GetProperty("failed").GetInt32()));
        Assert.True(summary.GetProperty("reused").GetInt32() > 0);
        var records = File.ReadAllLines(summary.GetProperty("file").GetString()!);
        Assert.Equal(summary.GetProperty("records").GetInt32(), records.Length);
        Assert.Equal(4, records.Length + summary.GetProperty("leftOut").GetInt32());
        var meta = JsonDocument.Parse(records[0]).RootElement.GetProperty("meta");
        Assert.StartsWith("vlm@127.0.0.1:", meta.GetProperty("captioner").GetString(), StringComparison.Ordinal);
        Assert.StartsWith("llm@127.0.0.1:", meta.GetProperty("writer").GetString(), StringComparison.Ordinal);

        var asked = _requests;
        (code, output, _) = await Run(arguments);
        Assert.Equal((ExitCodes.Ok, asked), (code, _requests));
        Assert.Contains("0 answers asked for", output, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Ok, (await Run("data", "check", Path.Combine(annotations, "vico.jsonl"))).Code);
    }

    [Fact]
    public async Task LongVid_ModelWhoseAnswersDoNotEnd_FailsByName()
    {
        var annotations = Path.Combine(_folder, "out");
        var videos = Directory.CreateDirectory(Path.Combine(_folder, "one video")).FullName;
        File.Copy(Path.Combine(AppContext.BaseDirectory, "samples", "shapes.mp4"), Path.Combine(videos, "shapes.mp4"));
        string[] arguments = ["data", "longvid", videos, "--out", annotations, "--clip-seconds", "2", "--section-seconds", "60", "--frames", "4", "--max-tokens", "2"];
        var (code, output, error) = await Run(arguments);
        Assert.Equal(ExitCodes.CheckFailed, code);
        Assert.Contains("0 records of 1 sections", output, StringComparison.Ordinal);
        Assert.Contains("longvid.failed.jsonl", error, StringComparison.Ordinal);
        Assert.All(File.ReadLines(Path.Combine(annotations, "longvid.failed.jsonl")), l => Assert.Contains("does not end within 2 tokens; raise --max-tokens", l, StringComparison.Ordinal));
        (code, _, error) = await Run([.. arguments, "--kinds", "order"]);
        Assert.Equal(ExitCodes.BadInput, code);
        Assert.Contains("'order'; give description, grounding, event-relation, scene-relation, counting", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--captioner gpt", "--captioner gpt: give model")]
    [InlineData("--writer endpoint:", "--writer endpoint:")]
    [InlineData("--kinds who", "'who'")]
    [InlineData("--clip-seconds 0", "clips of 0 s")]
    [InlineData("--section-seconds 7", "sections of 7 s")]
    [InlineData("--questions 65", "65 questions")]
    [InlineData("--jobs 65", "65 requests at once")]
    [InlineData("--frames 0", "0 frames")]
    [InlineData("--sections 0", "0 sections")]
    [InlineData("--videos 0", "0 videos")]
    [InlineData("--side 8", "8 pixels")]
    [InlineData("--timeout 0", "0 s")]
    [InlineData("--attempts 0", "0 attempts")]
    [InlineData("--max-tokens 2", "2 tokens")]
    [InlineData("", "holds no video")]
    public async Task Vico_WrongOption_IsRefusedByName(string options, string named)
    {
        string[] who = options.StartsWith("--captioner", StringComparison.Ordinal) || options.StartsWith("--writer", StringComparison.Ordinal) ? [] : ["--captioner", "endpoint:m", "--writer", "endpoint:m"];
        var (code, _, error) = await Run(["data", "vico", _folder, "--out", Path.Combine(_folder, "x"), .. who, .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        Assert.Equal(ExitCodes.BadInput, code);
        Assert.Contains(named, error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder, "x")));
    }

    [Fact]
    public async Task Help_ShowsExamples()
    {
        foreach (var verb in new[] { "vico", "longvid" })
        {
            var (code, output, _) = await Run("data", verb, "--help");
            Assert.Equal(ExitCodes.Ok, code);
            Assert.Contains($"data {verb} ", output, StringComparison.Ordinal);
            Assert.Contains("--captioner endpoint:my-vlm", output, StringComparison.Ordinal);
        }
    }

    /// <summary>Events and their order are read off the prompt's lines.</summary>
    private static string Reply(string prompt)
    {
        var parts = PartLine().Matches(prompt).Select(m => (Part: int.Parse(m.Groups[1].Value), Event: m.Groups[2].Value.TrimEnd('.', '\r'))).ToList();
        if (prompt.Contains("\"part\"", StringComparison.Ordinal)) return JsonSerializer.Serialize(new { events = parts.Select(p => new { part = p.Part, @event = p.Event }) });
        if (!prompt.Contains("\"order\"", StringComparison.Ordinal)) return "None of them.";
        var order = LetterLine().Matches(prompt).OrderBy(m => parts.First(p => p.Event == m.Groups[2].Value.TrimEnd('\r')).Part).Select(m => m.Groups[1].Value);
        return JsonSerializer.Serialize(new { order });
    }

    private static string Hash(string text) => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text)))[..8];

    private static async Task<(int Code, string Output, string Error)> Run(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await CommandLine.RunAsync(arguments, output, error, TextReader.Null);
        return (code, output.ToString(), error.ToString());
    }

    [GeneratedRegex(@"^(\d+)\. \[[^\]]*\] (.*)$", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex PartLine();

    [GeneratedRegex(@"^([A-H])\. (.*)$", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex LetterLine();
}
