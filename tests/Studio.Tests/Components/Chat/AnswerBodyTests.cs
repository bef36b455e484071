using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Studio.Api;
using Studio.Components.Chat;
using Studio.Conversations;
using Studio.Data;
using Studio.Tests.Conversations;
using Xunit;

namespace Studio.Tests.Components.Chat;

public sealed class AnswerBodyTests : IDisposable
{
    private readonly BunitContext _context = new();
    private readonly ManualTime _time = new();
    private readonly Channel<AnswerUpdate> _updates = Channel.CreateUnbounded<AnswerUpdate>();
    private readonly List<AnswerUpdate.Finished> _finished = [];
    private int _watches;
    private bool _isGone;

    public AnswerBodyTests()
    {
        _ = _context.Services.AddSingleton<TimeProvider>(_time);
        _context.Renderer.SetRendererInfo(new RendererInfo("Server", true));
    }

    public void Dispose() => _context.Dispose();

    private async IAsyncEnumerable<AnswerUpdate> Watch(string id, int offset, [EnumeratorCancellation] CancellationToken ct)
    {
        _watches++;
        if (_isGone) throw RequestException.NotFound("answer", id);
        await foreach (var update in _updates.Reader.ReadAllAsync(ct)) yield return update;
    }

    private IRenderedComponent<AnswerBody> Render(MessageView message) => _context.Render<AnswerBody>(p => p
        .Add(c => c.Message, message).Add(c => c.Watch, Watch).Add(c => c.OnFinished, f => _finished.Add(f)));

    private static MessageView UnderWay(string text = "") => Samples.Answer("a", "q", text, AnswerState.Running);

    private void Say(string text) => Assert.True(_updates.Writer.TryWrite(new AnswerUpdate.Text(0, text)));

    private void Finish(string text, AnswerState state = AnswerState.Done, string? error = null) =>
        Assert.True(_updates.Writer.TryWrite(new AnswerUpdate.Finished(state, text, null, error, false)));

    /// <summary>Lets time pass once the component waits for it: it reckons its rest and begins to wait in two steps, between which the clock must stand still.</summary>
    private async Task PassAsync(TimeSpan time)
    {
        await Wait.UntilAsync(() => _time.IsAwaited, "a wait");
        _time.Advance(time);
    }

    [Fact]
    public async Task Watch_Words_AreDrawnAtMostOnceAFrame()
    {
        var body = Render(UnderWay());
        for (var i = 0; i < 100; i++) Say($"w{i} ");
        body.WaitForAssertion(() => Assert.Contains("w0", body.Markup, StringComparison.Ordinal));
        // The clock stands still: however much comes, nothing more is drawn.
        Assert.DoesNotContain("w1 ", body.Markup, StringComparison.Ordinal);
        var drawn = body.RenderCount;
        await PassAsync(AnswerBody.Frame);
        body.WaitForAssertion(() => Assert.Contains("w1", body.Markup, StringComparison.Ordinal));
        Assert.InRange(body.RenderCount - drawn, 1, 5); // a hundred words in one frame, whatever else was being drawn
    }

    [Fact]
    public async Task Watch_ToTheEnd_ShowsAllOfItAndSaysSo()
    {
        var body = Render(UnderWay());
        Assert.NotNull(body.Find("progress"));
        Say("One **two");
        body.WaitForAssertion(() => Assert.Equal("two", body.Find("strong").TextContent)); // not flickering as asterisks
        Finish("One **two** three.");
        await Wait.UntilAsync(
            () =>
            {
                _time.Advance(AnswerBody.Frame);
                return _finished.Count > 0;
            },
            "the end");
        Assert.Equal("One two three.", body.Find(".md").TextContent);
        Assert.Empty(body.FindAll(".cursor"));
        Assert.Equal("One **two** three.", body.Find("[aria-live=polite]").TextContent);
        Assert.Equal(AnswerState.Done, Assert.Single(_finished).State);
    }

    [Fact]
    public async Task Watch_FinishedParagraphs_AreAnnouncedNotTooOften()
    {
        var body = Render(UnderWay());
        string Said() => body.Find("[aria-live=polite]").TextContent;
        Say("First.\nSec");
        body.WaitForAssertion(() => Assert.Equal("First.", Said()));
        Say("ond.\nThird.\n");
        await PassAsync(AnswerBody.Frame);
        body.WaitForAssertion(() => Assert.Contains("Third.", body.Find(".md").TextContent, StringComparison.Ordinal));
        Assert.Equal("First.", Said()); // too soon
        Say("Fourth");
        await PassAsync(AnswerBody.Announcement);
        body.WaitForAssertion(() => Assert.Equal("Second.\nThird.", Said()));
        Finish("First.\nSecond.\nThird.\nFourth", AnswerState.Stopped);
        await Wait.UntilAsync(
            () =>
            {
                _time.Advance(AnswerBody.Frame);
                return _finished.Count > 0;
            },
            "the end");
        Assert.Equal("Stopped. Fourth", Said());
    }

    [Fact]
    public async Task Watch_Progress_IsShown()
    {
        var body = Render(UnderWay());
        Assert.True(_updates.Writer.TryWrite(new AnswerUpdate.Queued(2, 3)));
        body.WaitForAssertion(() => Assert.Contains("place 2 of 3", body.Markup, StringComparison.Ordinal));
        Assert.True(_updates.Writer.TryWrite(new AnswerUpdate.Progress("frames", "film.mp4", 32, 1064)));
        await PassAsync(AnswerBody.Frame);
        body.WaitForAssertion(() => Assert.Contains("Watching film.mp4: 32 of 1,064 frames", body.Markup, StringComparison.Ordinal));
        Assert.Equal("32", body.Find("progress").GetAttribute("value"));
    }

    [Fact]
    public void Watch_AnswerThatIsGone_EndsOnce()
    {
        _isGone = true;
        var body = Render(UnderWay());
        body.WaitForAssertion(() => Assert.Single(_finished));
        body.Render(p => p.Add(c => c.Message, UnderWay("again")));
        Assert.Equal(1, _watches); // no endless trying
    }

    [Fact]
    public async Task Dispose_WhileWatching_EndsTheWatching()
    {
        var body = Render(UnderWay());
        Say("x");
        body.WaitForAssertion(() => Assert.Contains('x', body.Find(".md").TextContent));
        await _context.DisposeComponentsAsync();
        Say("y");
        _time.Advance(AnswerBody.Frame);
        Assert.Empty(_finished);
    }

    [Fact]
    public void Render_Prerendered_ShowsTheStateWithoutWatching()
    {
        _context.Renderer.SetRendererInfo(new RendererInfo("Static", false));
        var body = Render(UnderWay("so far"));
        Assert.Contains("so far", body.Markup, StringComparison.Ordinal);
        Assert.Equal(0, _watches);
    }

    [Fact]
    public void Render_SameMessageAgain_IsNotDrawnAgain()
    {
        var message = Samples.Answer("a", "q", "text");
        var body = Render(message);
        var count = body.RenderCount;
        body.Render(p => p.Add(c => c.Message, message));
        Assert.Equal(count, body.RenderCount);
        Assert.Equal(0, _watches);
    }
}
