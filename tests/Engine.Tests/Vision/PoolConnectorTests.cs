using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;
using Studio.Engine.Vision;
using Xunit;
using static Studio.Engine.Torch.torch;
using F = Studio.Engine.Torch.torch.nn.functional;

namespace Studio.Engine.Tests.Vision;

public sealed class PoolConnectorTests
{
    [Fact]
    public void Forward_PoolingBeforeTheSecondLinear_EqualsPoolingAfterIt()
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenCase("vxl_projector_pool");
        using var connector = Load(golden);
        using var guard = no_grad();
        var features = golden["video.tower"];
        var projected = connector.Forward(features, connector.Patches).Tokens;
        golden.AssertClose("video.projected", projected);
        var pooled = F.avg_pool2d(projected.view(5, 6, 6, 40).permute(0, 3, 1, 2), 2, 2).permute(0, 2, 3, 1).reshape(5, 9, 40);
        var tokens = connector.Forward(features, connector.ImageTokens);
        Assert.InRange((tokens.Tokens - pooled).abs().max().item<float>(), 0, 2e-6f);
        Assert.All(tokens.Sizes.ToArray<int>(), size => Assert.Equal(4, size));
        Assert.Null(tokens.Groups);
    }

    [Fact]
    public void Forward_Groups_AreSquaresOfTheGrid()
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenCase("vxl_projector_pool");
        using var connector = Load(golden);
        using var guard = no_grad();
        var groups = connector.Forward(golden["video.tower"], connector.ImageTokens, recordGroups: true).Groups!;
        Assert.Equal((5, 9, 36), (groups.Clips, groups.Tokens, groups.Patches));
        Assert.Equal([0, 1, 6, 7], groups.Members(0, 0));
        Assert.Equal([28, 29, 34, 35], groups.Members(4, 8));
    }

    [Fact]
    public void Forward_OddGrid_LeavesItsLastRowAndColumnOut()
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenCase("vxl_projector_pool");
        var odd = golden.Config with { ImageSize = 70 };
        using var connector = PoolConnector.Load(ConnectorConfig.Pooled(odd), odd, golden.Weights, Device.CPU, ScalarType.Float32);
        using var guard = no_grad();
        var features = TokenMergerTests.Random(7, 1, 25, 32);
        var tokens = connector.Forward(features, 4, recordGroups: true);
        Assert.Null(tokens.Groups); // some patches belong to no token

        var projected = connector.Forward(features, 25).Tokens.view(5, 5, 40);
        foreach (var (token, row, column) in new[] { (0, 0, 0), (1, 0, 2), (2, 2, 0), (3, 2, 2) })
        {
            var mean = projected.narrow(0, row, 2).narrow(1, column, 2).reshape(4, 40).mean(0);
            Assert.InRange((tokens.Tokens.select(1, token).squeeze(0) - mean).abs().max().item<float>(), 0, 2e-6f);
        }
    }

    [Fact]
    public void Forward_WrongSizes_AreRefused()
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenCase("vxl_projector_pool");
        using var connector = Load(golden);
        Assert.Contains("do not become 5 tokens", Assert.Throws<ArgumentException>(() => connector.Forward(golden["video.tower"], 5)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => connector.Forward(zeros([1, 35, 32]), 9));
        var other = Assert.Throws<ArgumentException>(() => PoolConnector.Load(new(), golden.Config, golden.Weights, Device.CPU, ScalarType.Float32));
        Assert.Contains("tome16_mlp_hd64", other.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(PoolMode.Average)]
    [InlineData(PoolMode.Max)]
    public void Forward_Gradient_ReachesWeightsAndFeatures(PoolMode mode)
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenCase("vxl_projector_pool");
        string[] names = ["0.weight", "0.bias", "2.weight", "2.bias"];
        foreach (var name in names) golden.Weights.Get(TensorLayout.ProjectorPrefix + name).requires_grad_();
        using var connector = PoolConnector.Load(ConnectorConfig.Pooled(golden.Config) with { PoolMode = mode }, golden.Config, golden.Weights, Device.CPU, ScalarType.Float32);
        var features = golden["video.tower"].detach().requires_grad_();
        connector.Forward(features, connector.ImageTokens).Tokens.sum().backward();
        Assert.All(names, name => Assert.NotNull(golden.Weights.Get(TensorLayout.ProjectorPrefix + name).grad));
        Assert.True(features.grad!.abs().sum().item<float>() > 0);
    }

    [Fact]
    public void TileOrder_WrongNumberOfTiles_IsRefused()
    {
        using var scope = NewDisposeScope();
        var tokens = zeros([6, 9, 4]);
        Assert.Equal([54, 4], TileOrder.Rows(tokens, TileMerge.Unires, 3, 2, new(500, 210)).shape);
        Assert.Contains("3 x 2 and the whole picture", Assert.Throws<ArgumentException>(() => TileOrder.Rows(tokens, TileMerge.Flat, 3, 2, new(500, 210))).Message, StringComparison.Ordinal);
        Assert.Contains("model.image_newline", Assert.Throws<ArgumentException>(
            () => TileOrder.Rows(zeros([7, 9, 4]), TileMerge.SpatialUnpad, 3, 2, new(500, 210))).Message, StringComparison.Ordinal);
    }

    private static PoolConnector Load(GoldenCase golden) =>
        PoolConnector.Load(ModelConfig.Load(Golden.Folder("vxl_projector_pool")).Connector, golden.Config, golden.Weights, Device.CPU, ScalarType.Float32);
}
