namespace Studio.Engine.Torch;

/// <summary>Operators with PyTorch's names, argument order and defaults. Each is a line: libtorch documents and checks them.</summary>
public static unsafe partial class torch
{
    private static readonly Op s_empty = new("empty.memory_format"), s_zeros = new("zeros"), s_ones = new("ones"), s_full = new("full"),
        s_arange = new("arange.start_step"), s_randn = new("randn"), s_rand = new("rand"),
        s_cat = new("cat"), s_stack = new("stack"), s_where = new("where.self"), s_outer = new("outer"), s_einsum = new("einsum"),
        s_linear = new("linear"), s_conv3d = new("conv3d"), s_conv2d = new("conv2d"), s_layerNorm = new("layer_norm"), s_embedding = new("embedding"),
        s_silu = new("silu"), s_gelu = new("gelu"), s_softmax = new("softmax.int"), s_logSoftmax = new("log_softmax.int"),
        s_crossEntropy = new("cross_entropy_loss"), s_sdpa = new("scaled_dot_product_attention"), s_sdpaOld = new("_scaled_dot_product_attention"),
        s_bicubic = new("upsample_bicubic2d.vec"), s_bilinear = new("upsample_bilinear2d.vec"), s_linear1d = new("upsample_linear1d.vec"), s_baddbmm = new("baddbmm"), s_addmm = new("addmm"),
        s_addmmOut = new("addmm.out"), s_mmOut = new("mm.out"), s_bmmOut = new("bmm.out"), s_avgPool2d = new("avg_pool2d");

    /// <summary>Uninitialised memory.</summary>
    public static Tensor empty(ReadOnlySpan<long> size, ScalarType dtype = ScalarType.Float32, Device device = default)
    {
        fixed (long* p = size) return s_empty.Invoke(Val.Ints(p, size.Length), dtype, Val.None, device);
    }

    public static Tensor zeros(ReadOnlySpan<long> size, ScalarType dtype = ScalarType.Float32, Device device = default)
    {
        fixed (long* p = size) return s_zeros.Invoke(Val.Ints(p, size.Length), dtype, Val.None, device);
    }

    public static Tensor ones(ReadOnlySpan<long> size, ScalarType dtype = ScalarType.Float32, Device device = default)
    {
        fixed (long* p = size) return s_ones.Invoke(Val.Ints(p, size.Length), dtype, Val.None, device);
    }

    public static Tensor full(ReadOnlySpan<long> size, double value, ScalarType dtype = ScalarType.Float32, Device device = default)
    {
        fixed (long* p = size) return s_full.Invoke(Val.Ints(p, size.Length), value, dtype, Val.None, device);
    }

    public static Tensor randn(ReadOnlySpan<long> size, ScalarType dtype = ScalarType.Float32, Device device = default)
    {
        fixed (long* p = size) return s_randn.Invoke(Val.Ints(p, size.Length), dtype, Val.None, device);
    }

    public static Tensor rand(ReadOnlySpan<long> size, ScalarType dtype = ScalarType.Float32, Device device = default)
    {
        fixed (long* p = size) return s_rand.Invoke(Val.Ints(p, size.Length), dtype, Val.None, device);
    }

    public static Tensor arange(long start, long stop, long step = 1, ScalarType dtype = ScalarType.Int64, Device device = default) =>
        s_arange.Invoke(start, stop, step, dtype, Val.None, device);

    public static Tensor cat(ReadOnlySpan<Tensor> tensors, int dim = 0)
    {
        fixed (nint* p = Handles(tensors)) return s_cat.Invoke(Val.Tensors(p, tensors.Length), dim);
    }

    public static Tensor stack(ReadOnlySpan<Tensor> tensors, int dim = 0)
    {
        fixed (nint* p = Handles(tensors)) return s_stack.Invoke(Val.Tensors(p, tensors.Length), dim);
    }

    public static Tensor where(Tensor condition, Tensor a, Tensor b) => s_where.Invoke(condition, a, b);
    public static Tensor outer(Tensor a, Tensor b) => s_outer.Invoke(a, b);
    public static Tensor matmul(Tensor a, Tensor b) => a.matmul(b);
    public static Tensor bmm(Tensor a, Tensor b) => a.bmm(b);
    public static Tensor baddbmm(Tensor input, Tensor a, Tensor b, double beta = 1, double alpha = 1) => s_baddbmm.Invoke(input, a, b, beta, alpha);
    public static Tensor addmm(Tensor bias, Tensor a, Tensor b) => s_addmm.Invoke(bias, a, b);

    /// <summary>Writes <c>bias + a b</c> into <paramref name="result"/>.</summary>
    public static void addmm_out(Tensor bias, Tensor a, Tensor b, Tensor result) => s_addmmOut.InvokeInPlace(bias, a, b, 1, 1, result);

