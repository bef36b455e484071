using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Studio.Accounts;
using Studio.Api;
using Studio.Hosting;
using Studio.ModelHosting;
using Studio.Tests.Conversations;
using Xunit;

namespace Studio.Tests.ModelHosting;

public sealed class DeviceSchedulerTests : IAsyncDisposable
{
    private static readonly CurrentUser s_ann = new("ann", "Ann", Roles.Editor), s_admin = new("root", "Root", Roles.Admin);

    private readonly ManualTime _time = new();
    private readonly DeviceScheduler _scheduler;
    private readonly ConcurrentQueue<string> _ran = new();
    private readonly SemaphoreSlim _permits = new(0);

    public DeviceSchedulerTests() => _scheduler = new(new StudioOptions { DataFolder = "-", RootFolder = "-", MaxQueuedPerUser = 4 }, _time, NullLogger<DeviceScheduler>.Instance);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        _permits.Release(10_000);
        await _scheduler.DisposeAsync();
        _permits.Dispose();
    }

    [Fact]
    public async Task Users_TakeTurns_WhoeverAskedHowMuch()
    {
        var all = new List<Task> { Put("ann", "a1") };
        await Running("a1");
        all.AddRange([Put("ann", "a2"), Put("ann", "a3"), Put("ann", "a4"), Put("bob", "b1"), Put("cat", "c1"), Put("bob", "b2")]);
        Assert.Equal(["a1", "b1", "c1", "a2", "b2", "a3", "a4"], _scheduler.Snapshot(s_admin).Entries.Select(e => e.Id));
        _permits.Release(all.Count);
        await Task.WhenAll(all).WaitAsync(Wait.Limit, Ct);
        Assert.Equal(["a1", "b1", "c1", "a2", "b2", "a3", "a4"], _ran);
    }

    [Fact]
    public async Task BackgroundWork_WaitsForAllThatIsInteractive()
    {
        var all = new List<Task> { Put("ann", "a1") };
        await Running("a1");
        all.AddRange([Put("ann", "job", WorkPriority.Background), Put("bob", "b1"), Put("ann", "a2")]);
        Assert.Equal((3, 1), (_scheduler.Positions().Positions["job"], _scheduler.Positions().Positions["b1"]));
        _permits.Release(all.Count);
        await Task.WhenAll(all).WaitAsync(Wait.Limit, Ct);
        Assert.Equal(["a1", "b1", "a2", "job"], _ran);
    }

    [Fact]
    public async Task BackgroundWorkThatRuns_GivesWayToAQuestion_NotToItsLike()
    {
        using var began = new SemaphoreSlim(0);
        var running = _scheduler.RunAsync(new("job", "", "", "measuring", Priority: WorkPriority.Background), ct =>
        {
            _ = began.Release();
            _ = ct.WaitHandle.WaitOne(Wait.Limit);
            ct.ThrowIfCancellationRequested();
        }, Ct);
        Assert.True(await began.WaitAsync(Wait.Limit, Ct));
        var like = Put("", "like", WorkPriority.Background);
        Assert.False(running.IsCompleted);
        var asked = Put("ann", "a1");
        _permits.Release(2);
        _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(Wait.Limit, Ct));
        await Task.WhenAll(asked, like).WaitAsync(Wait.Limit, Ct);
        Assert.Equal(["a1", "like"], _ran);
    }

    [Fact]
    public async Task UsersBound_RefusesTheUser_NotTheNext_AndEndsWithTheWork()
    {
        var first = Put("ann", "a1");
        await Running("a1");
        for (var i = 2; i <= 4; i++) _ = Put("ann", $"a{i}");
        var refused = Assert.Throws<RequestException>(() => _scheduler.Admit("ann"));
        Assert.Equal(429, refused.Status);
        Assert.Contains("4", refused.Message, StringComparison.Ordinal);
        _scheduler.Admit("bob", 4).Dispose();
        _permits.Release();
        await first.WaitAsync(Wait.Limit, Ct);
        _scheduler.Admit("ann").Dispose();
        Assert.Throws<RequestException>(() => _scheduler.Admit("ann", 2));
        Assert.True(_scheduler.Cancel("a4"));
        _scheduler.Admit("ann", 2).Dispose();
    }

    [Fact]
    public void WholeBound_RefusesEverybody_AndPlacesGivenBackAreFree()
    {
        var held = new List<Admission>();
        for (var i = 0; i < DeviceScheduler.MaxWaiting / 4; i++) held.Add(_scheduler.Admit($"user{i}", 4));
        Assert.Equal(429, Assert.Throws<RequestException>(() => _scheduler.Admit("late")).Status);
        held[0].Dispose();
        held[0].Dispose();
        _scheduler.Admit("late", 4).Dispose();
        foreach (var admission in held) admission.Dispose();
        _scheduler.Admit("late", 4).Dispose();
    }

    [Fact]
    public async Task Cancel_TakesWaitingWorkOut_AndAsksRunningWorkToStop()
    {
        var running = Put("ann", "a1");
        await Running("a1");
        var waiting = Put("bob", "b1");
        Assert.True(_scheduler.Cancel("b1"));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(Wait.Limit, Ct));
        Assert.True(_scheduler.Cancel("a1"));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(Wait.Limit, Ct));
        Assert.False(_scheduler.Cancel("a1"));
        Assert.Empty(_ran);
    }

    [Fact]
    public async Task FailingWork_FailsAlone()
    {
        var failing = Enqueue("ann", "a1", _ => throw new InvalidOperationException("broken"));
        Assert.Equal("broken", (await Assert.ThrowsAsync<InvalidOperationException>(() => failing.WaitAsync(Wait.Limit, Ct))).Message);
        await Enqueue("ann", "a2", _ => { }).WaitAsync(Wait.Limit, Ct);
    }

    [Fact]
    public async Task FailingListener_StopsNeitherTheDeviceNorTheOtherListeners()
    {
        var told = 0;
        _scheduler.Changed += () => throw new InvalidOperationException("a page that is gone");
        _scheduler.Changed += () => Interlocked.Increment(ref told);
        await Enqueue("ann", "a1", _ => { }).WaitAsync(Wait.Limit, Ct);
        await Enqueue("ann", "a2", _ => { }).WaitAsync(Wait.Limit, Ct);
        Assert.True(told >= 4, $"told {told} times");
    }

    [Fact]
    public async Task Snapshot_TellsOthersNothingButTheirPlace()
    {
        _ = Put("bob", "b1");
        await Running("b1");
        _time.Advance(TimeSpan.FromSeconds(3));
        _ = Put("ann", "a1");
        var seen = _scheduler.Snapshot(s_ann);
        Assert.Equal(1, seen.Waiting);
        Assert.Equal(new QueueEntry(null, 0, null, "answer", _time.GetUtcNow() - TimeSpan.FromSeconds(3), false, WorkPriority.Interactive), seen.Entries[0]);
        Assert.Equal(new QueueEntry("a1", 1, "ANN", "about a1", _time.GetUtcNow(), true, WorkPriority.Interactive), seen.Entries[1]);
        Assert.Equal(("BOB", "about b1"), (_scheduler.Snapshot(s_admin).Entries[0].Who, _scheduler.Snapshot(s_admin).Entries[0].What));
    }

    [Fact]
    public async Task Stop_EndsWhatRunsAndWhatWaits_AndTakesNothingMore()
    {
        var running = Put("ann", "a1");
        await Running("a1");
        var waiting = Put("ann", "a2");
        await _scheduler.StopAsync().WaitAsync(Wait.Limit, Ct);
        Assert.True(running.IsCanceled && waiting.IsCanceled);
        Assert.Throws<ObjectDisposedException>(() => _scheduler.Admit("ann"));
    }

    [Fact]
    public async Task RunAsync_IsTakenOutByItsToken()
    {
        _ = Put("bob", "b1");
        await Running("b1");
        using var cancel = new CancellationTokenSource();
        var run = _scheduler.RunAsync(new("a1", "ann", "ANN", "model"), _ => _ran.Enqueue("a1"), cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run.WaitAsync(Wait.Limit, Ct));
        Assert.Equal(0, _scheduler.Positions().Waiting);
    }

    /// <summary>Work that runs until the test permits its end.</summary>
    private Task Put(string user, string id, WorkPriority priority = WorkPriority.Interactive) => Enqueue(user, id, ct =>
    {
        _permits.Wait(ct);
        _ran.Enqueue(id);
    }, priority);

    private Task Enqueue(string user, string id, Action<CancellationToken> body, WorkPriority priority = WorkPriority.Interactive)
    {
        using var admission = _scheduler.Admit(user);
        return _scheduler.Enqueue(admission, new(id, user, user.ToUpperInvariant(), "answer", $"about {id}", priority), body);
    }

    private Task Running(string id) => Wait.UntilAsync(() => _scheduler.Snapshot(s_admin).Entries.Any(e => e.Id == id && e.Position == 0), $"{id} runs");
}
