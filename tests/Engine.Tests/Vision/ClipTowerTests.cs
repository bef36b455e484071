using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;
using Studio.Engine.Vision;
using Xunit;
using static Studio.Engine.Torch.torch;

namespace Studio.Engine.Tests.Vision;

public sealed class ClipTowerTests
{
    [Fact]
    public void Forward_Golden_AgreesAtEverySelectedLayer()
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenCase("vxl_clip_encoder");
        using var guard = no_grad();
        var pixels = golden.Pixels("pixels_u8").unsqueeze(1);
        for (var select = -1; select >= -4; select--)
        {
            // "hidden k" is the output of k blocks, class token included.
            using var tower = Load(golden, golden.Config with { SelectLayer = select });
            var hidden = $"hidden{golden.Config.DeclaredLayers + select + 1}";
            var expected = golden[hidden];
            AssertClose(expected.narrow(1, 1, expected.size(1) - 1), tower.Forward(pixels, TestContext.Current.CancellationToken));
            AssertClose(expected.select(1, 0), tower.ClassTokens(pixels, TestContext.Current.CancellationToken));
            Assert.Throws<OperationCanceledException>(() => tower.Forward(pixels, new CancellationToken(canceled: true)));
            Assert.Throws<OperationCanceledException>(() => tower.ClassTokens(pixels, new CancellationToken(canceled: true)));
        }
    }

    [Fact]
    public void Forward_UnderAutograd_ReachesEveryUsedWeight()
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenCase("vxl_clip_encoder");
        var used = TensorLayout.For(ModelConfig.Load(Golden.Folder("vxl_clip_encoder"))).Tensors
            .Where(t => t.Scope == CheckpointScope.Vision && t.Used).Select(t => t.Name).ToArray();
        foreach (var name in used) golden.Weights.Get(name).requires_grad_();
        using var tower = Load(golden, golden.Config);
        var features = tower.Forward(golden.Pixels("pixels_u8").unsqueeze(1), TestContext.Current.CancellationToken);
        golden.AssertClose("features", features.detach());

        (features * features).sum().backward();
        Assert.All(used, name => Assert.True(golden.Weights.Get(name).grad is { } g && g.abs().sum().item<float>() > 0, name));
    }

    [Fact]
    public void Forward_Batch_EqualsFrameByFrame()
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenCase("vxl_clip_encoder");
        using var tower = Load(golden, golden.Config);
        using var guard = no_grad();
        var pixels = golden.Pixels("pixels_u8").unsqueeze(1);
        var together = tower.Forward(pixels, TestContext.Current.CancellationToken);
        for (var frame = 0; frame < 3; frame++)
        {
            Assert.Equal(tower.Forward(pixels.narrow(0, frame, 1), TestContext.Current.CancellationToken).ToArray<float>(), together.narrow(0, frame, 1).ToArray<float>());
        }
    }

    [Fact]
    public void ClassTokens_WrongPixels_AreRefused()
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenCase("vxl_clip_encoder");
        using var tower = (ClipTower)Load(golden, golden.Config);
        Assert.Contains("resize frames to 56 x 56", Assert.Throws<ArgumentException>(() => tower.ClassTokens(zeros([1, 1, 3, 28, 28]), TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
        Assert.Contains("not of 4 frames", Assert.Throws<ArgumentException>(() => tower.Forward(zeros([1, 4, 3, 56, 56]), TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    private static ClipTower Load(GoldenCase golden, VisionConfig config) => (ClipTower)VisionTower.Load(config, golden.Weights, Device.CPU, ScalarType.Float32);

    private static void AssertClose(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.InRange((expected - actual).abs().max().item<float>(), 0, 1e-5f);
    }
}
