using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Studio.Api;
using Studio.Benchmarks.Records;
using Studio.Benchmarks.Records.Store;
using Studio.Evaluations;
using Studio.Jobs;
using Studio.Jobs.Data;
using Studio.ModelHosting;
using Studio.Tests.Conversations;
using Xunit;

namespace Studio.Tests.Evaluations;

/// <summary>Evaluations of the built-in model over drawn videos, as jobs and over HTTP.</summary>
public sealed class EvaluationJobTests : IAsyncLifetime
{
    private TestStudio _studio = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private JobService Jobs => _studio.Get<JobService>();

    private IRunStore Store => _studio.Get<IRunStore>();

    private EvaluationService Evaluations => _studio.Get<EvaluationService>();

    public async ValueTask InitializeAsync() => _studio = await TestStudio.StartAsync();

    public ValueTask DisposeAsync() => _studio.DisposeAsync();

    private static EvaluationRequest World(int limit, int frames = 4) =>
        new() { Run = new() { Task = "world", Limit = limit, Setting = new() { Frames = frames, MaxNewTokens = 4 } } };

    private async Task<JobView> UntilAsync(string id, JobState state)
    {
        JobView? job = null;
        await Wait.UntilAsync(
            async () =>
            {
                job = await Jobs.GetAsync(TestStudio.Me, id, Ct);
                Assert.False(job.State == JobState.Failed && state != JobState.Failed, job.Error);
                return job.State == state;
            },
            $"the evaluation is {state}");
        return job!;
    }

    private async Task<List<Sample>> SamplesAsync(string run)
    {
        var samples = new List<Sample>();
        await foreach (var sample in Store.SamplesAsync(run, Ct)) samples.Add(sample);
        return samples;
    }

    private async Task<Run> RunOfAsync() => (await Store.ListAsync(new(), Ct)).Runs[0];

    private async Task<int> RecordedAsync() => (await Store.ListAsync(new(), Ct)).Runs is [var run, ..] ? (await Store.RecordedAsync(run.Id, Ct)).Count : 0;

    /// <summary>A question that takes the device until the server stops or the token is cancelled.</summary>
    private Task OccupyAsync(CancellationToken until) => _studio.Get<DeviceScheduler>().RunAsync(
        new("occupied", TestStudio.Me.Id, "You", "answer"), token => token.WaitHandle.WaitOne(), until);

    [Fact]
    public async Task Evaluation_InterruptedByARestart_EndsWithTheSameSamplesAsAnUninterruptedOne()
    {
        const int Questions = 10;
        var job = await Evaluations.StartAsync(TestStudio.Me, World(Questions), ct: Ct);
        await Wait.UntilAsync(async () => await RecordedAsync() >= 2, "two answers are recorded");
        var occupied = OccupyAsync(CancellationToken.None);
        var before = await RunOfAsync();
        Assert.Equal((TestStudio.Me.Id, "You"), (before.OwnerId, before.OwnerName));
        await _studio.RestartAsync();
        await occupied.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        var done = await UntilAsync(job.Id, JobState.Finished);
        Assert.Equal((2, $"results/{before.Id}", 1.0), (done.Attempts, done.ResultPath, done.Progress.Share));
        var interrupted = await SamplesAsync(before.Id);
        Assert.Equal(Enumerable.Range(0, Questions), interrupted.Select(s => s.Ordinal));
        Assert.All(interrupted, s => Assert.Null(s.Error));

        var again = await Evaluations.StartAsync(TestStudio.Me, World(Questions) with { Again = true }, ct: Ct);
        var second = (await UntilAsync(again.Id, JobState.Finished)).ResultPath!["results/".Length..];
        Assert.NotEqual(before.Id, second);
        Assert.Equal(interrupted.Select(Text), (await SamplesAsync(second)).Select(Text));

        // Asked for once more without "again", the finished run is the answer.
        var same = await Evaluations.StartAsync(TestStudio.Me, World(Questions), ct: Ct);
        Assert.Equal($"results/{second}", (await UntilAsync(same.Id, JobState.Finished)).ResultPath);

        static string Text(Sample s) => $"{s.Ordinal}|{s.DocumentId}|{s.MediaHash}|{s.Prompt}|{s.Answer}|{s.Parsed}|{s.Corrected}|{s.Frames}|{s.VisualTokens}|{s.StageTokens}";
    }

