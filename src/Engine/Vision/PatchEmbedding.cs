using Studio.Engine.Layers;
using Studio.Engine.Torch;

namespace Studio.Engine.Vision;

/// <summary>
/// The towers' first layer, a convolution with kernel = stride = (1,) p, p, written as what it is: one matrix product
/// over unfolded patches. Its result is already in token order, where a convolution's has to be transposed.
/// </summary>
internal sealed class PatchEmbedding
{
    private readonly Tensor _weight;
    private readonly Tensor? _bias;
    private readonly int _patch;

    /// <summary>UMT's and InternVideo2's.</summary>
    internal PatchEmbedding(TowerWeights weights, int width, int patch)
        : this(weights.Get("patch_embed.proj.weight", width, 3, 1, patch, patch), weights.Get("patch_embed.proj.bias", width), patch) { }

    /// <param name="weight">[width, 3, (1,) patch, patch].</param>
    internal PatchEmbedding(Tensor weight, Tensor? bias, int patch) => (_weight, _bias, _patch) = (weight, bias, patch);

    /// <summary>[clips, frames, 3, H, W] → [clips, frames * (H/p) * (W/p), width], in order of time, row, column.</summary>
    internal Tensor Forward(Tensor pixels)
    {
        using var scope = torch.NewDisposeScope();
        var (clips, frames, height, width) = (pixels.size(0), pixels.size(1), pixels.size(3), pixels.size(4));
        var (rows, columns) = (height / _patch, width / _patch);
        var patches = pixels.reshape(clips * frames, 3, rows, _patch, columns, _patch)
            .permute(0, 2, 4, 1, 3, 5)
            .reshape(clips, frames * rows * columns, 3L * _patch * _patch);
        return new Linear(_weight.view(_weight.size(0), -1), _bias).Forward(patches).MoveToOuterDisposeScope();
    }
}
