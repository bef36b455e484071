using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Studio.Accounts;
using Studio.Api;
using Studio.Data;
using Studio.Hosting;
using Studio.Jobs;
using Studio.Jobs.Data;
using Studio.Tests.Conversations;
using Xunit;

namespace Studio.Tests.Jobs;

/// <summary>Jobs on a whole server with Quartz and its store; only the work is made up.</summary>
public sealed class JobServiceTests : IAsyncDisposable
{
    private readonly FakeKind _fake = new();
    private TestStudio? _studio;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static CurrentUser Ann => TestStudio.Ann;

    private JobService Jobs => _studio!.Get<JobService>();

    public async ValueTask DisposeAsync()
    {
        if (_studio is not null) await _studio.DisposeAsync();
    }

    private async Task StartAsync(JobLimits? limits = null, params IJobKind[] others) => _studio = await TestStudio.StartAsync(services: services =>
    {
        foreach (var kind in (IJobKind[])[_fake, .. others]) _ = services.AddSingleton(kind);
        if (limits is not null) _ = services.AddSingleton(limits);
    });

    private Task<JobView> AddAsync(string job, JobPriority priority = JobPriority.Normal, CurrentUser? user = null, string kind = "fake") => Jobs.StartAsync(user ?? Ann, kind, FakeKind.Ask(job), priority, Ct);

    private Task<JobView> UntilAsync(string id, JobState state) => UntilAsync(Jobs, id, state);

    private static async Task<JobView> UntilAsync(JobService jobs, string id, JobState state)
    {
        JobView? view = null;
        await Wait.UntilAsync(async () => (view = await jobs.GetAsync(TestStudio.Me, id, Ct)).State == state, $"job {id} is {state}");
        return view!;
    }

    private static async Task<int> StatusOfAsync(Func<Task> action) => (await Assert.ThrowsAsync<RequestException>(action)).Status;

    [Fact]
    public async Task Job_FromQueueToResult_IsToldAndLogged()
    {
        _fake.Work = (job, _) =>
        {
            job.Report(3, 4, "the third of four");
            return Task.FromResult<string?>("results/1");
        };
        await StartAsync();
        var events = 0;
        Jobs.Changed += (_, owner) => events += owner == Ann.Id ? 1 : 0;
        var job = await AddAsync("one");
        Assert.Equal(("Fake one", "Fake work", true, JobPriority.Normal), (job.Title, job.KindLabel, job.IsMine, job.Priority));
        _ = await UntilAsync(job.Id, JobState.Running);
        _fake.Open("one");
        var done = await UntilAsync(job.Id, JobState.Finished);
        Assert.Equal(("results/1", 1, 1.0, "the third of four"), (done.ResultPath, done.Attempts, done.Progress.Share, done.Progress.Message));
        Assert.True(done is { StartedAt: not null, EndedAt: not null, Error: null, IsOpen: false });
        var log = (await Jobs.LogAsync(Ann, job.Id, 100, Ct)).Lines;
        Assert.Equal(["begins", "one works", "finished"], log.Select(l => l[20..]));
        Assert.True(events >= 3, $"{events} events");
    }

    [Fact]
    public async Task Queue_TakesHigherPriorityFirst_ThenTheOlder_AndOneAtATime()
    {
        await StartAsync();
        var first = await AddAsync("first");
        _ = await UntilAsync(first.Id, JobState.Running);
        var low = await AddAsync("low", JobPriority.Low);
        var normal = await AddAsync("normal");
        _ = await AddAsync("high", JobPriority.High);
        _ = await AddAsync("high too", JobPriority.High);
        var raised = await AddAsync("raised", JobPriority.Low);
        Assert.Equal((5, 5), ((await Jobs.GetAsync(Ann, raised.Id, Ct)).Position, (await Jobs.ListAsync(Ann, new(JobFilter.Queued), ct: Ct)).Total));
        Assert.Equal(3, (await Jobs.SetPriorityAsync(Ann, raised.Id, JobPriority.High, Ct)).Position);
        Assert.Equal(["first", "high", "high too", "raised", "normal", "low"], (await Jobs.ListAsync(Ann, new(), ct: Ct)).Items.Select(j => j.Title[5..]));
        foreach (var job in new[] { "first", "high", "high too", "raised", "normal", "low" }) _fake.Open(job);
        _ = await UntilAsync(low.Id, JobState.Finished);
        Assert.Equal(["first", "high", "high too", "raised", "normal", "low"], _fake.Begun);
        Assert.Equal(1, _fake.MostAtOnce);
        Assert.Equal(409, await StatusOfAsync(() => Jobs.SetPriorityAsync(Ann, normal.Id, JobPriority.High, Ct)));
    }

