using Studio.Engine.Video;
using Xunit;

namespace Studio.Engine.Tests.Video;

public sealed class CentreCropTests
{
    [Theory]
    [InlineData(320, 180)]
    [InlineData(97, 150)]
    [InlineData(56, 56)]
    public void Resize_AnyShape_IsTheMiddleOfTheResizedPicture(int width, int height)
    {
        RgbImage image = Noise(width, height);
        int shorter = Math.Min(width, height);
        RgbImage whole = image.Resize(width * 56 / shorter, height * 56 / shorter);

        RgbImage square = CentreCrop.Resize(image, 56);

        Assert.Equal(whole.Crop((whole.Width - 56) / 2, (whole.Height - 56) / 2, 56, 56).Rgb.ToArray(), square.Rgb.ToArray());
    }

    [Fact]
    public void Resize_StripBeyondTheBound_TakesItsMiddleInBoundedMemory()
    {
        const int Width = 4_000_000;
        byte[] strip = new byte[Width * 3 * 2];
        Array.Fill(strip, (byte)200, Width * 3 / 2, 3);
        Array.Fill(strip, (byte)200, (Width * 3) + (Width * 3 / 2), 3);
        byte[] square = new byte[24 * 24 * 3];

        CentreCrop.Resize(strip, Width, 2, square, 24); // 48 million pixels across without the bound

        Assert.True(square[((12 * 24) + 12) * 3] > 0);
        Assert.Equal(0, square[0]);
        CentreCrop.Resize(strip.AsSpan(0, CentreCrop.MaxElongation * 3 * 2), CentreCrop.MaxElongation, 2, square, 24); // at the bound: as it is
    }

    [Fact]
    public void Resize_BadArguments_AreRefused()
    {
        Assert.Throws<ArgumentException>(() => CentreCrop.Resize(new byte[11], 2, 2, new byte[12], 2));
        Assert.Throws<ArgumentException>(() => CentreCrop.Resize(new byte[12], 0, 2, new byte[12], 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => CentreCrop.Resize(new byte[12], 2, 2, new byte[12], 0));
    }

    // The table of video-xl.md 2.2.
    [Theory]
    [InlineData(224, 224, 1, 2)]
    [InlineData(336, 336, 1, 2)]
    [InlineData(500, 375, 2, 2)]
    [InlineData(640, 480, 2, 2)]
    [InlineData(800, 600, 3, 2)]
    [InlineData(1000, 1000, 3, 3)]
    [InlineData(1024, 768, 4, 3)]
    [InlineData(1280, 720, 4, 3)]
    [InlineData(1920, 1080, 6, 4)]
    [InlineData(3840, 2160, 9, 5)]
    public void SelectBestResolution_PublishedCanvases_GivesTheGrid(int width, int height, int columns, int rows)
    {
        string pinpoints = Engine.Checkpoints.PublishedGeometries.Find("video-xl").Config.ImageGridPinpoints!;

        PictureSize best = AnyResTiling.SelectBestResolution(new(width, height), AnyResTiling.ParsePinpoints(pinpoints, 336));

        Assert.Equal((columns, rows), (best.Width / 336, best.Height / 336));
    }

    [Fact]
    public void Pad_KeepsProportionsOnBlack()
    {
        byte[] white = new byte[300 * 100 * 3];
        Array.Fill(white, (byte)255);

        RgbImage canvas = AnyResTiling.Pad(new RgbImage(300, 100, white), [new(200, 200)]);

        byte[] column = [.. Enumerable.Range(0, 200).Select(y => canvas.Rgb.Span[((y * 200) + 100) * 3])];
        Assert.Equal(67, column.Count(v => v == 255)); // 66.7 rows, rounded up
        Assert.Equal((66, 132), (Array.IndexOf(column, (byte)255), Array.LastIndexOf(column, (byte)255)));
        Assert.Equal(4, AnyResTiling.Cut(canvas, 100).Count);
        Assert.Throws<ArgumentException>(() => AnyResTiling.Cut(canvas, 150));
    }

    private static RgbImage Noise(int width, int height)
    {
        byte[] rgb = new byte[width * height * 3];
        new Random(5).NextBytes(rgb);
        return new RgbImage(width, height, rgb);
    }
}
