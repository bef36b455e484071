using System.Net.Http.Json;
using System.Text.Json;
using Studio.Tests.Hosting;
using Xunit;

namespace Studio.Tests.Evaluations;

/// <summary>The studio as a process of its own that is killed in the middle of an evaluation and started again.</summary>
public sealed class ServerCrashTests : IDisposable
{
    private const int Questions = 48;

    private readonly string _data = Directory.CreateTempSubdirectory("studio-crash-").FullName;
    private readonly HttpClient _http = new();
    private readonly ServerProcess _server;

    public ServerCrashTests() => _server = new(ReadmeTests.Checkout(), _data, "--model", "tiny-random");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _server.Dispose();
        _http.Dispose();
        Directory.Delete(_data, recursive: true);
    }

    [Fact]
    public async Task Evaluation_WhoseServerIsKilled_GoesOnWithTheNextServer_AndHasEverySampleOnce()
    {
        await _server.StartAsync();
        var asked = await _http.PostAsJsonAsync(new Uri(_server.Url, "/api/v1/eval/runs"), new { run = new { task = "world", limit = Questions, setting = new { frames = 4, maxNewTokens = 4 } } }, Ct);
        Assert.True(asked.IsSuccessStatusCode, await asked.Content.ReadAsStringAsync(Ct));
        var job = (await asked.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("id").GetString();
        string? run = null;
        await UntilAsync(
            async () =>
            {
                run = (await GetAsync("/api/v1/eval/runs")).GetProperty("items") is { } items && items.GetArrayLength() > 0 ? items[0].GetProperty("id").GetString() : null;
                return run is not null && (await SamplesAsync(run)).Count >= 2;
            },
            "two answers are recorded");
        _server.Kill();

        await _server.StartAsync();
        var recorded = await SamplesAsync(run!);
        Assert.InRange(recorded.Count, 2, Questions - 1); // it was in the middle
        JsonElement view = default;
        await UntilAsync(
            async () =>
            {
                view = await GetAsync($"/api/v1/jobs/{job}");
                Assert.NotEqual("failed", view.GetProperty("state").GetString());
                return view.GetProperty("state").GetString() == "finished";
            },
            "the next server has finished the evaluation");
        Assert.Equal((2, $"results/{run}"), (view.GetProperty("attempts").GetInt32(), view.GetProperty("resultPath").GetString()));
        Assert.Equal(Enumerable.Range(0, Questions), await SamplesAsync(run!));
        Assert.Equal("finished", (await GetAsync($"/api/v1/eval/runs/{run}")).GetProperty("state").GetString());
    }

    /// <summary>Asks ten times a second: a server answers so many requests a minute.</summary>
    private static Task UntilAsync(Func<Task<bool>> condition, string what) => Wait.UntilAsync(condition, what, TimeSpan.FromMinutes(3), TimeSpan.FromMilliseconds(100));

    private async Task<JsonElement> GetAsync(string path) => await _http.GetFromJsonAsync<JsonElement>(new Uri(_server.Url, path), Ct);

    /// <summary>Ordinals, as the API lists them.</summary>
    private async Task<List<int>> SamplesAsync(string run) =>
        [.. (await GetAsync($"/api/v1/eval/runs/{run}/samples?size=100")).GetProperty("items").EnumerateArray().Select(s => s.GetProperty("ordinal").GetInt32())];
}
