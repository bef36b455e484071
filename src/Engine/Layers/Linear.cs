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
/// <param name="correction">Added to the product while it is being trained; null otherwise.</param>
public sealed class Linear(Tensor weight, Tensor? bias, LowRank? correction = null)
{
    public Tensor Weight { get; } = weight;

    public Tensor? Bias { get; } = bias;

    public LowRank? Correction { get; } = correction;

    /// <summary>Weight, bias and correction.</summary>
    public IEnumerable<Tensor> Tensors => new[] { Weight, Bias, Correction?.Down, Correction?.Up }.OfType<Tensor>();

    public long InFeatures { get; } = weight.size(1);

    public long OutFeatures { get; } = weight.size(0);

    /// <summary>
    /// x [..., in] → [..., out], in x's type. On the CPU in fp32 a row's bits never depend on the rows it is batched with, so that
    /// re-used and fresh prefills agree, whichever BLAS is installed.
    /// </summary>
    public Tensor Forward(Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (Correction is null) return Uncorrected(x);
        using var scope = torch.NewDisposeScope();
        return (Uncorrected(x) + Correction.Forward(x)).MoveToOuterDisposeScope();
    }

    private unsafe Tensor Uncorrected(Tensor x)
    {
        using var scope = torch.NewDisposeScope();
        if (!CpuPath.Takes(x) || CpuPath.KernelTypeOf(Weight.dtype) is not { } type) return F.linear(x, Weight.to(x.dtype), Bias?.to(x.dtype)).MoveToOuterDisposeScope();
        var shape = x.shape;
        shape[^1] = OutFeatures;
        var (input, weight, bias32) = (x.contiguous(), Weight.contiguous(), Bias?.to(ScalarType.Float32));
        var y = torch.empty(shape);
        Kernels.Gemm(Product(input, weight, type, bias32, y, x.numel() / Math.Max(InFeatures, 1)), CpuPath.Threads);
        return y.MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The same for one row, reading the weight in the type it is stored in: bound by reading it once. Rounds differently
    /// from <see cref="Forward"/> in the last bits, so generation uses it for tokens one by one, and prefill never does.
    /// </summary>
    /// <param name="x">[1, in].</param>
    public unsafe Tensor ForwardRow(Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (!CpuPath.Takes(x) || Correction is not null || CpuPath.KernelTypeOf(Weight.dtype) is not { } type) return Forward(x);
        using var scope = torch.NewDisposeScope();
        var y = torch.empty([1, OutFeatures]);
        Kernels.MatVec(Product(x.contiguous(), Weight.contiguous(), type, Bias?.to(ScalarType.Float32), y, rows: 1), CpuPath.Threads);
        return y.MoveToOuterDisposeScope();
    }

    /// <summary>The weight in another type: itself if it has it already, else a copy owned by the current scope.</summary>
    public Tensor WeightAs(ScalarType dtype) => Weight.to(dtype);

    public Tensor? BiasAs(ScalarType dtype) => Bias?.to(dtype);

    private unsafe MatVecArgs Product(Tensor x, Tensor weight, KernelType type, Tensor? bias32, Tensor y, long rows) => new()
    {
        W = weight.Pointer(),
        WStride = InFeatures,
        WType = type,
        Bias = bias32 is null ? null : (float*)bias32.Pointer(),
        X = (float*)x.Pointer(),
        XStride = InFeatures,
        Y = (float*)y.Pointer(),
        YStride = OutFeatures,
        Rows = rows,
        N = OutFeatures,
        K = InFeatures,
    };
}