    [Fact]
    public async Task LightJobs_RunBesideAHeavyOne_UpToTheirBound()
    {
        var light = new FakeKind("light", needsDevice: false);
        await StartAsync(new() { MaxLight = 2 }, light);
        var heavy = await AddAsync("heavy");
        var jobs = new List<JobView>();
        foreach (var name in new[] { "a", "b", "c" }) jobs.Add(await AddAsync(name, kind: "light"));
        _ = await UntilAsync(heavy.Id, JobState.Running);
        await Wait.UntilAsync(() => light.Begun.Count == 2, "two light jobs run");
        Assert.Equal(JobState.Queued, (await Jobs.GetAsync(Ann, jobs[2].Id, Ct)).State);
        foreach (var name in new[] { "a", "b", "c" }) light.Open(name);
        _ = await UntilAsync(jobs[2].Id, JobState.Finished);
        Assert.Equal(2, light.MostAtOnce);
        _fake.Open("heavy");
        _ = await UntilAsync(heavy.Id, JobState.Finished);
    }

    [Fact]
    public async Task Cancel_Waiting_NeverBegins_Running_StopsSoon_AndRetryBeginsAgain()
    {
        await StartAsync();
        var (running, waiting) = (await AddAsync("running"), await AddAsync("waiting"));
        _ = await UntilAsync(running.Id, JobState.Running);
        Assert.Equal(JobState.Cancelled, (await Jobs.CancelAsync(Ann, waiting.Id, Ct)).State);
        var began = TimeProvider.System.GetTimestamp();
        _ = await Jobs.CancelAsync(Ann, running.Id, Ct);
        _ = await UntilAsync(running.Id, JobState.Cancelled);
        TestContext.Current.TestOutputHelper!.WriteLine($"cancelled within {TimeProvider.System.GetElapsedTime(began).TotalMilliseconds:0} ms");
        Assert.Equal(["running"], _fake.Begun);
        Assert.Equal(409, await StatusOfAsync(() => Jobs.CancelAsync(Ann, running.Id, Ct)));

        _fake.Open("running");
        var again = await Jobs.RetryAsync(Ann, running.Id, Ct);
        Assert.True(again.IsOpen);
        var done = await UntilAsync(running.Id, JobState.Finished);
        Assert.Equal((2, (string?)null), (done.Attempts, done.Error));
        Assert.Equal([(1, false), (2, false)], _fake.Attempts);
        Assert.Equal(409, await StatusOfAsync(() => Jobs.RetryAsync(Ann, running.Id, Ct)));
    }

