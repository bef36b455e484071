using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Studio.ModelHosting;
using Studio.OpenAi;
using Studio.Tests.Conversations;
using Xunit;

namespace Studio.Tests.OpenAi;

/// <summary>What the official clients cannot be made to show: waiting, late failures, large bodies, paths.</summary>
public sealed class ChatCompletionsTests
{
    private readonly ScriptedEngine _engine = new();
    private readonly ManualTime _time = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Stream_BeginsAfterAWhile_SaysThatItWaits_AndTellsALateFailure()
    {
        await using var studio = await TestStudio.StartAsync(_engine, _time);
        var sending = SendAsync(studio, new { stream = true, messages = Hello });
        var run = await _engine.NextAsync();
        await Wait.UntilAsync(() =>
        {
            _time.Advance(ChatResponses.Begin);
            return sending.IsCompleted;
        }, "the response begins without a word of the answer");
        using var response = await sending;
        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (response.StatusCode, response.Content.Headers.ContentType!.MediaType));
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Ct));
        Assert.Contains("\"role\":\"assistant\"", await reader.ReadLineAsync(Ct), StringComparison.Ordinal);
        _ = await reader.ReadLineAsync(Ct);
        var ping = reader.ReadLineAsync(Ct).AsTask();
        await Wait.UntilAsync(() =>
        {
            _time.Advance(ChatResponses.Ping);
            return ping.IsCompleted;
        }, "a sign of life");
        Assert.Equal(": waiting", await ping);
        run.Fail(new InvalidDataException("the video ends early"));
        string? line;
        while ((line = await reader.ReadLineAsync(Ct)) is not null && !line.StartsWith("data:", StringComparison.Ordinal)) Assert.True(line is "" or ": waiting", line);
        using var error = JsonDocument.Parse(line!["data: ".Length..]);
        Assert.Equal("the video ends early", error.RootElement.GetProperty("error").GetProperty("message").GetString());
        Assert.Equal("", (await reader.ReadToEndAsync(Ct)).Replace(": waiting", "", StringComparison.Ordinal).Trim()); // and no [DONE]
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task EarlyFailure_HasAStatus(bool stream)
    {
        await using var studio = await TestStudio.StartAsync(_engine, _time);
        foreach (var (failure, status) in new (Exception, HttpStatusCode)[] { (new InvalidDataException("bad video"), HttpStatusCode.BadRequest), (new KeyNotFoundException("inside"), HttpStatusCode.InternalServerError) })
        {
            var sending = SendAsync(studio, new { stream, messages = Hello });
            (await _engine.NextAsync()).Fail(failure);
            using var response = await sending;
            Assert.Equal(status, response.StatusCode);
            Assert.DoesNotContain("inside", await response.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task ClientThatGoesAway_EndsItsAnswer_WaitingOrRunning()
    {
        await using var studio = await TestStudio.StartAsync(_engine, _time);
        using var gone = new CancellationTokenSource();
        var (running, waiting) = (SendAsync(studio, new { messages = Hello }, gone), SendAsync(studio, new { stream = true, messages = Hello }, gone));
        var run = await _engine.NextAsync();
        var scheduler = studio.Get<DeviceScheduler>();
        await Wait.UntilAsync(() => scheduler.Positions().Waiting == 1, "the second waits");
        await gone.CancelAsync();
        await Wait.UntilAsync(() => run.Token.IsCancellationRequested && scheduler.Snapshot(TestStudio.Me).Entries.Count == 0, "both are out of the line");
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public async Task ServerThatStops_SaysSo()
    {
        await using var studio = await TestStudio.StartAsync(_engine, _time);
        var sending = SendAsync(studio, new { messages = Hello });
        _ = await _engine.NextAsync();
        var stopping = studio.App.StopAsync(Ct);
        using var response = await sending;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        await stopping;
    }

    [Fact]
    public async Task TooManyRequests_AreToldToComeAgain()
    {
        await using var studio = await TestStudio.StartAsync(_engine, _time, o => o with { MaxQueuedPerUser = 1 });
        var first = SendAsync(studio, new { messages = Hello });
        var run = await _engine.NextAsync();
        using var second = await SendAsync(studio, new { messages = Hello });
        Assert.Equal((HttpStatusCode.TooManyRequests, 5), (second.StatusCode, (int)second.Headers.RetryAfter!.Delta!.Value.TotalSeconds));
        run.Say("Hi.");
        run.End();
        Assert.Equal(HttpStatusCode.OK, (await first).StatusCode);
    }

    [Fact]
    public async Task MessagesAndPaths_ReachTheEngine_AndTheFilesOfARequestEndWithIt()
    {
        var folder = Directory.CreateTempSubdirectory("studio-import-");
        try
        {
            var file = Path.Combine(folder.FullName, "a film.mp4");
            await File.WriteAllTextAsync(file, "x", Ct);
            await using var studio = await TestStudio.StartAsync(_engine, _time, o => o with { ImportFolders = [folder.FullName] });
            var escaped = """{"messages":[{"role":"system","content":"S"},{"role":"user","content":[{"type":"video_url","video_url":{"url":"PATH"}},{"type":"text","text":"one"}]},{"role":"assistant","content":"Yes"},{"role":"user","content":[{"type":"image_url","image_url":"data:image\/png;base64,\/\/\/\/AAAA"},{"type":"text","text":"two"}]}]}"""
                .Replace("PATH", new Uri(file).AbsoluteUri, StringComparison.Ordinal);
            var sending = studio.Http.PostAsync("/v1/chat/completions", new StringContent(escaped, Encoding.UTF8, "application/json"), Ct);
            var run = await _engine.NextAsync();
            var turn = Assert.Single(run.Question.History);
            Assert.Equal((file, "one", "Yes"), (Assert.Single(turn.Media), turn.Question, turn.AnswerText));
            Assert.Equal(("S", "two", "a film.mp4", false), (run.Question.System, run.Question.Question, run.Question.Names[file], run.Question.Trace));
            var sent = Assert.Single(run.Question.Media);
            Assert.Equal(new byte[] { 255, 255, 255, 0, 0, 0 }, await File.ReadAllBytesAsync(sent, Ct));
            run.Say("Hi.");
            run.End();
            using var response = await sending;
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.False(File.Exists(sent));
            Assert.True(File.Exists(file));

            foreach (var outside in new[] { "/etc/hostname", "file:///etc/hostname", Path.Combine(folder.FullName, "../x"), Path.Combine(folder.FullName, "missing.mp4") })
            {
                using var refused = await SendAsync(studio, new { messages = new[] { new { role = "user", content = new object[] { new { type = "video_url", video_url = outside }, new { type = "text", text = "q" } } } } });
                Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task BodyBeyondTheBound_IsRefused()
    {
        await using var studio = await TestStudio.StartAsync(_engine, _time);
        using var content = new ByteArrayContent(new byte[ChatCompletions.MaxBodyBytes + 1]);
        content.Headers.ContentType = new("application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = content };
        request.Headers.ExpectContinue = true; // the refusal comes before the body is sent
        using var http = new HttpClient(new SocketsHttpHandler { Expect100ContinueTimeout = Wait.Limit }) { BaseAddress = studio.Address };
        using var response = await http.SendAsync(request, Ct);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        using var error = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Ct));
        Assert.Equal("invalid_request_error", error.RootElement.GetProperty("error").GetProperty("type").GetString());
    }

    private static object Hello => new[] { new { role = "user", content = "Hello" } };

    private static Task<HttpResponseMessage> SendAsync(TestStudio studio, object body, CancellationTokenSource? gone = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = JsonContent.Create(body) };
        return studio.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, gone?.Token ?? Ct);
    }
}
