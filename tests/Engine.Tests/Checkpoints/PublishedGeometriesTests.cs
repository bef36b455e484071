using Studio.Engine.Checkpoints;
using Studio.Engine.Video;
using Xunit;

namespace Studio.Engine.Tests.Checkpoints;

public sealed class PublishedGeometriesTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("7b@448", "OpenGVLab/VideoChat-Flash-Qwen2-7B_res448", 448, 28, 3584, 1e6, 1e-6)]
    [InlineData("videochat-flash-qwen2-7b-res224", "OpenGVLab/VideoChat-Flash-Qwen2-7B_res224", 224, 28, 3584, 1e6, 1e-6)]
    [InlineData("OpenGVLab/VideoChat-Flash-Qwen2_5-2B_res448", "OpenGVLab/VideoChat-Flash-Qwen2_5-2B_res448", 448, 28, 1536, 1e6, 1e-6)]
    [InlineData("7B-1M@224", "OpenGVLab/VideoChat-Flash-Qwen2_5-7B-1M_res224", 224, 28, 3584, 1e7, 1e-5)] // names ignore case
    [InlineData("7b-iv2", "OpenGVLab/VideoChat-Flash-Qwen2_5-7B_InternVideo2-1B", 224, 28, 3584, 1e6, 1e-6)]
    [InlineData("VIDEO-XL", "sy1998/Video_XL", 336, 28, 3584, 1e6, 1e-6)]
    public void Find_AnyName_GivesTheGeometry(string name, string hubId, int pixels, int layers, int hidden, double theta, double eps)
    {
        PublishedGeometry geometry = PublishedGeometries.Find(name);

        Assert.Equal(hubId, geometry.HubId);
        Assert.Equal(pixels, geometry.Config.Vision.ImageSize);
        Assert.Equal((layers, hidden, theta, eps), (geometry.Config.Language.Layers, geometry.Config.Language.HiddenSize, geometry.Config.Language.RopeTheta, geometry.Config.Language.RmsNormEps));
    }

    [Fact]
    public void Find_UnknownName_ListsTheKnownOnes() =>
        Assert.Contains("7b-iv2", Assert.Throws<ArgumentException>(() => PublishedGeometries.Find("13b")).Message, StringComparison.Ordinal);

    [Fact]
    public void Save_EachGeometry_LoadsBackEqualInThePublishedLayout()
    {
        foreach (PublishedGeometry geometry in PublishedGeometries.All)
        {
            geometry.Save(_folder.Path);

            ModelConfig loaded = ModelConfig.Load(_folder.Path);
            Assert.Equal(geometry.Config.ToJson(), loaded.ToJson());
            // Published files leave the tower's sizes to its name.
            Assert.DoesNotContain("vision_config", loaded.ToJson(), StringComparison.Ordinal);
            loaded.Compression.Validate(loaded.Language.Layers);
        }
    }

    [Fact]
    public void VideoXl_TilesAndTokens_AreThePublishedOnes()
    {
        ModelConfig config = PublishedGeometries.Find("video-xl").Config;

        IReadOnlyList<PictureSize> canvases = AnyResTiling.ParsePinpoints(config.ImageGridPinpoints!, 336);
        Assert.Equal(200, canvases.Count);
        Assert.Equal([new(336, 672), new(336, 1008)], canvases.Take(2));
        Assert.Equal(new(49 * 336, 336), canvases[^1]);
        Assert.Equal((144, 144, 1440), (config.Connector.TokensPerFrame, config.Connector.TokensPerImage, config.Vst!.Window));
        Assert.Equal([2, 4, 8], config.Vst.Ratios);
    }

    [Fact]
    public void Names_OfAllGeometries_AreDistinct()
    {
        string[] names = [.. PublishedGeometries.All.SelectMany(g => new[] { g.Variant, g.Name, g.ShortName, g.HubId })];

        Assert.Equal(24, names.Distinct(StringComparer.OrdinalIgnoreCase).Count());
    }
}
