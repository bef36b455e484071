using System.ClientModel;
using System.Diagnostics;
using OpenAI;
using OpenAI.Chat;
using Studio.Tests.Conversations;
using Xunit;

namespace Studio.Tests.OpenAi;

/// <summary>OpenAI's own clients, unchanged, against the studio.</summary>
public sealed class OfficialClientTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task NpmClient_FindsWhatItKnows()
    {
        await using var studio = await TestStudio.StartAsync();
        var video = await studio.AddVideoAsync(TestStudio.Me);
        var picture = Path.Combine(studio.Folders.Data, "picture.png");
        await EndToEndTests.PictureAsync(picture);
        var start = new ProcessStartInfo("node", ["openai.mjs", studio.Address.ToString(), video.Id, picture]) { WorkingDirectory = Path.Combine(AppContext.BaseDirectory, "npm"), RedirectStandardOutput = true, RedirectStandardError = true };
        using var node = Process.Start(start)!;
        var (output, error) = (node.StandardOutput.ReadToEndAsync(Ct), node.StandardError.ReadToEndAsync(Ct));
        await node.WaitForExitAsync(Ct);
        Assert.True(node.ExitCode == 0, await output + await error);
        string[] expected = ["models", "text", "videoAndImage", "stream", "helperStream", "compression", "history", "sampling", "stop", "trace", "errors", "abort"];
        Assert.Equal(expected.Select(n => $"ok {n}"), (await output).TrimEnd().Split('\n'));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(studio.Folders.Cache, "chat-media")));
    }

    [Fact]
    public async Task DotNetClient_AnswersStreamsAndExplains()
    {
        await using var studio = await TestStudio.StartAsync();
        var picture = Path.Combine(studio.Folders.Data, "picture.png");
        await EndToEndTests.PictureAsync(picture);
        var options = new OpenAIClientOptions { Endpoint = new(studio.Address, "v1") };
        var client = new ChatClient("tiny-random", new ApiKeyCredential("any"), options);
        ChatMessage[] messages =
        [
            new SystemChatMessage("Be brief."),
            new UserChatMessage(ChatMessageContentPart.CreateImagePart(await BinaryData.FromStreamAsync(File.OpenRead(picture), Ct), "image/png"), ChatMessageContentPart.CreateTextPart("What is this?")),
        ];
        var completion = (await client.CompleteChatAsync(messages, new() { MaxOutputTokenCount = 6 }, Ct)).Value;
        Assert.Equal((ChatFinishReason.Length, 6), (completion.FinishReason, completion.Usage.OutputTokenCount));
        Assert.True(completion.Usage.InputTokenCount > 192);
        var text = completion.Content[0].Text;
        Assert.NotEmpty(text);

        var streamed = "";
        ChatTokenUsage? usage = null;
        await foreach (var update in client.CompleteChatStreamingAsync(messages, new() { MaxOutputTokenCount = 6 }, Ct))
        {
            streamed += string.Concat(update.ContentUpdate.Select(c => c.Text));
            usage = update.Usage ?? usage;
        }

        Assert.Equal(text, streamed.TrimEnd());
        Assert.Equal(completion.Usage.TotalTokenCount, usage!.TotalTokenCount);

        var unknown = new ChatClient("gpt-x", new ApiKeyCredential("any"), options);
        var refused = await Assert.ThrowsAsync<ClientResultException>(() => unknown.CompleteChatAsync(messages, cancellationToken: Ct));
        Assert.Equal(404, refused.Status);
        Assert.Contains("gpt-x", refused.Message, StringComparison.Ordinal);
        var models = (await new OpenAIClient(new ApiKeyCredential("any"), options).GetOpenAIModelClient().GetModelsAsync(Ct)).Value;
        Assert.Contains(models, m => m.Id == "tiny-random");
    }
}
