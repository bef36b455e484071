using Studio.Engine.Video;
using Xunit;

namespace Studio.Engine.Tests.Video;

[Collection(MediaTestGroup.Name)]
public sealed class ThumbnailReaderTests(MediaFixture media)
{
    private const string H264 = "-c:v libx264 -g 25 -pix_fmt yuv420p";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private ThumbnailReader Thumbnails => new(media.Tools);

    [Fact]
    public async Task ReadStripAsync_Sample_ShowsEachSceneInItsPlace()
    {
        VideoInfo info = await media.Probe.ProbeAsync(Path.Combine(AppContext.BaseDirectory, "samples", "shapes.mp4"), cancellationToken: Token);
        IReadOnlyList<byte[]> strip = await Thumbnails.ReadStripAsync(info, 24, 160, Token);
        Assert.Equal(24, strip.Count);
        RgbImage[] pictures = await DecodeAsync(strip);
        Assert.All(pictures, p => Assert.Equal((160, 90), (p.Width, p.Height)));

        // Top left corner: blue sky, dark night, pale wall, white room.
        Assert.Equal(["blue", "dark", "pale", "pale"], ((int[])[2, 8, 13, 20]).Select(i => Corner(pictures[i])));
    }

    [Fact]
    public async Task ReadStripAsync_LongVideo_DecodesKeyFramesOnly()
    {
        // 2,000 frames, a key frame every 50: above the bound of one pass.
        string path = media.Make("long.mp4", "-f lavfi -i testsrc2=s=96x64:r=25 -frames:v 2000 -c:v libx264 -preset ultrafast -g 50 -pix_fmt yuv420p");
        VideoInfo info = await media.Probe.ProbeAsync(path, cancellationToken: Token);
        Assert.True(info.FrameCount > ThumbnailReader.FullDecodeFrames);
        IReadOnlyList<byte[]> strip = await Thumbnails.ReadStripAsync(info, 20, 96, Token);
        Assert.Equal(20, strip.Count);
        Assert.Equal(20, strip.Select(Convert.ToHexString).Distinct().Count());

        // The first stands for 0 to 4 s and is the key frame at 2 s, which is frame 50.
        byte[] all = media.DecodeAll(path, "select='eq(n\\,50)'");
        RgbImage first = (await DecodeAsync([strip[0]]))[0];
        Assert.InRange(MeanDifference(all, first.Rgb.Span), 0, 12);
    }

    [Fact]
    public async Task ReadStripAsync_FewerFramesThanAsked_GivesEachOnce()
    {
        VideoInfo info = await media.Probe.ProbeAsync(media.Clip(3, "three.mp4", H264), cancellationToken: Token);
        Assert.Equal(3, (await Thumbnails.ReadStripAsync(info, 24, 96, Token)).Count);
    }

    [Fact]
    public async Task ReadStripAsync_CutOff_FillsWithNeighbours()
    {
        string whole = media.Make("cut.ts", "-f lavfi -i testsrc2=s=96x64:r=25 -frames:v 2000 -c:v mpeg2video -g 25");
        VideoInfo info = await media.Probe.ProbeAsync(whole, cancellationToken: Token);
        string half = media.Write("half.ts", File.ReadAllBytes(whole).AsSpan(0, (int)new FileInfo(whole).Length / 2));
        IReadOnlyList<byte[]> strip = await Thumbnails.ReadStripAsync(info with { Path = half }, 8, 96, Token);
        Assert.Equal(8, strip.Count);
        Assert.All(strip, p => Assert.Equal([0xFF, 0xD8], p[..2]));
    }

    [Theory]
    [InlineData("picture.png", "", 64, 64, 42)]
    [InlineData("upright.mp4", H264, 300, 96, 64)] // never enlarged
    [InlineData("anamorphic.mp4", "-vf setsar=4/3 " + H264, 64, 64, 32)]
    public async Task ReadPosterAsync_FitsTheBox(string name, string encoding, int box, int width, int height)
    {
        VideoInfo info = await media.Probe.ProbeAsync(media.Clip(name.EndsWith("png", StringComparison.Ordinal) ? 1 : 30, name, encoding), cancellationToken: Token);
        RgbImage poster = (await DecodeAsync([await Thumbnails.ReadPosterAsync(info, box, Token)]))[0];
        Assert.Equal((width, height), (poster.Width, poster.Height));
    }

    [Fact]
    public async Task ReadPosterAsync_Rotated_IsUpright()
    {
        VideoInfo info = await media.Probe.ProbeAsync(media.Rotated(media.Clip(30, "upright.mp4", H264), 90), cancellationToken: Token);
        RgbImage poster = (await DecodeAsync([await Thumbnails.ReadPosterAsync(info, 96, Token)]))[0];
        Assert.Equal((64, 96), (poster.Width, poster.Height));
    }

    [Fact]
    public async Task ReadStripAsync_NothingDecodes_SaysSo()
    {
        VideoInfo info = await media.Probe.ProbeAsync(media.Clip(30, "upright.mp4", H264), cancellationToken: Token);
        string noise = media.Write("noise.mp4", new byte[4000]);
        MediaException e = await Assert.ThrowsAsync<MediaException>(() => Thumbnails.ReadStripAsync(info with { Path = noise }, 4, 96, Token));
        Assert.Equal(MediaError.DecodeFailed, e.Reason);
    }

    [Theory]
    [InlineData("printf -- '--ffmpeg\\r\\nContent-length: 99999999\\r\\n\\r\\n'")] // larger than any thumbnail
    [InlineData("printf -- '--ffmpeg\\r\\nContent-length: -4\\r\\n\\r\\n'")]
    [InlineData("head -c 5000 /dev/zero | tr '\\0' x")] // no line end
    public async Task ReadStripAsync_OutputOfAnotherForm_IsRefused(string lines)
    {
        VideoInfo info = await media.Probe.ProbeAsync(media.Clip(30, "upright.mp4", H264), cancellationToken: Token);
        await Assert.ThrowsAsync<InvalidDataException>(() => new ThumbnailReader(media.FakeTools(lines)).ReadStripAsync(info, 4, 96, Token));
    }

    [Fact]
    public async Task ReadStripAsync_TooMany_IsRefused()
    {
        VideoInfo info = await media.Probe.ProbeAsync(media.Clip(30, "upright.mp4", H264), cancellationToken: Token);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Thumbnails.ReadStripAsync(info, ThumbnailReader.MaxCount + 1, 96, Token));
    }

    private static string Corner(RgbImage picture)
    {
        ReadOnlySpan<byte> rgb = picture.Rgb.Span;
        (int r, int g, int b) = (rgb[3 * 165], rgb[(3 * 165) + 1], rgb[(3 * 165) + 2]);
        return r + g + b < 200 ? "dark" : b > r + 30 ? "blue" : "pale";
    }

    private static double MeanDifference(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        Assert.Equal(a.Length, b.Length);
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
        {
            sum += Math.Abs(a[i] - b[i]);
        }

        return sum / a.Length;
    }

    private async Task<RgbImage[]> DecodeAsync(IReadOnlyList<byte[]> jpegs)
    {
        var images = new List<RgbImage>();
        foreach (byte[] jpeg in jpegs)
        {
            images.Add(await new ImageReader(media.Tools).ReadAsync(media.Write($"{Guid.NewGuid():N}.jpg", jpeg), Token));
        }

        return [.. images];
    }
}
