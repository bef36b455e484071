using System.IO.Pipelines;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Studio.Api;
using Studio.Data;
using Studio.Library;
using Studio.Library.Uploads;
using Xunit;

namespace Studio.Tests.Library;

/// <summary>What happens to uploads when the server stops, time passes, the disk fills, or tools are missing.</summary>
public sealed class UploadStoreTests : IAsyncDisposable
{
    private readonly FixedDisk _disk = new();
    private readonly StubInspector _inspector = new();
    private LibraryServer? _server;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private LibraryServer Server => _server!;

    private UploadStore Store => Server.Services.GetRequiredService<UploadStore>();

    private LibraryCleanup Cleanup => Server.Services.GetServices<IHostedService>().OfType<LibraryCleanup>().Single();

    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
    }

    [Fact]
    public async Task Restart_InTheMiddle_GoesOnWhereItStood()
    {
        await StartAsync();
        var bytes = Bytes(200_000);
        var id = await CreateAsync(bytes.Length);
        _ = await AppendAsync(id, 0, bytes[..70_000]);
        await Server.RestartAsync();
        Assert.Equal(70_000, (await Store.GetSettledAsync("ann", id, Token)).Offset);
        Assert.Equal(UploadState.Checking, (await AppendAsync(id, 70_000, bytes[70_000..])).State);
        var done = await Store.FinishAsync("ann", id, Token);
        Assert.Equal((UploadState.Done, id), (done.State, done.VideoId));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes)), (await VideoAsync(id)).ContentHash);
    }

    [Fact]
    public async Task Stop_AfterTheLastByteBeforeTheCheck_IsCheckedAtTheNextStart()
    {
        await StartAsync();
        var id = await CreateAsync(1000);
        _ = await AppendAsync(id, 0, Bytes(1000));
        await Server.RestartAsync();
        await Wait.UntilAsync(async () => (await Store.GetAsync("ann", id, Token)).State == UploadState.Done, "the upload is checked");
    }

    [Fact]
    public async Task Stop_BetweenTheNewNameAndTheRow_IsMendedAtTheNextStart()
    {
        await StartAsync();
        var id = await CreateAsync(1000);
        _ = await AppendAsync(id, 0, Bytes(1000));
        File.Move(Part(id), Path.Combine(Server.Folders.Videos, id + ".mp4"));
        await Server.RestartAsync();
        await Wait.UntilAsync(async () => (await Store.GetAsync("ann", id, Token)).VideoId == id, "the upload is mended");
        Assert.Equal(1000, new FileInfo(Path.Combine(Server.Folders.Videos, id + ".mp4")).Length);
    }

    [Fact]
    public async Task Stop_BetweenTheRowAndTheEnd_IsMendedAtTheNextStart()
    {
        await StartAsync();
        var id = await CreateAsync(1000);
        _ = await AppendAsync(id, 0, Bytes(1000));
        _ = await Store.FinishAsync("ann", id, Token);
        _ = await Server.WithDbAsync(db => db.Uploads.ExecuteUpdateAsync(s => s.SetProperty(u => u.VideoId, (string?)null), Token));
        await Server.RestartAsync();
        await Wait.UntilAsync(async () => (await Store.GetAsync("ann", id, Token)).VideoId == id, "the upload is mended");
        Assert.Equal(1, await Server.WithDbAsync(db => db.Videos.CountAsync(Token)));
    }

    [Fact]
    public async Task ToolMissing_KeepsTheBytes_AndTheNextRoundChecksThem()
    {
        await StartAsync();
        var id = await CreateAsync(1000);
        _ = await AppendAsync(id, 0, Bytes(1000));
        _inspector.Missing = true;
        var e = await Assert.ThrowsAsync<RequestException>(() => Store.FinishAsync("ann", id, Token));
        Assert.Equal(503, e.Status);
        Assert.Equal(UploadState.Checking, (await Store.GetAsync("ann", id, Token)).State);
        _inspector.Missing = false;
        await Cleanup.RunAsync(Token);
        Assert.Equal(UploadState.Done, (await Store.GetAsync("ann", id, Token)).State);
    }

    [Fact]
    public async Task SlowCheck_DoesNotHoldTheRequest_AndEndsOnItsOwn()
    {
        await StartAsync(l => l with { FinishWait = TimeSpan.FromMilliseconds(50) });
        _inspector.Gate = new(0);
        var id = await CreateAsync(1000);
        _ = await AppendAsync(id, 0, Bytes(1000));
        Assert.Equal(UploadState.Checking, (await Store.FinishAsync("ann", id, Token)).State);
        Assert.Equal(UploadState.Checking, (await Store.FinishAsync("ann", id, Token)).State); // joins, does not start another
        _ = _inspector.Gate.Release();
        await Wait.UntilAsync(async () => (await Store.GetAsync("ann", id, Token)).State == UploadState.Done, "the check ends");
        Assert.Equal(1, _inspector.Calls);
    }

    [Fact]
    public async Task Checks_NeverRunMoreThanTheBound()
    {
        await StartAsync(l => l with { MaxFinishing = 2 });
        _inspector.Gate = new(0);
        var ids = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            ids.Add(await CreateAsync(1000));
            _ = await AppendAsync(ids[^1], 0, Bytes(1000, seed: i));
        }

        var checks = ids.Select(id => Store.FinishAsync("ann", id, Token)).ToList();
        await Wait.UntilAsync(() => _inspector.Inside == 2, "two checks run");
        _ = _inspector.Gate.Release(5);
        Assert.All(await Task.WhenAll(checks), c => Assert.Equal(UploadState.Done, c.State));
        Assert.Equal(2, _inspector.MostInside);
    }

    [Fact]
    public async Task Expired_IsGoneWithItsBytes_AndGivesTheRoomBack()
    {
        await StartAsync(l => l with { UploadLifetime = TimeSpan.FromMilliseconds(1), UserQuotaBytes = 1000 });
        var id = await CreateAsync(1000);
        await Wait.UntilAsync(async () => await Record.ExceptionAsync(() => Store.GetAsync("ann", id, Token)) is RequestException { Status: 410 }, "the upload expires");
        await File.WriteAllBytesAsync(Part(id), Bytes(10), Token);
        _ = await CreateAsync(1000);
        await Wait.UntilAsync(
            async () =>
            {
                await Cleanup.RunAsync(Token);
                return await Server.WithDbAsync(db => db.Uploads.CountAsync(Token)) == 0;
            },
            "the rows are removed");
        Assert.False(File.Exists(Part(id)));
        Assert.Equal(404, (await Assert.ThrowsAsync<RequestException>(() => Store.GetAsync("ann", id, Token))).Status);
    }

    [Fact]
    public async Task Cleanup_RemovesFilesWithoutARow_AndNothingElse()
    {
        await StartAsync(l => l with { OrphanAge = TimeSpan.FromHours(1) });
        var id = await CreateAsync(1000);
        _ = await AppendAsync(id, 0, Bytes(10));
        var (orphan, young, foreign) = (Ids.New(TimeProvider.System), Ids.New(TimeProvider.System), "readme");
        foreach (var (name, folder) in new[] { (orphan + ".part", Server.Folders.Uploads), (orphan + ".mp4", Server.Folders.Videos), (foreign + ".mp4", Server.Folders.Videos), (foreign + ".part", Server.Folders.Uploads), (id + ".part", Server.Folders.Uploads) })
        {
            await File.AppendAllTextAsync(Path.Combine(folder, name), "x", Token);
            File.SetLastWriteTimeUtc(Path.Combine(folder, name), DateTime.UtcNow.AddHours(-2));
        }

        await File.WriteAllTextAsync(Path.Combine(Server.Folders.Videos, young + ".mp4"), "x", Token);
        _ = Directory.CreateDirectory(Path.Combine(Server.Folders.Thumbnails, orphan));
        Directory.SetLastWriteTimeUtc(Path.Combine(Server.Folders.Thumbnails, orphan), DateTime.UtcNow.AddHours(-2));
        await Cleanup.RunAsync(Token);
        Assert.Equal([id + ".part", foreign + ".part"], Directory.EnumerateFiles(Server.Folders.Uploads).Select(Path.GetFileName).Order());
        Assert.Equal([young + ".mp4", foreign + ".mp4"], Directory.EnumerateFiles(Server.Folders.Videos).Select(Path.GetFileName).Order());
        Assert.Empty(Directory.EnumerateDirectories(Server.Folders.Thumbnails));
    }

    [Fact]
    public async Task FullDisk_RefusesBeforeAnyByte()
    {
        await StartAsync(l => l with { DiskReserveBytes = 500 });
        _disk.FreeBytes = 1499;
        var e = await Assert.ThrowsAsync<RequestException>(() => CreateAsync(1000));
        Assert.Equal(507, e.Status);
        _disk.FreeBytes = 1500;
        _ = await CreateAsync(1000);
    }

    [Fact]
    public async Task SilentSender_IsEndedAndItsBytesAreKept()
    {
        await StartAsync(l => l with { BodyStall = TimeSpan.FromMilliseconds(200) });
        var id = await CreateAsync(1000);
        var pipe = new Pipe();
        _ = await pipe.Writer.WriteAsync(Bytes(300), Token);
        var e = await Assert.ThrowsAsync<RequestException>(() => Store.AppendAsync("ann", id, 0, announced: 1000, pipe.Reader, checksum: null, Token));
        Assert.Equal(408, e.Status);
        Assert.Equal(300, (await Store.GetSettledAsync("ann", id, Token)).Offset);
    }

    [Fact]
    public async Task SecondSender_TakesOver_AndTheFirstIsTold()
    {
        await StartAsync();
        var id = await CreateAsync(1000);
        var pipe = new Pipe();
        _ = await pipe.Writer.WriteAsync(Bytes(300), Token);
        var first = Store.AppendAsync("ann", id, 0, announced: 1000, pipe.Reader, checksum: null, Token);
        await Wait.UntilAsync(() => PartFile.Length(Part(id)) == 300, "the first bytes arrive");
        Assert.Equal(UploadState.Checking, (await AppendAsync(id, 300, Bytes(700))).State);
        Assert.Equal(423, (await Assert.ThrowsAsync<RequestException>(() => first)).Status);
    }

    [Fact]
    public async Task List_ShowsWhatIsUnderWayAndWhatWasRefused_OfThisPersonOnly()
    {
        await StartAsync();
        var id = await CreateAsync(1000);
        _ = await Store.CreateAsync("bob", "theirs.mp4", 10, "", Token);
        var refused = await CreateAsync(500);
        _inspector.Refuse = true;
        _ = await AppendAsync(refused, 0, Bytes(500));
        _ = await Store.FinishAsync("ann", refused, Token);
        var list = await Store.ListAsync("ann", Token);
        Assert.Equal([(refused, UploadState.Refused), (id, UploadState.Receiving)], list.Select(u => (u.Id, u.State)));
        Assert.Equal("'clip.mp4' is a stub", list[0].Error);
    }

    [Fact]
    public void RunningHashes_AboveTheBound_ForgetsTheOldest()
    {
        using var hashes = new RunningHashes(2);
        for (var i = 0; i < 3; i++) hashes.Keep($"{i}", 10, IncrementalHash.CreateHash(HashAlgorithmName.SHA256));
        Assert.Equal(2, hashes.Count);
        Assert.Null(hashes.Take("0", 10));
        using var second = hashes.Take("1", 10);
        Assert.NotNull(second);
        Assert.Null(hashes.Take("2", 11)); // the file has another length: not its hash
        Assert.Equal(0, hashes.Count);
    }

    [Fact]
    public async Task Locks_LeaveNothingBehind()
    {
        var locks = new UploadLocks();
        using (var held = await locks.AcquireAsync("a", TimeSpan.FromSeconds(5), Token))
        {
            var second = locks.AcquireAsync("a", TimeSpan.FromMilliseconds(30), Token);
            Assert.True(held.Interrupted.IsCancellationRequested);
            Assert.Equal(423, (await Assert.ThrowsAsync<RequestException>(() => second)).Status);
        }

        Assert.Equal(0, locks.Count);
    }

    [Fact]
    public async Task Lock_ThatANewerRequestWaitsFor_IsInterruptedFromItsStart()
    {
        var (locks, wait) = (new UploadLocks(), TimeSpan.FromSeconds(60));
        var first = await locks.AcquireAsync("a", wait, Token);
        var second = locks.AcquireAsync("a", wait, Token);
        var third = locks.AcquireAsync("a", wait, Token); // asked when the first one held it
        first.Dispose();
        using (var held = await second) Assert.True(held.Interrupted.IsCancellationRequested);
        using (var held = await third) Assert.False(held.Interrupted.IsCancellationRequested);
        Assert.Equal(0, locks.Count);
    }

    private static byte[] Bytes(int count, int seed = 0)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private async Task StartAsync(Func<LibraryLimits, LibraryLimits>? limits = null) => _server = await LibraryServer.StartAsync(
        limits, services => services.AddSingleton<DiskSpace>(_disk).AddSingleton<MediaInspector>(_inspector));

    private string Part(string id) => Path.Combine(Server.Folders.Uploads, id + ".part");

    private async Task<string> CreateAsync(long length) => (await Store.CreateAsync("ann", "clip.mp4", length, "", Token)).Id;

    private Task<UploadStatus> AppendAsync(string id, long offset, byte[] bytes) =>
        Store.AppendAsync("ann", id, offset, bytes.Length, PipeReader.Create(new MemoryStream(bytes)), checksum: null, Token);

    private Task<Video> VideoAsync(string id) => Server.WithDbAsync(db => db.Videos.SingleAsync(v => v.Id == id, Token));
}
