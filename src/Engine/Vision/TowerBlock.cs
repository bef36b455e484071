using Studio.Engine.Layers;
using Studio.Engine.Torch;

namespace Studio.Engine.Vision;

/// <summary>The MLP that towers share: linear, activation, linear.</summary>
internal sealed class TowerMlp
{
    private readonly Linear _up;
    private readonly Linear _down;
    private readonly Func<Tensor, Tensor> _activation;

    /// <param name="activation">May overwrite its argument; null: the exact (erf) GELU.</param>
    internal TowerMlp(TowerWeights weights, string name, int width, int hidden, Func<Tensor, Tensor>? activation = null)
    {
        _activation = activation ?? Activations.Gelu;
        _up = new(weights.Get($"{name}.fc1.weight", hidden, width), weights.Get($"{name}.fc1.bias", hidden));
        _down = new(weights.Get($"{name}.fc2.weight", width, hidden), weights.Get($"{name}.fc2.bias", width));
    }

    internal Tensor Forward(Tensor x)
    {
        using var scope = torch.NewDisposeScope();
        return _down.Forward(_activation(_up.Forward(x))).MoveToOuterDisposeScope();
    }
}

internal static class Residual
{
    /// <summary>x + branch; written over x while no gradients are recorded.</summary>
    internal static Tensor Add(Tensor x, Tensor branch) => torch.is_grad_enabled() ? x + branch : x.add_(branch);

    /// <summary>x + branch * scale, the product in fp32 and rounded to x's type before the sum (spec 3.3).</summary>
    internal static Tensor AddScaled(Tensor x, Tensor branch, Tensor scale)
    {
        if (torch.is_grad_enabled() || x.dtype != ScalarType.Float32)
        {
            return Add(x, (branch.to(ScalarType.Float32) * scale.to(ScalarType.Float32)).to(x.dtype));
        }

        return x.add_(branch.mul_(scale));
    }
}
