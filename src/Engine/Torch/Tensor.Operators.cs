namespace Studio.Engine.Torch;

/// <summary>Operators as methods, with PyTorch's names, argument order and defaults.</summary>
public sealed unsafe partial class Tensor
{
    private static readonly Op s_add = new("add.Tensor"), s_sub = new("sub.Tensor"), s_rsub = new("rsub.Scalar"), s_mul = new("mul.Tensor"), s_div = new("div.Tensor"),
        s_addIn = new("add_.Tensor"), s_subIn = new("sub_.Tensor"), s_mulIn = new("mul_.Tensor"), s_divIn = new("div_.Tensor"),
        s_pow = new("pow.Tensor_Scalar"), s_neg = new("neg"), s_exp = new("exp"), s_log = new("log"), s_sqrt = new("sqrt"), s_rsqrt = new("rsqrt"),
        s_sin = new("sin"), s_cos = new("cos"), s_tanh = new("tanh"), s_sigmoid = new("sigmoid"), s_sigmoidIn = new("sigmoid_"), s_abs = new("abs"), s_floor = new("floor"),
        s_clamp = new("clamp"), s_matmul = new("matmul"), s_bmm = new("bmm"), s_mm = new("mm"), s_mv = new("mv"),
        s_eq = new("eq.Tensor"), s_ne = new("ne.Tensor"), s_gt = new("gt.Tensor"), s_lt = new("lt.Tensor"), s_ge = new("ge.Tensor"), s_le = new("le.Tensor"),
        s_logicalNot = new("logical_not"), s_maskedFill = new("masked_fill.Scalar"), s_equal = new("equal"), s_isfinite = new("isfinite"), s_all = new("all"),
        s_sum = new("sum"), s_sumDim = new("sum.dim_IntList"), s_mean = new("mean"), s_meanDim = new("mean.dim"),
        s_max = new("max"), s_min = new("min"), s_maxDim = new("max.dim"), s_argmax = new("argmax"), s_amax = new("amax"), s_cumsum = new("cumsum"),
        s_topk = new("topk"), s_sort = new("sort.stable"), s_argsort = new("argsort.stable"), s_norm = new("linalg_vector_norm"),
        s_view = new("view"), s_reshape = new("reshape"), s_transpose = new("transpose.int"), s_permute = new("permute"), s_contiguous = new("contiguous"),
        s_unsqueeze = new("unsqueeze"), s_squeeze = new("squeeze.dim"), s_flatten = new("flatten.using_ints"), s_expand = new("expand"),
        s_narrow = new("narrow"), s_select = new("select.int"), s_slice = new("slice.Tensor"), s_indexSelect = new("index_select"), s_gather = new("gather"),
        s_indexAdd = new("index_add_"), s_scatterAdd = new("scatter_add_"), s_indexCopy = new("index_copy_"), s_scatterValue = new("scatter_.value"),
        s_split = new("split.Tensor"), s_chunk = new("chunk"), s_repeatInterleave = new("repeat_interleave.self_int"), s_tril = new("tril"), s_triu = new("triu"), s_flip = new("flip"),
        s_toDtype = new("to.dtype"), s_toDevice = new("to.device"), s_clone = new("clone"), s_detach = new("detach"), s_copy = new("copy_"), s_fill = new("fill_.Scalar"),
        s_zero = new("zero_"), s_addcmul = new("addcmul_"), s_addcdiv = new("addcdiv_"), s_lerp = new("lerp_.Scalar"), s_roll = new("roll"), s_isnan = new("isnan");

    // arithmetic
    public Tensor add(Tensor other) => s_add.Invoke(this, other);
    public Tensor add(double other) => s_add.Invoke(this, other);
    public Tensor sub(Tensor other) => s_sub.Invoke(this, other);
    public Tensor mul(Tensor other) => s_mul.Invoke(this, other);
    public Tensor mul(double other) => s_mul.Invoke(this, other);
    public Tensor div(Tensor other) => s_div.Invoke(this, other);
    public Tensor div(double other) => s_div.Invoke(this, other);

    public Tensor add_(Tensor other, double alpha = 1) => InPlace(s_addIn, other, alpha);
    public Tensor sub_(Tensor other) => InPlace(s_subIn, other);
    public Tensor mul_(Tensor other) => InPlace(s_mulIn, other);
    public Tensor mul_(double other) => InPlace(s_mulIn, other);
    public Tensor div_(Tensor other) => InPlace(s_divIn, other);
    public Tensor addcmul_(Tensor a, Tensor b, double value = 1) => InPlace(s_addcmul, a, b, value);
    public Tensor addcdiv_(Tensor a, Tensor b, double value = 1) => InPlace(s_addcdiv, a, b, value);
    public Tensor lerp_(Tensor end, double weight) => InPlace(s_lerp, end, weight);

