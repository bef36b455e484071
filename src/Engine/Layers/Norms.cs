using Studio.Engine.Torch;
using F = Studio.Engine.Torch.torch.nn.functional;

namespace Studio.Engine.Layers;

/// <summary>Normalisations over the last dimension, with statistics in fp32 whatever the activations' type.</summary>
public static unsafe class Norms
{
    /// <summary>(x - mean) / sqrt(var + eps) * weight + bias, computed in fp32 and returned in x's type.</summary>
    public static Tensor LayerNorm(Tensor x, Tensor weight, Tensor? bias, double eps)
    {
        ArgumentNullException.ThrowIfNull(x);
        using var scope = torch.NewDisposeScope();
        var f32 = ScalarType.Float32;
        if (CpuPath.Takes(x))
        {
            var (w, b) = (weight.to(f32).contiguous(), bias?.to(f32).contiguous());
            var input = x.contiguous();
            var y = torch.empty(x.shape);
            var n = weight.numel();
            Kernels.LayerNorm((float*)input.Pointer(), n, (float*)w.Pointer(), b is null ? null : (float*)b.Pointer(), (float*)y.Pointer(), n, x.numel() / n, n, (float)eps, CpuPath.Threads);
            return y.MoveToOuterDisposeScope();
        }

        return F.layer_norm(x.to(f32), weight.to(f32), bias?.to(f32), eps).to(x.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// x / sqrt(mean(x²) + eps), cast back to x's type, then times weight (Qwen2's and InternVideo2's order of casts).
    /// </summary>
    public static Tensor RmsNorm(Tensor x, Tensor weight, double eps)
    {
        ArgumentNullException.ThrowIfNull(x);
        using var scope = torch.NewDisposeScope();
        if (CpuPath.Takes(x))
        {
            var stored = weight.dtype == ScalarType.BFloat16 ? weight : weight.to(ScalarType.Float32);
            var input = x.contiguous();
            var y = torch.empty(x.shape);
            var n = weight.numel();
            Kernels.RmsNorm((float*)input.Pointer(), n, stored.Pointer(), stored.dtype == ScalarType.BFloat16 ? KernelType.BFloat16 : KernelType.Float32, (float*)y.Pointer(), n, x.numel() / n, n, (float)eps, CpuPath.Threads);
            return y.MoveToOuterDisposeScope();
        }

        var wide = x.to(ScalarType.Float32);
        var scale = ((wide * wide).mean(-1, keepdim: true) + eps).rsqrt();
        return ((wide * scale).to(x.dtype) * weight.to(x.dtype)).MoveToOuterDisposeScope();
    }
}
