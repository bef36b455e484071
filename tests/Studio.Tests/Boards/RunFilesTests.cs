using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Studio.Accounts;
using Studio.Benchmarks.Evaluation.Data;
using Studio.Benchmarks.Records;
using Studio.Benchmarks.Records.Exchange;
using Studio.Benchmarks.Records.Store;
using Studio.Boards;
using Studio.Boards.Files;
using Studio.Data;
using Studio.Tests.Accounts;
using Xunit;

namespace Studio.Tests.Boards;

/// <summary>Results over real HTTP into the database and all of it out of it: what is taken, what is refused and why, and that nothing is left on the disk.</summary>
public sealed class RunFilesTests : IAsyncLifetime
{
    private const string Name = "logs/model/20241201_000000_results.json";

    private const string Results = """
        {"results":{"videomme":{"alias":"videomme","videomme_perception_score,none":66.66}},"config":{"model":"llava_vid","model_args":"pretrained=lmms-lab/LLaVA-Video-7B,max_frames_num=64"},"date":1733000000.25}
        """;

    private const string Samples = """
        {"doc_id":0,"target":"C","filtered_resps":["C"],"resps":[["C."]],"doc_hash":"x","input":"Pick one.","videomme_perception_score":{"question_id":"001-1","duration":"short","pred_answer":"C","answer":"C"}}
        {"doc_id":1,"target":"A","filtered_resps":["B"],"videomme_perception_score":{"question_id":"001-2","duration":"long","pred_answer":"B","answer":"A"}}
        """;

    private const string SamplesName = "logs/model/20241201_000000_samples_videomme.jsonl";

    private static readonly RunUploadLimits s_small = new() { MaxBytes = 256 << 10, MaxFiles = 3, MaxFileBytes = 64 << 10, MaxUnpackedBytes = 128 << 10, MaxListBytes = 4 << 10, MaxName = 100, MaxPartBytes = 60 };

