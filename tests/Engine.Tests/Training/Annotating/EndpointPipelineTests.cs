using System.Security.Cryptography;
using System.Text;
using Studio.Engine.Training.Annotating;
using Xunit;

namespace Studio.Engine.Tests.Training.Annotating;

/// <summary>The whole way through an endpoint that fails now and then.</summary>
public sealed class EndpointPipelineTests(AnnotationStage stage) : IClassFixture<AnnotationStage>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Make_EndpointThatFailsNowAndThen_GivesInTheEndWhatOneThatDoesNotGives()
    {
        (int requests, bool faulty) = (0, true);
        await using var server = new ScriptedEndpoint(r => !faulty ? Answer(r) : (++requests % 6) switch
        {
            0 => new EndpointReply(503, "busy"),
            2 => new EndpointReply(429, "slow down"),
            4 => Answer(r) with { Cut = true },
            5 when r.Prompt.Contains("key events", StringComparison.Ordinal) => EndpointReply.Say("no idea"),
            _ => Answer(r),
        });
        var time = new HastyTime();
        string output = stage.NewOutput();
        AnnotationSummary last = await MakeAsync(server, output, time, attempts: 3);
        Assert.True(time.Waits.Count > 10, "the endpoint never failed");
        faulty = false;
        for (int i = 0; i < 3 && last.Failed > 0; i++)
        {
            last = await MakeAsync(server, output, time, attempts: 3);
        }

        Assert.Equal(0, last.Failed);
        Assert.True(last.Records > 0, "no question was made");
        int before = server.Requests.Count;
        AnnotationSummary again = await MakeAsync(server, output, time, attempts: 1);
        Assert.Equal((0, before), (again.Asked, server.Requests.Count)); // all of it is there
        Assert.Equal(last.Records, again.Records);
        string whole = stage.NewOutput();
        await MakeAsync(server, whole, time, attempts: 1); // without a failure
        Assert.Equal(File.ReadAllText(Path.Combine(whole, "vico.jsonl")), File.ReadAllText(Path.Combine(output, "vico.jsonl")));
        Assert.All(server.Requests.Where(r => r.Pictures.Any()), r =>
        {
            Assert.Equal(8, r.Pictures.Count());
            Assert.All(r.Pictures, p => Assert.StartsWith("data:image/jpeg;base64,/9j/", p, StringComparison.Ordinal)); // how a JPEG begins
        });
    }

    [Fact]
    public async Task Make_RefusedKey_EndsTheRunAtOnce()
    {
        await using var server = new ScriptedEndpoint(_ => new(401, ""));
        string output = stage.NewOutput();
        AnnotatorException e = await Assert.ThrowsAsync<AnnotatorException>(() => MakeAsync(server, output, new HastyTime(), attempts: 3));
        Assert.Contains("access refused (401)", e.Message, StringComparison.Ordinal);
        Assert.InRange(server.Requests.Count, 1, 2); // the second was on its way
    }

    [Fact]
    public async Task Make_EndpointThatIsGone_EndsTheRunAfterSoManyFailures()
    {
        await using var server = new ScriptedEndpoint(_ => new(500, ""));
        AnnotatorException e = await Assert.ThrowsAsync<AnnotatorException>(() => MakeAsync(server, stage.NewOutput(), new HastyTime(), attempts: 1));
        Assert.Contains($"{Asker.MaxSilent} requests in a row had no answer", e.Message, StringComparison.Ordinal);
        Assert.InRange(server.Requests.Count, Asker.MaxSilent, Asker.MaxSilent + 1);
    }

    [Theory]
    [InlineData(63)]
    [InlineData(2049)]
    public void Captioner_SideOutOfRange_IsRefused(int side)
    {
        using var client = new EndpointClient(new EndpointOptions { BaseAddress = new("http://h/v1/"), Model = "m" });
        Assert.Contains($"{side} pixels", Assert.Throws<ArgumentException>(() => new EndpointCaptioner(client, stage.Tools, side)).Message, StringComparison.Ordinal);
    }

    /// <summary>Captions name what no other clip has: words made of the pictures' bytes.</summary>
    private static EndpointReply Answer(EndpointRequest request)
    {
        string[] pictures = [.. request.Pictures];
        if (pictures.Length == 0)
        {
            return EndpointReply.Say(FakeAnnotator.Reply(request.Prompt));
        }

        string hash = Convert.ToHexString(SHA256.HashData(Encoding.ASCII.GetBytes(string.Concat(pictures))));
        return EndpointReply.Say($"Thing q{hash[..8]} meets thing q{hash[8..16]}.");
    }

    private async Task<AnnotationSummary> MakeAsync(ScriptedEndpoint server, string output, TimeProvider time, int attempts)
    {
        using var client = new EndpointClient(new EndpointOptions { BaseAddress = server.Address, Model = "m", MaxAttempts = attempts }, time);
        var maker = new AnnotationMaker(stage.Videos, output, new VicoTask(), new EndpointCaptioner(client, stage.Tools, 64), new EndpointWriter(client), stage.Tools);
        return await maker.MakeAsync(AnnotationStage.Vico(jobs: 2, questions: 4), cancellationToken: Ct);
    }
}
