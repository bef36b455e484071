using Studio.Engine.Video;
using Studio.Inspect;
using Xunit;

namespace Studio.Tests.Inspect;

/// <summary>Crosses every bound of the inspect services.</summary>
public sealed class InspectBoundsTests(InspectServer server) : IClassFixture<InspectServer>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public void Cache_OverItsBound_ForgetsWhatWasUsedLongestAgo()
    {
        var cache = new BoundedCache<string, int>(10, v => v);
        cache.Put("a", 4);
        cache.Put("b", 4);
        Assert.True(cache.TryGet("a", out _));
        cache.Put("c", 4);
        Assert.False(cache.TryGet("b", out _));
        Assert.True(cache.TryGet("a", out _));
        Assert.Equal((2, 8L), (cache.Count, cache.Weight));
        cache.Put("a", 9);
        Assert.Equal((1, 9L), (cache.Count, cache.Weight));
        cache.Put("huge", 11);
        cache.Put("a", 12); // outgrew the bound: the old value is not kept either
        Assert.Equal((0, 0L), (cache.Count, cache.Weight));
    }

    [Fact]
    public async Task TraceReader_OverItsBound_ReadsAgain()
    {
        using var store = new TraceReader(server.Folders, 8000, TraceReader.MaxJsonBytes);
        Assert.NotNull(await store.ReadAsync(server.Answers[0], Ct));
        Assert.Equal(1, store.Kept);
        Assert.NotNull(await store.ReadAsync(server.Answers[1], Ct));
        Assert.Equal(1, store.Kept);
        Assert.Equal(server.Traces[0].ToJson(), (await store.ReadAsync(server.Answers[0], Ct))!.Trace.ToJson());
        Assert.Null(await store.ReadAsync(server.Answers[2], Ct));
    }

    [Fact]
    public async Task TraceReader_JsonBeyondTheBound_IsRefusedBeforeItIsRead()
    {
        var id = new string('a', 32);
        await using (var file = File.Create(Path.Combine(server.Folders.Traces, $"{id}.json.gz")))
        await using (var gzip = new System.IO.Compression.GZipStream(file, System.IO.Compression.CompressionLevel.Fastest))
        {
            await gzip.WriteAsync(new byte[200_001], Ct);
        }

        using var store = new TraceReader(server.Folders, TraceReader.BytesKept, 200_000);
        var e = await Assert.ThrowsAsync<InvalidDataException>(() => store.ReadAsync(id, Ct));
        Assert.Contains("200000 bytes", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FrameImages_OverTheirBound_ForgetTheOldest()
    {
        using var images = new FrameImages(server.Folders, bytesKept: 8000);
        var file = server.VideoId + ".mp4";
        for (var i = 0; i < 6; i++)
        {
            Assert.NotNull(await images.ReadAsync(file, i * 100, 96, Ct));
            Assert.InRange(images.Kept.Bytes, 1, 8000);
        }

        Assert.InRange(images.Kept.Pictures, 1, 5);
    }

    [Fact]
    public async Task FrameImages_TooManyWaiting_AreTurnedAway_AndCancellingMakesRoom()
    {
        using var images = new FrameImages(server.Folders);
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var file = server.VideoId + ".mp4";
        // More at once than may run and wait: each decodes in a process, so none is done when the last one asks.
        var asked = Enumerable.Range(0, FrameImages.AtOnce + FrameImages.MostWaiting + 1).Select(i => images.ReadAsync(file, i, 64, leave.Token)).ToArray();
        await Assert.ThrowsAsync<FrameQueueFullException>(() => asked[^1]);
        await leave.CancelAsync();
        foreach (var task in asked[..^1]) await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task);
        Assert.NotNull(await images.ReadAsync(file, 1, 64, Ct));
    }

    [Fact]
    public async Task FrameImages_FrameOutside_IsRefused()
    {
        using var images = new FrameImages(server.Folders);
        await Assert.ThrowsAsync<ArgumentException>(() => images.ReadAsync(server.VideoId + ".mp4", 600, 64, Ct));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => images.ReadAsync(server.VideoId + ".mp4", 0, 63, Ct));
        Assert.Null(await images.ReadAsync("missing.mp4", 0, 64, Ct));
        await File.WriteAllTextAsync(Path.Combine(server.Folders.Videos, "text.mp4"), "no video", Ct);
        await Assert.ThrowsAsync<MediaException>(() => images.ReadAsync("text.mp4", 0, 64, Ct));
    }

    [Fact]
    public void Csv_TextThatCouldBeAFormulaOrBreakARow_IsHarmless()
    {
        var csv = new CsvText("name", "value").Row("=1+1", -1.5).Row("a,\"b\"\r\nc", null).Row("plain", 0.1f).ToString();
        Assert.Equal("name,value\r\n'=1+1,-1.5\r\n\"a,\"\"b\"\"\r\nc\",\r\nplain,0.1\r\n", csv);
        Assert.Throws<ArgumentException>(() => new CsvText("one").Row(1, 2));
    }
}
