using Studio.Engine.Torch;
using Xunit;
using static Studio.Engine.Torch.torch;
using F = Studio.Engine.Torch.torch.nn.functional;

namespace Studio.Engine.Tests.Torch;

public sealed class AutogradTests
{
    [Fact]
    public void Backward_OfACrossEntropy_IsSoftmaxMinusOneHot()
    {
        using var scope = NewDisposeScope();
        var logits = tensor([0.5f, -1, 2, 0, 0, 0], 2, 3).requires_grad_();
        F.cross_entropy(logits, tensor([2L, 0])).backward();
        var expected = (softmax(logits.detach(), 1) - tensor([0f, 0, 1, 1, 0, 0], 2, 3)) / 2;
        Assert.True((logits.grad! - expected).abs().max().item<float>() < 1e-7);
        logits.grad = null;
        Assert.Null(logits.grad);
    }

    [Fact]
    public void AutogradGrad_ReturnsNullForAnUnusedInput()
    {
        using var scope = NewDisposeScope();
        var (x, unused) = (tensor([3f]).requires_grad_(), tensor([1f]).requires_grad_());
        var grads = autograd_grad([x * x], [x, unused], allow_unused: true);
        Assert.Equal(6f, grads[0]!.item<float>());
        Assert.Null(grads[1]);
        Assert.Throws<TorchException>(() => autograd_grad([x * x], [unused]));
    }

    [Fact]
    public void NoGradAndInferenceMode_RecordNothing_AndEnd()
    {
        using var scope = NewDisposeScope();
        var x = tensor([3f]).requires_grad_();
        using (no_grad()) Assert.False((x * x).requires_grad);
        using (inference_mode()) Assert.False((x * x).requires_grad);
        Assert.True((x * x).requires_grad);
    }
}
