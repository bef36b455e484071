using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Studio.Components.Chat;
using Studio.Components.Markdown;
using Studio.Conversations;
using Studio.Data;
using Xunit;

namespace Studio.Tests.Components.Chat;

public sealed class MessageViewTests : IDisposable
{
    private const string Hostile = "<script>alert(1)</script><img src=x onerror=alert(1)> [x](javascript:alert(1))";

    private readonly BunitContext _context = new();
    private readonly List<(string Id, AnswerSettings? Settings)> _again = [];

    public MessageViewTests()
    {
        _ = _context.Services.AddSingleton(TimeProvider.System);
        _context.Renderer.SetRendererInfo(new RendererInfo("Server", true));
        _context.JSInterop.Mode = JSRuntimeMode.Loose;
    }

    public void Dispose() => _context.Dispose();

    private static async IAsyncEnumerable<AnswerUpdate> Nothing(string id, int offset, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        await Task.CompletedTask;
        yield break;
    }

    private IRenderedComponent<AnswerView> Answer(MessageView message, bool canWrite = true, AnswerSettings? current = null, params string[] versions) => _context.Render<AnswerView>(p => p
        .Add(c => c.Column, new ChatColumn(message, versions.Length == 0 ? [message.Id] : versions, true)).Add(c => c.Watch, Nothing).Add(c => c.CanWrite, canWrite).Add(c => c.Current, current)
        .Add(c => c.Address, id => "chat/c?m=" + id).Add(c => c.Times, new TimeLinks(100, s => $"chat/c?t={s}"))
        .Add(c => c.OnRegenerate, ((string, AnswerSettings?) again) => _again.Add(again)));

    private IRenderedComponent<QuestionView> Question(MessageView question, Func<string, Task<string?>>? edited = null, bool canWrite = true) => _context.Render<QuestionView>(p => p
        .Add(c => c.Turn, new ChatTurn(question, [question.Id], [])).Add(c => c.CanWrite, canWrite).Add(c => c.Address, id => "chat/c?m=" + id).Add(c => c.OnEdited, edited));

    [Fact]
    public void Question_HostileTextAndNames_AreText()
    {
        var view = Question(Samples.Question("q", text: Hostile, media: [new(0, "v", Hostile, VideoKind.Video, 5), new(1, null, Hostile, null, 0)]));
        Assert.Equal(Hostile, view.Find(".question-text").TextContent);
        Assert.Empty(view.FindAll("script"));
        Assert.All(view.FindAll("img"), i => Assert.Equal("api/v1/videos/v/poster", i.GetAttribute("src")));
        Assert.Contains("(deleted)", view.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public void Question_Edited_IsAskedAndClosed()
    {
        string? asked = null;
        var view = Question(Samples.Question("q", text: "Old?"), text =>
        {
            asked = text;
            return Task.FromResult<string?>(null);
        });
        view.Find("[aria-label='Edit the question']").Click();
        Assert.Equal("Old?", view.Find("textarea").GetAttribute("value"));
        view.Find("textarea").Input("New?");
        view.FindAll("button").First(b => b.TextContent == "Ask again").Click();
        Assert.Equal("New?", asked);
        Assert.Empty(view.FindAll("textarea"));
    }

    [Fact]
    public void Question_EditRefused_KeepsTheTextAndSaysWhy()
    {
        var view = Question(Samples.Question("q", text: "Old?"), _ => Task.FromResult<string?>("8 questions wait already."));
        view.Find("[aria-label='Edit the question']").Click();
        view.Find("textarea").Input("New?");
        view.FindAll("button").First(b => b.TextContent == "Ask again").Click();
        Assert.Equal("8 questions wait already.", view.Find("[role=alert]").TextContent);
        Assert.Equal("New?", view.Find("textarea").GetAttribute("value"));
    }

    [Fact]
    public void Question_OfSomebodyElse_CannotBeEdited() => Assert.Empty(Question(Samples.Question("q"), canWrite: false).FindAll("[aria-label='Edit the question']"));

    [Fact]
    public void Answer_Done_HasTextTimesMeasuresAndActions()
    {
        var view = Answer(Samples.Answer("a", "q", $"At 0:05. {Hostile}") with { HasTrace = true });
        Assert.Equal("5", view.Find("a.time-link").GetAttribute("data-seek"));
        Assert.Empty(view.FindAll("script,[data-text] img"));
        Assert.Equal("inspect/a", view.FindAll("a").First(l => l.TextContent == "Inspect").GetAttribute("href"));
        Assert.Contains("1,024 visual tokens", view.Find(".measures summary").TextContent, StringComparison.Ordinal);
        foreach (var copy in new[] { "text", "link", "markdown" }) Assert.Equal("a", view.Find($"[data-copy={copy}]").GetAttribute("data-message"));
        Assert.Equal("message-a", view.Find("article").Id);
    }

    [Fact]
    public void Answer_WithoutTrace_IsNotInspected() => Assert.DoesNotContain("Inspect", Answer(Samples.Answer("a", "q")).Markup, StringComparison.Ordinal);

    [Fact]
    public void Answer_Again_OffersTheSameAnotherTryAndOtherSettings()
    {
        var current = new AnswerSettings { Compress = "strong" };
        var view = Answer(Samples.Answer("a", "q", settings: new() { Seed = 4 }), current: current, versions: ["a0", "a"]);
        // Found anew before every click: each one draws the answer again.
        AngleSharp.Dom.IElement Choice(int i) => view.FindAll(".menu-list")[0].QuerySelectorAll("button")[i];
        for (var i = 0; i < 3; i++) Choice(i).Click();
        Assert.Equal([("a", null), ("a", new AnswerSettings { Temperature = 0.7, Seed = 6 }), ("a", current)], _again);
        Assert.Contains("greedy", Choice(0).TextContent, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(AnswerState.Failed, "The file is damaged.", "No answer. The file is damaged.")]
    [InlineData(AnswerState.Stopped, null, "Stopped; the text so far is kept.")]
    [InlineData(AnswerState.Stopped, "the server stopped", "Stopped: the server stopped")]
    public void Answer_ThatDidNotEndByItself_SaysSo(AnswerState state, string? error, string says) =>
        Assert.Contains(says, Answer(Samples.Answer("a", "q", "text", state) with { Error = error }).Find("article").TextContent, StringComparison.Ordinal);

    [Fact]
    public void Answer_WithoutAWord_SaysWhatToDo() => Assert.Contains("without a word", Answer(Samples.Answer("a", "q", "")).Markup, StringComparison.Ordinal);

    [Fact]
    public void Answer_AtItsLongest_SaysSo()
    {
        var view = Answer(Samples.Answer("a", "q") with { Measures = Samples.Measures() with { StopReason = "length", GeneratedTokens = 1024 } });
        Assert.Contains("Ended at 1,024 tokens", view.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public void Answer_ForReaders_HasNothingThatChangesIt()
    {
        var view = Answer(Samples.Answer("a", "q"), canWrite: false);
        Assert.DoesNotContain("Again", view.Markup, StringComparison.Ordinal);
        Assert.DoesNotContain("Delete", view.Markup, StringComparison.Ordinal);
    }
}
