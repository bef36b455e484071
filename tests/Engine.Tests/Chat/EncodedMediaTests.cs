using Studio.Engine.Chat;
using Studio.Engine.Torch;
using Xunit;
using static Studio.Engine.Torch.torch;

namespace Studio.Engine.Tests.Chat;

public sealed class EncodedMediaTests
{
    [Fact]
    public void FramesOf_AndClipOf_OfAVideo_AreThoseOfTheClip()
    {
        using var media = CacheParts.Video("k", clips: 3);
        Assert.Equal((12, 3), (media.Count, media.Clips));
        Assert.Equal([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2], Enumerable.Range(0, 12).Select(media.ClipOf));
        Assert.Equal([new FrameRef(2, 14, 14 / 29.97), new FrameRef(3, 21, 21 / 29.97)], media.FramesOf(5));
    }

    [Fact]
    public void PatchesOf_Token_AreFrameRowColumnOfItsOwners()
    {
        using var media = CacheParts.Video("k");

        // Clip 0: slot 1 owns patches 1, 5, 9 of [2, 2, 3]. Clip 1 is shifted by one: its slot 1 owns 0, 4, 8.
        Assert.Equal([new PatchRef(0, 0, 1), new(0, 1, 2), new(1, 1, 0)], media.PatchesOf(1));
        Assert.Equal([new PatchRef(2, 0, 0), new(2, 1, 1), new(3, 0, 2)], media.PatchesOf(5));
        var all = Enumerable.Range(0, media.Count).SelectMany(media.PatchesOf).ToList();
        Assert.Equal(2 * 2 * 2 * 3, all.Distinct().Count());
        Assert.Equal(all.Count, all.Distinct().Count());
    }

    [Fact]
    public void PatchesOf_WithoutOwners_AndOfASeparator_AreNone()
    {
        using var image = CacheParts.TiledImage("k");
        Assert.Empty(image.PatchesOf(3));
        Assert.Equal([new FrameRef(0, 0, 0)], image.FramesOf(27));
        Assert.Equal((6, 7), (image.ClipOf(27), image.Clips));

        // Two owned slots and a separator behind them.
        using var separated = new EncodedMedia("k", MediaKind.Video, "a", CacheParts.Tokens(3, ScalarType.Float32, 0), CacheParts.Frames(1), 1, 3, 1, 2, 1, owners: [0, 1]);
        Assert.Equal([new PatchRef(0, 0, 1)], separated.PatchesOf(1));
        Assert.Empty(separated.PatchesOf(2));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(8)]
    public void TokenOutside_IsRefused(int token)
    {
        using var media = CacheParts.Video("k");
        Assert.Throws<ArgumentOutOfRangeException>(() => media.ClipOf(token));
        Assert.Throws<ArgumentOutOfRangeException>(() => media.FramesOf(token));
        Assert.Throws<ArgumentOutOfRangeException>(() => media.PatchesOf(token)); // at the call, not at the first element
    }

    [Fact]
    public void Dispose_FreesWithTheLastReference_AndOnlyThen()
    {
        var media = CacheParts.Video("k");
        Assert.Same(media, media.Retain());
        media.Dispose();
        Assert.False(media.Tokens.IsDisposed);
        media.Dispose();
        Assert.True(media.Tokens.IsDisposed);
        Assert.True(media.IsDisposed);
        media.Dispose(); // harmless once all are back
        Assert.Throws<ObjectDisposedException>(media.Retain);
        Assert.Throws<ObjectDisposedException>(() => media.WithName("x"));
    }

    [Fact]
    public void RetainAndDispose_FromManyThreads_KeepCount()
    {
        var media = CacheParts.Video("k");
        Parallel.For(0, 64, _ =>
        {
            for (var i = 0; i < 200; i++) media.Retain().Dispose();
        });
        Assert.False(media.Tokens.IsDisposed);
        media.Dispose();
        Assert.True(media.Tokens.IsDisposed);
    }

    [Fact]
    public void WithName_SharesTheTokens_AndHoldsThemByItself()
    {
        var media = CacheParts.Video("k", name: "mine.mp4");
        var named = media.WithName("yours.mp4");
        Assert.Equal(("yours.mp4", "mine.mp4", "k"), (named.Name, media.Name, named.Key));
        Assert.Same(media.Tokens, named.Tokens);
        Assert.Equal(media.PatchesOf(5), named.PatchesOf(5));
        media.Dispose();
        Assert.False(named.Tokens.IsDisposed);
        named.Dispose();
        Assert.True(named.Tokens.IsDisposed);
    }

    [Fact]
    public void Tokens_OutliveTheScopeTheyWereMadeIn()
    {
        EncodedMedia media;
        using (NewDisposeScope()) media = CacheParts.Video("k");
        Assert.False(media.Tokens.IsDisposed);
        media.Dispose();
        Assert.True(media.Tokens.IsDisposed);
    }

    [Fact]
    public void Create_FromPartsThatDoNotFit_IsRefused_AndLeavesTheTensorToItsScope()
    {
        using var scope = NewDisposeScope();
        var tokens = CacheParts.Tokens(8, ScalarType.Float32, 0);
        Refused("frames", frames: CacheParts.Frames(3)); // two clips of two frames
        Refused("do not make clips", perClip: 3);
        Refused("owners", owners: new byte[23]); // 2 clips of 12 patches
        Refused("slot 4", owners: [.. new byte[23], 4]); // slots are 0 to 3
        Refused("tiles", columns: 2, rows: 2); // of a video
        Refused("frame 1", frames: [new(0, 0, 0), new(2, 1, 1), new(2, 2, 2), new(3, 3, 3)]); // positions must count up
        Refused("frame 0", frames: [new(0, 0, double.NaN), new(1, 1, 1), new(2, 2, 2), new(3, 3, 3)]);
        Refused("duration", duration: double.PositiveInfinity);
        Refused("gridHeight", gridHeight: 0);
        Refused("kind", kind: (MediaKind)7);
        Refused("fp32, bf16 or fp16", tensor: tokens.to(ScalarType.Float64));
        Refused("[n, hidden]", tensor: tokens.reshape(2, 4, CacheParts.Hidden));
        Refused("fp32, bf16 or fp16", tensor: tokens.narrow(0, 0, 0));
        Refused("1 x no tiles", kind: MediaKind.Image, frames: CacheParts.Frames(1), columns: 1);
        Assert.False(tokens.IsDisposed);
        Assert.True(scope.Count > 0);

        void Refused(
            string what, MediaKind kind = MediaKind.Video, Tensor? tensor = null, FrameRef[]? frames = null, int perClip = 4, int gridHeight = 2,
            double duration = 1, byte[]? owners = null, int? columns = null, int? rows = null)
        {
            var error = Assert.ThrowsAny<ArgumentException>(() => new EncodedMedia(
                "k", kind, "a.mp4", tensor ?? tokens, frames ?? CacheParts.Frames(4), 2, perClip, gridHeight, 3, duration, null, owners, columns, rows));
            Assert.Contains(what, error.Message, StringComparison.Ordinal);
        }
    }
}