    public static Tensor operator +(Tensor a, Tensor b) => s_add.Invoke(a, b);
    public static Tensor operator +(Tensor a, double b) => s_add.Invoke(a, b);
    public static Tensor operator -(Tensor a, Tensor b) => s_sub.Invoke(a, b);
    public static Tensor operator -(Tensor a, double b) => s_sub.Invoke(a, b);
    public static Tensor operator -(double a, Tensor b) => s_rsub.Invoke(b, a);
    public static Tensor operator -(Tensor a) => s_neg.Invoke(a);
    public static Tensor operator *(Tensor a, Tensor b) => s_mul.Invoke(a, b);
    public static Tensor operator *(Tensor a, double b) => s_mul.Invoke(a, b);
    public static Tensor operator /(Tensor a, Tensor b) => s_div.Invoke(a, b);
    public static Tensor operator /(Tensor a, double b) => s_div.Invoke(a, b);

    public Tensor neg() => s_neg.Invoke(this);
    public Tensor pow(double exponent) => s_pow.Invoke(this, exponent);
    public Tensor exp() => s_exp.Invoke(this);
    public Tensor log() => s_log.Invoke(this);
    public Tensor sqrt() => s_sqrt.Invoke(this);
    public Tensor rsqrt() => s_rsqrt.Invoke(this);
    public Tensor sin() => s_sin.Invoke(this);
    public Tensor cos() => s_cos.Invoke(this);
    public Tensor tanh() => s_tanh.Invoke(this);
    public Tensor sigmoid() => s_sigmoid.Invoke(this);
    public Tensor sigmoid_() => InPlace(s_sigmoidIn);
    public Tensor abs() => s_abs.Invoke(this);
    public Tensor floor() => s_floor.Invoke(this);
    public Tensor clamp(double? min = null, double? max = null) => s_clamp.Invoke(this, min, max);

    // products
    public Tensor matmul(Tensor other) => s_matmul.Invoke(this, other);
    public Tensor bmm(Tensor other) => s_bmm.Invoke(this, other);
    public Tensor mm(Tensor other) => s_mm.Invoke(this, other);
    public Tensor mv(Tensor vector) => s_mv.Invoke(this, vector);

    // comparison and masks
    public Tensor eq(Val other) => s_eq.Invoke(this, other);
    public Tensor ne(Val other) => s_ne.Invoke(this, other);
    public Tensor gt(Val other) => s_gt.Invoke(this, other);
    public Tensor lt(Val other) => s_lt.Invoke(this, other);
    public Tensor ge(Val other) => s_ge.Invoke(this, other);
    public Tensor le(Val other) => s_le.Invoke(this, other);
    public Tensor logical_not() => s_logicalNot.Invoke(this);
    public Tensor masked_fill(Tensor mask, double value) => s_maskedFill.Invoke(this, mask, value);
    public Tensor isfinite() => s_isfinite.Invoke(this);
    public Tensor isnan() => s_isnan.Invoke(this);
    public Tensor all() => s_all.Invoke(this);

    // reductions
    public Tensor sum(ScalarType? dtype = null) => s_sum.Invoke(this, dtype);
    public Tensor sum(int dim, bool keepdim = false, ScalarType? dtype = null) => OverDim(s_sumDim, dim, keepdim, dtype);
    public Tensor mean(ScalarType? dtype = null) => s_mean.Invoke(this, dtype);
    public Tensor mean(int dim, bool keepdim = false, ScalarType? dtype = null) => OverDim(s_meanDim, dim, keepdim, dtype);
    public Tensor max() => s_max.Invoke(this);
    public Tensor min() => s_min.Invoke(this);
    public (Tensor values, Tensor indices) max(int dim, bool keepdim = false) => s_maxDim.Invoke2(this, dim, keepdim);
    public Tensor amax(int dim, bool keepdim = false) => OverDim(s_amax, dim, keepdim);
    public Tensor argmax(int? dim = null, bool keepdim = false) => s_argmax.Invoke(this, dim is { } d ? (Val)d : Val.None, keepdim);
    public Tensor cumsum(int dim) => s_cumsum.Invoke(this, dim);
    public (Tensor values, Tensor indices) topk(long k, int dim = -1, bool largest = true, bool sorted = true) => s_topk.Invoke2(this, k, dim, largest, sorted);

    /// <summary>Stable: equal values keep their order.</summary>
    public (Tensor values, Tensor indices) sort(int dim = -1, bool descending = false) => s_sort.Invoke2(this, true, dim, descending);

