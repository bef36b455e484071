using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Studio.Engine.Training;
using Studio.Jobs;
using Studio.Jobs.Trainings;
using Studio.Tests.Conversations;
using Xunit;

namespace Studio.Tests.Jobs;

/// <summary>Jobs and trainings over real HTTP.</summary>
public sealed class JobsApiTests : IAsyncLifetime
{
    private readonly FakeKind _fake = new();
    private TestStudio _studio = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _studio = await TestStudio.StartAsync(services: s => s.AddSingleton<IJobKind>(_fake));

    public ValueTask DisposeAsync() => _studio.DisposeAsync();

    private async Task<JsonElement> SendAsync(HttpMethod method, string path, object? body = null, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var request = new HttpRequestMessage(method, $"/api/v1/{path}") { Content = body is null ? null : JsonContent.Create(body) };
        using var response = await _studio.Http.SendAsync(request, Ct);
        var text = await response.Content.ReadAsStringAsync(Ct);
        Assert.True(response.StatusCode == expected, $"{method} {path}: {(int)response.StatusCode} {text}");
        return text.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(text);
    }

    private async Task<string> StartAsync(string job, string priority = "normal")
    {
        var made = await SendAsync(HttpMethod.Post, "jobs", new { kind = "fake", request = new { job }, priority }, HttpStatusCode.Accepted);
        return made.GetProperty("id").GetString()!;
    }

    private Task UntilAsync(string id, string state) =>
        Wait.UntilAsync(async () => (await SendAsync(HttpMethod.Get, $"jobs/{id}")).GetProperty("state").GetString() == state, $"{id} is {state}");

    [Fact]
    public async Task Job_IsStartedListedMovedCancelledAndForgotten()
    {
        var (first, second) = (await StartAsync("first"), await StartAsync("second", "low"));
        await UntilAsync(first, "running");
        Assert.Equal("high", (await SendAsync(HttpMethod.Patch, $"jobs/{second}", new { priority = "high" })).GetProperty("priority").GetString());
        var running = await SendAsync(HttpMethod.Get, "jobs?show=running&kind=fake");
        Assert.Equal(first, Assert.Single(running.GetProperty("items").EnumerateArray()).GetProperty("id").GetString());
        Assert.Contains("'sideways'", (await SendAsync(HttpMethod.Get, "jobs?show=sideways", expected: HttpStatusCode.BadRequest)).GetProperty("detail").GetString(), StringComparison.Ordinal);
        _ = await SendAsync(HttpMethod.Delete, $"jobs/{first}", expected: HttpStatusCode.Conflict);
        _ = await SendAsync(HttpMethod.Post, $"jobs/{first}/cancel");
        await UntilAsync(first, "cancelled");
        _fake.Open("second");
        await UntilAsync(second, "finished");
        _ = await SendAsync(HttpMethod.Post, $"jobs/{second}/retry", expected: HttpStatusCode.Conflict);
        Assert.Contains("first works", (await SendAsync(HttpMethod.Get, $"jobs/{first}/log?lines=10")).GetProperty("lines").ToString(), StringComparison.Ordinal);
        _ = await SendAsync(HttpMethod.Get, $"jobs/{first}/log?lines=0", expected: HttpStatusCode.BadRequest);
        _ = await SendAsync(HttpMethod.Delete, $"jobs/{first}", expected: HttpStatusCode.NoContent);
        _ = await SendAsync(HttpMethod.Get, $"jobs/{first}", expected: HttpStatusCode.NotFound);
        Assert.Contains((await SendAsync(HttpMethod.Get, "job-kinds")).EnumerateArray(), k => k.GetProperty("name").GetString() == "training" && k.GetProperty("canStart").GetBoolean());
    }

    [Fact]
    public async Task Events_TellEveryMove_UntilTheJobHasEnded()
    {
        _fake.Work = (job, _) =>
        {
            job.Report(1, 2, "half of it");
            return Task.FromResult<string?>(null);
        };
        var id = await StartAsync("watched");
        await UntilAsync(id, "running");
        using var stream = await _studio.Http.GetStreamAsync($"/api/v1/jobs/{id}/events", Ct);
        var states = new List<string>();
        await foreach (var item in SseParser.Create(stream).EnumerateAsync(Ct))
        {
            if (item.EventType != "job") continue;
            states.Add(JsonSerializer.Deserialize<JsonElement>(item.Data).GetProperty("state").GetString()!);
            _fake.Open("watched"); // after the first event: the reader follows
        }

        Assert.Equal(("running", "finished"), (states[0], states[^1]));
        using var unknown = await _studio.Http.GetAsync("/api/v1/jobs/nothing/events", Ct);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    [Fact]
    public async Task Trainings_OfTheCommandLine_AreListedWithTheirCurves()
    {
        var folder = Path.Combine(_studio.Folders.Trainings, "by hand");
        _ = Directory.CreateDirectory(folder);
        using (var metrics = new TrainingMetrics(folder, 0, 0))
        {
            for (var i = 1; i <= 3; i++)
            {
                metrics.Add(new()
                {
                    Stage = "=first", StageIndex = 0, Step = i, Steps = 9, Loss = i, GradientNorm = 1, Rates = new Dictionary<string, double> { ["decoder"] = 0.5 }, Rows = 10, Supervised = 5, Replaced = 0, Seconds = 1,
                });
            }
        }

        _ = Directory.CreateDirectory(Path.Combine(_studio.Folders.Trainings, "no training"));
        var run = Assert.Single((await SendAsync(HttpMethod.Get, "trainings")).GetProperty("items").EnumerateArray());
        Assert.Equal(("by hand", true, 3, "trainings/by%20hand"), (run.GetProperty("name").GetString(), run.GetProperty("isActive").GetBoolean(), run.GetProperty("last").GetProperty("step").GetInt32(), run.GetProperty("path").GetString()));
        Assert.Equal("[1,2,3]", (await SendAsync(HttpMethod.Get, "trainings/by%20hand/curve")).GetProperty("loss").GetRawText());
        var csv = (await _studio.Http.GetStringAsync("/api/v1/trainings/by%20hand/curve.csv", Ct)).Split("\r\n");
        Assert.Equal(("update,stage,loss,median_loss,gradient_norm,tokens_per_second,rate_decoder", "1,'=first,1,2,1,10,0.5"), (csv[0], csv[1]));
        foreach (var wrong in new[] { "nothing", "..", "..%2f..", "no%20training" }) _ = await SendAsync(HttpMethod.Get, $"trainings/{wrong}/curve", expected: HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Curves_OfManyTrainings_KeepTheLatestInMemory()
    {
        for (var i = 0; i <= TrainingRuns.MaxListed; i++)
        {
            var folder = Path.Combine(_studio.Folders.Trainings, $"{i}");
            _ = Directory.CreateDirectory(folder);
            await File.WriteAllTextAsync(Path.Combine(folder, TrainingMetrics.FileName), "", Ct);
        }

        var runs = _studio.Get<TrainingRuns>();
        Assert.Equal(TrainingRuns.MaxListed, runs.List().Count);
        for (var i = 0; i <= TrainingRuns.MaxKept; i++) Assert.Empty(runs.Curve($"{i}").Update);
        Assert.Equal(TrainingRuns.MaxKept, runs.Kept);
    }
}
