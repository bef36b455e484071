using Studio.Engine.Checkpoints;
using Studio.Engine.Checkpoints.Hub;
using Xunit;

namespace Studio.Engine.Tests.Checkpoints.Hub;

public sealed class HubClientTests : IAsyncDisposable
{
    private const string Weights = "model.safetensors";

    private readonly TempFolder _folder = new();
    private readonly FakeHub _hub = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string PartPath => Assert.Single(Directory.GetFiles(_folder.Path, $"{Weights}.*.part"));

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task PullAsync_Model_BringsTheNeededFilesVerified()
    {
        var reports = new List<PullProgress>();

        PullResult result = await PullAsync(progress: new Collect(reports));

        Assert.Equal(FakeHub.Commit, result.Commit);
        Assert.Equal(["config.json", "generation_config.json", Weights, "tokenizer.json"], result.Files.Select(file => file.Name));
        Assert.All(result.Files, file => Assert.Equal(_hub.Files[file.Name], File.ReadAllBytes(_folder.File(file.Name))));
        Checkpoint.Open(_folder.Path).Dispose();
        Assert.False(File.Exists(_folder.File("README.md")));
        long total = result.Files.Sum(file => file.Size);
        Assert.Equal((PullPhase.FileDone, total, total), (reports[^1].Phase, reports[^1].TotalBytes, reports[^1].TotalSize));
        Assert.Empty(Directory.GetFiles(_folder.Path, "*.part"));
    }

    [Fact]
    public async Task PullAsync_Again_ChecksWhatIsThereAndFetchesOnlyWhatIsWrong()
    {
        await PullAsync();
        byte[] damaged = [.. _hub.Weights];
        damaged[^1] ^= 1;
        File.WriteAllBytes(_folder.File(Weights), damaged);
        int before = _hub.Server.Requests.Count;

        await PullAsync();

        Assert.Equal(before + 2, _hub.Server.Requests.Count); // the listing and the damaged file
        Assert.Equal(_hub.Weights, File.ReadAllBytes(_folder.File(Weights)));
    }

    [Fact]
    public async Task PullAsync_ConnectionDropsMidBody_ContinuesWhereItStopped()
    {
        int cuts = 3;
        _hub.Fault = request => IsWeights(request) && cuts-- > 0 ? FakeHub.Serve(_hub.Weights, request) with { CutAfter = 50_000 } : null;

        await PullAsync();

        Assert.Equal([0L, 50_000, 100_000, 150_000], _hub.RequestsOf(Weights).Select(request => request.From));
        Assert.Equal(_hub.Weights, File.ReadAllBytes(_folder.File(Weights)));
        // Each drop came after new bytes, so no wait grew.
        Assert.All(_hub.Waits, wait => Assert.Equal(TimeSpan.FromSeconds(1), wait));
    }

    [Fact]
    public async Task PullAsync_ServerIgnoresRange_StartsThatFileOver()
    {
        bool first = true;
        _hub.Fault = request =>
        {
            if (!IsWeights(request))
            {
                return null;
            }

            TinyResponse whole = new(200, _hub.Weights, CutAfter: first ? 50_000 : null);
            first = false;
            return whole;
        };

        await PullAsync();

        Assert.Equal([0L, 50_000], _hub.RequestsOf(Weights).Select(request => request.From));
        Assert.Equal(_hub.Weights, File.ReadAllBytes(_folder.File(Weights)));
    }

    [Fact]
    public async Task PullAsync_ServerDropsForeverWithoutProgress_GivesUpAndKeepsThePart()
    {
        // Ignores the range and always stops at the same place: no attempt gets further than the first.
        _hub.Fault = request => IsWeights(request) ? new TinyResponse(200, _hub.Weights, CutAfter: 50_000) : null;

        var error = await Assert.ThrowsAsync<HubException>(() => PullAsync());

        Assert.Contains("gave up after 5 attempts", error.Message, StringComparison.Ordinal);
        Assert.Equal(50_000, new FileInfo(PartPath).Length);
        Assert.Equal([1, 2, 4, 8], _hub.Waits.Select(wait => wait.TotalSeconds));
    }

