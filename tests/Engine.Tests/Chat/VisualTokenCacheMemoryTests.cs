using Studio.Engine.Chat;
using Xunit;

namespace Studio.Engine.Tests.Chat;

public sealed class VisualTokenCacheMemoryTests
{
    private static long EntryBytes
    {
        get
        {
            using var media = CacheParts.Video("any");
            return media.Bytes;
        }
    }

    [Fact]
    public void TryGet_AfterPut_GivesTheSameEntryRetained()
    {
        using var cache = new VisualTokenCache(null);
        var media = CacheParts.Video("a");
        cache.Put(media);
        media.Dispose();
        Assert.False(media.IsDisposed); // the cache holds it

        using (var found = cache.TryGet("a"))
        {
            Assert.Same(media, found);
        }

        Assert.Null(cache.TryGet("b"));
        var statistics = cache.Statistics;
        Assert.Equal((1, 0, 1, 1), (statistics.MemoryHits, statistics.DiskHits, statistics.Misses, statistics.MemoryEntries));
        Assert.Equal(media.Bytes, statistics.MemoryBytes);
    }

    [Fact]
    public void Put_OneBeyondTheBound_EvictsTheLeastRecentlyUsed()
    {
        using var cache = new VisualTokenCache(null, memoryBytes: 3 * EntryBytes);
        foreach (var key in (string[])["a", "b", "c"]) PutAndLetGo(cache, key);
        cache.TryGet("a")!.Dispose(); // now b is the oldest
        PutAndLetGo(cache, "d");

        Assert.Null(cache.TryGet("b"));
        foreach (var key in (string[])["a", "c", "d"]) cache.TryGet(key)!.Dispose();
        var statistics = cache.Statistics;
        Assert.Equal((1, 3, 3 * EntryBytes), (statistics.MemoryEvictions, statistics.MemoryEntries, statistics.MemoryBytes));
    }

    [Fact]
    public void Put_OneByteLessThanThreeEntries_KeepsTwo()
    {
        using var cache = new VisualTokenCache(null, memoryBytes: (3 * EntryBytes) - 1);
        foreach (var key in (string[])["a", "b", "c"]) PutAndLetGo(cache, key);
        Assert.Equal((2, 1), (cache.Statistics.MemoryEntries, cache.Statistics.MemoryEvictions));
    }

    [Fact]
    public void Eviction_OfAnEntryInUse_LeavesItsTokensUsable()
    {
        using var cache = new VisualTokenCache(null, memoryBytes: EntryBytes);
        PutAndLetGo(cache, "a");
        var inUse = cache.TryGet("a")!;
        PutAndLetGo(cache, "b");
        Assert.Null(cache.TryGet("a"));
        Assert.False(inUse.IsDisposed);
        Assert.Equal(0.1f, inUse.Tokens.ToArray<float>()[0]);
        inUse.Dispose();
        Assert.True(inUse.Tokens.IsDisposed);
    }

    [Fact]
    public void Put_EntryLargerThanTheBound_IsNotStored_AndEvictsNothing()
    {
        using var cache = new VisualTokenCache(null, memoryBytes: EntryBytes);
        PutAndLetGo(cache, "a");
        var large = CacheParts.Video("large", clips: 3);
        cache.Put(large);
        large.Dispose();
        Assert.True(large.IsDisposed);
        Assert.Null(cache.TryGet("large"));
        cache.TryGet("a")!.Dispose();
        Assert.Equal(0, cache.Statistics.MemoryEvictions);
    }

    [Fact]
    public void Put_SameKeyAgain_ReplacesTheEntry()
    {
        using var cache = new VisualTokenCache(null);
        var old = CacheParts.Video("a");
        cache.Put(old);
        cache.Put(old); // with itself: still one reference of the cache
        old.Dispose();
        PutAndLetGo(cache, "a", first: 5);
        Assert.True(old.IsDisposed);
        using var found = cache.TryGet("a")!;
        Assert.Equal(5, found.Tokens.ToArray<float>()[0]);
        Assert.Equal((1, EntryBytes), (cache.Statistics.MemoryEntries, cache.Statistics.MemoryBytes));
    }

    [Fact]
    public void Clear_AndDispose_GiveBackEverythingNotInUse()
    {
        var cache = new VisualTokenCache(null);
        var (a, b) = (CacheParts.Video("a"), CacheParts.Video("b"));
        cache.Put(a);
        a.Dispose();
        cache.Clear();
        Assert.True(a.IsDisposed);
        Assert.Equal((0, 0), (cache.Statistics.MemoryEntries, cache.Statistics.MemoryBytes));

        cache.Put(b);
        cache.Dispose();
        Assert.False(b.IsDisposed);
        b.Dispose();
        Assert.True(b.IsDisposed);
        Assert.Throws<ObjectDisposedException>(() => cache.TryGet("b"));
        Assert.Throws<ObjectDisposedException>(cache.Clear);
        using var late = CacheParts.Video("c");
        Assert.Throws<ObjectDisposedException>(() => cache.Put(late));
    }

    [Fact]
    public void BadArguments_AreRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new VisualTokenCache(null, memoryBytes: -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new VisualTokenCache(null, diskBytes: -1));
        Assert.Throws<ArgumentException>(() => new VisualTokenCache(" "));
        using var cache = new VisualTokenCache(null);
        Assert.Throws<ArgumentException>(() => cache.TryGet(""));
        var freed = CacheParts.Video("a");
        freed.Dispose();
        Assert.Throws<ObjectDisposedException>(() => cache.Put(freed));
    }

    [Fact]
    public void ManyThreads_OnOverfullCache_NeverSeeFreedTokens()
    {
        using var folder = new TestFolder();
        using var cache = new VisualTokenCache(folder.Path, memoryBytes: 3 * EntryBytes, diskBytes: 20_000);
        var wrong = 0;
        Parallel.For(0, 8, thread =>
        {
            for (var i = 0; i < 40; i++)
            {
                var number = (i + thread) % 6;
                using var media = cache.TryGet($"k{number}") ?? CacheParts.Video($"k{number}", first: number);
                if (media.Tokens.ToArray<float>()[0] != number) _ = Interlocked.Increment(ref wrong);
                if (i % 3 == 0) cache.Put(media);
            }
        });
        var statistics = cache.Statistics;
        Assert.Equal(0, wrong);
        Assert.Equal(8 * 40, statistics.MemoryHits + statistics.DiskHits + statistics.Misses);
        Assert.InRange(statistics.MemoryBytes, 1, 3 * EntryBytes);
        Assert.InRange(statistics.DiskBytes, 1, 20_000);
        Assert.Equal((0, 0), (statistics.DamagedFiles, statistics.DiskFailures));
    }

    private static void PutAndLetGo(VisualTokenCache cache, string key, float first = 0.1f)
    {
        using var media = CacheParts.Video(key, first: first);
        cache.Put(media);
    }
}