    [Fact]
    public async Task Evaluation_GivesWayToAQuestion_KeepsItsModel_AndIsCancelledAtOnce()
    {
        var job = await Evaluations.StartAsync(TestStudio.Me, World(40), ct: Ct);
        await Wait.UntilAsync(async () => await RecordedAsync() >= 1, "an answer is recorded");
        Assert.Equal($"results/{(await RunOfAsync()).Id}", (await Jobs.GetAsync(TestStudio.Me, job.Id, Ct)).LivePath);
        using var free = new CancellationTokenSource();
        var occupied = OccupyAsync(free.Token);
        await Wait.UntilAsync(() => _studio.Get<DeviceScheduler>().Snapshot(TestStudio.Me).Entries.Any(e => e.Id == "occupied" && e.Position == 0), "the question has its turn");
        await free.CancelAsync();
        await occupied.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        var model = (await RunOfAsync()).Model;
        var models = _studio.Get<ModelHost>();
        Assert.Equal(1, models.Memory.Loaded); // the evaluation's own is the one that answers questions
        _ = await Jobs.CancelAsync(TestStudio.Me, job.Id, Ct);
        _ = await UntilAsync(job.Id, JobState.Cancelled);
        Assert.Equal(RunState.Open, (await RunOfAsync()).State);
        Assert.All(await SamplesAsync((await RunOfAsync()).Id), s => Assert.Null(s.Error)); // giving way is no failure
        await models.UnloadAsync(TestStudio.Me, models.DefaultModel, Ct); // it was released
        Assert.NotEmpty(model);
        Assert.Equal(0, models.Memory.Loaded);
    }

    [Fact]
    public async Task Sweep_RunsEveryCombination_AsOneGroup_OverHttp()
    {
        var tasks = await SendAsync(HttpMethod.Get, "tasks");
        Assert.Equal(["world", "niah", "mh-niah"], tasks.EnumerateArray().Take(3).Select(t => t.GetProperty("name").GetString()));
        var body = new { run = new { task = "world", limit = 2, setting = new { maxNewTokens = 4 } }, grid = new { frames = new[] { 2, 4 } }, note = "two" };
        var estimate = await SendAsync(HttpMethod.Post, "estimates", body);
        Assert.Equal((2, 2, 4), (estimate.GetProperty("documents").GetInt32(), estimate.GetProperty("settings").GetInt32(), estimate.GetProperty("samples").GetInt32()));
        Assert.True(estimate.GetProperty("peakBytes").GetInt64() > 0 && estimate.GetProperty("secondsHigh").GetDouble() > 0);
        Assert.Equal(JsonValueKind.Null, estimate.GetProperty("secondsBefore").ValueKind);
        var job = await SendAsync(HttpMethod.Post, "sweeps", body, HttpStatusCode.Accepted);
        var done = await UntilAsync(job.GetProperty("id").GetString()!, JobState.Finished);
        Assert.StartsWith("results/sweep/", done.ResultPath, StringComparison.Ordinal);
        Assert.Equal(done.ResultPath, done.LivePath);
        var runs = await SendAsync(HttpMethod.Get, $"runs?sweep={done.ResultPath!["results/sweep/".Length..]}&state=finished&task=world");
        Assert.Equal(2, runs.GetProperty("total").GetInt32());
        var id = runs.GetProperty("items")[0].GetProperty("id").GetString();
        var run = await SendAsync(HttpMethod.Get, $"runs/{id}");
        Assert.Equal(("two", "world"), (run.GetProperty("note").GetString(), run.GetProperty("given").GetProperty("task").GetString()));
        Assert.Equal(2, run.GetProperty("summary").GetProperty("scored").GetInt32());
        Assert.InRange((await SendAsync(HttpMethod.Post, "estimates", body)).GetProperty("secondsBefore").GetDouble(), 1e-3, 600); // the runs above say it
        Assert.True(run.GetProperty("summary").GetProperty("costs").GetProperty("encodeMilliseconds").GetDouble() > 0);
        var (one, two) = (await BeforeAsync("uniform:1:1,0.5"), await BeforeAsync("uniform:1:1,0.5", "uniform:1:1,0.25"));
        Assert.InRange(two, one * 1.0001, one * 1.9999); // each answers, the first of them encodes
        var samples = await SendAsync(HttpMethod.Get, $"runs/{id}/samples?page=2&size=1");
        Assert.Equal((2, 1), (samples.GetProperty("total").GetInt32(), samples.GetProperty("items")[0].GetProperty("ordinal").GetInt32()));
        Assert.Equal(0, (await SendAsync(HttpMethod.Get, $"runs/{id}/samples?show=failed")).GetProperty("total").GetInt32());
        var rerun = await SendAsync(HttpMethod.Post, $"runs/{id}/rerun", expected: HttpStatusCode.Accepted);
        var again = await UntilAsync(rerun.GetProperty("id").GetString()!, JobState.Finished);
        Assert.NotEqual($"results/{id}", again.ResultPath);
        _ = await SendAsync(HttpMethod.Delete, $"runs/{id}", expected: HttpStatusCode.NoContent);
        _ = await SendAsync(HttpMethod.Get, $"runs/{id}", expected: HttpStatusCode.NotFound);
        Assert.Contains("'sideways'", (await SendAsync(HttpMethod.Get, "runs?state=sideways", expected: HttpStatusCode.BadRequest)).GetProperty("detail").GetString(), StringComparison.Ordinal);

        async Task<double> BeforeAsync(params string[] compress) => (await SendAsync(
            HttpMethod.Post, "estimates", new { run = new { task = "world", limit = 2, setting = new { frames = 4, maxNewTokens = 4 } }, grid = new { compress } })).GetProperty("secondsBefore").GetDouble();
    }

