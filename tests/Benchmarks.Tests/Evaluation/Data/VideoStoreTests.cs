using Studio.Benchmarks.Evaluation.Data;
using Studio.Engine.Video;
using Xunit;

namespace Studio.Benchmarks.Tests.Evaluation.Data;

public sealed class VideoStoreTests : IDisposable
{
    private const int Size = 100;

    private readonly string _folder = Directory.CreateTempSubdirectory("videos").FullName;
    private readonly StepTime _time = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static Task<string> Get(VideoStore store, string recipe) =>
        store.GetAsync(recipe, (path, ct) => File.WriteAllBytesAsync(path, new byte[Size], ct), Ct);

    [Fact]
    public async Task Get_SameRecipe_IsMadeOnce()
    {
        using var store = new VideoStore(_folder, time: _time);
        var paths = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Get(store, "one")));
        Assert.Single(paths.Distinct());
        Assert.Equal((1, Size), (store.Made, new FileInfo(paths[0]).Length));
        using var other = new VideoStore(_folder, time: _time);
        Assert.Equal(paths[0], await Get(other, "one"));
        Assert.Equal(0, other.Made);
        Assert.NotEqual(paths[0], await Get(other, "two"));
    }

    [Fact]
    public async Task Bound_Crossed_LeastRecentlyUsedGo()
    {
        const int kept = VideoStore.Held + 8, all = VideoStore.Held + 20;
        using var store = new VideoStore(_folder, kept * Size, _time);
        var first = await Get(store, "0");
        for (var i = 1; i < all; i++)
        {
            _ = await Get(store, $"{i}");
            if (i == kept - 1) Assert.Equal(first, await Get(store, "0")); // used again: the second is the oldest now
        }

        Assert.Equal((kept, (long)kept * Size, all - kept), (store.Measure().Files, store.Measure().Bytes, (int)store.Evictions));
        Assert.True(File.Exists(first));
        var made = store.Made;
        _ = await Get(store, "1");
        Assert.Equal(made + 1, store.Made);
    }

    [Fact]
    public async Task Bound_OtherProcess_KeepsWhatIsHandedOut()
    {
        var mine = new VideoStore(_folder, time: _time);
        var path = await Get(mine, "mine");
        using var other = new VideoStore(_folder, 0, _time);
        _ = await Get(other, "theirs");
        Assert.True(File.Exists(path));
        mine.Dispose();
        _ = await Get(other, "more");
        Assert.False(File.Exists(path));
    }

    [Fact]
    public async Task Get_Fails_LeavesNothing()
    {
        using var store = new VideoStore(_folder, time: _time);
        await Assert.ThrowsAsync<InvalidOperationException>(() => store.GetAsync("bad", async (path, ct) =>
        {
            await File.WriteAllBytesAsync(path, new byte[10], ct);
            throw new InvalidOperationException("half-way");
        }, Ct));
        Assert.Empty(Directory.GetFiles(_folder));
        var e = await Assert.ThrowsAsync<MediaException>(() => store.GetAsync("full", (_, _) => throw new IOException("no space"), Ct));
        Assert.Contains("Free some room", e.Message, StringComparison.Ordinal);
        _ = await Get(store, "bad");
    }

    /// <summary>Another question about the same video asks for it while the first is being read: its time of writing, by which readers see that a file changes, stays.</summary>
    [Fact]
    public async Task Get_AgainLater_IsNoChangeToReaders()
    {
        using var store = new VideoStore(_folder, time: _time);
        var path = await Get(store, "one");
        var (written, used) = (File.GetLastWriteTimeUtc(path), File.GetLastAccessTimeUtc(path));
        Assert.Equal(path, await Get(store, "one"));
        Assert.Equal(written, File.GetLastWriteTimeUtc(path));
        Assert.True(File.GetLastAccessTimeUtc(path) > used); // later by the store's clock
    }

    [Fact]
    public async Task Temporaries_OfAKilledProcess_GoWhenTheyAreOld()
    {
        using var store = new VideoStore(_folder, time: _time);
        var path = await Get(store, "one");
        var (old, young, own) = ($"{path}.{Guid.NewGuid():N}.tmp", $"{path}.{Guid.NewGuid():N}.tmp.{Guid.NewGuid():N}.tmp", Path.Combine(_folder, "notes.tmp"));
        foreach (var file in (string[])[old, young, own])
        {
            await File.WriteAllTextAsync(file, "half", Ct);
            File.SetLastWriteTimeUtc(file, _time.GetUtcNow().UtcDateTime);
        }

        File.SetLastWriteTimeUtc(old, (_time.GetUtcNow() - VideoStore.TemporaryLifetime - TimeSpan.FromMinutes(1)).UtcDateTime);
        File.SetLastWriteTimeUtc(own, DateTime.UnixEpoch);
        _ = await Get(store, "two");
        Assert.Equal((false, true, true), (File.Exists(old), File.Exists(young), File.Exists(own)));
    }

    [Fact]
    public async Task Get_TwoStoresAtOnce_BothGetAWholeFile()
    {
        // By the clock that files are written by: to a clock years ahead the other's half-written file is what a killed process left.
        using var one = new VideoStore(_folder);
        using var two = new VideoStore(_folder);
        var both = new TaskCompletionSource();
        var arrived = 0;
        Task<string> Make(VideoStore store) => store.GetAsync("same", async (path, ct) =>
        {
            await File.WriteAllBytesAsync(path, new byte[Size / 2], ct);
            if (Interlocked.Increment(ref arrived) == 2) both.SetResult();
            await both.Task; // each is half-way while the other is
            await File.WriteAllBytesAsync(path, new byte[Size], ct);
        }, Ct);
        var paths = await Task.WhenAll(Make(one), Make(two));
        Assert.Equal(paths[0], paths[1]);
        Assert.Equal(Size, new FileInfo(paths[0]).Length);
        Assert.Single(Directory.GetFiles(_folder));
    }

    /// <summary>A clock that is a second later whenever it is asked.</summary>
    private sealed class StepTime : TimeProvider
    {
        private long _seconds;

        public override DateTimeOffset GetUtcNow() => new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero).AddSeconds(Interlocked.Increment(ref _seconds));
    }
}