    public static void mm_out(Tensor a, Tensor b, Tensor result) => s_mmOut.InvokeInPlace(a, b, result);
    public static void bmm_out(Tensor a, Tensor b, Tensor result) => s_bmmOut.InvokeInPlace(a, b, result);

    public static Tensor einsum(string equation, params ReadOnlySpan<Tensor> operands)
    {
        var utf8 = System.Text.Encoding.UTF8.GetBytes(equation);
        fixed (byte* e = utf8)
        fixed (nint* p = Handles(operands)) return s_einsum.Invoke(Val.Utf8(e, utf8.Length), Val.Tensors(p, operands.Length));
    }

    public static Tensor softmax(Tensor x, int dim, ScalarType? dtype = null) => s_softmax.Invoke(x, dim, dtype);

    /// <summary>torch.nn.functional.</summary>
    public static class nn
    {
        public static class functional
        {
            /// <summary>x W^T + b over the last dimension; weight [out, in].</summary>
            public static Tensor linear(Tensor x, Tensor weight, Tensor? bias = null) => s_linear.Invoke(x, weight, bias);

            /// <summary>input [N, C, T, H, W], weight [out, C, kT, kH, kW].</summary>
            public static Tensor conv3d(Tensor x, Tensor weight, Tensor? bias, ReadOnlySpan<long> stride)
            {
                fixed (long* p = stride) return s_conv3d.Invoke(x, weight, bias, Val.Ints(p, stride.Length));
            }

            public static Tensor conv2d(Tensor x, Tensor weight, Tensor? bias, ReadOnlySpan<long> stride)
            {
                fixed (long* p = stride) return s_conv2d.Invoke(x, weight, bias, Val.Ints(p, stride.Length));
            }

            /// <summary>Normalises over the last dimension.</summary>
            public static Tensor layer_norm(Tensor x, Tensor weight, Tensor? bias, double eps)
            {
                var n = weight.numel();
                return s_layerNorm.Invoke(x, Val.Ints(&n, 1), weight, bias, eps);
            }

            public static Tensor embedding(Tensor indices, Tensor weight) => s_embedding.Invoke(weight, indices);
            public static Tensor silu(Tensor x) => s_silu.Invoke(x);

            /// <summary>The exact (erf) form.</summary>
            public static Tensor gelu(Tensor x) => s_gelu.Invoke(x);

            public static Tensor softmax(Tensor x, int dim, ScalarType? dtype = null) => s_softmax.Invoke(x, dim, dtype);
            public static Tensor log_softmax(Tensor x, int dim, ScalarType? dtype = null) => s_logSoftmax.Invoke(x, dim, dtype);

            /// <summary>Mean cross entropy; logits [N, classes], target int64 [N].</summary>
            public static Tensor cross_entropy(Tensor logits, Tensor target, long ignore_index = -100) =>
                s_crossEntropy.Invoke(logits, target, Val.None, 1, ignore_index);

            /// <summary>q, k, v [..., tokens, head_dim]; fused where libtorch has it (2.x), plain mathematics in 1.13.</summary>
            public static Tensor scaled_dot_product_attention(Tensor q, Tensor k, Tensor v, Tensor? attn_mask = null, bool is_causal = false)
            {
                if (s_sdpa.Exists) return s_sdpa.Invoke(q, k, v, attn_mask, 0.0, is_causal);
                var (result, weights) = s_sdpaOld.Invoke2(q, k, v, attn_mask, 0.0, false, is_causal);
                weights.Dispose();
                return result;
            }

            /// <summary>Bicubic (a = -0.75, no antialiasing, align_corners false) over the last two dimensions of [N, C, H, W].</summary>
            public static Tensor interpolate_bicubic(Tensor x, long height, long width)
            {
                var size = stackalloc long[2] { height, width };
                return s_bicubic.Invoke(x, Val.Ints(size, 2), false, Val.None);
            }

            /// <summary>Bilinear (no antialiasing, align_corners false) over the last two dimensions of [N, C, H, W].</summary>
            public static Tensor interpolate_bilinear(Tensor x, long height, long width)
            {
                var size = stackalloc long[2] { height, width };
                return s_bilinear.Invoke(x, Val.Ints(size, 2), false, Val.None);
            }

            /// <summary>Linear (align_corners false) over the last dimension of [N, C, L].</summary>
            public static Tensor interpolate_linear(Tensor x, long length) => s_linear1d.Invoke(x, Val.Ints(&length, 1), false, Val.None);

            public static Tensor avg_pool2d(Tensor x, long kernel, long stride) => s_avgPool2d.Invoke(x, kernel, stride);
        }
    }
}
