using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Studio.Accounts;
using Studio.Api;
using Studio.Benchmarks.Evaluation.Data;
using Studio.Benchmarks.Records;
using Studio.Benchmarks.Records.Store;
using Studio.Boards;
using Studio.Data;
using Studio.Jobs.Data;
using Studio.Tests.Accounts;
using Xunit;

namespace Studio.Tests.Boards;

/// <summary>Results over real HTTP: comparison, leaderboard, sweep, export, clips, notes, links; and their pages as they are first sent.</summary>
public sealed class ResultsApiTests : IAsyncLifetime
{
    private AccountServer _server = null!;
    private ResultsSeed _seed = null!;
    private HttpClient _admin = null!, _viewer = null!, _editor = null!;
    private CurrentUser _ada = null!, _eva = null!, _vic = null!;

    private static readonly DateTimeOffset s_noon = new(2026, 5, 6, 12, 0, 0, TimeSpan.Zero);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static string One => ResultsSeed.Id(1);

    private static string Two => ResultsSeed.Id(2);

    public async ValueTask InitializeAsync()
    {
        _server = await AccountServer.StartAsync(o => o with { RequestsPerMinute = 1_000_000 });
        _seed = new(_server.Get<RunStore>(), _server.Get<VideoStore>());
        (_ada, _admin) = await PersonAsync("ada", Roles.Admin);
        (_eva, _editor) = await PersonAsync("eva", Roles.Editor);
        (_vic, _viewer) = await PersonAsync("vic", Roles.Viewer);
        _ = await _seed.AddAsync(One, "off", [0, 1, 2, 3, 4, 5], owner: _eva.Id, sweep: "s1", milliseconds: 200, kept: 100);
        _ = await _seed.AddAsync(Two, "uniform:1:0.5", [0, 1, 2, 6], sweep: "s1", fails: true, milliseconds: 120, kept: 50);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in new[] { _admin, _editor, _viewer }) client.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Compare_PairsWhatBothScored_AndListsTheFlipsByPages()
    {
        var made = await ReadAsync(_viewer, $"eval/compare?a={One}&b={Two}&size=2");
        Assert.Equal((7, 1, 0), (made.GetProperty("paired").GetInt32(), made.GetProperty("onlyFirst").GetInt32(), made.GetProperty("onlySecond").GetInt32()));
        Assert.Equal((3L, 1L), (made.GetProperty("mcNemar").GetProperty("onlyFirst").GetInt64(), made.GetProperty("mcNemar").GetProperty("onlySecond").GetInt64()));
        Assert.Equal(-2 / 7.0, made.GetProperty("difference").GetProperty("difference").GetProperty("value").GetDouble(), 9);
        Assert.Equal((2, 4), (made.GetProperty("flips").GetArrayLength(), made.GetProperty("flipsInAll").GetInt32()));
        Assert.Equal(5, (await ReadAsync(_viewer, $"eval/compare?a={One}&b={Two}&size=2&page=2")).GetProperty("flips")[0].GetProperty("firstOrdinal").GetInt32());
        Assert.Contains("itself", (await ReadAsync(_viewer, $"eval/compare?a={One}&b={One}", HttpStatusCode.BadRequest)).GetProperty("detail").GetString(), StringComparison.Ordinal);
        _ = await ReadAsync(_viewer, $"eval/compare?a={One}&b=nothing", HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Compare_SaysWhatElseDiffers()
    {
        _ = await _seed.AddAsync(ResultsSeed.Id(3), "off", [0], frames: "uniform 8");
        var warnings = (await ReadAsync(_viewer, $"eval/compare?a={One}&b={ResultsSeed.Id(3)}")).GetProperty("warnings").EnumerateArray().Select(w => w.GetProperty("what").GetString());
        Assert.Contains("frames", warnings);
        using var browser = await _server.SignInAsync("rea", Roles.Viewer);
        Assert.Contains("data-what=\"frames\"", await browser.ReadAsync($"/results/compare?a={One}&b={ResultsSeed.Id(3)}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Board_HasControlsImportedRowsAndGroups_AndExports()
    {
        _ = await _seed.AddAsync(ResultsSeed.Id(3), "", [0, 1], variant: EvalVariant.Blind);
        _ = await _seed.AddAsync(ResultsSeed.Id(4), "", [0, 1, 2, 3, 4, 5, 6, 7], source: "lmms-eval", model: "=other");
        var board = await ReadAsync(_viewer, "eval/board?task=niah");
        var rows = board.GetProperty("rows").EnumerateArray().ToDictionary(r => r.GetProperty("run").GetProperty("id").GetString()!);
        Assert.True(rows[ResultsSeed.Id(3)].GetProperty("isControl").GetBoolean());
        Assert.True(rows[ResultsSeed.Id(4)].GetProperty("isImported").GetBoolean());
        Assert.Equal((2, 1), (board.GetProperty("groups").GetInt32(), board.GetProperty("warnings").GetArrayLength()));
        Assert.Equal("0123456789abcdef", rows[One].GetProperty("provenance").GetProperty("commit").GetString());
        var csv = await _viewer.GetStringAsync(new Uri("/api/v1/eval/board/export?task=niah&format=csv", UriKind.Relative), Ct);
        Assert.Contains(",'=other,", csv, StringComparison.Ordinal); // no formula in a spreadsheet
        Assert.Equal(5, csv.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains("<table>", await _viewer.GetStringAsync(new Uri("/api/v1/eval/board/export?task=niah&format=html", UriKind.Relative), Ct), StringComparison.Ordinal);
        _ = await ReadAsync(_viewer, "eval/board?task=mvbench", HttpStatusCode.NotFound);
        _ = await ReadAsync(_viewer, "eval/board/export?task=niah&format=xml", HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Sweep_MarksTheFront()
    {
        _ = await _seed.AddAsync(ResultsSeed.Id(3), "uniform:1:0.9", [0], sweep: "s1", milliseconds: 300, kept: 300);
        var sweep = await ReadAsync(_viewer, "eval/sweeps/s1");
        var fronts = sweep.GetProperty("settings").EnumerateArray().ToDictionary(s => s.GetProperty("run").GetProperty("id").GetString()!, s => s.GetProperty("fronts").EnumerateArray().Select(f => f.GetString()).ToArray());
        Assert.Contains("tokens", fronts[One]);
        Assert.Contains("time", fronts[Two]);
        Assert.DoesNotContain("tokens", fronts[ResultsSeed.Id(3)]);
        _ = await ReadAsync(_viewer, "eval/sweeps/nothing", HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Sweep_ShowsTheLatest_WhereMoreRunsCarryItsName()
    {
        var store = _server.Get<RunStore>();
        var one = await store.GetAsync(One, Ct);
        for (var i = 0; i <= ResultsService.MaxSweep; i++)
        {
            var id = $"{i:0000}" + new string('b', 28);
            _ = await store.OpenAsync(
                new() { Id = id, Key = id, Task = "niah", Model = "tiny", Variant = EvalVariant.Standard, Compression = "off", Frames = "all", PromptVersion = 1, ScorerVersion = 1, DataHash = "d", SweepId = "many", Given = one.Given, Resolved = "{}", Provenance = "{}", Samples = 1, CreatedAt = one.CreatedAt.AddSeconds(i) },
                again: true, Ct);
        }

        var sweep = await _server.Get<ResultsService>().SweepAsync("many", Ct);
        Assert.Equal((ResultsService.MaxSweep + 1, ResultsService.MaxSweep), (sweep.Total, sweep.Waiting.Count));
        Assert.StartsWith("0001b", sweep.Waiting[0].Id, StringComparison.Ordinal); // the eldest is the one left out
        using var browser = await _server.SignInAsync("rea", Roles.Viewer);
        Assert.Contains($"the latest of {ResultsService.MaxSweep + 1} runs", await browser.ReadAsync("/results/sweep/many"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAgain_IsOfTheStudiosOwnRuns_AndOfEditors()
    {
        _ = await _seed.AddAsync(ResultsSeed.Id(4), "", [0], source: "lmms-eval");
        using (var refused = await _editor.PostAsync(new Uri($"/api/v1/eval/runs/{ResultsSeed.Id(4)}/rerun", UriKind.Relative), null, Ct)) Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        using (var viewer = await _viewer.PostAsync(new Uri($"/api/v1/eval/runs/{One}/rerun", UriKind.Relative), null, Ct)) Assert.Equal(HttpStatusCode.Forbidden, viewer.StatusCode);
    }

    [Fact]
    public async Task Job_OfARun_IsLookedForAmongTheLatest()
    {
        var run = (await _server.Get<ResultsService>().ListAsync(new(Task: "niah"), ct: Ct)).Items.Single(r => r.Id == One);
        var jobs = _server.Get<RunJobs>();
        await AddJobsAsync(0, 1, $"results/{One}");
        await AddJobsAsync(1, RunJobs.MaxLooked - 1, null);
        Assert.Equal("j0000", (await jobs.OfAsync(_ada, [run], Ct))[One]);
        Assert.Empty(await jobs.OfAsync(_eva, [run], Ct)); // another one's job
        await AddJobsAsync(RunJobs.MaxLooked, 1, null);
        Assert.Empty(await jobs.OfAsync(_ada, [run], Ct));
    }

    [Fact]
    public async Task Samples_AreNarrowed_AndGroupsAndFacetsListed_OverHttp()
    {
        var all = await ReadAsync(_viewer, $"eval/runs/{One}/samples?group=frames:24&group=depth:1");
        Assert.Equal(2, all.GetProperty("total").GetInt32());
        Assert.Equal(2, all.GetProperty("items")[0].GetProperty("ordinal").GetInt32());
        Assert.Equal(6, (await ReadAsync(_viewer, $"eval/runs/{One}/samples?show=right")).GetProperty("total").GetInt32());
        Assert.Equal(2, (await ReadAsync(_viewer, $"eval/runs/{One}/samples?show=wrong")).GetProperty("total").GetInt32());
        Assert.Equal(1, (await ReadAsync(_viewer, $"eval/runs/{One}/samples?q=niah-24-0-0")).GetProperty("total").GetInt32());
        Assert.Contains("'frames'", (await ReadAsync(_viewer, $"eval/runs/{One}/samples?group=frames", HttpStatusCode.BadRequest)).GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Contains("'most'", (await ReadAsync(_viewer, $"eval/runs/{One}/samples?show=most", HttpStatusCode.BadRequest)).GetProperty("detail").GetString(), StringComparison.Ordinal);
        var sample = await ReadAsync(_viewer, $"eval/runs/{One}/samples/3");
        Assert.Equal((3, 100), (sample.GetProperty("ordinal").GetInt32(), sample.GetProperty("stageTokens")[0].GetInt32()));
        _ = await ReadAsync(_viewer, $"eval/runs/{One}/samples/99", HttpStatusCode.NotFound);
        var groups = await ReadAsync(_viewer, $"eval/runs/{One}/groups");
        var frames = groups.EnumerateArray().Single(g => g.GetProperty("label").GetString() == "frames" && g.GetProperty("value").GetString() == "24");
        Assert.Equal((4, 1.0), (frames.GetProperty("count").GetInt32(), frames.GetProperty("score").GetProperty("value").GetDouble()));
        Assert.Equal("niah", (await ReadAsync(_viewer, "eval/facets")).GetProperty("tasks")[0].GetString());
        Assert.Equal(3, (await ReadAsync(_viewer, $"eval/compare?a={One}&b={Two}&flips=lost")).GetProperty("flips").GetArrayLength());
        Assert.Equal(6, (await ReadAsync(_viewer, $"eval/compare?a={One}&b={Two}&flips=gained")).GetProperty("flips")[0].GetProperty("firstOrdinal").GetInt32());
        _ = await ReadAsync(_viewer, $"eval/compare?a={One}&b={Two}&flips=some", HttpStatusCode.BadRequest);
        var csv = await _viewer.GetStringAsync(new Uri("/api/v1/eval/sweeps/s1/export?format=csv", UriKind.Relative), Ct);
        Assert.Equal(3, csv.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Length);
        _ = await ReadAsync(_viewer, "eval/sweeps/s1/export?format=html", HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task NeedleMap_TellsCountAndInterval_AndLeadsToTheCellsSamples()
    {
        using var browser = await _server.SignInAsync("rea", Roles.Viewer);
        var html = await browser.ReadAsync($"/results/{One}");
        Assert.Contains("data-tip=\"24 frames, depth 100 %: 100.0 % right, n = 2, 95 % interval 34.2 % to 100.0 %", html, StringComparison.Ordinal);
        Assert.Contains($"results/{One}?group=frames%3A24&amp;group=depth%3A1#samples", html, StringComparison.Ordinal);
        var cell = await browser.ReadAsync($"/results/{One}?group=frames%3A24&group=depth%3A1");
        Assert.Contains($"results/{One}/2\"", cell, StringComparison.Ordinal);
        Assert.DoesNotContain($"results/{One}/4\"", cell, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Export_IsAFileOfItsOwn()
    {
        foreach (var (format, type, begin) in new[] { ("json", "application/json", "{\"format\""), ("csv", "text/csv", "ordinal,"), ("html", "text/html", "<!doctype html>") })
        {
            using var answer = await _viewer.GetAsync(new Uri($"/api/v1/eval/runs/{One}/export?format={format}", UriKind.Relative), Ct);
            Assert.Equal((HttpStatusCode.OK, type, "attachment"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType, answer.Content.Headers.ContentDisposition?.DispositionType));
            Assert.StartsWith(begin, await answer.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        }

        _ = await ReadAsync(_viewer, "eval/runs/nothing/export", HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task DrawnClip_IsSentToEverybody_AndOneOfAnotherSetIsNot()
    {
        using var answer = await _viewer.GetAsync(new Uri($"/api/v1/eval/runs/{One}/samples/0/clip", UriKind.Relative), Ct);
        Assert.Equal((HttpStatusCode.OK, "video/mp4"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        Assert.True((await answer.Content.ReadAsByteArrayAsync(Ct)).Length > 1000);
        var store = _server.Get<RunStore>();
        var foreign = await _seed.AddAsync(ResultsSeed.Id(5), "x", [0], source: "lmms-eval");
        Assert.Contains("imported", (await ReadAsync(_admin, $"eval/runs/{foreign.Id}/samples/0/clip", HttpStatusCode.NotFound)).GetProperty("detail").GetString(), StringComparison.Ordinal);
        var clips = _server.Get<SampleClips>();
        var sample = (await store.SampleAsync(One, 0, Ct))!;
        Assert.NotEmpty((await clips.DescribeAsync(_vic, await store.GetAsync(One, Ct), sample, Ct)).Needles!);
        var run = await store.GetAsync(One, Ct);
        run.Given = (ResultsSeed.Request with { Videos = Path.GetTempPath(), Annotations = Path.GetTempPath() }).ToJson();
        Assert.Contains("only administrators", (await clips.DescribeAsync(_vic, run, sample, Ct)).Reason, StringComparison.Ordinal);
        Assert.Null(await clips.FileAsync(_vic, run, sample, Ct));
        for (ulong seed = 0; seed < SampleClips.MaxOpen + 2; seed++)
        {
            run.Given = (ResultsSeed.Request with { Seed = seed }).ToJson();
            _ = await clips.DescribeAsync(_vic, run, sample, Ct);
        }

        Assert.Equal(SampleClips.MaxOpen, clips.Open);
    }

    [Fact]
    public async Task NoteAndDelete_AreTheOwnersAndAdministrators()
    {
        var results = _server.Get<ResultsService>();
        Assert.Equal(403, await StatusAsync(() => results.SetNoteAsync(_vic, One, "x", Ct)));
        Assert.Equal(403, await StatusAsync(() => results.SetNoteAsync(_eva, Two, "x", Ct))); // of the command line: nobody's
        Assert.Equal(400, await StatusAsync(() => results.SetNoteAsync(_eva, One, new string('x', RunStore.MaxNote + 1), Ct)));
        using (var noted = await _editor.PatchAsJsonAsync($"/api/v1/eval/runs/{One}", new { note = " good " }, Ct)) Assert.Equal(HttpStatusCode.NoContent, noted.StatusCode);
        Assert.Equal("good", (await results.GetAsync(One, Ct)).Note);
        Assert.Equal(One, Assert.Single((await results.ListAsync(new(Text: "GOOD"), ct: Ct)).Items).Id);
        var running = await _seed.AddAsync(ResultsSeed.Id(6), "y", [], finished: false);
        Assert.Equal(409, await StatusAsync(() => results.DeleteAsync(_ada, running.Id, Ct)));
        Assert.Equal(4, Assert.Single((await results.ListAsync(new(State: RunState.Running), ct: Ct)).Items).Recorded);
        _ = await _server.Get<ShareService>().CreateAsync(_ada, ShareTarget.Run, Two, Ct);
        using (var deleted = await _admin.DeleteAsync(new Uri($"/api/v1/eval/runs/{Two}", UriKind.Relative), Ct)) Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        Assert.Equal(0, await _server.WithDbAsync(db => db.ShareLinks.CountAsync(Ct)));
        Assert.Equal(404, await StatusAsync(() => results.DeleteAsync(_ada, Two, Ct)));
    }

    [Fact]
    public async Task ShareLink_OpensExactlyOneRun_UntilItIsRevoked()
    {
        var shares = _server.Get<ShareService>();
        Assert.Equal(403, await StatusAsync(() => shares.CreateAsync(_eva, ShareTarget.Run, Two, Ct)));
        Assert.Equal(404, await StatusAsync(() => shares.CreateAsync(_eva, ShareTarget.Run, "nothing", Ct)));
        var made = await shares.CreateAsync(_ada, ShareTarget.Run, Two, Ct);
        Assert.Equal("niah, tiny", Assert.Single((await shares.ListOwnAsync(_ada, ct: Ct)).Items).Title);
        using var anyone = _server.Anyone();
        var html = await anyone.ReadAsync("/" + made.Path);
        Assert.Contains("57.1 %", html, StringComparison.Ordinal); // 4 of the 7 that were scored
        Assert.Contains("data-map=\"survival\"", html, StringComparison.Ordinal);
        foreach (var secret in new[] { "/secret/folder", One, "results/", "api/v1" }) Assert.DoesNotContain(secret, html, StringComparison.Ordinal);
        foreach (var closed in new[] { $"/results/{Two}", $"/results/{One}", "/results", "/results/board/niah" }) Assert.Equal(HttpStatusCode.Redirect, (await anyone.GetAsync(closed)).StatusCode);
        foreach (var closed in new[] { $"/api/v1/eval/runs/{Two}/export", $"/api/v1/eval/runs/{Two}/samples/0/clip", "/api/v1/eval/board?task=niah" })
            Assert.Equal(HttpStatusCode.Unauthorized, (await anyone.Http.GetAsync(new Uri(closed, UriKind.Relative), Ct)).StatusCode);
        await shares.RevokeAsync(_ada, made.Share.Id, Ct);
        Assert.Equal(HttpStatusCode.NotFound, (await anyone.GetAsync("/" + made.Path)).StatusCode);
    }

    [Fact]
    public async Task ShareLink_OfABoard_IsAnAdministrators_AndShowsNoOtherTask()
    {
        var shares = _server.Get<ShareService>();
        Assert.Equal(403, await StatusAsync(() => shares.CreateAsync(_eva, ShareTarget.Board, "niah", Ct)));
        Assert.Equal(404, await StatusAsync(() => shares.CreateAsync(_ada, ShareTarget.Board, "mvbench", Ct)));
        var made = await shares.CreateAsync(_ada, ShareTarget.Board, "niah", Ct);
        using var anyone = _server.Anyone();
        var html = await anyone.ReadAsync("/" + made.Path);
        Assert.Contains("75.0 %", html, StringComparison.Ordinal);
        Assert.DoesNotContain("href=\"results", html, StringComparison.Ordinal);
        await _server.Get<ResultsService>().DeleteAsync(_ada, One, Ct);
        await _server.Get<ResultsService>().DeleteAsync(_ada, Two, Ct);
        Assert.Equal(HttpStatusCode.NotFound, (await anyone.GetAsync("/" + made.Path)).StatusCode); // nothing is left to show
    }

    [Fact]
    public async Task Pages_ShowTheRun_TheWrongSamplesAlone_AndTheSampleAsText()
    {
        using var browser = await _server.SignInAsync("rea", Roles.Viewer);
        var list = await browser.ReadAsync("/results?q=uniform");
        Assert.Contains($"data-run=\"{Two}\"", list, StringComparison.Ordinal);
        Assert.DoesNotContain($"data-run=\"{One}\"", list, StringComparison.Ordinal);
        var wrong = await browser.ReadAsync($"/results/{Two}?show=wrong");
        Assert.Contains($"results/{Two}/3\"", wrong, StringComparison.Ordinal);
        foreach (var other in new[] { 0, 7 }) Assert.DoesNotContain($"results/{Two}/{other}\"", wrong, StringComparison.Ordinal);
        var failed = await browser.ReadAsync($"/results/{Two}?show=failed");
        Assert.Contains($"results/{Two}/7\"", failed, StringComparison.Ordinal);
        Assert.DoesNotContain("/secret/folder", await browser.ReadAsync($"/results/{Two}/7"), StringComparison.Ordinal);
        var sample = await browser.ReadAsync($"/results/{Two}/3");
        Assert.Contains("&lt;b&gt;prompt&lt;/b&gt;", sample, StringComparison.Ordinal);
        Assert.Contains($"api/v1/eval/runs/{Two}/samples/3/clip", sample, StringComparison.Ordinal);
        Assert.Contains("There is no such run", await browser.ReadAsync("/results/nothing"), StringComparison.Ordinal);
        Assert.Contains("Pareto front", await browser.ReadAsync("/results/sweep/s1"), StringComparison.Ordinal);
        Assert.DoesNotContain("Run again", await browser.ReadAsync("/results/board/niah"), StringComparison.Ordinal); // viewers start nothing
    }

    private static async Task<JsonElement> ReadAsync(HttpClient client, string path, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var answer = await client.GetAsync(new Uri($"/api/v1/{path}", UriKind.Relative), Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.StatusCode == expected, $"{path}: {(int)answer.StatusCode} {text}");
        return JsonSerializer.Deserialize<JsonElement>(text);
    }

    /// <summary>Ended evaluations of the administrator, each later than those before.</summary>
    private async Task AddJobsAsync(int first, int count, string? resultPath)
    {
        await using var db = await _server.Get<IDbContextFactory<JobDb>>().CreateDbContextAsync(Ct);
        for (var i = first; i < first + count; i++)
        {
            _ = db.Jobs.Add(new()
            {
                Id = $"j{i:0000}", Kind = "evaluation", Title = "t", OwnerId = _ada.Id, OwnerName = "ada", RequestJson = "{}", State = JobState.Finished, ResultPath = resultPath, CreatedAt = s_noon.AddSeconds(i), EndedAt = s_noon.AddSeconds(i),
            });
        }

        _ = await db.SaveChangesAsync(Ct);
    }

    private static async Task<int> StatusAsync(Func<Task> work) => (await Assert.ThrowsAsync<RequestException>(work)).Status;

    private async Task<(CurrentUser User, HttpClient Program)> PersonAsync(string name, string role)
    {
        var account = await _server.Accounts.CreateAsync(new(name, null, role, AccountServer.Password), Ct);
        return (new(account.Account.Id, name, role), await _server.ProgramAsync(name));
    }
}
