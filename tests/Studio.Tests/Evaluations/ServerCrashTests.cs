using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Studio.Tests.Hosting;
using Xunit;

namespace Studio.Tests.Evaluations;

/// <summary>The studio as a process of its own that is killed in the middle of an evaluation and started again.</summary>
public sealed partial class ServerCrashTests : IDisposable
{
    private const int Questions = 48;

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);

    private readonly string _data = Directory.CreateTempSubdirectory("studio-crash-").FullName;
    private readonly HttpClient _http = new();
    private Process? _server;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        Kill();
        _http.Dispose();
        Directory.Delete(_data, recursive: true);
    }

    [Fact]
    public async Task Evaluation_WhoseServerIsKilled_GoesOnWithTheNextServer_AndHasEverySampleOnce()
    {
        var server = await StartAsync();
        var asked = await _http.PostAsJsonAsync(new Uri(server, "/api/v1/eval/runs"), new { run = new { task = "world", limit = Questions, setting = new { frames = 4, maxNewTokens = 4 } } }, Ct);
        Assert.True(asked.IsSuccessStatusCode, await asked.Content.ReadAsStringAsync(Ct));
        var job = (await asked.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("id").GetString();
        string? run = null;
        await UntilAsync(
            async () =>
            {
                run = (await GetAsync(server, "/api/v1/eval/runs")).GetProperty("items") is { } items && items.GetArrayLength() > 0 ? items[0].GetProperty("id").GetString() : null;
                return run is not null && (await SamplesAsync(server, run)).Count >= 2;
            },
            "two answers are recorded");
        Kill();

        server = await StartAsync();
        var recorded = await SamplesAsync(server, run!);
        Assert.InRange(recorded.Count, 2, Questions - 1); // it was in the middle
        JsonElement view = default;
        await UntilAsync(
            async () =>
            {
                view = await GetAsync(server, $"/api/v1/jobs/{job}");
                Assert.NotEqual("failed", view.GetProperty("state").GetString());
                return view.GetProperty("state").GetString() == "finished";
            },
            "the next server has finished the evaluation");
        Assert.Equal((2, $"results/{run}"), (view.GetProperty("attempts").GetInt32(), view.GetProperty("resultPath").GetString()));
        Assert.Equal(Enumerable.Range(0, Questions), await SamplesAsync(server, run!));
        Assert.Equal("finished", (await GetAsync(server, $"/api/v1/eval/runs/{run}")).GetProperty("state").GetString());
    }

    /// <summary>SIGKILL: nothing of it can be tidied up.</summary>
    private void Kill()
    {
        if (_server is not { } server) return;
        server.Kill(entireProcessTree: true);
        server.WaitForExit();
        server.Dispose();
        _server = null;
    }

    private async Task<Uri> StartAsync()
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "studio.dll"), "serve", "--port", "0", "--model", "tiny-random"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["STUDIO_DATA"] = _data;
        start.Environment["STUDIO_ROOT"] = ReadmeTests.Checkout();
        var address = new TaskCompletionSource<Uri>(TaskCreationOptions.RunContinuationsAsynchronously);
        _server = new Process { StartInfo = start };
        _server.OutputDataReceived += (_, e) => Read(e.Data);
        _server.ErrorDataReceived += (_, e) => Read(e.Data);
        _ = _server.Start();
        _server.BeginOutputReadLine();
        _server.BeginErrorReadLine();
        return await address.Task.WaitAsync(s_patience, Ct);

        void Read(string? line)
        {
            if (line is not null && Address().Match(line) is { Success: true } found) _ = address.TrySetResult(new(found.Value));
        }
    }

    /// <summary>Asks ten times a second: a server answers so many requests a minute.</summary>
    private static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < s_patience, $"in vain: {what}");
            await Task.Delay(100, Ct);
        }
    }

    private async Task<JsonElement> GetAsync(Uri server, string path) => await _http.GetFromJsonAsync<JsonElement>(new Uri(server, path), Ct);

    /// <summary>Ordinals, as the API lists them.</summary>
    private async Task<List<int>> SamplesAsync(Uri server, string run) =>
        [.. (await GetAsync(server, $"/api/v1/eval/runs/{run}/samples?size=100")).GetProperty("items").EnumerateArray().Select(s => s.GetProperty("ordinal").GetInt32())];

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+")]
    private static partial Regex Address();
}
