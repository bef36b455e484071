using Studio.Engine.Torch;
using F = Studio.Engine.Torch.torch.nn.functional;

namespace Studio.Engine.Layers;

/// <summary>
/// y = x W^T + b over the last dimension. The weight keeps the type and storage it was loaded with (often bf16 straight
/// from the mapped checkpoint file); it is converted to the activations' type for the length of a call, or once for many
/// calls through <see cref="WeightAs"/>.
/// </summary>
/// <param name="weight">[out, in]; borrowed: the checkpoint's <c>Weights</c> own it.</param>
/// <param name="bias">[out] or null; borrowed.</param>
public sealed class Linear(Tensor weight, Tensor? bias)
{
    /// <summary>
    /// OpenBLAS multiplies in another order where rows × in × out is at most this (its small-matrix kernels): the same row
    /// would then come out in other last bits alone than in company. Smaller products are padded beyond it, so that a row's
    /// bits never depend on what it is batched with, and re-used and fresh prefills agree.
    /// </summary>
    private const long SmallProduct = 1_000_000;

    public Tensor Weight { get; } = weight;

    public Tensor? Bias { get; } = bias;

    public long InFeatures { get; } = weight.size(1);

    public long OutFeatures { get; } = weight.size(0);

    /// <summary>x [..., in] → [..., out], in x's type.</summary>
    public Tensor Forward(Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        var dtype = x.dtype;
        using var scope = torch.NewDisposeScope();
        var (w, b) = (Weight.to(dtype), Bias?.to(dtype));
        var rows = x.numel() / InFeatures;
        if (CpuPath.Takes(x) && rows * InFeatures * OutFeatures <= SmallProduct) return Padded(x, rows, w, b).MoveToOuterDisposeScope();
        return F.linear(x, w, b).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The same for one row, reading the weight in the type it is stored in: bound by reading it once. Rounds differently
    /// from <see cref="Forward"/> in the last bits, so generation uses it for tokens one by one, and prefill never does.
    /// </summary>
    /// <param name="x">[1, in].</param>
    public unsafe Tensor ForwardRow(Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (!CpuPath.Takes(x) || CpuPath.KernelTypeOf(Weight.dtype) is not { } type) return Forward(x);
        using var scope = torch.NewDisposeScope();
        var bias32 = Bias?.to(ScalarType.Float32);
        var input = x.contiguous();
        var y = torch.empty([1, OutFeatures]);
        Kernels.MatVec(
            new()
            {
                W = Weight.Pointer(),
                WStride = InFeatures,
                WType = type,
                Bias = bias32 is null ? null : (float*)bias32.Pointer(),
                X = (float*)input.Pointer(),
                XStride = InFeatures,
                Y = (float*)y.Pointer(),
                YStride = OutFeatures,
                Rows = 1,
                N = OutFeatures,
                K = InFeatures,
            },
            CpuPath.Threads);
        return y.MoveToOuterDisposeScope();
    }

    /// <summary>The weight in another type: itself if it has it already, else a copy owned by the current scope.</summary>
    public Tensor WeightAs(ScalarType dtype) => Weight.to(dtype);

    public Tensor? BiasAs(ScalarType dtype) => Bias?.to(dtype);

    private Tensor Padded(Tensor x, long rows, Tensor w, Tensor? b)
    {
        var shape = x.shape;
        shape[^1] = OutFeatures;
        var enough = (SmallProduct / (InFeatures * OutFeatures)) + 1;
        var padded = torch.zeros([enough, InFeatures]);
        _ = padded.narrow(0, 0, rows).copy_(x.reshape(rows, InFeatures));
        return F.linear(padded, w, b).narrow(0, 0, rows).clone().view(shape);
    }
}
