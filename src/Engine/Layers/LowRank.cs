using Studio.Engine.Torch;
using F = Studio.Engine.Torch.torch.nn.functional;

namespace Studio.Engine.Layers;

/// <summary>A matrix's correction of low rank: scale · up · down.</summary>
/// <param name="Down">[rank, in], A of Hu et al. 2021; borrowed.</param>
/// <param name="Up">[out, rank], B; borrowed.</param>
/// <param name="Scale">Alpha / rank.</param>
public sealed record LowRank(Tensor Down, Tensor Up, double Scale)
{
    /// <summary>x [..., in] → [..., out], in x's type.</summary>
    public Tensor Forward(Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        using var scope = torch.NewDisposeScope();
        return (F.linear(F.linear(x, Down.to(x.dtype)), Up.to(x.dtype)) * Scale).MoveToOuterDisposeScope();
    }

    /// <summary>[out, in]: what the correction adds to the matrix.</summary>
    public Tensor Product()
    {
        using var scope = torch.NewDisposeScope();
        return (Up.matmul(Down) * Scale).MoveToOuterDisposeScope();
    }
}