    [Theory]
    [InlineData(true, "the film is too short")]
    [InlineData(false, "an internal error; the server's log has the details")]
    public async Task Failure_IsToldInItsOwnWords_OrNotAtAll(bool isTold, string told)
    {
        _fake.Work = (_, _) => throw (isTold ? new JobFailedException("the film is too short") : new InvalidCastException("a secret of the inside"));
        await StartAsync();
        var job = await AddAsync("one");
        _fake.Open("one");
        var failed = await UntilAsync(job.Id, JobState.Failed);
        Assert.Equal(told, failed.Error);
        Assert.DoesNotContain(await Lines(job.Id), l => l.Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ServerStopped_UnfinishedJob_GoesOnAfterTheNextStart()
    {
        await StartAsync();
        var (running, waiting) = (await AddAsync("running"), await AddAsync("waiting"));
        _ = await UntilAsync(running.Id, JobState.Running);
        await _studio!.RestartAsync();
        await Wait.UntilAsync(() => _fake.Begun.Count == 2, "it begins again");
        Assert.Equal([(1, false), (2, true)], _fake.Attempts);
        _fake.Open("running");
        _fake.Open("waiting");
        _ = await UntilAsync(waiting.Id, JobState.Finished);
        Assert.Equal(2, (await Jobs.GetAsync(Ann, running.Id, Ct)).Attempts);
        Assert.Equal(["running", "running", "waiting"], _fake.Begun);
        Assert.Contains(await Lines(running.Id), l => l.Contains("goes on after the server's stop (attempt 2)", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ServerKilled_UnfinishedJob_GoesOnBeforeTheOthers()
    {
        await StartAsync();
        var (running, waiting) = (await AddAsync("running"), await AddAsync("waiting"));
        _ = await UntilAsync(running.Id, JobState.Running);
        // What a killed server leaves behind is what lies on the disk at this moment; another server starts on a copy of it.
        var left = Directory.CreateTempSubdirectory("studio-killed-");
        var second = new FakeKind();
        WebApplication? app = null;
        try
        {
            CopyFolder(_studio!.Folders.Data, left.FullName);
            app = await StudioServer.BuildAsync(new() { Port = 0, DataFolder = left.FullName, RootFolder = AppContext.BaseDirectory }, TimeProvider.System, s => s.AddSingleton<IJobKind>(second), Ct);
            await app.StartAsync(Ct);
            await Wait.UntilAsync(() => second.Begun.Count == 1, "the killed server's job begins again");
            Assert.Equal(("running", (2, true)), (second.Begun.Single(), second.Attempts.Single()));
            var jobs = app.Services.GetRequiredService<JobService>();
            second.Open("running");
            second.Open("waiting");
            _ = await UntilAsync(jobs, running.Id, JobState.Finished);
            _ = await UntilAsync(jobs, waiting.Id, JobState.Finished);
            Assert.Equal(["running", "waiting"], second.Begun);
            Assert.Equal(1, second.MostAtOnce);
        }
        finally
        {
            if (app is not null)
            {
                await app.StopAsync(CancellationToken.None);
                await app.DisposeAsync();
            }

            left.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task RowWithoutAPlaceInTheQueue_GetsOneAtTheStart_AndAPlaceWithoutARowDoesNothing()
    {
        await StartAsync();
        var forgotten = await AddAsync("forgotten");
        _ = await UntilAsync(forgotten.Id, JobState.Running);
        var row = new Job
        {
            Id = Ids.New(TimeProvider.System), Kind = "fake", Title = "left by a crash", OwnerId = Ann.Id, OwnerName = "Ann", RequestJson = """{"job":"left"}""", State = JobState.Queued,
            Priority = JobPriority.Normal, CreatedAt = TimeProvider.System.GetUtcNow(), QueuedAt = TimeProvider.System.GetUtcNow(),
        };
        var file = _studio!.Folders.JobDatabase;
        await _studio.RestartAsync(async () =>
        {
            await using var db = new JobDb(new DbContextOptionsBuilder<JobDb>().UseSqlite($"Data Source={file}").Options);
            _ = await db.Jobs.Where(j => j.Id == forgotten.Id).ExecuteDeleteAsync(Ct);
            _ = db.Jobs.Add(row);
            _ = await db.SaveChangesAsync(Ct);
        });
        _fake.Open("left");
        _ = await UntilAsync(row.Id, JobState.Finished);
        Assert.Equal(["forgotten", "left"], _fake.Begun); // the first before its row went
    }

    [Fact]
    public async Task OpenJobs_AreBounded_ForAUserAndInAll()
    {
        await StartAsync(new() { MaxOpenPerUser = 2, MaxOpen = 4 });
        _ = await AddAsync("a");
        var second = await AddAsync("b");
        Assert.Equal(429, await StatusOfAsync(() => AddAsync("c")));
        _ = await AddAsync("d", user: TestStudio.Bob);
        _ = await AddAsync("e", user: TestStudio.Me); // administrators are bound by the whole only
        Assert.Equal(429, await StatusOfAsync(() => AddAsync("f", user: TestStudio.Me)));
        _ = await Jobs.CancelAsync(Ann, second.Id, Ct);
        _ = await AddAsync("c");
        Assert.Equal(429, await StatusOfAsync(() => Jobs.RetryAsync(Ann, second.Id, Ct)));
    }

    [Fact]
    public async Task EndedJobs_BeyondTheBound_AreForgottenWithTheirLogs()
    {
        await StartAsync(new() { MaxEnded = 3 });
        var ids = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            _fake.Open($"{i}");
            ids.Add((await AddAsync($"{i}")).Id);
            _ = await UntilAsync(ids[i], JobState.Finished);
        }

        await Wait.UntilAsync(async () => (await Jobs.ListAsync(Ann, new(JobFilter.Ended), ct: Ct)).Total == 3, "three are kept");
        Assert.Equal([ids[4], ids[3], ids[2]], (await Jobs.ListAsync(Ann, new(JobFilter.Ended), ct: Ct)).Items.Select(j => j.Id));
        Assert.Equal(404, await StatusOfAsync(() => Jobs.GetAsync(Ann, ids[0], Ct)));
        Assert.Equal(3, Directory.GetFiles(_studio!.Folders.Jobs).Length);
        await Jobs.DeleteAsync(Ann, ids[2], Ct);
        Assert.Equal(2, Directory.GetFiles(_studio.Folders.Jobs).Length);
    }

    [Fact]
    public async Task OnlyOwnersAndAdministrators_SeeAndChangeAJob()
    {
        await StartAsync(null, new FakeKind("careful", role: Roles.Admin));
        var job = await AddAsync("one");
        Assert.Equal(404, await StatusOfAsync(() => Jobs.GetAsync(TestStudio.Bob, job.Id, Ct)));
        Assert.Equal(404, await StatusOfAsync(() => Jobs.LogAsync(TestStudio.Bob, job.Id, 10, Ct)));
        Assert.Equal(404, await StatusOfAsync(() => Jobs.CancelAsync(TestStudio.Bob, job.Id, Ct)));
        Assert.Empty((await Jobs.ListAsync(TestStudio.Bob, new(), ct: Ct)).Items);
        Assert.Equal([job.Id], (await Jobs.ListAsync(TestStudio.Me, new(), ct: Ct)).Items.Select(j => j.Id));
        Assert.Empty((await Jobs.ListAsync(TestStudio.Me, new(Mine: true), ct: Ct)).Items);
        Assert.Equal(403, await StatusOfAsync(() => AddAsync("two", user: TestStudio.Reader)));
        Assert.Equal(403, await StatusOfAsync(() => AddAsync("two", kind: "careful")));
        Assert.Equal(403, await StatusOfAsync(() => Jobs.CancelAsync(new(Ann.Id, "Ann", Roles.Viewer), job.Id, Ct)));
        Assert.Equal([("careful", false), ("fake", true)], Jobs.Kinds(Ann).Where(k => k.Label == "Fake work").Select(k => (k.Name, k.CanStart)).OrderBy(k => k.Name));
        _ = await Jobs.CancelAsync(TestStudio.Me, job.Id, Ct);
        _ = await UntilAsync(job.Id, JobState.Cancelled);
    }

    [Fact]
    public async Task Request_ThatCannotBeMet_IsRefusedByName()
    {
        await StartAsync();
        Assert.Contains("'nothing'", (await Assert.ThrowsAsync<RequestException>(() => AddAsync("a", kind: "nothing"))).Message, StringComparison.Ordinal);
        Assert.Equal(400, await StatusOfAsync(() => Jobs.StartAsync(Ann, "fake", JsonSerializer.SerializeToElement(new { }), ct: Ct)));
        Assert.Equal(400, await StatusOfAsync(() => Jobs.StartAsync(Ann, "fake", JsonSerializer.SerializeToElement(7), ct: Ct)));
        Assert.Equal(413, await StatusOfAsync(() => AddAsync(new string('x', JobLimits.MaxRequest))));
        var only = await AddAsync("only one");
        Assert.Contains(only.Id, (await Assert.ThrowsAsync<RequestException>(() => AddAsync("only one"))).Message, StringComparison.Ordinal);
        _ = await AddAsync("only another");
    }

    [Fact]
    public async Task AccountGone_CancelsItsJobs()
    {
        await StartAsync();
        var (running, waiting, others) = (await AddAsync("a"), await AddAsync("b"), await AddAsync("c", user: TestStudio.Bob));
        _ = await UntilAsync(running.Id, JobState.Running);
        await Jobs.CancelAllOfAsync(Ann.Id, Ct);
        _ = await UntilAsync(running.Id, JobState.Cancelled);
        Assert.Equal(JobState.Cancelled, (await Jobs.GetAsync(Ann, waiting.Id, Ct)).State);
        _fake.Open("c");
        _ = await UntilAsync(others.Id, JobState.Finished);
    }

    private async Task<IReadOnlyList<string>> Lines(string id) => (await Jobs.LogAsync(Ann, id, 100, Ct)).Lines;

    private static void CopyFolder(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories).Where(f => !f.EndsWith("-shm", StringComparison.Ordinal)))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            _ = Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
