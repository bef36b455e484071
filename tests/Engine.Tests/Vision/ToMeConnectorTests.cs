using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;
using Studio.Engine.Vision;
using Xunit;
using static Studio.Engine.Torch.torch;

namespace Studio.Engine.Tests.Vision;

public sealed class ToMeConnectorTests
{
    [Theory]
    [MemberData(nameof(TokenMergerTests.Subcases), MemberType = typeof(TokenMergerTests))]
    public void Forward_Golden_ProjectionAgrees(string name)
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenCase("vcf_tome");
        using var connector = Load(golden, new());
        var merged = golden[name + ".merged"];
        var tokens = connector.Forward(TokenMergerTests.Clips(golden[name + ".input"], merged.size(0)), (int)merged.size(1));
        golden.AssertClose(name + ".projected", tokens.Tokens);
        Assert.Null(tokens.Groups);
    }

    [Fact]
    public void Targets_FollowTheConfig()
    {
        using var golden = new GoldenCase("vcf_tome");
        using var connector = Load(golden, new());
        Assert.Equal(64, connector.ClipTokens(4));
        Assert.Equal(64, connector.ImageTokens);
        Assert.Equal(48, connector.Width);
    }

    [Fact]
    public void Load_WrongConfig_IsRefused()
    {
        using var golden = new GoldenCase("vcf_tome");
        Assert.Contains("mlp9", Assert.Throws<ArgumentException>(() => Load(golden, new() { ProjectorType = "mlp9" })).Message, StringComparison.Ordinal);
        var error = Assert.Throws<InvalidDataException>(() => ToMeConnector.Load(new(), golden.Config with { HiddenSize = 64 }, golden.Weights, Device.CPU, ScalarType.Float32));
        Assert.Contains("model.mm_projector.mlp.0.weight has shape [48, 32]", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Forward_Gradient_ReachesWeightsAndFeatures()
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenCase("vcf_tome");
        foreach (var name in golden.Weights.Names) golden.Weights.Get(name).requires_grad_();
        using var connector = Load(golden, new());
        var features = golden["image81.input"].detach().requires_grad_();
        connector.Forward(features, 64).Tokens.sum().backward();
        Assert.All(golden.Weights.Names, name => Assert.NotNull(golden.Weights.Get(name).grad));
        Assert.True(features.grad!.abs().sum().item<float>() > 0);
    }

    internal static ToMeConnector Load(GoldenCase golden, ConnectorConfig config) =>
        ToMeConnector.Load(config, golden.Config, golden.Weights, Device.CPU, ScalarType.Float32);
}