    private AccountServer _server = null!;
    private HttpClient _editor = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await AccountServer.StartAsync(o => o with { RequestsPerMinute = 1_000_000 }, configure: s => s.AddSingleton(s_small));
        _editor = await ProgramAsync("eva", Roles.Editor);
    }

    public async ValueTask DisposeAsync()
    {
        _editor.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Files_WithTheirFolders_BecomeARunOfWhoSentThem_AndASecondTimeNothingNew()
    {
        var run = Assert.Single((await SendAsync(_editor, 200, (Name, Results), (SamplesName, Samples), ("logs/model/notes.txt", "x"))).GetProperty("runs").EnumerateArray().ToArray());
        Assert.Equal((2, false), (run.GetProperty("samples").GetInt32(), run.GetProperty("wasThere").GetBoolean()));
        var id = run.GetProperty("run").GetProperty("id").GetString()!;
        Assert.Equal(($"/api/v1/eval/runs/{id}", $"/results/{id}"), (run.GetProperty("path").GetString(), run.GetProperty("page").GetString()));
        using (var there = await _editor.GetAsync(new Uri(run.GetProperty("path").GetString()!, UriKind.Relative), Ct)) Assert.Equal(HttpStatusCode.OK, there.StatusCode);
        var kept = await _server.Get<ResultsService>().GetAsync(id, Ct);
        Assert.Equal(("lmms-eval", "videomme", "lmms-lab/LLaVA-Video-7B", "eva"), (kept.Source, kept.Task, kept.Model, kept.OwnerName));

        var again = (await SendAsync(_editor, 200, ("f.zip", Zip((Name, Results), (SamplesName, Samples), ("__MACOSX/logs/model/._20241201_000000_results.json", "\0"))))).GetProperty("runs")[0];
        Assert.Equal((true, id), (again.GetProperty("wasThere").GetBoolean(), again.GetProperty("run").GetProperty("id").GetString()));
        NothingIsLeft();
        using var deleted = await _editor.DeleteAsync(new Uri($"/api/v1/eval/runs/{id}", UriKind.Relative), Ct); // it is the sender's
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
    }

    [Fact]
    public async Task ExportsOfAStudio_ComeInSeveralAtOnce_AndAreMarkedUnlessAnAdministratorSendsThem()
    {
        var seed = new ResultsSeed(_server.Get<RunStore>(), _server.Get<VideoStore>());
        var files = new List<(string, byte[])>();
        foreach (var id in new[] { ResultsSeed.Id(1), ResultsSeed.Id(2) })
        {
            _ = await seed.AddAsync(id, "off", [0, 1], owner: "somebody");
            files.Add(($"niah-{id}.json", await _editor.GetByteArrayAsync(new Uri($"/api/v1/eval/runs/{id}/export", UriKind.Relative), Ct)));
        }

        var store = _server.Get<RunStore>();
        foreach (var id in new[] { ResultsSeed.Id(1), ResultsSeed.Id(2) }) await store.DeleteAsync(id, Ct);
        Assert.Equal(2, (await SendAsync(_editor, 200, ("both.zip", Zip([.. files.Select(f => (f.Item1, Encoding.UTF8.GetString(f.Item2)))])))).GetProperty("runs").GetArrayLength());
        Assert.Equal(("import", "eva"), await OfAsync(ResultsSeed.Id(1)));
        await store.DeleteAsync(ResultsSeed.Id(1), Ct);
        using var admin = await ProgramAsync("ada", Roles.Admin);
        _ = await SendAsync(admin, 200, files[0]);
        Assert.Equal(("studio", "ada"), await OfAsync(ResultsSeed.Id(1)));

        async Task<(string, string)> OfAsync(string id) => await store.GetAsync(id, Ct) is var run ? (run.Source, run.OwnerName) : default;
    }

    [Fact]
    public async Task Viewers_ImportNothing_AndOnlyAdministratorsCopyTheDatabase()
    {
        using var viewer = await ProgramAsync("vic", Roles.Viewer);
        _ = await SendAsync(viewer, 403, (Name, Encoding.UTF8.GetBytes(Results)));
        using (var refused = await _editor.GetAsync(new Uri("/api/v1/eval/backup", UriKind.Relative), Ct)) Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);

        _ = await SendAsync(_editor, 200, (Name, Results), (SamplesName, Samples));
        using var admin = await ProgramAsync("ada", Roles.Admin);
        using var answer = await admin.GetAsync(new Uri("/api/v1/eval/backup", UriKind.Relative), Ct);
        Assert.Equal((HttpStatusCode.OK, "application/vnd.sqlite3", "attachment"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType, answer.Content.Headers.ContentDisposition?.DispositionType));
        var file = Path.Combine(_server.Folders.Data, "copy.db");
        await File.WriteAllBytesAsync(file, await answer.Content.ReadAsByteArrayAsync(Ct), Ct);
        using (var copy = await RunStore.ConnectAsync(ResultsTarget.File(file), TimeProvider.System, Ct))
        {
            var run = Assert.Single((await copy.ListAsync(new RunFilter { Take = 5 }, Ct)).Runs);
            Assert.Equal(("videomme", 2), (run.Task, await copy.SamplesAsync(run.Id, Ct).CountAsync(Ct)));
        }

        await Wait.UntilAsync(() => Left() == 0, "the copy goes when the answer has gone");
    }

    [Fact]
    public async Task WhatCannotBeImported_IsNamed_AndNothingIsKept()
    {
        // One server for all: nothing of any of them may be left.
        (string Name, string Content, string Named)[] refused =
        [
            ("results.json", "{\"results\":", "results.json is no valid JSON"),
            ("results.json", "{\"other\":1}", "results.json is neither"),
            ("t.json", "{\"args\":{},\"model_configs\":{\"task\":\"t\"},\"logs\":[5]}", "t.json"),
            ("notes.txt", "x", "'notes.txt' is no file of results"),
            ("f.zip", "no zip", "'f.zip' cannot be unpacked"),
            ("../results.json", "{}", "leads out of the folder"),
            ("..\\results.json", "{}", "leads out of the folder"),
            ("/tmp/results.json", "{}", "leads out of the folder"),
            ("C:results.json", "{}", "leads out of the folder"),
            ("a /results.json", "{}", "cannot be the name"),
            ("0123456789012345678901234567890123456789012345678901234567890.json", "{}", "more than 60 bytes"),
            ("x.json", "{\"format\":\"studio-run\",\"version\":1,\"run\":{\"key\":\"k\",\"task\":null,\"model\":\"m\",\"resolved\":\"{}\"},\"samples\":[]}", "x.json is a damaged export"),
            ("x.json", "{\"format\":\"studio-run\",\"version\":1,\"run\":{\"key\":\"k\",\"task\":\"t\",\"model\":\"m\",\"resolved\":\"{}\",\"summary\":{\"rows\":7}},\"samples\":[]}", "summary"),
            ("x.json", "{\"format\":\"studio-run\",\"version\":1,\"run\":{\"key\":\"k\",\"task\":\"a\\u0007b\",\"model\":\"m\",\"resolved\":\"{}\"},\"samples\":[]}", "control characters"),
            ("x.json", $"{{\"results\":{{\"{new string('t', RunImport.MaxName + 1)}\":{{\"acc\":1}}}}}}", $"at most {RunImport.MaxName}"),
            (new string('f', s_small.MaxName) + "/results.json", "{}", $"{s_small.MaxName} are possible"),
        ];
        foreach (var (name, content, named) in refused)
        {
            var problem = (await SendAsync(_editor, 400, (name, content))).GetProperty("detail").GetString()!;
            Assert.Contains(named, problem, StringComparison.Ordinal);
            Assert.DoesNotContain(_server.Folders.Data, problem, StringComparison.Ordinal);
            Assert.Equal(0, (await _server.Get<ResultsService>().ListAsync(new(), ct: Ct)).Total);
            NothingIsLeft();
        }
    }

    [Fact]
    public async Task Zip_ThatLeadsOut_IsRefusedWhole()
    {
        foreach (var name in new[] { "../../results.json", "logs/../../results.json", "/results.json" })
        {
            var problem = (await SendAsync(_editor, 400, ("f.zip", Zip((Name, Results), (name, Results))))).GetProperty("detail").GetString();
            Assert.Contains("leads out of the folder", problem, StringComparison.Ordinal);
        }

        Assert.Equal(0, (await _server.Get<ResultsService>().ListAsync(new(), ct: Ct)).Total);
        Assert.DoesNotContain(Directory.EnumerateFiles(_server.Folders.Data, "*results.json", SearchOption.AllDirectories), _ => true);
    }

    [Fact]
    public async Task Bounds_AreKept_WhateverAFileSaysOfItself()
    {
        var large = new string(' ', (int)s_small.MaxFileBytes + 1);
        Assert.Contains("'a.json' has more than", await RefusedAsync(("a.json", Encoding.UTF8.GetBytes(large))), StringComparison.Ordinal);
        Assert.Contains("'a.json' has more than", await RefusedAsync(("f.zip", Zip(("a.json", large)))), StringComparison.Ordinal);
        var half = new string(' ', (int)s_small.MaxFileBytes);
        Assert.Contains("together, unpacked", await RefusedAsync(("f.zip", Zip(("a.json", half), ("b.json", half), ("c.json", " ")))), StringComparison.Ordinal);
        Assert.Contains("more than 3 files", await RefusedAsync(("f.zip", Zip([.. Enumerable.Range(0, 4).Select(i => ($"{i}.json", "{}"))]))), StringComparison.Ordinal);
        Assert.Contains("more than 3 parts", await RefusedAsync([.. Enumerable.Range(0, 4).Select(i => ($"{i}.json", "{}"u8.ToArray()))]), StringComparison.Ordinal);
        var list = await SendAsync(_editor, 400, ("f.zip", Zip([.. Enumerable.Range(0, 100).Select(i => ($"{i}.txt", ""))])));
        Assert.Contains("list of files has more than 4 KiB", list.GetProperty("detail").GetString(), StringComparison.Ordinal);
        var twice = await SendAsync(_editor, 400, ("a.json", "{}"u8.ToArray()), ("A.json", "{}"u8.ToArray()));
        Assert.Contains("'A.json' is there twice", twice.GetProperty("detail").GetString(), StringComparison.Ordinal);
        NothingIsLeft();
    }

    [Fact]
    public async Task Body_ThatIsTooLargeOrNoForm_IsRefusedBeforeItIsRead()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/eval/import") { Content = new ByteArrayContent(new byte[s_small.MaxBytes + 1]) };
        request.Content.Headers.ContentType = System.Net.Http.Headers.MediaTypeHeaderValue.Parse("multipart/form-data; boundary=x");
        request.Headers.ExpectContinue = true;
        using (var answer = await _editor.SendAsync(request, Ct)) Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
        foreach (var (type, body, status) in new[] { ("application/zip", "x", 415), ("multipart/form-data", "x", 400), ("multipart/form-data; boundary=x", "--x\r\n", 400), ("multipart/form-data; boundary=x", "--x--\r\n", 400) })
        {
            using var content = new StringContent(body);
            content.Headers.ContentType = System.Net.Http.Headers.MediaTypeHeaderValue.Parse(type);
            using var answer = await _editor.PostAsync(new Uri("/api/v1/eval/import", UriKind.Relative), content, Ct);
            Assert.Equal((type, body, status), (type, body, (int)answer.StatusCode));
        }

        NothingIsLeft();
    }

    [Fact]
    public async Task RunsBeforeADefect_AreThere_AndTheMessageSaysSo()
    {
        var problem = (await SendAsync(_editor, 400, ("a_results.json", Encoding.UTF8.GetBytes(Results)), ("b_results.json", "{"u8.ToArray()))).GetProperty("detail").GetString();
        Assert.StartsWith("b_results.json is no valid JSON", problem, StringComparison.Ordinal);
        Assert.EndsWith("One run before it is in the database.", problem, StringComparison.Ordinal);
        Assert.Equal(1, (await _server.Get<ResultsService>().ListAsync(new(), ct: Ct)).Total);
    }

    [Fact]
    public void FoldersOfAKilledServer_AreRemoved_AndYoungOnesStay()
    {
        var (old, young, other) = (Folder(Ids.New(TimeProvider.System)), Folder(Ids.New(TimeProvider.System)), Folder("mine"));
        foreach (var folder in new[] { old, other }) Directory.SetLastWriteTimeUtc(folder, DateTime.UtcNow.AddDays(-2));
        Assert.Equal(1, PassingFolder.RemoveLeft(_server.Folders, (DateTimeOffset.UtcNow - s_small.LeftAge).UtcDateTime));
        Assert.Equal((false, true, true), (Directory.Exists(old), Directory.Exists(young), Directory.Exists(other)));

        string Folder(string name) => Directory.CreateDirectory(Path.Combine(_server.Folders.Passing, name)).FullName;
    }

    [Fact]
    public async Task Page_OffersTheImport_ToWhoMayWrite()
    {
        using var editor = await _server.SignInAsync("ed", Roles.Editor);
        Assert.Contains("Import</button>", await editor.ReadAsync("/results"), StringComparison.Ordinal);
        using var viewer = await _server.SignInAsync("rea", Roles.Viewer);
        Assert.DoesNotContain("Import</button>", await viewer.ReadAsync("/results"), StringComparison.Ordinal);
    }

    private static byte[] Zip(params (string Name, string Content)[] files)
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in files)
            {
                using var entry = zip.CreateEntry(name).Open();
                entry.Write(Encoding.UTF8.GetBytes(content));
            }
        }

        return stream.ToArray();
    }

    private static Task<JsonElement> SendAsync(HttpClient client, int status, params (string Name, string Content)[] files) => SendAsync(client, status, [.. files.Select(f => (f.Name, Encoding.UTF8.GetBytes(f.Content)))]);

    private static async Task<JsonElement> SendAsync(HttpClient client, int status, params (string Name, byte[] Content)[] files)
    {
        using var form = new MultipartFormDataContent();
        foreach (var (name, content) in files)
        {
            // As browsers write it: HttpClient's own way would change some of these names.
            var part = new ByteArrayContent(content);
            _ = part.Headers.TryAddWithoutValidation("Content-Disposition", $"form-data; name=\"files\"; filename=\"{name.Replace("\\", "\\\\", StringComparison.Ordinal)}\"");
            form.Add(part);
        }

        using var answer = await client.PostAsync(new Uri("/api/v1/eval/import", UriKind.Relative), form, Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True((int)answer.StatusCode == status, $"{files[0].Name}: {(int)answer.StatusCode} {text}");
        return JsonSerializer.Deserialize<JsonElement>(text);
    }

    private async Task<string> RefusedAsync(params (string Name, byte[] Content)[] files) => (await SendAsync(_editor, 413, files)).GetProperty("detail").GetString()!;

    private int Left() => Directory.GetFileSystemEntries(_server.Folders.Passing).Length;

    private void NothingIsLeft() => Assert.Equal(0, Left());

    private async Task<HttpClient> ProgramAsync(string name, string role)
    {
        _ = await _server.Accounts.CreateAsync(new(name, null, role, AccountServer.Password), Ct);
        return await _server.ProgramAsync(name);
    }
}
