using System.Text.Json;
using Studio.Cli;
using Studio.Tests.Conversations;
using Xunit;

namespace Studio.Tests.Cli;

/// <summary>Conversations from the command line, beside a server on the same folder.</summary>
public sealed class ConversationsCommandTests
{
    private readonly ScriptedEngine _engine = new() { Always = "A ball until 0:05." };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task List_Show_Rename_Visibility_Share_Revoke_Delete()
    {
        await using var studio = await TestStudio.StartAsync(_engine);
        var video = await studio.AddVideoAsync(TestStudio.Me, "film.mp4");
        var asked = await studio.Conversations.AskAsync(TestStudio.Me, null, null, "What happens?", [video.Id], [new() { Compress = "strong" }], ct: Ct);
        _ = await studio.FinishedAsync(asked.AnswerIds[0]);
        var id = asked.ConversationId;

        Assert.Contains("1 question  What happens?", (await RunAsync(studio, "list", "ball")).Output, StringComparison.Ordinal);
        Assert.Contains("no conversation matches", (await RunAsync(studio, "list", "nothing-like-it")).Error, StringComparison.Ordinal);
        var shown = (await RunAsync(studio, "show", "What happens?")).Output;
        foreach (var part in new[] { "# What happens?", $"- film.mp4 (video:{video.Id})", $"### Answer {asked.AnswerIds[0]}", "strong", "A ball until 0:05." }) Assert.Contains(part, shown, StringComparison.Ordinal);
        using (var json = JsonDocument.Parse((await RunAsync(studio, "show", id, "--json")).Output)) Assert.Equal(2, json.RootElement.GetProperty("messages").GetArrayLength());

        Assert.Equal(ExitCodes.Ok, (await RunAsync(studio, "rename", id, "The ball")).Code);
        Assert.Equal(ExitCodes.Ok, (await RunAsync(studio, "visibility", "The ball", "team")).Code);
        Assert.Contains("The ball  [team]", (await RunAsync(studio, "list")).Output, StringComparison.Ordinal);

        var path = (await RunAsync(studio, "share", id)).Output.Trim();
        using (var open = await studio.Http.GetAsync(path, Ct)) Assert.True(open.IsSuccessStatusCode);
        var link = (await RunAsync(studio, "shares")).Output.Split(' ')[0];
        Assert.Equal(ExitCodes.Ok, (await RunAsync(studio, "revoke", link)).Code);
        using (var gone = await studio.Http.GetAsync(path, Ct)) Assert.Equal(System.Net.HttpStatusCode.NotFound, gone.StatusCode);

        Assert.Equal(ExitCodes.Ok, (await RunAsync(studio, "delete", id)).Code);
        Assert.Equal(0, (await studio.Conversations.ListAsync(TestStudio.Me, ct: Ct)).Total);
    }

    [Fact]
    public async Task Branches_AreToldApart()
    {
        await using var studio = await TestStudio.StartAsync(_engine);
        var first = await studio.Conversations.AskAsync(TestStudio.Me, null, null, "One?", [], [new()], ct: Ct);
        _ = await studio.FinishedAsync(first.AnswerIds[0]);
        foreach (var text in new[] { "Two?", "Or two?" })
        {
            var next = await studio.Conversations.AskAsync(TestStudio.Me, first.ConversationId, first.AnswerIds[0], text, [], [new()], ct: Ct);
            _ = await studio.FinishedAsync(next.AnswerIds[0]);
        }

        var shown = (await RunAsync(studio, "show", first.ConversationId)).Output;
        Assert.Equal(2, shown.Split($"## Question after answer {first.AnswerIds[0]}").Length - 1);
    }

    [Theory]
    [InlineData(ExitCodes.BadInput, "no-such", "show", "no-such")]
    [InlineData(ExitCodes.BadInput, "0123456789abcdef0123456789abcdef", "delete", "0123456789abcdef0123456789abcdef")]
    [InlineData(ExitCodes.BadInput, "nobody", "list", "--account", "nobody")]
    [InlineData(ExitCodes.BadInput, "500", "list", "--size", "500")]
    [InlineData(ExitCodes.Usage, "everybody", "visibility", "x", "everybody")]
    public async Task BadInput_IsNamed(int code, string named, params string[] arguments)
    {
        await using var studio = await TestStudio.StartAsync(_engine);
        var result = await RunAsync(studio, arguments);
        Assert.Equal(code, result.Code);
        Assert.Contains(named, result.Error, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(TestStudio studio, params string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter();
        var code = await CommandLine.RunAsync(["conversations", .. arguments], output, error, TextReader.Null, studio.Get<Studio.Hosting.StudioOptions>().DataFolder).WaitAsync(Ct);
        return (code, output.ToString(), error.ToString());
    }
}
