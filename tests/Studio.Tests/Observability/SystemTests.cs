using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Studio.Accounts;
using Studio.Benchmarks.Machine;
using Studio.Data;
using Studio.Observability;
using Studio.Tests.Accounts;
using Studio.Tests.Conversations;
using Xunit;

namespace Studio.Tests.Observability;

public sealed class SystemTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Health_TellsWhetherTheServerCanWork()
    {
        await using var server = await AccountServer.StartAsync();
        using var anyone = server.Program(null);
        foreach (var path in new[] { "/healthz", "/healthz/ready" }) Assert.Equal("""{"status":"healthy","checks":{"database":"healthy","storage":"healthy"}}""", await anyone.GetStringAsync(path, Ct));
        Assert.Equal("""{"status":"healthy","checks":{}}""", await anyone.GetStringAsync("/healthz/live", Ct));
        _ = await server.WithDbAsync(db => db.Database.ExecuteSqlRawAsync("ALTER TABLE AspNetUsers RENAME TO Gone", Ct));
        using var broken = await anyone.GetAsync("/healthz/ready", Ct);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, broken.StatusCode);
        Assert.Equal("""{"status":"unhealthy","checks":{"database":"unhealthy","storage":"healthy"}}""", await broken.Content.ReadAsStringAsync(Ct));
        Assert.Equal(HttpStatusCode.OK, (await anyone.GetAsync("/healthz/live", Ct)).StatusCode);
    }

    [Theory]
    [InlineData(2L << 30, HealthStatus.Healthy)]
    [InlineData(512L << 20, HealthStatus.Degraded)]
    [InlineData(1L << 20, HealthStatus.Unhealthy)]
    public void Storage_IsJudgedByWhatIsFree(long free, HealthStatus expected) => Assert.Equal(expected, StorageCheck.Judge(free).Status);

    [Fact]
    public async Task Doctor_LooksOnceForAllWhoAskAtOnce_AndAgainLater()
    {
        var time = new ManualTime();
        using var go = new SemaphoreSlim(0);
        var looks = new List<bool>();
        var doctor = new DoctorService(measure =>
        {
            looks.Add(measure);
            go.Wait(Ct);
            return new([new("x", "y", FindingStatus.Warn, "z")]);
        }, time);
        Assert.Null(doctor.Last);
        var (first, second) = (doctor.ExamineAsync(measure: true, Ct), doctor.ExamineAsync(ct: Ct));
        Assert.True(doctor.IsRunning);
        _ = go.Release(10);
        Assert.Same(await first, await second);
        Assert.Equal(time.GetUtcNow(), doctor.Last!.At);
        await Wait.UntilAsync(() => !doctor.IsRunning, "the first look has ended");
        time.Advance(TimeSpan.FromMinutes(1));
        _ = await doctor.ExamineAsync(ct: Ct);
        Assert.Equal((time.GetUtcNow(), 2), (doctor.Last!.At, looks.Count));
        Assert.Equal([true, false], looks);
    }

    [Fact]
    public async Task Doctor_ThatFails_CanBeAskedAgain()
    {
        var fails = true;
        var doctor = new DoctorService(_ => fails ? throw new IOException("no") : new([]), TimeProvider.System);
        _ = await Assert.ThrowsAsync<IOException>(() => doctor.ExamineAsync(ct: Ct));
        fails = false;
        await Wait.UntilAsync(() => !doctor.IsRunning, "the failed look has ended");
        Assert.Empty((await doctor.ExamineAsync(ct: Ct)).Report.Findings);
    }

    [Fact]
    public async Task Storage_IsMeasuredByKindAndOwner()
    {
        var time = new ManualTime();
        await using var server = await AccountServer.StartAsync(o => o with { UserQuotaBytes = 1000 }, time);
        var ada = (await server.Accounts.CreateAsync(new("ada", "Ada"), Ct)).Account.Id;
        _ = await server.AddThingsAsync(ada, new string('x', 100));
        _ = await server.AddThingsAsync(ada, new string('y', 50));
        _ = await server.AddThingsAsync("somebody who was deleted", "z");
        _ = Directory.CreateDirectory(Path.Combine(server.Folders.Thumbnails, "v"));
        await File.WriteAllTextAsync(Path.Combine(server.Folders.Thumbnails, "v", "0.jpg"), "12345", Ct);
        var storage = server.Get<StorageService>();
        var kinds = (await storage.MeasureAsync(Ct)).Kinds.ToDictionary(k => k.Kind, k => (k.Bytes, k.Files));
        Assert.Equal(((151, 3), (5, 1), (0, 0)), (kinds["videos"], kinds["thumbnails"], kinds["traces"]));
        Assert.True(kinds["database"].Bytes > 0);
        await File.WriteAllTextAsync(Path.Combine(server.Folders.Traces, "t.json.gz"), "1", Ct);
        Assert.Equal(0, (await storage.MeasureAsync(Ct)).Kinds.Single(k => k.Kind == "traces").Files); // remembered
        time.Advance(StorageService.Freshness);
        Assert.Equal(1, (await storage.MeasureAsync(Ct)).Kinds.Single(k => k.Kind == "traces").Files);
        Assert.Equal(new OwnerUsage(ada, "Ada", 2, 150, 1000), await storage.OwnAsync(new(ada, "Ada", Roles.Editor), Ct));
        var owners = await storage.OwnersAsync(1, 1, Ct);
        Assert.Equal((2, "Ada"), (owners.Total, Assert.Single(owners.Items).Name));
        Assert.Equal("deleted account", Assert.Single((await storage.OwnersAsync(2, 1, Ct)).Items).Name);
    }

    [Fact]
    public async Task Caches_AreMeasuredAndCleared_AndNothingElseIs()
    {
        await using var studio = await TestStudio.StartAsync();
        var machine = Directory.CreateDirectory(Path.Combine(studio.Folders.Cache, "machine")).FullName;
        await File.WriteAllTextAsync(Path.Combine(machine, "rates-1.json"), "{}", Ct);
        await File.WriteAllTextAsync(Path.Combine(machine, "notes.txt"), "mine", Ct);
        var tokens = Directory.CreateDirectory(Path.Combine(studio.Folders.Cache, "visual-tokens")).FullName;
        var caches = (await studio.Http.GetFromJsonAsync<CacheView[]>("/api/v1/system/caches", Ct))!.ToDictionary(c => c.Name);
        Assert.Equal((2, 1), (caches["machine rates"].Bytes, caches["machine rates"].Entries));
        Assert.True(caches["visual tokens"].Limit > 0);
        using var cleared = await studio.Http.DeleteAsync("/api/v1/system/caches/machine%20rates", Ct);
        Assert.Equal(0, (await cleared.Content.ReadFromJsonAsync<CacheView>(Ct))!.Entries);
        Assert.Equal(["notes.txt"], Directory.EnumerateFiles(machine).Select(Path.GetFileName));
        Assert.Equal(HttpStatusCode.NotFound, (await studio.Http.DeleteAsync("/api/v1/system/caches/videos", Ct)).StatusCode);
        Assert.True(Directory.Exists(tokens));
    }

    [Fact]
    public async Task VisualTokens_AreCountedAndCleared()
    {
        await using var studio = await TestStudio.StartAsync();
        var video = await studio.AddVideoAsync(TestStudio.Me);
        var asked = await studio.Conversations.AskAsync(TestStudio.Me, null, null, "What happens?", [video.Id], [new() { Frames = 4, MaxNewTokens = 2 }], ct: Ct);
        _ = await studio.FinishedAsync(asked.AnswerIds[0]);
        var before = (await studio.Http.GetFromJsonAsync<CacheView[]>("/api/v1/system/caches", Ct))!.Single(c => c.Name == "visual tokens");
        Assert.True(before is { Entries: > 0, Bytes: > 0 });
        using var cleared = await studio.Http.DeleteAsync("/api/v1/system/caches/visual%20tokens", Ct);
        Assert.Equal((0, 0), await cleared.Content.ReadFromJsonAsync<CacheView>(Ct) is { } after ? (after.Entries, after.Bytes) : default);
        var metrics = await studio.Http.GetStringAsync("/metrics", Ct);
        Assert.Contains("studio_answers_total{model=\"tiny-random\",state=\"done\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("studio_tokens_generated_total{model=\"tiny-random\"} 2\n", metrics, StringComparison.Ordinal);
        Assert.Contains("studio_answer_duration_seconds_count{model=\"tiny-random\"} 1\n", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Versions_NameWhatTheStudioStandsOn()
    {
        await using var studio = await TestStudio.StartAsync();
        var versions = (await studio.Http.GetFromJsonAsync<VersionView[]>("/api/v1/system/versions", Ct))!.ToDictionary(v => v.Name, v => v.Version);
        Assert.Equal(["Studio", ".NET", "libtorch", "ffmpeg", "SQLite", "System"], versions.Keys);
        foreach (var name in new[] { ".NET", "libtorch", "ffmpeg", "SQLite" }) Assert.Matches(@"\A\d+\.\d+", versions[name]);
    }

    [Fact]
    public async Task Settings_TellWhereTheyCameFrom_AndTheLogLevelCanBeChanged()
    {
        await using var studio = await TestStudio.StartAsync(options: o => o with { Sources = new Dictionary<string, Studio.Hosting.SettingSource> { ["port"] = Studio.Hosting.SettingSource.CommandLine } });
        using var settings = JsonDocument.Parse(await studio.Http.GetStringAsync("/api/v1/system/settings", Ct));
        var port = settings.RootElement.EnumerateArray().Single(s => s.GetProperty("name").GetString() == "port");
        Assert.Equal(("0", "commandLine", "STUDIO_PORT"), (port.GetProperty("value").GetString(), port.GetProperty("source").GetString(), port.GetProperty("variable").GetString()));
        Assert.Equal(HttpStatusCode.OK, (await studio.Http.PutAsJsonAsync("/api/v1/system/log-level", new { level = "debug" }, Ct)).StatusCode);
        Assert.Equal(Microsoft.Extensions.Logging.LogLevel.Debug, studio.Get<LogLevelSwitch>().Level);
        Assert.Equal(HttpStatusCode.BadRequest, (await studio.Http.PutAsJsonAsync("/api/v1/system/log-level", new { level = "loud" }, Ct)).StatusCode);
    }

    [Fact]
    public async Task ClosedAccountsQuestions_LeaveTheLine()
    {
        var engine = new ScriptedEngine();
        await using var server = await AccountServer.StartAsync(configure: s => Microsoft.Extensions.DependencyInjection.ServiceCollectionServiceExtensions.AddSingleton<Studio.Conversations.IAnswerEngine>(s, engine));
        var bob = new CurrentUser((await server.Accounts.CreateAsync(new("bob", null, Roles.Editor, AccountServer.Password), Ct)).Account.Id, "bob", Roles.Editor);
        var conversations = server.Get<Studio.Conversations.ConversationService>();
        var asked = await conversations.AskAsync(bob, null, null, "First?", [], [new(), new()], Studio.Conversations.AnswerLifetime.Kept, Ct);
        _ = await server.Accounts.SetDisabledAsync(bob.Id, disabled: true, Ct);
        await Wait.UntilAsync(() => server.WithDbAsync(db => db.Messages.Where(m => m.Role == MessageRole.Answer).AllAsync(m => m.State == AnswerState.Stopped || m.State == AnswerState.Done, Ct)), "nothing of bob's waits or runs");
    }
}