    [Fact]
    public async Task Sweep_OverModelsOfBothSystems_GivesEachItsOwnCompressions_OverHttp()
    {
        var body = new
        {
            run = new { task = "world", limit = 1, setting = new { frames = 4, maxNewTokens = 2 } },
            grid = new { models = new[] { "tiny-random", "tiny-random-xl" }, compress = new[] { "off", "uniform:1:1,0.5", "vst:2" } },
        };
        Assert.Equal(4, (await SendAsync(HttpMethod.Post, "estimates", body)).GetProperty("settings").GetInt32());
        var job = await SendAsync(HttpMethod.Post, "sweeps", body, HttpStatusCode.Accepted);
        var done = await UntilAsync(job.GetProperty("id").GetString()!, JobState.Finished);
        var runs = await SendAsync(HttpMethod.Get, $"runs?sweep={done.ResultPath!["results/sweep/".Length..]}");
        Assert.Equal(
            ["tiny-random off", "tiny-random uniform:1:1,0.5", "tiny-random-xl off", "tiny-random-xl vst:2"],
            runs.GetProperty("items").EnumerateArray().Select(r => $"{r.GetProperty("model").GetString()} {r.GetProperty("compression").GetString()}").Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("""{"run": {"task": "world"}, "grid": {"models": ["tiny-random", "tiny-random-xl"], "compress": ["vst:2"]}}""", "'tiny-random'")]
    [InlineData("""{"run": {"task": "world", "judgeModel": "gpt"}}""", "'gpt'")]
    [InlineData("""{"run": {"task": "no-such"}}""", "'no-such'")]
    [InlineData("""{"run": {"task": "world", "setting": {"model": "no-such"}}}""", "'no-such'")]
    [InlineData("""{"run": {"task": "world", "setting": {"compress": "sideways"}}}""", "sideways")]
    [InlineData("""{"run": {"task": "world", "setting": {"frames": 4, "fps": 1}}}""", "frames 4")]
    [InlineData("""{"run": {"task": "world", "setting": {"dtype": "int3"}}}""", "'int3'")]
    [InlineData("""{"run": {"task": "world", "offset": 100000}}""", "100000")]
    [InlineData("""{"run": {"task": "world", "protocol": "original"}}""", "'original'")]
    [InlineData("""{"run": {"task": "world"}, "grid": {"frames": [4, 4]}}""", "once")]
    [InlineData("""{}""", "no evaluation's")]
    public async Task Request_ThatCannotBeMet_IsRefusedBeforeItIsQueued(string request, string named)
    {
        using var body = JsonDocument.Parse(request);
        var refusal = await Assert.ThrowsAsync<RequestException>(() => Jobs.StartAsync(TestStudio.Me, EvaluationKind.KindName, body.RootElement, ct: Ct));
        Assert.Equal(400, refusal.Status);
        Assert.Contains(named, refusal.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Request_IsBounded_ServerPathsAreAnAdministrators_AndViewersStartNothing()
    {
        var noted = await Assert.ThrowsAsync<RequestException>(() => Evaluations.StartAsync(TestStudio.Me, World(1) with { Note = new('x', RunStore.MaxNote + 1) }, ct: Ct));
        Assert.Contains($"{RunStore.MaxNote}", noted.Message, StringComparison.Ordinal);
        var paths = World(1) with { Run = new() { Task = "custom", Annotations = "/etc/passwd" } };
        var refusal = await Assert.ThrowsAsync<RequestException>(() => Evaluations.StartAsync(TestStudio.Ann, paths, ct: Ct));
        Assert.Equal(403, refusal.Status);
        Assert.Contains("'/etc/passwd'", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(403, (await Assert.ThrowsAsync<RequestException>(() => Evaluations.StartAsync(TestStudio.Reader, World(1), ct: Ct))).Status);
        Assert.Equal(404, (await Assert.ThrowsAsync<RequestException>(() => Evaluations.GetAsync("none", Ct))).Status);
    }

    private async Task<JsonElement> SendAsync(HttpMethod method, string path, object? body = null, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var request = new HttpRequestMessage(method, $"/api/v1/eval/{path}") { Content = body is null ? null : JsonContent.Create(body) };
        using var response = await _studio.Http.SendAsync(request, Ct);
        var text = await response.Content.ReadAsStringAsync(Ct);
        Assert.True(response.StatusCode == expected, $"{method} {path}: {(int)response.StatusCode} {text}");
        return text.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(text);
    }
}
