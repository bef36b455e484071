using Studio.Benchmarks.Evaluation;
using Studio.Benchmarks.Evaluation.Tasks;
using Studio.Benchmarks.Records;
using Studio.Engine.Tests.Training.Annotating;
using Studio.Engine.Training.Annotating;
using Xunit;

namespace Studio.Benchmarks.Tests.Evaluation;

public sealed class HttpJudgeTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static HttpJudge Judge(ScriptedEndpoint server, int concurrency = HttpJudge.DefaultConcurrency) =>
        new(new EndpointOptions { BaseAddress = server.Address, Model = "m", Key = "sk-secret", MaxAttempts = 3 }, concurrency, new HastyTime());

    [Fact]
    public async Task Ask_SystemAndUser_AtTemperatureZero()
    {
        await using var server = new ScriptedEndpoint(_ => EndpointReply.Say("{'pred': 'yes', 'score': 4}", "length"));
        using var judge = Judge(server);
        Assert.Equal("{'pred': 'yes', 'score': 4}", await judge.AskAsync(new("Be fair.", "Is it?", 256), Ct)); // cut at the bound: still a verdict
        var body = Assert.Single(server.Requests).Body;
        Assert.Equal("""[{"role":"system","content":"Be fair."},{"role":"user","content":"Is it?"}]""", body.GetProperty("messages").GetRawText());
        Assert.Equal((0, 256), (body.GetProperty("temperature").GetInt32(), body.GetProperty("max_tokens").GetInt32()));
    }

    [Fact]
    public async Task Ask_ServerThatStumbles_IsAskedAgain()
    {
        var asked = 0;
        await using var server = new ScriptedEndpoint(_ => ++asked < 3 ? new(503, "busy") : EndpointReply.Say("yes"));
        using var judge = Judge(server);
        Assert.Equal("yes", await judge.AskAsync(new("", "Is it?", 256), Ct));
        Assert.Equal(3, asked);
    }

    [Theory]
    [InlineData(503, "out of memory", false, "out of memory; gave up after 3 attempts")]
    [InlineData(401, "no", true, "access refused")]
    [InlineData(404, "no", true, "check the model's name")]
    [InlineData(200, """{"choices":[{"message":{"content":""}}]}""", false, "the answer is empty")]
    [InlineData(200, "<html>", false, "no chat completion")]
    public async Task Ask_NoVerdict_SaysWhy(int status, string reply, bool endsRun, string message)
    {
        await using var server = new ScriptedEndpoint(_ => new(status, reply));
        using var judge = Judge(server);
        var e = await Assert.ThrowsAsync<JudgeException>(() => judge.AskAsync(new("", "Is it?", 256), Ct));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
        Assert.Contains(judge.Identity, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("sk-secret", e.Message, StringComparison.Ordinal);
        Assert.Equal(endsRun, e.EndsRun);
    }

    [Fact]
    public async Task Ask_Many_NoMoreAtOnceThanAllowed()
    {
        var (now, most) = (0, 0);
        await using var server = new ScriptedEndpoint(_ => EndpointReply.Say("yes"));
        using var handler = new Counting(() => most = Math.Max(most, Interlocked.Increment(ref now)), () => Interlocked.Decrement(ref now));
        using var judge = new HttpJudge(new EndpointOptions { BaseAddress = server.Address, Model = "m" }, 2, TimeProvider.System, handler);
        await Task.WhenAll(Enumerable.Range(0, 12).Select(i => judge.AskAsync(new("", $"{i}", 256), Ct)));
        Assert.Equal(12, server.Requests.Count);
        Assert.InRange(most, 1, 2);
    }

    [Fact]
    public async Task Vdc_IsJudgedOverTheEndpoint()
    {
        await using var server = new ScriptedEndpoint(r => EndpointReply.Say(r.Body.GetRawText().Contains("Predicted Answer: blue", StringComparison.Ordinal) ? "{'pred': 'yes', 'score': 5}" : "blue"));
        using var judge = Judge(server);
        var task = new Vdc("short");
        var document = task.Document("""{"video_name":"v","caption":"c","qa_list":[{"question":"Which colour?","answer":"blue"}]}""");
        Assert.Equal(1, task.Score(document, await task.JudgeAsync(document, "All is blue.", judge, Ct)).Corrected);
    }

    [Fact]
    public void Options_TheKeyGoesToItsOwnAddressOnly()
    {
        var request = new EvalRequest { Task = "vdc_short", JudgeModel = "m" };
        var environment = new Dictionary<string, string> { ["STUDIO_JUDGE_URL"] = "http://own:1/v1", ["STUDIO_JUDGE_KEY"] = "own", ["OPENAI_BASE_URL"] = "https://common/v1", ["OPENAI_API_KEY"] = "common" };
        string? Key(string? address) => HttpJudge.Options(request with { JudgeEndpoint = address }, environment.GetValueOrDefault).Key;
        Assert.Equal(("own", "own", "common", null), (Key(null), Key("http://own:1/v1/"), Key("https://common/v1"), Key("http://elsewhere/v1")));
        Assert.Equal("http://elsewhere/v1/", HttpJudge.Options(request with { JudgeEndpoint = "http://elsewhere/v1" }, environment.GetValueOrDefault).BaseAddress.AbsoluteUri);
        Assert.Contains("name its model", Assert.Throws<ArgumentException>(() => HttpJudge.Options(request with { JudgeModel = null }, environment.GetValueOrDefault)).Message, StringComparison.Ordinal);
        Assert.Contains("'ftp://x'", Assert.Throws<ArgumentException>(() => HttpJudge.Options(request with { JudgeEndpoint = "ftp://x" }, environment.GetValueOrDefault)).Message, StringComparison.Ordinal);
        Assert.Contains("STUDIO_JUDGE_URL", Assert.Throws<ArgumentException>(() => HttpJudge.Options(request, _ => null)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("World", "http://a/v1", null, "A judge, 'http://a/v1', was given, but world is scored without one")]
    [InlineData("world", "http://a/v1", "m", "'http://a/v1'")]
    [InlineData("custom", null, "m", "A judge, 'm', was given, but custom is scored without one")]
    public void CheckNeeded_TaskWithoutAJudge_NamesBoth(string task, string? address, string? model, string message)
    {
        var refusal = Assert.Throws<ArgumentException>(() => HttpJudge.CheckNeeded(new() { Task = task, JudgeEndpoint = address, JudgeModel = model }));
        Assert.Contains(message, refusal.Message, StringComparison.Ordinal);
        HttpJudge.CheckNeeded(new() { Task = task });
        HttpJudge.CheckNeeded(new() { Task = "vdc_short", JudgeEndpoint = address, JudgeModel = model });
    }

    private sealed class Counting(Action begins, Action ends) : DelegatingHandler(new SocketsHttpHandler())
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            begins();
            try
            {
                await Task.Yield();
                return await base.SendAsync(request, cancellationToken);
            }
            finally
            {
                ends();
            }
        }
    }
}
