using Studio.Benchmarks.Evaluation;
using Studio.Engine.Chat;
using Studio.Engine.Language;
using Studio.Engine.Tokenization;
using Studio.Engine.Video;
using Xunit;

namespace Studio.Benchmarks.Tests.Running;

/// <summary>What a task's prompt says is what the model reads, token by token.</summary>
public sealed class PromptFormTests(TinyEval tiny) : IClassFixture<TinyEval>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(" Look.\nBest option:(", "You are a helpful assistant.", "", true)]
    [InlineData("\nQuestion: which?\n", null, "", true)]
    [InlineData("Question: a\nAnswer: ", "You watch.", "Best option:(", true)]
    [InlineData("Question: a\n", "You watch.", "Best option:(", false)]
    [InlineData("héé 一二 <image> ", "S", " (", true)]
    public async Task BarePrompt_ReachesTheModelAsItsChatMl(string text, string? system, string prefill, bool showsVideo)
    {
        var prompt = new EvalPrompt(text) { System = system, Bare = true, Prefill = prefill, ShowsVideo = showsVideo };
        var (built, answer) = await BuildAsync(prompt);
        // A placeholder in the text itself is text: compared with another one.
        string placeholder = text.Contains("<image>", StringComparison.Ordinal) ? "<video>" : "<image>";
        int[] expected = Expected(prompt.ChatMl(placeholder), placeholder);
        Assert.Equal(expected, Ids(built));
        Assert.Equal((showsVideo ? "<image>" : "") + text, answer.UserTurn);
    }

    [Fact]
    public async Task ChatPrompt_HasTheMessageThenTheTextToTheLetter()
    {
        var prompt = new EvalPrompt("\nQuestion: which?\n ") { System = "S", Prefill = "It is" };
        var (built, answer) = await BuildAsync(prompt);
        const string message = "\nThe video lasts for 2.00 seconds, and 4 frames are uniformly sampled from it. ";
        int[] expected = Expected($"<|im_start|>system\nS<|im_end|>\n<|im_start|>user\n<image>{message}{prompt.Text}<|im_end|>\n<|im_start|>assistant\nIt is", "<image>");
        Assert.Equal(expected, Ids(built));
        Assert.Equal($"<image>{message}{prompt.Text}", answer.UserTurn);
    }

    [Fact]
    public async Task ChatPrompt_Blind_IsTheTextAlone()
    {
        var (built, answer) = await BuildAsync(Variants.Blind(new EvalPrompt("Question: which?")));
        Assert.Equal(Expected("<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\nQuestion: which?<|im_end|>\n<|im_start|>assistant\n", "<image>"), Ids(built));
        Assert.Equal("Question: which?", answer.UserTurn);
    }

    private int[] Expected(string chatMl, string placeholder)
    {
        var ids = new List<int>();
        foreach (string part in chatMl.Split(placeholder))
        {
            if (ids.Count > 0) ids.Add(ChatMl.VisualPlaceholderId);
            ids.AddRange(tiny.Model.Tokenizer.Encode(part));
        }

        return [.. ids];
    }

    private static int[] Ids(Prompt prompt) => [.. prompt.Parts.SelectMany(p => p is PromptPart.Text text ? text.Ids : [ChatMl.VisualPlaceholderId])];

    /// <summary>The prompt as a conversation builds it, and its answer.</summary>
    private async Task<(Prompt Prompt, Answer Answer)> BuildAsync(EvalPrompt prompt)
    {
        ListData data = await tiny.DataAsync(1);
        string path = data.Of(data.Documents[0]).Path;
        MediaEncoder encoder = TinyEval.Encoder();
        var form = new PromptForm { IsBare = prompt.Bare, KeepsSpaces = true, AnswerStart = prompt.Prefill };
        string? system = prompt.System ?? (prompt.Bare ? null : ChatMl.DefaultSystem);
        string[] shown = prompt.ShowsVideo ? [path] : [];
        List<PromptMedia> media = [.. shown.Select(p => encoder.Open(tiny.Model, p, SamplingSettings.Uniform(4), false, new CostLedger(TimeProvider.System), null, Ct))];
        Prompt built = ConversationPrompt.Build(tiny.Model, [new ConversationTurn(shown, prompt.Text, "")], media, system, form);
        foreach (PromptMedia one in media) one.Dispose();

        using var conversation = new Conversation(tiny.Model, encoder, system);
        foreach (string one in shown) conversation.Attach(one);
        Answer answer = conversation.Ask(prompt.Text, new AskSettings { Sampling = SamplingSettings.Uniform(4), Generation = tiny.Model.DefaultGeneration with { MaxNewTokens = 1 }, Form = form }, ct: Ct);
        Assert.Equal(built.Length, answer.TextTokens + answer.VisualTokens);
        return (built, answer);
    }
}
