using Studio.Engine.Training.Annotating;
using Xunit;

namespace Studio.Engine.Tests.Training.Annotating;

public sealed class EndpointClientTests
{
    private const string Key = "sk-secret";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ask_PicturesAndPrompt_GoAsOneMessage()
    {
        await using var server = new ScriptedEndpoint(_ => EndpointReply.Say("a red ball"));
        using EndpointClient client = Client(server);
        Assert.Equal("a red ball", await client.AskAsync("What?", [[1, 2, 3], [4]], Ct));
        EndpointRequest request = Assert.Single(server.Requests);
        Assert.Equal("POST /v1/chat/completions HTTP/1.1", request.Line);
        Assert.Equal($"Bearer {Key}", request.Headers["authorization"]);
        Assert.Equal(("m", 0, 1024), (request.Body.GetProperty("model").GetString(), request.Body.GetProperty("temperature").GetInt32(), request.Body.GetProperty("max_tokens").GetInt32()));
        Assert.Equal("What?", request.Prompt);
        Assert.Equal(["data:image/jpeg;base64,AQID", "data:image/jpeg;base64,BA=="], request.Pictures);
    }

    [Fact]
    public async Task Ask_ServerThatStumbles_IsAskedAgainWithGrowingWaits()
    {
        int asked = 0;
        await using var server = new ScriptedEndpoint(_ => ++asked switch
        {
            1 => new(429, "slow down", "Retry-After: 7"),
            2 => new(503, ""),
            3 => new(200, new string(' ', 100), Cut: true),
            _ => EndpointReply.Say("done"),
        });
        var time = new HastyTime();
        using EndpointClient client = Client(server, time);
        Assert.Equal("done", await client.AskAsync("What?", [], Ct));
        Assert.Equal([7, 2, 4], time.Waits.Select(w => w.TotalSeconds));
    }

    [Theory]
    [InlineData("Retry-After: 9999", 60)]
    [InlineData("Retry-After: Tue, 01 Jan 2030 00:00:30 GMT", 30)]
    public async Task Ask_RetryAfter_IsKeptWithinTheLongestWait(string header, double seconds)
    {
        int asked = 0;
        await using var server = new ScriptedEndpoint(_ => ++asked == 1 ? new(429, "", header) : EndpointReply.Say("done"));
        var time = new HastyTime();
        using EndpointClient client = Client(server, time);
        await client.AskAsync("What?", [], Ct);
        Assert.Equal([seconds], time.Waits.Select(w => w.TotalSeconds));
    }

    [Fact]
    public async Task Ask_ServerThatNeverRecovers_IsGivenUp()
    {
        await using var server = new ScriptedEndpoint(_ => new(500, $"out of memory, {Key}"));
        using EndpointClient client = Client(server, new HastyTime());
        AnnotatorException e = await Assert.ThrowsAsync<AnnotatorException>(() => client.AskAsync("What?", [], Ct));
        Assert.Contains("500: out of memory, ***; gave up after 4 attempts", e.Message, StringComparison.Ordinal);
        Assert.False(e.EndsRun);
        Assert.Equal(4, server.Requests.Count);
    }

