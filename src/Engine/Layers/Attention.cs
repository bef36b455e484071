using Studio.Engine.Torch;
using F = Studio.Engine.Torch.torch.nn.functional;

namespace Studio.Engine.Layers;

/// <summary>Exact scaled dot-product attention. Never holds more than a block of the tokens × tokens scores outside autograd.</summary>
public static unsafe class Attention
{
    /// <summary>Query rows of one block on the composed path: bounds its scratch to heads × 512 × keys scores.</summary>
    internal const int QueryBlock = 512;

    /// <summary>Every token attends to every token (vision towers).</summary>
    /// <param name="q">[batch, tokens, heads, head_dim], any strides; k and v likewise.</param>
    /// <returns>[batch, tokens, heads * head_dim], contiguous.</returns>
    public static Tensor Full(Tensor q, Tensor k, Tensor v, double scale)
    {
        ArgumentNullException.ThrowIfNull(q);
        using var scope = torch.NewDisposeScope();
        var (batch, tokens, width) = (q.size(0), q.size(1), q.size(2) * q.size(3));
        if (CpuPath.Takes(q) && q.size(3) <= Kernels.MaxHeadDim)
        {
            var y = torch.empty([batch, tokens, width]);
            for (long n = 0; n < batch; n++)
            {
                using var one = torch.NewDisposeScope();
                Fused(q.select(0, n), k.select(0, n), v.select(0, n), (float*)y.Pointer() + (n * tokens * width), heads: 1, tokenDim: 0, scale, causalOffset: null);
            }

            return y.MoveToOuterDisposeScope();
        }

        var (qh, kh, vh) = (q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2));
        var out4 = Heads(qh, kh, vh, scale, causalOffset: null);
        return out4.transpose(1, 2).reshape(batch, tokens, width).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Causal attention of new rows over a cache that already holds their own keys: row i sees keys 0..offset + i.
    /// Query heads share key/value heads in groups of consecutive heads (GQA).
    /// </summary>
    /// <param name="q">[heads, rows, head_dim].</param>
    /// <param name="k">[kv_heads, offset + rows, head_dim]; v likewise.</param>
    /// <returns>[rows, heads * head_dim], contiguous.</returns>
    public static Tensor Causal(Tensor q, Tensor k, Tensor v, long offset, double scale)
    {
        ArgumentNullException.ThrowIfNull(q);
        using var scope = torch.NewDisposeScope();
        var (heads, rows, dim) = (q.size(0), q.size(1), q.size(2));
        if (CpuPath.Takes(q) && dim <= Kernels.MaxHeadDim)
        {
            var fused = torch.empty([rows, heads * dim]);
            Fused(q, k, v, (float*)fused.Pointer(), heads: 0, tokenDim: 1, scale, offset);
            return fused.MoveToOuterDisposeScope();
        }

        var group = heads / k.size(0);
        if (group > 1) (k, v) = (k.repeat_interleave(group, 0), v.repeat_interleave(group, 0));
        var y = Heads(q.unsqueeze(0), k.unsqueeze(0), v.unsqueeze(0), scale, offset);
        return y.squeeze(0).transpose(0, 1).reshape(rows, heads * dim).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// How one query row spreads over the keys, averaged over heads: softmax in fp32 of each head, then the mean.
    /// </summary>
    /// <param name="q">[heads, head_dim].</param>
    /// <param name="k">[kv_heads, keys, head_dim].</param>
    /// <returns>One share a key; they sum to 1.</returns>
    public static float[] RowShares(Tensor q, Tensor k, double scale)
    {
        ArgumentNullException.ThrowIfNull(q);
        using var scope = torch.NewDisposeScope();
        var (kvHeads, dim) = (k.size(0), k.size(2));
        if (RowKernelTakes(q, k))
        {
            var row = new float[k.size(1)];
            fixed (float* probs = row) Row(q, k, null, null, probs, scale);
            return row;
        }

        var grouped = (q.to(ScalarType.Float32) * scale).view(kvHeads, q.size(0) / kvHeads, dim);
        var shares = F.softmax(grouped.bmm(k.to(ScalarType.Float32).transpose(1, 2)), -1); // [kv_heads, group, keys]
        return shares.flatten(0, 1).mean(0).ToArray<float>();
    }

    /// <summary>One query row over all keys.</summary>
    /// <param name="q">[heads, head_dim].</param>
    /// <param name="k">[kv_heads, keys, head_dim]; v likewise.</param>
    /// <returns>[1, heads * head_dim].</returns>
    public static Tensor LastRow(Tensor q, Tensor k, Tensor v, double scale)
    {
        ArgumentNullException.ThrowIfNull(q);
        ArgumentNullException.ThrowIfNull(k);
        using var scope = torch.NewDisposeScope();
        if (RowKernelTakes(q, k) && v.stride()[2] == 1)
        {
            var y = torch.empty([1, q.numel()]);
            Row(q, k, v, y, null, scale);
            return y.MoveToOuterDisposeScope();
        }

        return Causal(q.unsqueeze(1), k, v, k.size(1) - 1, scale).MoveToOuterDisposeScope();
    }

    /// <summary>q, k, v [batch, heads, tokens, head_dim]; blocks of query rows, each against the keys it may see.</summary>
    private static Tensor Heads(Tensor q, Tensor k, Tensor v, double scale, long? causalOffset)
    {
        var rows = q.size(2);
        var blocks = new List<Tensor>();
        var scaled = q * scale;
        for (long start = 0; start < rows; start += QueryBlock)
        {
            using var scope = torch.NewDisposeScope();
            var length = Math.Min(QueryBlock, rows - start);
            var visible = causalOffset is { } offset ? offset + start + length : k.size(2);
            var scores = scaled.narrow(2, start, length).matmul(k.narrow(2, 0, visible).transpose(2, 3));
            if (causalOffset is not null)
            {
                // Only the last square has keys in a row's future: -inf above its diagonal.
                var triangle = torch.full([length, length], double.NegativeInfinity, scores.dtype, scores.device).triu(1);
                var square = scores.narrow(3, visible - length, length) + triangle;
                scores = visible == length ? square : torch.cat([scores.narrow(3, 0, visible - length), square], 3);
            }

            var weights = F.softmax(scores, -1, ScalarType.Float32).to(v.dtype);
            blocks.Add(weights.matmul(v.narrow(2, 0, visible)).MoveToOuterDisposeScope());
        }

        return blocks.Count == 1 ? blocks[0] : torch.cat([.. blocks], 2);
    }

    /// <summary>The native kernel over one sequence: bits of a row do not depend on how rows are split into calls.</summary>
    /// <param name="heads">Which dimension of q, k and v counts heads; the other, <paramref name="tokenDim"/>, counts tokens.</param>
    private static void Fused(Tensor q, Tensor k, Tensor v, float* output, int heads, int tokenDim, double scale, long? causalOffset)
    {
        using var scope = torch.NewDisposeScope();
        var (qs, ks, vs) = (q.stride(), k.stride(), v.stride());
        if (qs[2] != 1) (q, qs) = Packed(q);
        if (ks[2] != 1) (k, ks) = Packed(k);
        if (vs[2] != 1) (v, vs) = Packed(v);
        var (queries, dim) = (q.size(heads), q.size(2));
        Kernels.Attention(
            new()
            {
                Q = (float*)q.Pointer(),
                QTokenStride = qs[tokenDim],
                QHeadStride = qs[heads],
                K = k.Pointer(),
                KTokenStride = ks[tokenDim],
                KHeadStride = ks[heads],
                V = v.Pointer(),
                VTokenStride = vs[tokenDim],
                VHeadStride = vs[heads],
                Out = output,
                OutTokenStride = queries * dim,
                OutHeadStride = dim,
                QTokens = q.size(tokenDim),
                KTokens = k.size(tokenDim),
                QHeads = queries,
                KvHeads = k.size(heads),
                HeadDim = dim,
                QOffset = causalOffset ?? 0,
                Causal = causalOffset is null ? 0 : 1,
                KvType = CpuPath.KernelTypeOf(k.dtype)!.Value,
                Scale = (float)scale,
            },
            CpuPath.Threads);
    }

    private static (Tensor Tensor, long[] Strides) Packed(Tensor t)
    {
        var packed = t.contiguous();
        return (packed, packed.stride());
    }

    private static bool RowKernelTakes(Tensor q, Tensor k) =>
        CpuPath.Takes(q) && k.size(2) <= Kernels.MaxHeadDim && q.size(0) / k.size(0) <= Kernels.MaxDecodeLanes && k.stride()[2] == 1;

    private static void Row(Tensor q, Tensor k, Tensor? v, Tensor? output, float* probs, double scale)
    {
        using var scope = torch.NewDisposeScope();
        var query = q.contiguous();
        var (heads, dim, keys) = (q.size(0), k.size(2), k.size(1));
        var (ks, vs) = (k.stride(), (v ?? k).stride());
        Kernels.AttentionDecode(
            new()
            {
                Q = (float*)query.Pointer(),
                QTokenStride = heads * dim,
                QHeadStride = dim,
                K = k.Pointer(),
                KTokenStride = ks[1],
                KHeadStride = ks[0],
                V = v is null ? null : v.Pointer(),
                VTokenStride = vs[1],
                VHeadStride = vs[0],
                Out = output is null ? null : (float*)output.Pointer(),
                OutTokenStride = heads * dim,
                OutHeadStride = dim,
                Probs = probs,
                ProbsStride = keys,
                QTokens = 1,
                KTokens = keys,
                QHeads = heads,
                KvHeads = k.size(0),
                HeadDim = dim,
                KvType = CpuPath.KernelTypeOf(k.dtype)!.Value,
                Scale = (float)scale,
            },
            CpuPath.Threads);
    }
}
