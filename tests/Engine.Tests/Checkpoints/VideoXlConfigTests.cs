using Studio.Engine.Checkpoints;
using Xunit;

namespace Studio.Engine.Tests.Checkpoints;

public sealed class VideoXlConfigTests : IDisposable
{
    private const string Case = "vxl_clip_encoder";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Load_GoldenModel_ReadsEveryPart()
    {
        ModelConfig config = ModelConfig.Load(TestFiles.Golden(Case));

        Assert.Equal(ModelSystem.VideoXl, config.System);
        Assert.Equal(VisionTowerKind.Clip, config.Vision.Kind);
        Assert.Equal((48, 4, 3, 4, 96), (config.Vision.HiddenSize, config.Vision.DeclaredLayers, config.Vision.BuiltLayers, config.Vision.Heads, config.Vision.MlpHiddenSize));
        Assert.Equal((14, 56, 1, 16, 1e-5), (config.Vision.PatchSize, config.Vision.ImageSize, config.Vision.FramesPerClip, config.Vision.TokensPerFrame, config.Vision.NormEps));
        Assert.Equal((4, 4, PoolMode.Average, TileMerge.Unires), (config.Connector.TokensPerFrame, config.Connector.TokensPerImage, config.Connector.PoolMode, config.Connector.TileMerge));
        Assert.Equal((48, "step-random", "eos"), (config.Vst!.Window, config.Vst.RatioMix, config.Vst.EmbedInit));
        Assert.Equal([8], config.Vst.Ratios);
        Assert.False(config.Compression.Enabled);
    }

    [Fact]
    public void Load_VideoChatFlash_HasNoSummaryTokens()
    {
        ModelConfig config = ModelConfig.Load(TestFiles.Golden("vcf_tome"));

        Assert.Equal(ModelSystem.VideoChatFlash, config.System);
        Assert.Null(config.Vst);
    }

    [Theory]
    [InlineData(Case)]
    [InlineData("vxl_projector_pool")]
    public void Save_ThenLoad_GivesTheSameConfiguration(string caseName)
    {
        ModelConfig config = ModelConfig.Load(TestFiles.Golden(caseName));

        config.Save(_folder.Path);

        Assert.Equal(config.ToJson(), ModelConfig.Load(_folder.Path).ToJson());
    }

    // Each row changes one value of a sound file into one that cannot be used.
    [Theory]
    [InlineData("\"enable_beacon\": true", "\"enable_beacon\": false", "enable_beacon: expected true: a Video-XL")]
    [InlineData("\"beacon_window\": 48", "\"beacon_window\": 0", "beacon_window")]
    [InlineData("\"beacon_stride\": 48", "\"beacon_stride\": 24", "beacon_stride: expected 48")]
    [InlineData("\"beacon_attn\": \"full-coverage\"", "\"beacon_attn\": \"segmentation\"", "beacon_attn")]
    [InlineData("\"beacon_pos\": \"interleave\"", "\"beacon_pos\": \"append\"", "beacon_pos")]
    [InlineData("\"beacon_sink_size\": 0", "\"beacon_sink_size\": 1", "beacon_sink_size")]
    [InlineData("\"beacon_parallel_window\": 1", "\"beacon_parallel_window\": 2", "beacon_parallel_window")]
    [InlineData("  \"v\"\n", "  \"v\",\n  \"o\"\n", "beacon_param")]
    [InlineData("  8\n", "  0\n", "beacon_ratio")] // keeping raw tokens is a setting of ours, not a ratio
    [InlineData("  8\n", "\n", "beacon_ratio: expected one ratio or several")]
    [InlineData("\"beacon_embed_init\": \"eos\"", "\"beacon_embed_init\": \"mean\"", "beacon_embed_init")]
    [InlineData("\"mm_projector_type\": \"mlp2x_gelu\"", "\"mm_projector_type\": \"linear\"", "mm_projector_type")]
    [InlineData("\"mm_patch_merge_type\": \"unires\"", "\"mm_patch_merge_type\": \"tiles\"", "unires, flat, spatial")]
    [InlineData("\"mm_spatial_pool_mode\": \"average\"", "\"mm_spatial_pool_mode\": \"conv\"", "average or max")]
    [InlineData("\"mm_spatial_pool_stride\": 2", "\"mm_spatial_pool_stride\": 3", "mm_spatial_pool_stride")]
    [InlineData("\"mm_vision_select_feature\": \"patch\"", "\"mm_vision_select_feature\": \"cls_patch\"", "mm_vision_select_feature")]
    [InlineData("\"mm_vision_select_layer\": -2", "\"mm_vision_select_layer\": null", "mm_vision_select_layer: expected a whole number")] // -1 or -2: nobody may guess
    [InlineData("\"mm_vision_tower\": \"openai/clip-vit-large-patch14-336\"", "\"mm_vision_tower\": \"umt-large\"", "openai/clip-vit-large-patch14-336")] // the other system's tower
    [InlineData("\"image_aspect_ratio\": \"anyres\"", "\"image_aspect_ratio\": \"pad\"", "anyres or anyres_max_N")]
    public void Load_WrongValue_IsRefusedNamingKeyAndRemedy(string from, string to, string reason)
    {
        string path = _folder.File("config.json");
        File.Copy(TestFiles.Golden(Case, "config.json"), path);
        TestFiles.Edit(path, from, to);

        var error = Assert.Throws<CheckpointException>(() => ModelConfig.Load(_folder.Path));

        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("openai/clip-vit-large-patch14-336", 336)]
    [InlineData("/checkpoints/CLIP/clip-vit-large-patch14-336", 336)] // published files may carry a path
    [InlineData("openai/clip-vit-large-patch14", 224)]
    public void ForTower_ClipNames_GiveItsSizes(string name, int pixels)
    {
        VisionConfig vision = VisionConfig.ForTower(name)!;

        Assert.Equal((VisionTowerKind.Clip, pixels, 14, 1024, 4096, 1), (vision.Kind, vision.ImageSize, vision.PatchSize, vision.HiddenSize, vision.MlpHiddenSize, vision.FramesPerClip));
    }

    [Fact]
    public void Load_StoredRopeScaling_IsIgnored()
    {
        string path = _folder.File("config.json");
        File.Copy(TestFiles.Golden(Case, "config.json"), path);
        TestFiles.Edit(path, "\"rope_scaling\": null", "\"rope_scaling\": {\"type\": \"yarn\", \"factor\": 4.0}");

        Assert.Null(ModelConfig.Load(_folder.Path).Language.RopeScaling);
    }
}