    [Fact]
    public async Task Ask_ServerThatHangs_IsTimedOut()
    {
        await using var server = new ScriptedEndpoint(_ => EndpointReply.Say("never") with { Hang = true });
        using var client = new EndpointClient(Options(server) with { Timeout = TimeSpan.FromMilliseconds(200), MaxAttempts = 2, BaseDelay = TimeSpan.Zero });
        AnnotatorException e = await Assert.ThrowsAsync<AnnotatorException>(() => client.AskAsync("What?", [], Ct));
        Assert.Contains("no whole answer within 0.2 s; gave up after 2 attempts", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_NobodyThere_IsSaid()
    {
        Uri address;
        await using (var server = new ScriptedEndpoint(_ => EndpointReply.Say("")))
        {
            address = server.Address;
        }

        using var client = new EndpointClient(new EndpointOptions { BaseAddress = address, Model = "m", MaxAttempts = 1 });
        Assert.Contains("the connection failed", (await Assert.ThrowsAsync<AnnotatorException>(() => client.AskAsync("What?", [], Ct))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(401, "access refused (401); set OPENAI_API_KEY", true)]
    [InlineData(404, "check the model's name", true)]
    [InlineData(302, "redirects (302)", true)]
    [InlineData(400, "refused the request (400): too many pictures", false)]
    public async Task Ask_Refusal_IsNotRepeated(int status, string message, bool endsRun)
    {
        await using var server = new ScriptedEndpoint(_ => new(status, "too many pictures"));
        using EndpointClient client = Client(server);
        AnnotatorException e = await Assert.ThrowsAsync<AnnotatorException>(() => client.AskAsync("What?", [], Ct));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Key, e.ToString(), StringComparison.Ordinal);
        Assert.Equal(endsRun, e.EndsRun);
        Assert.Single(server.Requests);
    }

    [Theory]
    [InlineData("<html>")]
    [InlineData("[]")]
    [InlineData("{\"choices\": []}")]
    [InlineData("{\"choices\": [{\"message\": {}}]}")]
    public async Task Ask_NoChatCompletion_IsSaid(string body)
    {
        await using var server = new ScriptedEndpoint(_ => new(200, body));
        using EndpointClient client = Client(server);
        Assert.Contains("no chat completion", (await Assert.ThrowsAsync<AnnotatorException>(() => client.AskAsync("What?", [], Ct))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_AnswerThatIsNotWhole_IsNoAnswer()
    {
        string finish = "length";
        await using var server = new ScriptedEndpoint(_ => EndpointReply.Say(finish == "stop" ? "" : "a red", finish));
        using EndpointClient client = Client(server);
        Assert.Contains("does not end within 1024 tokens", (await Assert.ThrowsAsync<FormatException>(() => client.AskAsync("What?", [], Ct))).Message, StringComparison.Ordinal);
        finish = "stop";
        Assert.Contains("the answer is empty", (await Assert.ThrowsAsync<FormatException>(() => client.AskAsync("What?", [], Ct))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_BodiesAboveTheirBounds_AreRefused()
    {
        await using var server = new ScriptedEndpoint(_ => EndpointReply.Say(new string('x', EndpointOptions.MaxResponseBytes)));
        using EndpointClient client = Client(server);
        Assert.Contains("more than 1048576 bytes", (await Assert.ThrowsAsync<AnnotatorException>(() => client.AskAsync("What?", [], Ct))).Message, StringComparison.Ordinal);
        AnnotatorException e = await Assert.ThrowsAsync<AnnotatorException>(() => client.AskAsync("What?", [new byte[EndpointOptions.MaxRequestBytes]], Ct));
        Assert.Contains("--frames, --side", e.Message, StringComparison.Ordinal);
        Assert.Single(server.Requests);
    }

    [Fact]
    public void FromEnvironment_RolesOwnAddress_TakesItsOwnKey()
    {
        var variables = new Dictionary<string, string> { ["OPENAI_BASE_URL"] = "https://common/v1/", ["OPENAI_API_KEY"] = "common", ["STUDIO_WRITER_URL"] = "http://own:8000/v1" };
        EndpointOptions captioner = EndpointOptions.FromEnvironment("CAPTIONER", "m", variables.GetValueOrDefault), writer = EndpointOptions.FromEnvironment("WRITER", "m", variables.GetValueOrDefault);
        Assert.Equal(("https://common/v1/", "common"), (captioner.BaseAddress.AbsoluteUri, captioner.Key));
        Assert.Equal(("http://own:8000/v1/", null), (writer.BaseAddress.AbsoluteUri, writer.Key));
        variables["STUDIO_WRITER_KEY"] = "own";
        Assert.Equal("own", EndpointOptions.FromEnvironment("WRITER", "m", variables.GetValueOrDefault).Key);
    }

    [Theory]
    [InlineData(null, "set STUDIO_WRITER_URL or OPENAI_BASE_URL")]
    [InlineData("localhost:8000", "OPENAI_BASE_URL is no http or https address")]
    [InlineData("http://me:pass@host/v1", "without a password")]
    public void FromEnvironment_AddressThatCannotBeUsed_IsNamed(string? address, string message)
    {
        ArgumentException e = Assert.Throws<ArgumentException>(() => EndpointOptions.FromEnvironment("WRITER", "m", name => name == "OPENAI_BASE_URL" ? address : null));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("pass@", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_OutOfRange_AreRefusedByName()
    {
        var options = new EndpointOptions { BaseAddress = new("http://h/v1/"), Model = "m" };
        foreach ((EndpointOptions wrong, string named) in new[]
        {
            (options with { MaxTokens = 15 }, "15 tokens"), (options with { Timeout = TimeSpan.Zero }, "0 s"), (options with { MaxAttempts = 21 }, "21 attempts"),
            (options with { MaxDelay = TimeSpan.Zero }, "waits of 1 to 0 s"),
        })
        {
            Assert.Contains(named, Assert.Throws<ArgumentException>(() => new EndpointClient(wrong)).Message, StringComparison.Ordinal);
        }
    }

    private static EndpointOptions Options(ScriptedEndpoint server) => new() { BaseAddress = server.Address, Model = "m", Key = Key, MaxAttempts = 4 };

    private static EndpointClient Client(ScriptedEndpoint server, TimeProvider? time = null) => new(Options(server), time);
}
