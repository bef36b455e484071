using Microsoft.Extensions.Logging.Abstractions;
using Studio.Jobs;
using Studio.Jobs.Running;
using Studio.ModelHosting;
using Studio.Tests.Conversations;
using Xunit;

namespace Studio.Tests.Jobs;

/// <summary>Pieces of jobs in the line before the device: behind questions, and yet in their turn.</summary>
public sealed class JobDeviceTests : IAsyncDisposable
{
    private readonly DeviceScheduler _scheduler = new(new() { DataFolder = "", RootFolder = "" }, TimeProvider.System, NullLogger<DeviceScheduler>.Instance);
    private readonly string _folder = Directory.CreateTempSubdirectory("studio-job-device-").FullName;
    private int _questions;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _scheduler.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private LiveJob Job() => new("job", "ann", "Ann", new(_folder, "job", new(), TimeProvider.System), TimeProvider.System, _ => { });

    private JobDevice Device(JobLimits limits, TimeProvider? time = null) => new(_scheduler, limits, time ?? TimeProvider.System);

    private Task Ask(Action? body = null) => _scheduler.RunAsync(new($"q{++_questions}", "bob", "Bob", "answer"), _ => body?.Invoke(), Ct);

    [Fact]
    public async Task Piece_GivesWayToAQuestion_AndRunsAgain()
    {
        var order = new List<string>(); // filled by the device's one thread
        Task question = Task.CompletedTask;
        await Device(new()).RunAsync(
            Job(),
            "work",
            token =>
            {
                order.Add("piece");
                if (order.Count > 1) return;
                question = Ask(() => order.Add("question"));
                Assert.True(token.WaitHandle.WaitOne(Wait.Limit)); // it is asked to give way
                token.ThrowIfCancellationRequested();
            },
            Ct);
        await question;
        Assert.Equal(["piece", "question", "piece"], order);
    }

    [Fact]
    public async Task Piece_ThatGaveWayTooOften_IsNotInterruptedAnyMore()
    {
        var (interrupted, ended) = (0, false);
        var questions = new List<Task>();
        await Device(new() { MaxYields = 3 }).RunAsync(
            Job(),
            "work",
            token =>
            {
                questions.Add(Ask());
                if (token.WaitHandle.WaitOne(interrupted < 3 ? Wait.Limit : TimeSpan.FromMilliseconds(50)))
                {
                    interrupted++;
                    token.ThrowIfCancellationRequested();
                }

                ended = true;
            },
            Ct);
        await Task.WhenAll(questions);
        Assert.Equal((3, true, 4), (interrupted, ended, questions.Count));
    }

    [Fact]
    public async Task Piece_BehindQuestionsForTooLong_TakesItsTurn()
    {
        var time = new ManualTime();
        using var first = new ManualResetEventSlim();
        using var begun = new ManualResetEventSlim();
        var order = new List<string>();
        var running = Ask(() =>
        {
            begun.Set();
            first.Wait(Ct);
        });
        begun.Wait(Ct); // who runs stands in no queue: the others' places count from here
        Task[] questions = [running, .. Enumerable.Range(0, 3).Select(i => Ask(() =>
        {
            lock (order) order.Add("question");
        }))];
        var job = Job();
        var run = Device(new() { LongestWait = TimeSpan.FromMinutes(2) }, time).RunAsync(
            job,
            "work",
            _ =>
            {
                lock (order) order.Add("piece");
            },
            Ct);
        await Wait.UntilAsync(() => job.IsWaiting, "the piece waits");
        Assert.Equal(4, _scheduler.Snapshot(TestStudio.Me).Entries.Single(e => e.Priority == WorkPriority.Background).Position);
        await Wait.UntilAsync(
            () =>
            {
                time.Advance(TimeSpan.FromMinutes(2));
                return _scheduler.Snapshot(TestStudio.Me).Entries.All(e => e.Priority == WorkPriority.Interactive);
            },
            "it stands among the questions");
        first.Set();
        await Task.WhenAll([run, .. questions]);
        Assert.Equal("piece", order[0]); // Bob was served: the others' turn comes
        Assert.False(job.IsWaiting);
    }

    [Fact]
    public async Task Piece_CancelledWhileItWaits_NeverRuns_AndAFailureIsItsOwn()
    {
        using var first = new ManualResetEventSlim();
        using var cancel = new CancellationTokenSource();
        var question = Ask(() => first.Wait(Ct));
        var ran = false;
        var run = Device(new()).RunAsync(Job(), "work", _ => ran = true, cancel.Token);
        await cancel.CancelAsync();
        _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        first.Set();
        await question;
        Assert.False(ran);
        _ = await Assert.ThrowsAsync<InvalidDataException>(() => Device(new()).RunAsync(Job(), "work", _ => throw new InvalidDataException("bad"), Ct));
        _ = await Assert.ThrowsAsync<InvalidOperationException>(() => Device(new()).RunAsync(Job(), "work", _ => throw new OperationCanceledException("by itself"), Ct));
    }

    [Fact]
    public async Task DeviceStopped_EndsTheJobAsCancelled()
    {
        await _scheduler.StopAsync();
        _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Device(new()).RunAsync(Job(), "work", _ => { }, Ct));
    }
}
