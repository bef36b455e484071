using Studio.Conversations;
using Studio.Data;
using Xunit;

namespace Studio.Tests.Conversations;

public sealed class LiveAnswerTests
{
    private readonly ManualTime _time = new();
    private readonly List<string> _abandoned = [];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task LateWatcher_LearnsAllAtOnce_ThenWhatHappens()
    {
        var live = Live();
        live.Show(new AnswerUpdate.Queued(1, 1));
        live.Show(new AnswerUpdate.Progress("frames", "a", 4, 8));
        live.Append("  One ");
        live.Append("two");
        await using var watcher = live.WatchAsync(0, Ct).GetAsyncEnumerator(Ct);
        Assert.Equal(new AnswerUpdate.Text(0, "One two"), await Next(watcher));
        var next = Next(watcher);
        live.Append(" three");
        Assert.Equal(new AnswerUpdate.Text(7, " three"), await next);
        live.Finish(Done("One two three"));
        Assert.IsType<AnswerUpdate.Finished>(await Next(watcher));
        Assert.False(await watcher.MoveNextAsync());
    }

    [Theory]
    [InlineData(4, "two")]
    [InlineData(0, "One two")]
    [InlineData(-5, "One two")]
    public async Task WatcherThatReconnects_GoesOnWhereItWas(int offset, string expected)
    {
        var live = Live();
        live.Append("One two");
        await using var watcher = live.WatchAsync(offset, Ct).GetAsyncEnumerator(Ct);
        Assert.Equal(expected, Assert.IsType<AnswerUpdate.Text>(await Next(watcher)).Delta);
    }

    [Fact]
    public async Task SlowWatcher_HoldsNothingUp_AndMissesNoText()
    {
        var live = Live();
        await using var watcher = live.WatchAsync(0, Ct).GetAsyncEnumerator(Ct);
        var first = Next(watcher);
        live.Append("a");
        _ = await first;
        for (var i = 0; i < 10_000; i++) live.Append("b");
        live.Finish(Done("all"));
        Assert.Equal(10_000, Assert.IsType<AnswerUpdate.Text>(await Next(watcher)).Delta.Length);
        Assert.IsType<AnswerUpdate.Finished>(await Next(watcher));
    }

    [Fact]
    public async Task PlaceCountedTooEarly_DoesNotHideProgress()
    {
        var live = Live();
        live.Show(new AnswerUpdate.Progress("frames", "", 1, 8));
        live.Show(new AnswerUpdate.Queued(1, 1));
        await using var watcher = live.WatchAsync(0, Ct).GetAsyncEnumerator(Ct);
        Assert.IsType<AnswerUpdate.Progress>(await Next(watcher));
    }

    [Fact]
    public async Task Unwatched_IsAbandonedAfterTheGrace_NotBefore_AndNotWhileWatched()
    {
        var live = Live();
        _time.Advance(AnswerFeed.Grace - TimeSpan.FromSeconds(1));
        Assert.Empty(_abandoned);
        var watcher = live.WatchAsync(0, Ct).GetAsyncEnumerator(Ct);
        live.Append("x");
        _ = await Next(watcher);
        _time.Advance(AnswerFeed.Grace * 3);
        Assert.Empty(_abandoned);
        await watcher.DisposeAsync();
        _time.Advance(AnswerFeed.Grace - TimeSpan.FromSeconds(1));
        Assert.Empty(_abandoned);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["id"], _abandoned);
        Assert.Contains("30", live.StopNote, StringComparison.Ordinal);
    }

    [Fact]
    public void Finished_IsNeverAbandoned_AndChangesNoMore()
    {
        var live = Live();
        live.Finish(Done("text"));
        live.Append("late");
        _time.Advance(AnswerFeed.Grace * 2);
        Assert.Empty(_abandoned);
        Assert.Equal("", live.Text);
    }

    private static AnswerUpdate.Finished Done(string text) => new(AnswerState.Done, text, null, null, false);

    private static async Task<AnswerUpdate> Next(IAsyncEnumerator<AnswerUpdate> watcher)
    {
        Assert.True(await watcher.MoveNextAsync().AsTask().WaitAsync(Wait.Limit, Ct));
        return watcher.Current;
    }

    private LiveAnswer Live() => new("id", _time, AnswerFeed.Grace, a => _abandoned.Add(a.Id));
}
