using System.Text.Json;
using Studio.Engine.Video;
using Xunit;

namespace Studio.Engine.Tests.Video;

public sealed class AnyResTilingTests
{
    private const string PublishedGrid = "(1x1),...,(6x6)";

    [Fact]
    public void SelectBestResolution_EveryGoldenRow_Agrees()
    {
        int rows = 0;
        foreach (JsonElement row in Golden.Load("vcf_preprocess").Case.GetProperty("params").GetProperty("select_best_resolution").EnumerateArray())
        {
            JsonElement image = row.GetProperty("image_wh");
            JsonElement limit = row.GetProperty("max_resolutions");
            JsonElement best = row.GetProperty("best_wh");
            PictureSize actual = AnyResTiling.SelectBestResolution(
                new PictureSize(image[0].GetInt32(), image[1].GetInt32()),
                AnyResTiling.ParsePinpoints(PublishedGrid, row.GetProperty("patch").GetInt32()),
                limit.ValueKind == JsonValueKind.Null ? null : limit.GetInt64());
            Assert.Equal(new PictureSize(best[0].GetInt32(), best[1].GetInt32()), actual);
            rows++;
        }

        Assert.Equal(36, rows);
    }

    [Fact]
    public void Tile_GoldenImage_GivesWholeImageThenTilesRowByRow()
    {
        Golden golden = Golden.Load("vcf_preprocess");
        var image = new RgbImage(390, 200, golden.Bytes("image200x390"));
        IReadOnlyList<RgbImage> tiles = AnyResTiling.Tile(image, AnyResTiling.ParsePinpoints(PublishedGrid, 224), 224);
        byte[] expected = golden.Bytes("image200x390.tiles_u8");
        Assert.Equal(3, tiles.Count);
        Assert.Equal(expected, tiles.SelectMany(t => t.Rgb.ToArray()).ToArray());
    }

    [Fact]
    public void ParsePinpoints_Range_ListsWidthsOutsideHeightsInside()
    {
        Assert.Equal(
            [new(10, 20), new(10, 30), new(20, 20), new(20, 30)],
            AnyResTiling.ParsePinpoints("(1x2), ..., (2x3)", 10));
    }

    [Theory]
    [InlineData("(1x2),(3x1)")]
    [InlineData("[[224, 448], [672, 224]]")]
    [InlineData("[(224, 448), (672, 224)]")]
    [InlineData("(224,448),(672,224)")]
    public void ParsePinpoints_Lists_KeepTheirOrder(string text)
    {
        Assert.Equal([new(224, 448), new(672, 224)], AnyResTiling.ParsePinpoints(text, 224));
    }

    [Theory]
    [InlineData("")]
    [InlineData("6x6")]
    [InlineData("(1x1),...")]
    [InlineData("(3x3),...,(1x1)")]
    [InlineData("(0x1),...,(2x2)")]
    [InlineData("(1x1),...,(65x64)")]
    [InlineData("(0x1)")]
    [InlineData("[[224, 300]]")]
    [InlineData("(99999999999x1)")]
    public void ParsePinpoints_BadText_IsRefused(string text)
    {
        Assert.Throws<ArgumentException>(() => AnyResTiling.ParsePinpoints(text, 224));
    }

    [Fact]
    public void ParsePinpoints_AtTheBound_IsAccepted()
    {
        Assert.Equal(AnyResTiling.MaxCandidates, AnyResTiling.ParsePinpoints("(1x1),...,(64x64)", 2).Count);
    }

    [Fact]
    public void SelectBestResolution_NothingFits_NamesTheLimit()
    {
        ArgumentException e = Assert.Throws<ArgumentException>(
            () => AnyResTiling.SelectBestResolution(new PictureSize(10, 10), [new(20, 20)], 399));
        Assert.Contains("399", e.Message);
        Assert.Throws<ArgumentException>(() => AnyResTiling.SelectBestResolution(new PictureSize(0, 10), [new(20, 20)]));
    }

    [Fact]
    public void Crop_Outside_IsRefused()
    {
        var image = new RgbImage(2, 2, new byte[12]);
        Assert.Throws<ArgumentException>(() => image.Crop(1, 1, 2, 1));
        Assert.Throws<ArgumentException>(() => new RgbImage(2, 2, new byte[11]));
    }
}