    // Answers that must not be taken for the file, and what the error says.
    [Theory]
    [InlineData("short", "expected 1")] // announces fewer bytes than listed
    [InlineData("long", "announces")] // announces more
    [InlineData("endless", "found more")] // no length, more bytes than listed
    [InlineData("range", "expected the bytes from 0")] // a part nobody asked for
    public async Task PullAsync_WrongSize_IsRefused(string kind, string reason)
    {
        byte[] body = _hub.Files["tokenizer.json"] = new byte[1234];
        _hub.Fault = request => !request.Path.EndsWith("/tokenizer.json", StringComparison.Ordinal) ? null : kind switch
        {
            "short" => new TinyResponse(200, body[..1000]),
            "long" => new TinyResponse(200, new byte[2000]),
            "endless" => new TinyResponse(200, [.. "7d0\r\n"u8, .. new byte[2000], .. "\r\n0\r\n\r\n"u8], ["Transfer-Encoding: chunked", "X-No-Content-Length: 1"]),
            _ => new TinyResponse(206, body[10..], ["Content-Range: bytes 10-1233/1234"]),
        };

        var error = await Assert.ThrowsAsync<HubException>(() => PullAsync());

        Assert.Contains("tokenizer.json", error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder.File("tokenizer.json")));
    }

    [Theory]
    [InlineData("model.safetensors", "SHA-256")]
    [InlineData("config.json", "git blob")]
    public async Task PullAsync_WrongHashTwice_NamesFileAndBothHashes(string name, string kind)
    {
        byte[] wrong = [.. _hub.Files[name]];
        wrong[0] ^= 1;
        _hub.Fault = request => request.Path.EndsWith($"/{name}", StringComparison.Ordinal) ? FakeHub.Serve(wrong, request) : null;

        var error = await Assert.ThrowsAsync<HubException>(() => PullAsync());

        Assert.Contains($"{name}: expected {kind} ", error.Message, StringComparison.Ordinal);
        Assert.Equal(2, _hub.RequestsOf(name).Count());
        Assert.False(File.Exists(_folder.File(name)));
        Assert.Empty(Directory.GetFiles(_folder.Path, "*.part"));
    }

    [Fact]
    public async Task PullAsync_WrongHashOnce_IsFetchedAgain()
    {
        byte[] wrong = [.. _hub.Weights];
        wrong[^1] ^= 1;
        bool first = true;
        _hub.Fault = request =>
        {
            bool damage = IsWeights(request) && first;
            first &= !damage;
            return damage ? FakeHub.Serve(wrong, request) : null;
        };

        await PullAsync();

        Assert.Equal(_hub.Weights, File.ReadAllBytes(_folder.File(Weights)));
    }

    [Theory]
    [InlineData(401, null, "Set HF_TOKEN")]
    [InlineData(403, "secret-token", "accept the model's terms")]
    [InlineData(404, null, "Check OWNER/NAME and the revision")]
    [InlineData(400, null, "not expected here")]
    public async Task PullAsync_FinalRefusal_IsNotRepeated(int status, string? token, string remedy)
    {
        _hub.Fault = _ => FakeHub.Text(status, "no");

        var error = await Assert.ThrowsAsync<HubException>(() => PullAsync(_hub.Options(token)));

        Assert.Contains(FakeHub.Id, error.Message, StringComparison.Ordinal);
        Assert.Contains(remedy, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.ToString(), StringComparison.Ordinal);
        Assert.Single(_hub.Server.Requests);
    }

    [Theory]
    [InlineData(429, "Retry-After: 7", 7)]
    [InlineData(429, "Retry-After: 86400", 60)] // a day: the cap holds
    [InlineData(500, "X-Nothing: 1", 1)]
    [InlineData(503, "X-Nothing: 1", 1)]
    public async Task PullAsync_PassingRefusal_IsRepeatedAfterTheWait(int status, string header, int seconds)
    {
        bool first = true;
        _hub.Fault = _ =>
        {
            bool refuse = first;
            first = false;
            return refuse ? FakeHub.Text(status, "later", header) : null;
        };

        await PullAsync();

        Assert.Equal(TimeSpan.FromSeconds(seconds), Assert.Single(_hub.Waits));
    }

    [Fact]
    public async Task PullAsync_ServerErrorForever_WaitsLongerEachTimeAndGivesUp()
    {
        _hub.Fault = _ => FakeHub.Text(500, "broken");

        var error = await Assert.ThrowsAsync<HubException>(() => PullAsync());

        Assert.Contains("answered 500; gave up after 5 attempts", error.Message, StringComparison.Ordinal);
        Assert.Equal([1, 2, 4, 8], _hub.Waits.Select(wait => wait.TotalSeconds));
    }

    [Fact]
    public async Task PullAsync_SilentServer_IsGivenUpAndRetried()
    {
        bool first = true;
        _hub.Fault = request =>
        {
            bool hang = IsWeights(request) && first;
            first &= !hang;
            return hang ? FakeHub.Serve(_hub.Weights, request) with { HangAfter = 50_000 } : null;
        };

        await PullAsync(_hub.Options(stall: TimeSpan.FromSeconds(1)));

        Assert.Equal([0L, 50_000], _hub.RequestsOf(Weights).Select(request => request.From));
    }

    [Fact]
    public async Task PullAsync_Cancelled_KeepsThePartAndContinuesLater()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        _hub.Fault = request => IsWeights(request) ? FakeHub.Serve(_hub.Weights, request) with { HangAfter = 50_000 } : null;
        Task<PullResult> running = PullAsync(cancellationToken: stop.Token);
        while (!Directory.GetFiles(_folder.Path, "*.part").Any(part => new FileInfo(part).Length == 50_000))
        {
            await Task.Delay(10, Token);
        }

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Equal(50_000, new FileInfo(PartPath).Length);

        _hub.Fault = _ => null;
        await PullAsync();

        Assert.Equal([0L, 50_000], _hub.RequestsOf(Weights).Select(request => request.From));
        Assert.Equal(_hub.Weights, File.ReadAllBytes(_folder.File(Weights)));
    }

    [Fact]
    public async Task PullAsync_PartOfAnotherRevision_IsNotContinued()
    {
        string stale = _folder.File($"{Weights}.ffffffffffffffff.part");
        File.WriteAllBytes(stale, new byte[1000]);

        await PullAsync();

        Assert.False(File.Exists(stale));
        Assert.Equal(0, Assert.Single(_hub.RequestsOf(Weights)).From);
    }

    [Fact]
    public async Task PullAsync_WhileAnotherRuns_IsRefused()
    {
        using var reached = new SemaphoreSlim(0);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        _hub.Fault = request =>
        {
            if (!IsWeights(request))
            {
                return null;
            }

            reached.Release();
            return FakeHub.Serve(_hub.Weights, request) with { HangAfter = 10 };
        };
        Task<PullResult> running = PullAsync(cancellationToken: stop.Token);
        await reached.WaitAsync(Token);

        var error = await Assert.ThrowsAsync<HubException>(() => PullAsync());

        Assert.Contains("Another pull", error.Message, StringComparison.Ordinal);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        _hub.Fault = _ => null;
        await PullAsync(); // the lock went with its holder
    }

    [Fact]
    public async Task PullAsync_DiskTooSmall_SaysHowMuchIsMissingBeforeAnyDownload()
    {
        var error = await Assert.ThrowsAsync<HubException>(() => PullAsync(_hub.Options(free: HubClient.SpareBytes + 1000)));

        Assert.Contains("are free. Free space or choose another folder", error.Message, StringComparison.Ordinal);
        Assert.Single(_hub.Server.Requests);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("a/b/c/d")]
    [InlineData("a/b/../c")]
    [InlineData("../etc")]
    [InlineData("a/..")]
    [InlineData("a/b?x=1")]
    public async Task PullAsync_NotAnId_IsRefusedUnsent(string id)
    {
        using var client = new HubClient(_hub.Options());

        await Assert.ThrowsAsync<HubException>(() => client.PullAsync(id, _folder.Path, cancellationToken: Token));

        Assert.Empty(_hub.Server.Requests);
    }

    [Theory]
    [InlineData("\"siblings\":[", "\"siblongs\":[", "cannot be read")]
    [InlineData("\"sha\":\"0123", "\"sha\":\"../3", "expected 40 hex digits")] // would be part of every address
    [InlineData("\"lfs\":{\"sha256\":\"", "\"lfs\":{\"sha256\":\"x", "no usable size and hash")]
    [InlineData("{\"rfilename\":\"config.json\"", "{\"rfilename\":\"konfig.json\"", "no config.json")]
    [InlineData("{\"rfilename\":\"model.safetensors\"", "{\"rfilename\":\"sub/model.safetensors\"", "*.safetensors in its top folder or one below it")]
    [InlineData("{\"rfilename\":\"README.md\"", "{\"rfilename\":\"config.json\"", "some perhaps twice")]
    [InlineData("\"id\"", "id", "cannot be read")]
    public async Task PullAsync_ListingMakesNoSense_IsRefused(string from, string to, string reason)
    {
        _hub.Listing = text => text.Replace(from, to, StringComparison.Ordinal);

        Assert.Contains(reason, (await Assert.ThrowsAsync<HubException>(() => PullAsync())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PullAsync_MoreFilesThanAModelHas_IsRefused()
    {
        for (int i = 0; i <= HubClient.MaxFiles; i++)
        {
            _hub.Files[$"shard-{i}.safetensors"] = [1];
        }

        var error = await Assert.ThrowsAsync<HubException>(() => PullAsync());

        Assert.Contains($"expected at most {HubClient.MaxFiles}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PullAsync_LargeFileWithoutHash_IsRefused()
    {
        int length = _hub.Files["config.json"].Length;
        _hub.Listing = text => text.Replace(
            $"\"config.json\",\"size\":{length}", $"\"config.json\",\"size\":{HubClient.MaxSmallFile + 1}", StringComparison.Ordinal);

        var error = await Assert.ThrowsAsync<HubException>(() => PullAsync());

        Assert.Contains($"config.json has no usable size and hash (size {HubClient.MaxSmallFile + 1})", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PullAsync_ListingTooLong_IsRefused()
    {
        _hub.Listing = text => text + new string(' ', HubClient.MaxListing);

        Assert.Contains($"exceeds {HubClient.MaxListing}", (await Assert.ThrowsAsync<HubException>(() => PullAsync())).Message, StringComparison.Ordinal);
    }

    private static bool IsWeights(TinyRequest request) => request.Path.EndsWith($"/{Weights}", StringComparison.Ordinal);

    private async Task<PullResult> PullAsync(
        HubOptions? options = null, IProgress<PullProgress>? progress = null, CancellationToken? cancellationToken = null)
    {
        using var client = new HubClient(options ?? _hub.Options());
        return await client.PullAsync(FakeHub.Id, _folder.Path, "main", progress, cancellationToken ?? Token);
    }

    private sealed class Collect(List<PullProgress> reports) : IProgress<PullProgress>
    {
        public void Report(PullProgress value) => reports.Add(value);
    }
}
