using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;
using Studio.Engine.Vision;
using Xunit;
using static Studio.Engine.Torch.torch;

namespace Studio.Engine.Tests.Vision;

public sealed class VisionTowerTests
{
    public static TheoryData<string> Cases => ["vcf_umt_native224", "vcf_umt_interp96", "vcf_umt_interp64_f8", "vcf_internvideo2"];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Forward_Golden_ClipsAndImagesAgree(string name)
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenCase(name);
        using var tower = Load(golden);
        var pixels = golden.Pixels("video.pixels_u8");
        using (no_grad())
        {
            golden.AssertClose("video.features", tower.Forward(pixels, TestContext.Current.CancellationToken));
            golden.AssertClose("image.features", tower.Forward(pixels.narrow(1, 0, 1), TestContext.Current.CancellationToken));
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Forward_UnderAutograd_EqualsInferenceAndReachesTheWeights(string name)
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenCase(name);
        var trained = golden.Weights.Names.Where(n => !n.EndsWith("pos_embed", StringComparison.Ordinal)).ToArray();
        foreach (var weight in trained) golden.Weights.Get(weight).requires_grad_();
        using var tower = Load(golden);
        var features = tower.Forward(golden.Pixels("video.pixels_u8"), TestContext.Current.CancellationToken);
        golden.AssertClose("video.features", features.detach());

        (features * features).sum().backward();
        foreach (var weight in trained)
        {
            using var gradient = golden.Weights.Get(weight).grad;
            Assert.True(gradient is not null && gradient.abs().sum().item<float>() > 0, $"{weight} got no gradient");
        }
    }
    [Theory]
    [MemberData(nameof(Cases))]
    public void Forward_Cancelled_StopsBeforeTheNextLayer(string name)
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenCase(name);
        using var tower = Load(golden);
        using var guard = no_grad();
        Assert.Throws<OperationCanceledException>(() => tower.Forward(golden.Pixels("video.pixels_u8"), new CancellationToken(canceled: true)));
    }

    [Fact]
    public void PatchEmbedding_Golden_Agrees()
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenCase("vcf_umt_interp96");
        using var weights = new TowerWeights(golden.Weights, "model.vision_tower.vision_tower.encoder.", Device.CPU, ScalarType.Float32);
        var embedding = new PatchEmbedding(weights, golden.Config.HiddenSize, golden.Config.PatchSize);
        golden.AssertClose("video.patch_embed", embedding.Forward(golden.Pixels("video.pixels_u8")).narrow(1, 0, 64));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Forward_InBf16_StaysNearFp32(string name)
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenCase(name);
        using var tower = VisionTower.Load(golden.Config, golden.Weights, Device.CPU, ScalarType.BFloat16);
        using var guard = no_grad();
        var features = tower.Forward(golden.Pixels("video.pixels_u8").to(ScalarType.BFloat16), TestContext.Current.CancellationToken);
        Assert.Equal(ScalarType.BFloat16, features.dtype);

        var expected = golden["video.features"];
        var error = (features.to(ScalarType.Float32) - expected).flatten().norm(0).item<float>() / expected.flatten().norm(0).item<float>();
        Assert.InRange(error, 0, 0.03); // bf16 rounds to 2^-9; a wrong table or norm is tens of percent
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Forward_Batch_EqualsClipByClip(string name)
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenCase(name);
        using var tower = Load(golden);
        using var guard = no_grad();
        var clip = golden.Pixels("video.pixels_u8").narrow(0, 0, 1);
        var other = clip.flip(1);
        var together = tower.Forward(cat([clip, other, clip]), TestContext.Current.CancellationToken);
        Assert.Equal(tower.Forward(clip, TestContext.Current.CancellationToken).ToArray<float>(), together.narrow(0, 2, 1).ToArray<float>());
        Assert.Equal(tower.Forward(other, TestContext.Current.CancellationToken).ToArray<float>(), together.narrow(0, 1, 1).ToArray<float>());
    }

    [Fact]
    public void Forward_WrongPixels_SaysWhatIsNeeded()
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenCase("vcf_umt_interp96");
        using var tower = Load(golden);
        Refused("[2, 4, 3, 96, 80]", zeros([2, 4, 3, 96, 80]));
        Refused("resize frames to 96 x 96", zeros([2, 4, 3, 112, 112]));
        Refused("[4, 3, 96, 96]", zeros([4, 3, 96, 96]));
        Refused("clips of 4 frames or single images, not of 3 frames", zeros([1, 3, 3, 96, 96]));
        Refused("bf16", zeros([1, 4, 3, 96, 96], ScalarType.BFloat16));

        void Refused(string part, Tensor pixels) =>
            Assert.Contains(part, Assert.Throws<ArgumentException>(() => tower.Forward(pixels, TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_ContradictoryConfig_IsRefused()
    {
        using var golden = new GoldenCase("vcf_umt_interp96");
        var config = golden.Config;
        Refused("select layer -9", config with { SelectLayer = -9 });
        Refused("heads", config with { Heads = 5 });
        Refused("multiple of the patch side", config with { ImageSize = 100 });
        Refused("clip of 0 frames", config with { FramesPerClip = 0 });
        Refused("CLIP encodes frames one by one", config with { Kind = VisionTowerKind.Clip });
        Assert.Contains("int64", Assert.Throws<ArgumentException>(() => VisionTower.Load(config, golden.Weights, Device.CPU, ScalarType.Int64)).Message, StringComparison.Ordinal);
        Assert.Contains("[48, 48]", Assert.Throws<InvalidDataException>(
            () => VisionTower.Load(config with { MlpHiddenSize = 48 }, golden.Weights, Device.CPU, ScalarType.Float32)).Message, StringComparison.Ordinal);
        Assert.Throws<KeyNotFoundException>(() => VisionTower.Load(config with { SelectLayer = -1 }, golden.Weights, Device.CPU, ScalarType.Float32));

        void Refused(string part, VisionConfig wrong) => Assert.Contains(part,
            Assert.Throws<ArgumentException>(() => VisionTower.Load(wrong, golden.Weights, Device.CPU, ScalarType.Float32)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_InternVideo2OnAnotherGrid_ResizesItsTables()
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenCase("vcf_internvideo2");
        using var tower = VisionTower.Load(golden.Config with { ImageSize = 84, FramesPerClip = 8 }, golden.Weights, Device.CPU, ScalarType.Float32);
        using var guard = no_grad();
        var features = tower.Forward(ones([1, 8, 3, 84, 84]), TestContext.Current.CancellationToken);
        Assert.Equal([1, 8 * 36, 48], features.shape);
        Assert.True(features.isfinite().all().item<bool>());
    }

    private static VisionTower Load(GoldenCase golden) => VisionTower.Load(golden.Config, golden.Weights, Device.CPU, ScalarType.Float32);
}
