using Studio.Engine.Chat;
using Xunit;

namespace Studio.Engine.Tests.Chat;

public sealed class SummaryCacheTests(TinyXl tiny) : IClassFixture<TinyXl>, IDisposable
{
    private readonly string _folder = Path.Combine(tiny.Folder, $"summaries-{Guid.NewGuid():N}");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("vst:8")]
    [InlineData("vst:2,16")]
    [InlineData("vst:7")] // counts on across windows
    [InlineData("vst:random@5")]
    [InlineData("vst:dynamic@4")]
    [InlineData("off")]
    public void AnotherQuestion_FromMemoryOrDisk_IsBitEqualToComputingItAnew(string compress)
    {
        var settings = tiny.Settings(compress);
        var anew = tiny.Read(TinyXl.Encoder(), "And then?", settings, Ct);
        Assert.Equal(0, anew.Reused);
        using var cache = new SummaryCache(_folder);
        var first = tiny.Read(TinyXl.Encoder(cache), "What happens in this video, and why?", settings, Ct);
        Assert.NotEqual(anew.Logits, first.Logits);

        foreach (var known in new[] { cache, new SummaryCache(_folder) })
        {
            var again = tiny.Read(TinyXl.Encoder(known), "And then?", settings, Ct);
            Assert.True(again.Reused >= 24 * 144, $"{again.Reused} rows re-used");
            Assert.Equal(anew.Logits, again.Logits);
            Assert.Equal(anew.Rows, again.Rows);
            Assert.Empty(again.Warnings);
        }
    }

    [Fact]
    public void AnotherConversation_DecodesAndEncodesNothing()
    {
        using var cache = new SummaryCache(null);
        var encoder = TinyXl.Encoder(cache);
        var first = tiny.Ask(encoder, "One?", tiny.Settings(), Ct);
        var second = tiny.Ask(encoder, "Two?", tiny.Settings(), Ct);
        Assert.Contains(first.Costs, c => c.Stage == "tower");
        Assert.Equal("keep", first.Costs[^1].Stage);
        Assert.DoesNotContain(second.Costs, c => c.Stage is "tower" or "frames" or "keep");
        Assert.Contains(second.Costs, c => c.Stage == "restore" && c.Items == second.StageTokens[1] + second.ReusedRows - second.VisualTokens);
        Assert.Equal(tiny.Ask(TinyXl.Encoder(), "Two?", tiny.Settings(), Ct).Text, second.Text);
    }

    [Theory]
    [InlineData("vst:4", 24)]
    [InlineData("vst:8", 12)]
    public void OtherSettings_OrFrames_AreOtherEntries(string compress, int frames)
    {
        using var cache = new SummaryCache(null);
        var encoder = TinyXl.Encoder(cache);
        _ = tiny.Read(encoder, "One?", tiny.Settings(), Ct);
        Assert.Equal(0, tiny.Read(encoder, "One?", tiny.Settings(compress, frames), Ct).Reused);
        Assert.Equal(2, cache.Statistics.MemoryEntries);
    }

    [Theory]
    [InlineData("cut")]
    [InlineData("flipped")]
    [InlineData("empty")]
    public void DamagedFile_IsComputedAnewWithAWarning(string damage)
    {
        var settings = tiny.Settings();
        var anew = tiny.Read(TinyXl.Encoder(), "Why?", settings, Ct);
        using (var writer = new SummaryCache(_folder, memoryBytes: 0)) _ = tiny.Read(TinyXl.Encoder(writer), "Why?", settings, Ct);
        var file = Assert.Single(Directory.GetFiles(_folder));
        var bytes = File.ReadAllBytes(file);
        bytes[^100] ^= 1;
        File.WriteAllBytes(file, damage switch { "cut" => bytes[..(bytes.Length / 2)], "empty" => [], _ => bytes });

        using var cache = new SummaryCache(_folder, memoryBytes: 0);
        var again = tiny.Read(TinyXl.Encoder(cache), "Why?", settings, Ct);
        Assert.Equal((0, 1), (again.Reused, cache.Statistics.DamagedFiles));
        Assert.Contains("computed anew", Assert.Single(again.Warnings), StringComparison.Ordinal);
        Assert.Equal(anew.Logits, again.Logits);
        Assert.True(tiny.Read(TinyXl.Encoder(cache), "Why?", settings, Ct).Reused > 0); // written again, sound
    }

    [Fact]
    public void Bounds_HoldInMemoryAndOnDisk()
    {
        long one;
        using (var any = new SummaryCache(_folder))
        {
            _ = tiny.Read(TinyXl.Encoder(any), "?", tiny.Settings(), Ct);
            one = Math.Max(any.Statistics.MemoryBytes, any.Statistics.DiskBytes);
            any.Clear();
            Assert.Equal((0, 0), (any.Statistics.MemoryEntries, any.Statistics.DiskEntries));
        }

        var bound = (2 * one) + (one / 2);
        using var cache = new SummaryCache(_folder, bound, bound);
        foreach (var frames in new[] { 24, 23, 22, 21 })
        {
            _ = tiny.Read(TinyXl.Encoder(cache), "?", tiny.Settings(frames: frames), Ct);
            Assert.InRange(cache.Statistics.MemoryBytes, 1, bound);
            Assert.InRange(cache.Statistics.DiskBytes, 1, bound);
        }

        Assert.Equal((2, 2), (cache.Statistics.MemoryEvictions, cache.Statistics.DiskEvictions));
        Assert.Equal(0, tiny.Read(TinyXl.Encoder(cache), "?", tiny.Settings(frames: 24), Ct).Reused); // the oldest went
    }

    [Fact]
    public void Trace_OfAKeptVideo_StillSaysWhereItsSummariesLooked()
    {
        using (var writer = new SummaryCache(_folder)) _ = tiny.Ask(TinyXl.Encoder(writer), "One?", tiny.Settings(trace: true), Ct);
        using var cache = new SummaryCache(_folder);
        var trace = tiny.Ask(TinyXl.Encoder(cache), "Two?", tiny.Settings(trace: true), Ct).Trace!;
        Assert.True(trace.ReusedRows > 0);
        Assert.All(trace.Windows, w => Assert.Equal(1, w.FrameMass!.Sum() + w.Elsewhere!.Text + w.Elsewhere.Earlier + w.Elsewhere.Own, 1e-4));
    }
}
