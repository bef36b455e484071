using System.Text;
using Studio.Engine.Chat;
using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;
using Xunit;

namespace Studio.Engine.Tests.Chat;

public sealed class VisualTokenCacheDiskTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly ManualClock _clock = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(ScalarType.Float32, true)]
    [InlineData(ScalarType.BFloat16, true)]
    [InlineData(ScalarType.Float16, false)]
    public void TryGet_InAnotherCache_GivesEverythingBack(ScalarType type, bool owners)
    {
        using var media = CacheParts.Video("a", type: type, owners: owners, name: "Ünï \"quoted\"\n🎬.mp4");
        using (var writer = Cache()) writer.Put(media);

        using var reader = Cache();
        using var found = reader.TryGet("a")!;
        AssertSame(media, found);
        Assert.Equal(1, reader.Statistics.DiskHits);
        using var again = reader.TryGet("a");
        Assert.Same(found, again); // kept in memory from now on
        Assert.Equal((1, 1), (reader.Statistics.MemoryHits, reader.Statistics.MemoryEntries));
    }

    [Fact]
    public void Contains_KnowsMemoryAndFiles_AndCountsNothing()
    {
        using var media = CacheParts.Video("a");
        using (var writer = Cache())
        {
            Assert.False(writer.Contains("a"));
            writer.Put(media);
            Assert.True(writer.Contains("a"));
        }

        using var reader = Cache();
        Assert.True(reader.Contains("a"));
        Assert.False(reader.Contains("b"));
        Assert.Equal((0, 0, 0), (reader.Statistics.Misses, reader.Statistics.DiskHits, reader.Statistics.MemoryHits));
        reader.Clear();
        Assert.False(reader.Contains("a"));
    }

    [Fact]
    public void TryGet_TiledImage_GivesEverythingBack()
    {
        using var media = CacheParts.TiledImage("image");
        using (var writer = Cache()) writer.Put(media);
        using var reader = Cache();
        using var found = reader.TryGet("image")!;
        AssertSame(media, found);
        Assert.Null(found.Message);
    }

    [Fact]
    public void TryGet_TokensOfManyPieces_AreWrittenAndReadWhole()
    {
        // 40 MiB is more than two of the pieces in which a file is written and checked; rows do not divide a piece.
        using var media = new EncodedMedia(
            "long", MediaKind.Video, "long.mkv", torch.arange(0, 40 << 18, dtype: ScalarType.Float32).reshape(1 << 13, 1280), CacheParts.Frames(128), 1, 64, 1, 1, 3600);
        using (var writer = Cache()) writer.Put(media);
        using var reader = Cache();
        using var found = reader.TryGet("long")!;
        Assert.True(media.Tokens.data<float>().SequenceEqual(found.Tokens.data<float>()));
    }

    [Fact]
    public void TryGet_NonContiguousTokens_AreStoredInOrder()
    {
        using var scope = torch.NewDisposeScope();
        var transposed = CacheParts.Tokens(4, ScalarType.BFloat16, 0).t(); // [6, 4]
        using var media = new EncodedMedia("t", MediaKind.Video, "t", transposed, CacheParts.Frames(1), 1, 6, 1, 1, 1);
        using (var writer = Cache()) writer.Put(media);
        using var reader = Cache();
        using var found = reader.TryGet("t")!;
        Assert.Equal(transposed.ToArray<float>(), found.Tokens.ToArray<float>());
    }

    [Fact]
    public void TryGet_OtherKey_IsAMiss()
    {
        using var cache = Cache();
        Put(cache, "a");
        Assert.Null(cache.TryGet("b"));
        Assert.Equal((1, 0, 0), (cache.Statistics.Misses, cache.Statistics.DamagedFiles, cache.Statistics.DiskFailures));
    }

    public static TheoryData<string> Damages =>
        ["empty", "truncated header", "truncated data", "appended", "flipped token", "flipped owner", "flipped provenance", "not safetensors", "foreign version", "foreign file", "other key"];

    [Theory]
    [MemberData(nameof(Damages))]
    public void TryGet_DamagedFile_IsAMissAndDeleted(string damage)
    {
        using (var writer = Cache()) Put(writer, "a");
        var path = Assert.Single(_folder.Files);
        Damage(path, damage);

        using var reader = Cache();
        Assert.Null(reader.TryGet("a"));
        Assert.Empty(_folder.Files);
        Assert.Equal((1, 1, 0), (reader.Statistics.Misses, reader.Statistics.DamagedFiles, reader.Statistics.DiskFailures));

        Put(reader, "a"); // and the place can be used again
        using var other = Cache();
        other.TryGet("a")!.Dispose();
    }

    private void Damage(string path, string damage)
    {
        var bytes = File.ReadAllBytes(path);
        var data = (int)(8 + BitConverter.ToInt64(bytes));
        switch (damage)
        {
            case "empty": File.WriteAllBytes(path, []); break;
            case "truncated header": File.WriteAllBytes(path, bytes[..100]); break;
            case "truncated data": File.WriteAllBytes(path, bytes[..^1]); break;
            case "appended": File.WriteAllBytes(path, [.. bytes, 0]); break;
            case "flipped token": Flip(data + 3); break;
            case "flipped owner": Flip(bytes.Length - 1); break;
            case "flipped provenance": Flip(bytes.AsSpan().IndexOf("12.3456789"u8) + 1); break; // still a number
            case "not safetensors": File.WriteAllText(path, "<html>502 Bad Gateway</html>"); break;
            case "foreign version":
                bytes[bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes($"\"{VisualTokenCacheFile.VersionKey}\":\"")) + VisualTokenCacheFile.VersionKey.Length + 4] = (byte)'9';
                File.WriteAllBytes(path, bytes);
                break;
            case "foreign file":
                using (var writer = SafetensorsWriter.Create(path, [new("weight", SafetensorsDtype.F32, [1])]))
                {
                    writer.Write<float>("weight", [1]);
                    writer.Commit();
                }

                break;
            case "other key":
                using (var cache = Cache()) Put(cache, "b");
                File.Move(_folder.Files.Single(f => f != path), path, overwrite: true);
                break;
            default: throw new ArgumentOutOfRangeException(nameof(damage), damage, "unknown");
        }

        void Flip(int at)
        {
            bytes[at] ^= 1;
            File.WriteAllBytes(path, bytes);
        }
    }

    [Fact]
    public void Put_OneBeyondTheBound_DeletesTheFileUsedLeastRecently()
    {
        var size = FileBytes();
        using var cache = Cache(memoryBytes: 0, diskBytes: SlackFor(3, size));
        foreach (var key in (string[])["a", "b", "c"]) Put(cache, key);
        cache.TryGet("a")!.Dispose(); // reading counts as use: b is the oldest now
        _clock.Advance(TimeSpan.FromSeconds(1));
        Put(cache, "d");

        Assert.Equal((3, 1), (cache.Statistics.DiskEntries, cache.Statistics.DiskEvictions));
        Assert.Null(cache.TryGet("b"));
        foreach (var key in (string[])["a", "c", "d"]) cache.TryGet(key)!.Dispose();
        Assert.InRange(cache.Statistics.DiskBytes, 3 * size, SlackFor(3, size));
    }

    [Fact]
    public void TryGet_FromMemory_CountsAsUseOfTheFile()
    {
        using var cache = Cache(diskBytes: SlackFor(2, FileBytes()));
        Put(cache, "a");
        Put(cache, "b");
        cache.TryGet("a")!.Dispose();
        Assert.Equal(1, cache.Statistics.MemoryHits);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Put(cache, "c");

        using var fresh = Cache();
        Assert.Null(fresh.TryGet("b"));
        fresh.TryGet("a")!.Dispose();
    }

    [Fact]
    public void Put_SameKeyAgain_EvictsNothingElse()
    {
        using var cache = Cache(memoryBytes: 0, diskBytes: SlackFor(2, FileBytes()));
        Put(cache, "a");
        Put(cache, "b");
        Put(cache, "b");
        Assert.Equal((2, 0), (cache.Statistics.DiskEntries, cache.Statistics.DiskEvictions));
    }

    [Fact]
    public void Put_EntryLargerThanTheBound_IsNotStored_AndEvictsNothing()
    {
        using var cache = Cache(memoryBytes: 0, diskBytes: SlackFor(1, FileBytes()));
        Put(cache, "a");
        using var large = CacheParts.Video("large", clips: 40);
        cache.Put(large);
        Assert.Null(cache.TryGet("large"));
        cache.TryGet("a")!.Dispose();
        Assert.Equal(0, cache.Statistics.DiskEvictions);
    }

    [Fact]
    public void Size_IsAnUpperBoundOfTheFile()
    {
        foreach (var name in (string[])["a", new string('"', 500), new string('ü', 500)])
        {
            using var media = CacheParts.Video("a", name: name);
            using (var cache = Cache()) cache.Put(media);
            var length = new FileInfo(Assert.Single(_folder.Files)).Length;
            Assert.InRange(VisualTokenCacheFile.Size(media), length, length + 1024);
        }
    }

    [Fact]
    public void Eviction_OfAMappedFile_LeavesItsTokensReadable()
    {
        using (var writer = Cache()) Put(writer, "a", first: 3);
        using var cache = Cache(memoryBytes: 0, diskBytes: SlackFor(1, FileBytes()));
        using var inUse = cache.TryGet("a")!;
        _clock.Advance(TimeSpan.FromSeconds(1));
        Put(cache, "b");
        Assert.Null(cache.TryGet("a"));
        Assert.Equal(3, inUse.Tokens.ToArray<float>()[0]);
    }

    [Fact]
    public void WritingToTokensOfAFile_LeavesTheFileAlone()
    {
        using (var writer = Cache()) Put(writer, "a");
        using (var reader = Cache())
        using (var found = reader.TryGet("a")!)
        {
            found.Tokens.data<float>().Fill(9); // forbidden, but must not spoil later answers
        }

        using var again = Cache();
        using var clean = again.TryGet("a")!;
        Assert.Equal(0.1f, clean.Tokens.ToArray<float>()[0]);
    }

    [Fact]
    public void TwoCaches_OnOneFolder_SeeEachOthersEntriesAndDeletions()
    {
        using var first = Cache(memoryBytes: 0);
        using var second = Cache(memoryBytes: 0);
        Put(first, "a");
        second.TryGet("a")!.Dispose();
        second.Clear();
        Assert.Null(first.TryGet("a"));
        Put(second, "a", first: 4);
        using var found = first.TryGet("a")!;
        Assert.Equal(4, found.Tokens.ToArray<float>()[0]);
        Assert.Equal((0, 0), (first.Statistics.DamagedFiles, first.Statistics.DiskFailures));
    }

    [Fact]
    public void TwoCaches_WritingAtOnce_KeepTheBoundAndNeverReadAPart()
    {
        var bound = SlackFor(3, FileBytes());
        var wrong = 0;
        using var first = new VisualTokenCache(_folder.Path, 0, bound, TimeProvider.System); // files in work carry the system's time
        using var second = new VisualTokenCache(_folder.Path, 0, bound, TimeProvider.System);
        Parallel.For(0, 120, i =>
        {
            var cache = i % 2 == 0 ? first : second;
            var number = i / 2 % 5;
            using (var media = CacheParts.Video($"k{number}", first: number)) cache.Put(media);
            using var found = cache.TryGet($"k{(number + 1) % 5}");
            if (found is not null && found.Tokens.ToArray<float>()[0] != (number + 1) % 5) _ = Interlocked.Increment(ref wrong);
        });
        Assert.Equal(0, wrong);
        Assert.Equal((0, 0), (first.Statistics.DamagedFiles, second.Statistics.DamagedFiles));
        Assert.Equal((null, null), (first.Statistics.LastDiskFailure, second.Statistics.LastDiskFailure));
        Assert.InRange(first.Statistics.DiskBytes, 1, bound);
        Assert.All(_folder.Files, f => Assert.EndsWith(".safetensors", f, StringComparison.Ordinal));
    }

    [Fact]
    public void Folder_ForeignFiles_AreNeitherCountedNorDeleted()
    {
        string[] foreign = ["model.safetensors", "notes.txt", new string('a', 63) + ".safetensors", new string('A', 64) + ".safetensors"];
        foreach (var name in foreign) File.WriteAllBytes(_folder.Combine(name), new byte[100_000]);
        using var cache = Cache(diskBytes: SlackFor(1, FileBytes()));
        Put(cache, "a");
        Put(cache, "b");
        Assert.Equal((1, 1), (cache.Statistics.DiskEntries, cache.Statistics.DiskEvictions));
        cache.Clear();
        Assert.Equal(foreign.Order(StringComparer.Ordinal), _folder.Files.Select(Path.GetFileName));
    }

    [Fact]
    public void Put_DeletesTemporaryFilesOfKilledProcesses_AndCountsThoseInWork()
    {
        var bound = SlackFor(2, FileBytes());
        var abandoned = Temporary("0", TimeSpan.FromHours(-1) - TimeSpan.FromSeconds(1), 10);
        var inWork = Temporary("1", TimeSpan.FromHours(-1), (int)bound - 1);
        using var cache = Cache(memoryBytes: 0, diskBytes: bound);
        Put(cache, "a");
        Assert.False(File.Exists(abandoned));
        Assert.True(File.Exists(inWork));
        Assert.Equal(0, cache.Statistics.DiskEntries); // no room beside the file in work

        string Temporary(string digit, TimeSpan age, int length)
        {
            var path = _folder.Combine($"{new string('a', 64)}.safetensors.{new string(digit[0], 32)}.tmp");
            File.WriteAllBytes(path, new byte[length]);
            File.SetLastWriteTimeUtc(path, (_clock.GetUtcNow() + age).UtcDateTime);
            return path;
        }
    }

    [Fact]
    public void Folder_RemovedMeanwhile_IsMadeAgain()
    {
        using var cache = Cache(memoryBytes: 0);
        Put(cache, "a");
        Directory.Delete(_folder.Path, recursive: true);
        Assert.Null(cache.TryGet("a"));
        Assert.Equal((0, 0), (cache.Statistics.DiskEntries, cache.Statistics.DiskBytes));
        Put(cache, "a");
        cache.TryGet("a")!.Dispose();
        Assert.Equal(0, cache.Statistics.DiskFailures);
    }

    [Fact]
    public void Folder_ThatCannotBeWritten_CountsFailuresAndServesFromMemory()
    {
        using var cache = Cache();
        Directory.Delete(_folder.Path);
        File.WriteAllText(_folder.Path, "a file in its place");
        try
        {
            Put(cache, "a");
            cache.TryGet("a")!.Dispose();
            Assert.Null(cache.TryGet("b"));
            Assert.True(cache.Statistics.DiskFailures > 0);
            Assert.Contains(_folder.Path, cache.Statistics.LastDiskFailure, StringComparison.Ordinal);
            var error = Assert.Throws<IOException>(() => new VisualTokenCache(_folder.Path));
            Assert.Contains(_folder.Path, error.Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(_folder.Path);
        }
    }

    [Fact]
    public void Put_TheSameEntryTwice_WritesTheSameBytes()
    {
        using var cache = Cache();
        Put(cache, "a");
        var before = File.ReadAllBytes(Assert.Single(_folder.Files));
        Put(cache, "a");
        Assert.Equal(before, File.ReadAllBytes(Assert.Single(_folder.Files)));
    }

    private static void AssertSame(EncodedMedia expected, EncodedMedia found)
    {
        Assert.Equal(expected.Tokens.dtype, found.Tokens.dtype);
        Assert.Equal(expected.Tokens.shape, found.Tokens.shape);
        Assert.Equal(expected.Tokens.ToArray<float>(), found.Tokens.ToArray<float>());
        Assert.Equal(expected.Frames, found.Frames);
        Assert.Equal(expected.Owners, found.Owners);
        Assert.Equal((expected.Key, expected.Kind, expected.Name, expected.Message), (found.Key, found.Kind, found.Name, found.Message));
        Assert.Equal((expected.FramesPerClip, expected.TokensPerClip, expected.GridHeight, expected.GridWidth), (found.FramesPerClip, found.TokensPerClip, found.GridHeight, found.GridWidth));
        Assert.Equal((expected.Duration, expected.TileColumns, expected.TileRows, expected.Bytes), (found.Duration, found.TileColumns, found.TileRows, found.Bytes));
    }

    private VisualTokenCache Cache(long memoryBytes = 1 << 20, long diskBytes = 1L << 30) => new(_folder.Path, memoryBytes, diskBytes, _clock);

    private void Put(VisualTokenCache cache, string key, float first = 0.1f)
    {
        using var media = CacheParts.Video(key, first: first);
        cache.Put(media);
        _clock.Advance(TimeSpan.FromSeconds(1));
    }

    /// <summary>A bound that holds so many of the test's entries and not one more: room is made for an estimate, at most 1 KiB too large.</summary>
    private static long SlackFor(int entries, long size) => (entries * size) + 1024;

    /// <summary>The length of a test entry's file; all keys of one length give the same.</summary>
    private static long FileBytes()
    {
        using var folder = new TestFolder();
        using var cache = new VisualTokenCache(folder.Path);
        using var media = CacheParts.Video("a");
        cache.Put(media);
        return new FileInfo(Assert.Single(folder.Files)).Length;
    }
}