    /// <summary>The Euclidean norm over one dimension.</summary>
    public Tensor norm(int dim, bool keepdim = false)
    {
        long d = dim;
        return s_norm.Invoke(this, 2.0, Val.Ints(&d, 1), keepdim);
    }

    // shape
    public Tensor view(params ReadOnlySpan<long> size)
    {
        fixed (long* p = size) return s_view.Invoke(this, Val.Ints(p, size.Length));
    }

    public Tensor reshape(params ReadOnlySpan<long> size)
    {
        fixed (long* p = size) return s_reshape.Invoke(this, Val.Ints(p, size.Length));
    }

    public Tensor expand(params ReadOnlySpan<long> size)
    {
        fixed (long* p = size) return s_expand.Invoke(this, Val.Ints(p, size.Length));
    }

    public Tensor permute(params ReadOnlySpan<long> dims)
    {
        fixed (long* p = dims) return s_permute.Invoke(this, Val.Ints(p, dims.Length));
    }

    public Tensor flip(params ReadOnlySpan<long> dims)
    {
        fixed (long* p = dims) return s_flip.Invoke(this, Val.Ints(p, dims.Length));
    }

    public Tensor transpose(int a, int b) => s_transpose.Invoke(this, a, b);

    /// <summary>The transpose of a matrix.</summary>
    public Tensor t() => s_transpose.Invoke(this, 0, 1);

    public Tensor contiguous() => s_contiguous.Invoke(this);
    public Tensor unsqueeze(int dim) => s_unsqueeze.Invoke(this, dim);
    public Tensor squeeze(int dim) => s_squeeze.Invoke(this, dim);
    public Tensor flatten(int start = 0, int end = -1) => s_flatten.Invoke(this, start, end);
    public Tensor narrow(int dim, long start, long length) => s_narrow.Invoke(this, dim, start, length);
    public Tensor select(int dim, long index) => s_select.Invoke(this, dim, index);
    public Tensor slice(int dim, long start, long end, long step = 1) => s_slice.Invoke(this, dim, start, end, step);
    public Tensor index_select(int dim, Tensor index) => s_indexSelect.Invoke(this, dim, index);
    public Tensor gather(int dim, Tensor index) => s_gather.Invoke(this, dim, index);
    public Tensor repeat_interleave(long repeats, int dim) => s_repeatInterleave.Invoke(this, repeats, dim);
    public Tensor tril(long diagonal = 0) => s_tril.Invoke(this, diagonal);
    public Tensor triu(long diagonal = 0) => s_triu.Invoke(this, diagonal);
    public Tensor[] split(long size, int dim = 0) => s_split.InvokeList(this, size, dim);
    public Tensor[] chunk(long chunks, int dim = 0) => s_chunk.InvokeList(this, chunks, dim);

    // writing
    public Tensor index_add_(int dim, Tensor index, Tensor source) => InPlace(s_indexAdd, dim, index, source);
    public Tensor index_copy_(int dim, Tensor index, Tensor source) => InPlace(s_indexCopy, dim, index, source);
    public Tensor scatter_add_(int dim, Tensor index, Tensor source) => InPlace(s_scatterAdd, dim, index, source);
    public Tensor scatter_(int dim, Tensor index, double value) => InPlace(s_scatterValue, dim, index, value);
    public Tensor copy_(Tensor source) => InPlace(s_copy, source);
    public Tensor fill_(double value) => InPlace(s_fill, value);
    public Tensor zero_() => InPlace(s_zero);

    // conversion
    public Tensor to(ScalarType dtype) => s_toDtype.Invoke(this, dtype);
    public Tensor to(Device device, ScalarType? dtype = null) => s_toDevice.Invoke(this, device, dtype ?? this.dtype);
    public Tensor cpu() => to(Device.CPU);
    public Tensor clone() => s_clone.Invoke(this);
    public Tensor detach() => s_detach.Invoke(this);

    private Tensor OverDim(Op op, long dim, bool keepdim, ScalarType? dtype) => op.Invoke(this, Val.Ints(&dim, 1), keepdim, dtype);

    private Tensor OverDim(Op op, long dim, bool keepdim) => op.Invoke(this, Val.Ints(&dim, 1), keepdim);

    private Tensor InPlace(Op op, Val a = default, Val b = default, Val c = default)
    {
        ReadOnlySpan<Val> args = [this, a, b, c];
        var n = c.Tag != ValTag.Default ? 4 : b.Tag != ValTag.Default ? 3 : a.Tag != ValTag.Default ? 2 : 1;
        op.InvokeInPlace(args[..n]);
        return this;
    }
}
