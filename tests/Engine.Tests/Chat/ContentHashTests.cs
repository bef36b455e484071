using System.Security.Cryptography;
using Studio.Engine.Chat;
using Xunit;

namespace Studio.Engine.Tests.Chat;

public sealed class ContentHashTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly ManualClock _clock = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(1 << 20)] // the buffer
    [InlineData((2 << 20) + 17)]
    public async Task OfFile_AnyLength_IsItsSha256(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes)), await ContentHash.OfFileAsync(Write("a", bytes), Cancellation));
    }

    [Fact]
    public async Task OfFile_SecondTime_DoesNotReadAgain()
    {
        var memo = new ContentHashMemo(4, _clock);
        var path = Write("a", [1]);
        var hash = await memo.HashAsync(path, Cancellation);
        Assert.Equal(hash, await memo.HashAsync(Path.Combine(_folder.Path, ".", "a"), Cancellation));
        Assert.Equal(1, memo.FilesRead);
    }

    [Fact]
    public async Task OfFile_OtherSizeOrTime_IsReadAgain()
    {
        var memo = new ContentHashMemo(4, _clock);
        var path = Write("a", [1]);
        var first = await memo.HashAsync(path, Cancellation);
        Write("a", [1, 2]);
        var second = await memo.HashAsync(path, Cancellation);
        Write("a", [1, 3], age: TimeSpan.FromMinutes(9)); // same size, another time
        var third = await memo.HashAsync(path, Cancellation);
        Assert.Equal(3, new[] { first, second, third }.Distinct().Count());
        Assert.Equal((3, 1), (memo.FilesRead, memo.Count));
    }

    [Fact]
    public async Task OfFile_ChangedJustNow_IsNotRememberedYet()
    {
        var memo = new ContentHashMemo(4, _clock);
        var path = Write("a", [1], age: ContentHashMemo.TimeResolution);
        var before = await memo.HashAsync(path, Cancellation);
        Assert.Equal(0, memo.Count);

        // Same size and same rounded time: only reading again tells the difference.
        Write("a", [2], age: ContentHashMemo.TimeResolution);
        Assert.NotEqual(before, await memo.HashAsync(path, Cancellation));

        _clock.Advance(TimeSpan.FromMilliseconds(1));
        await memo.HashAsync(path, Cancellation);
        await memo.HashAsync(path, Cancellation);
        Assert.Equal((3, 1), (memo.FilesRead, memo.Count));
    }

    [Fact]
    public async Task OfFile_OneBeyondCapacity_ForgetsTheLeastRecentlyUsed()
    {
        var memo = new ContentHashMemo(3, _clock);
        foreach (var name in (string[])["a", "b", "c"]) await memo.HashAsync(Write(name, [1]), Cancellation);
        await memo.HashAsync(_folder.Combine("a"), Cancellation); // now b is the oldest
        await memo.HashAsync(Write("d", [1]), Cancellation);
        Assert.Equal((3, 4), (memo.Count, memo.FilesRead));

        foreach (var name in (string[])["a", "c", "d"]) await memo.HashAsync(_folder.Combine(name), Cancellation);
        Assert.Equal(4, memo.FilesRead);
        await memo.HashAsync(_folder.Combine("b"), Cancellation);
        Assert.Equal((3, 5), (memo.Count, memo.FilesRead));
    }

    [Fact]
    public async Task OfFile_BeyondTheDefaultCapacity_StaysBounded()
    {
        var memo = new ContentHashMemo(ContentHashMemo.DefaultCapacity, _clock);
        for (var i = 0; i <= ContentHashMemo.DefaultCapacity; i++) await memo.HashAsync(Write($"f{i}", [1]), Cancellation);
        Assert.Equal(ContentHashMemo.DefaultCapacity, memo.Count);
    }

    [Fact]
    public async Task OfFile_ChangedWhileRead_IsRefused()
    {
        var path = Write("a", [1, 2, 3]);
        var memo = new ContentHashMemo(4, new Interfering(_clock, () => File.AppendAllText(path, "more")));
        var error = await Assert.ThrowsAsync<IOException>(() => memo.HashAsync(path, Cancellation));
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Equal(0, memo.Count);
    }

    [Fact]
    public async Task OfFile_ThroughALink_FollowsItsTarget()
    {
        var memo = new ContentHashMemo(4, _clock);
        var (first, second, link) = (Write("a", [1]), Write("b", [1, 2]), _folder.Combine("link"));
        File.CreateSymbolicLink(link, first);
        Assert.Equal(await memo.HashAsync(first, Cancellation), await memo.HashAsync(link, Cancellation));
        File.Delete(link);
        File.CreateSymbolicLink(link, second);
        Assert.Equal(await memo.HashAsync(second, Cancellation), await memo.HashAsync(link, Cancellation));
    }

    [Fact]
    public async Task OfFile_MissingFolderOrCancelled_Throws()
    {
        await Assert.ThrowsAsync<FileNotFoundException>(() => ContentHash.OfFileAsync(_folder.Combine("none"), Cancellation));
        await Assert.ThrowsAsync<UnauthorizedAccessException>(() => ContentHash.OfFileAsync(_folder.Path, Cancellation));
        await Assert.ThrowsAsync<ArgumentException>(() => ContentHash.OfFileAsync(" ", Cancellation));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ContentHash.OfFileAsync(Write("a", [1]), new CancellationToken(canceled: true)));
    }

    private string Write(string name, byte[] bytes, TimeSpan? age = null)
    {
        var path = _folder.Combine(name);
        File.WriteAllBytes(path, bytes);
        File.SetLastWriteTimeUtc(path, (_clock.GetUtcNow() - (age ?? TimeSpan.FromMinutes(10))).UtcDateTime);
        return path;
    }

    /// <summary>Does something when asked for the time, which is after the file was opened and before it is read.</summary>
    private sealed class Interfering(TimeProvider clock, Action action) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow()
        {
            action();
            return clock.GetUtcNow();
        }
    }
}
