using Studio.Engine.Layers;
using Studio.Engine.Torch;
using Xunit;
using static Studio.Engine.Torch.torch;
using F = Studio.Engine.Torch.torch.nn.functional;

namespace Studio.Engine.Tests.Layers;

public sealed class LinearTests
{
    [Theory]
    [InlineData(64, 64)]
    [InlineData(64, 128)]
    [InlineData(128, 64)]
    [InlineData(1536, 256)]
    public void Forward_RowsBits_DoNotDependOnTheirCompany(int inFeatures, int outFeatures)
    {
        using var mode = inference_mode();
        using var scope = NewDisposeScope();
        manual_seed(0);
        var (x, linear) = (randn([1024, inFeatures]), new Linear(randn([outFeatures, inFeatures]), randn([outFeatures])));
        var all = linear.Forward(x);
        foreach (var rows in new[] { 1, 2, 3, 5, 8, 17, 64, 255 })
        {
            Assert.Equal(all.narrow(0, 7, rows).ToArray<float>(), linear.Forward(x.narrow(0, 7, rows)).ToArray<float>());
        }
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float16)]
    public void ForwardRow_ReadsTheWeightAsStored(ScalarType stored)
    {
        using var mode = inference_mode();
        using var scope = NewDisposeScope();
        manual_seed(1);
        var linear = new Linear(randn([37, 100]).to(stored), randn([37]).to(stored));
        var x = randn([1, 100]);
        var expected = F.linear(x, linear.Weight.to(ScalarType.Float32), linear.Bias!.to(ScalarType.Float32));
        Assert.True((linear.ForwardRow(x) - expected).abs().max().item<float>() < 2e-5);
        Assert.True((linear.Forward(x) - expected).abs().max().item<float>() < 2e-5);
    }

    [Fact]
    public void Forward_UnderAutograd_GivesGradients()
    {
        using var scope = NewDisposeScope();
        var weight = randn([3, 4]).requires_grad_();
        new Linear(weight, null).Forward(ones([2, 4])).sum().backward();
        Assert.Equal(Enumerable.Repeat(2f, 12), weight.grad!.ToArray<float>());
    }
}
