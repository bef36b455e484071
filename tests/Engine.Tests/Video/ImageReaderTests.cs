using Studio.Engine.Video;
using Xunit;

namespace Studio.Engine.Tests.Video;

[Collection(MediaTestGroup.Name)]
public sealed class ImageReaderTests(MediaFixture media)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private ImageReader Reader => new(media.Tools);

    [Theory]
    [InlineData("picture.png")]
    [InlineData("picture.jpg")]
    [InlineData("picture.webp")]
    [InlineData("moving.gif")] // the first frame
    public async Task ReadAsync_Picture_EqualsAPlainDecode(string name)
    {
        string path = media.Clip(name == "moving.gif" ? 3 : 1, name, "");
        RgbImage image = await Reader.ReadAsync(path, Token);
        Assert.Equal((96, 64), (image.Width, image.Height));
        Assert.True(media.DecodeAll(path).AsSpan(0, 96 * 64 * 3).SequenceEqual(image.Rgb.Span));
    }

    [Fact]
    public async Task ReadAsync_TransparentPng_DropsTheAlphaChannel()
    {
        string path = media.Make("transparent.png", "-f lavfi -i color=0xff8000@0.3:s=8x8,format=rgba -frames:v 1");
        Assert.Equal([255, 128, 0], (await Reader.ReadAsync(path, Token)).Rgb[..3].ToArray().Select(b => (int)b));
    }

    [Fact]
    public async Task ReadAsync_ExifOrientation_TurnsAJpeg()
    {
        byte[] jpeg = File.ReadAllBytes(media.Clip(1, "picture.jpg", ""));

        // An APP1 segment with one tag, 0x0112 orientation = 6: turn clockwise by 90 degrees.
        byte[] exif =
        [
            0xFF, 0xE1, 0, 34, (byte)'E', (byte)'x', (byte)'i', (byte)'f', 0, 0, (byte)'M', (byte)'M', 0, 42, 0, 0, 0, 8,
            0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0,
        ];
        string path = media.Write("turned.jpg", [.. jpeg[..2], .. exif, .. jpeg[2..]]);
        RgbImage image = await Reader.ReadAsync(path, Token);
        Assert.Equal((64, 96), (image.Width, image.Height));
        Assert.True(media.DecodeAll(Path.Combine(media.Folder, "picture.jpg"), "transpose=clock").AsSpan().SequenceEqual(image.Rgb.Span));
    }

    [Fact]
    public async Task ReadAsync_DamagedPicture_SaysSo()
    {
        byte[] png = File.ReadAllBytes(media.Clip(1, "picture.png", ""));
        string path = media.Write("damaged.png", png.AsSpan(0, 60));
        MediaException e = await Assert.ThrowsAsync<MediaException>(() => Reader.ReadAsync(path, Token));
        Assert.True(e.Reason is MediaError.DecodeFailed or MediaError.Truncated, e.Message);
        Assert.Contains(path, e.Message);
    }

    [Fact]
    public async Task ReadAsync_Song_HasNoPicture()
    {
        MediaException e = await Assert.ThrowsAsync<MediaException>(
            () => Reader.ReadAsync(media.Make("song.m4a", "-f lavfi -i sine=d=1 -c:a aac"), Token));
        Assert.Equal(MediaError.NoVideo, e.Reason);
    }
}
