using Studio.Engine.Torch;
using F = Studio.Engine.Torch.torch.nn.functional;

namespace Studio.Engine.Layers;

/// <summary>Element-wise functions that models share.</summary>
public static unsafe class Activations
{
    /// <summary>silu(gate) * up. Both must be fresh products of the caller: the result may be written over the gate.</summary>
    public static Tensor SiluMul(Tensor gate, Tensor up)
    {
        ArgumentNullException.ThrowIfNull(gate);
        ArgumentNullException.ThrowIfNull(up);
        if (CpuPath.Takes(gate) && gate.is_contiguous() && up.is_contiguous())
        {
            var n = gate.size(-1);
            Kernels.SiluMul((float*)gate.Pointer(), n, (float*)up.Pointer(), n, (float*)gate.Pointer(), n, gate.numel() / n, n, CpuPath.Threads);
            return gate;
        }

        using var scope = torch.NewDisposeScope();
        return (F.silu(gate) * up).MoveToOuterDisposeScope();
    }

    /// <summary>The exact (erf) GELU of a fresh product of the caller, which may be overwritten.</summary>
    public static Tensor Gelu(Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (!CpuPath.Takes(x) || !x.is_contiguous()) return F.gelu(x);
        Kernels.GeluErf((float*)x.Pointer(), x.numel(), CpuPath.Threads);
        return x;
    }

    /// <summary>x · sigmoid(1.702 x), CLIP's stand-in for the GELU, of a fresh product of the caller, which may be overwritten.</summary>
    public static Tensor QuickGelu(Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        const double Slope = 1.702;
        using var scope = torch.NewDisposeScope();
        if (torch.is_grad_enabled()) return (x * (x * Slope).sigmoid()).MoveToOuterDisposeScope();
        _ = x.mul_((x * Slope).sigmoid_());
        return x;
    }

    /// <summary>
    /// Rotates pairs (i, i + d/2) of the last dimension by each row's position (rotate-half form), in fp32, back in x's type.
    /// </summary>
    /// <param name="x">[rows, heads, head_dim], a fresh product of the caller: it may be overwritten.</param>
    /// <param name="cos">fp32 [rows, head_dim / 2], the table's rows for x's positions; sin likewise.</param>
    public static Tensor Rotate(Tensor x, Tensor cos, Tensor sin)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(cos);
        ArgumentNullException.ThrowIfNull(sin);
        var half = cos.size(1);
        if (CpuPath.Takes(x) && x.is_contiguous() && cos.is_contiguous() && sin.is_contiguous())
        {
            var (rows, heads, dim) = (x.size(0), x.size(1), x.size(2));
            fixed (long* positions = Rows(rows))
            {
                Kernels.Rope((float*)x.Pointer(), heads * dim, dim, (float*)cos.Pointer(), (float*)sin.Pointer(), rows, positions, rows, heads, dim, CpuPath.Threads);
            }

            return x;
        }

        using var scope = torch.NewDisposeScope();
        var wide = x.to(ScalarType.Float32);
        var (a, b) = (wide.narrow(2, 0, half), wide.narrow(2, half, half));
        var (c, s) = (cos.unsqueeze(1), sin.unsqueeze(1));
        return torch.cat([(a * c) - (b * s), (b * c) + (a * s)], 2).to(x.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>0, 1, 2, …: the kernel looks positions up in the table, whose rows are given here row by row.</summary>
    private static long[] Rows(long count)
    {
        if (s_rows is null || s_rows.Length < count)
        {
            s_rows = new long[Math.Max(count, 1024)];
            for (var i = 0; i < s_rows.Length; i++) s_rows[i] = i;
        }

        return s_rows;
    }

    [ThreadStatic] private static long[]? s_rows; // bounded by the longest chunk of rows
}
