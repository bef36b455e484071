using Studio.Engine.Torch;

namespace Studio.Engine.Vision;

/// <param name="Features">[clips, target, C] in the type of the merged features.</param>
/// <param name="Sizes">[clips, target] int32: how many patches each token stands for.</param>
/// <param name="Groups">Which patches they are; null unless asked for.</param>
public sealed record MergeResult(Tensor Features, Tensor Sizes, MergeGroups? Groups);

/// <summary>
/// Token merging by bipartite soft matching (ToMe, arXiv:2210.09461; spec 3.4): reduces the tokens of a clip to a target
/// in steps that at most halve them. In one step the even positions (A) each find their most similar odd position (B);
/// the r most similar A join their B, and the new order is the other A by falling similarity, then all B in place. That
/// order is kept: it is data dependent and must not be sorted back.
/// </summary>
/// <remarks>
/// Similarity is the cosine of the features' mean over heads. A merged token's feature is the mean of its patches, and a
/// cosine does not see scale, so matching needs only the sums of those head means: C / heads channels instead of C. The
/// steps therefore decide an assignment of patches to tokens without gradients, and one differentiable sum at the end
/// forms the features. Metric, scores, sums and sizes are fp32 and int32 whatever the features' type: in 16 bit, scores
/// collide and counts stop at 256 (spec Q20). Ties go to the lowest B and the lowest A; a zero vector has cosine 0 with
/// everything instead of NaN.
/// </remarks>
public static class TokenMerger
{
    /// <summary>Bound of the scores held at a time; more clips, and beyond that rows of A, take turns.</summary>
    internal const long DefaultScoreBytes = 64L << 20;

    // Below every norm of a usable fp32 feature: only a zero vector is changed by it.
    private const double SmallestNorm = 1e-30;

    private static readonly Op s_indexPut = new("index_put_");

    /// <summary>Tokens removed in each step: half of them, rounded down, until the rest reaches the target.</summary>
    /// <exception cref="ArgumentException">Fewer tokens than the target, or no token at all.</exception>
    public static int[] MergeSchedule(int tokens, int target)
    {
        if (target < 1) throw new ArgumentException($"cannot merge to {target} tokens; the target must be 1 or more");
        if (tokens < target)
        {
            throw new ArgumentException($"cannot merge {tokens} tokens to {target}: merging only removes tokens; use "
                + "larger frames, longer clips or a lower target");
        }

        var steps = new List<int>(); // bounded by log2(tokens) + 1
        while (tokens != target)
        {
            steps.Add(Math.Min(tokens - target, tokens / 2));
            tokens -= steps[^1];
        }

        return [.. steps];
    }

    /// <summary>Merges the tokens of each clip.</summary>
    /// <param name="features">[clips, tokens, C], any float type.</param>
    /// <param name="target">Tokens to keep per clip.</param>
    /// <param name="heads">Attention heads of the tower, over which the metric averages; divides C.</param>
    /// <param name="recordGroups">Whether to report which patches became which token.</param>
    /// <exception cref="ArgumentException">Fewer tokens than the target, or C is no multiple of heads.</exception>
    public static MergeResult Merge(Tensor features, int target, int heads, bool recordGroups = false) =>
        Merge(features, target, heads, recordGroups, DefaultScoreBytes);

    internal static MergeResult Merge(Tensor features, int target, int heads, bool recordGroups, long scoreBytes)
    {
        ArgumentNullException.ThrowIfNull(features);
        if (features.ndim != 3)
        {
            throw new ArgumentException($"features must be [clips, tokens, channels], not [{string.Join(", ", features.shape)}]");
        }

        if (heads < 1 || features.size(2) % heads != 0)
        {
            throw new ArgumentException($"{features.size(2)} channels do not divide into {heads} heads");
        }

        var schedule = MergeSchedule(checked((int)features.size(1)), target);

        using var scope = torch.NewDisposeScope();
        var slots = Assign(features, schedule, heads, scoreBytes);
        var (merged, sizes) = Average(features, slots, target);
        var groups = recordGroups ? new MergeGroups(slots.ToArray<int>(), checked((int)features.size(0)), target) : null;
        return new(merged.MoveToOuterDisposeScope(), sizes.MoveToOuterDisposeScope(), groups);
    }

    /// <summary>The token that each patch ends in: [clips, tokens] int64.</summary>
    private static Tensor Assign(Tensor features, int[] schedule, int heads, long scoreBytes)
    {
        using var constant = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var (clips, tokens, width) = (features.size(0), features.size(1), features.size(2));
        var perClip = Math.Max(1, (tokens + 1) / 2 * (tokens / 2) * sizeof(float));
        var together = Math.Clamp(scoreBytes / perClip, 1, clips);
        var parts = new List<Tensor>();
        for (long start = 0; start < clips; start += together)
        {
            using var part = torch.NewDisposeScope();
            var count = Math.Min(together, clips - start);
            var byHead = features.detach().narrow(0, start, count).reshape(count, tokens, heads, width / heads);
            var sums = byHead.mean(2, dtype: ScalarType.Float32);
            var slots = torch.arange(0, tokens, device: features.device).expand(count, tokens);
            foreach (var r in schedule)
            {
                var moves = Match(sums, r, scoreBytes);
                sums = SumInto(sums, moves, sums.size(1) - r);
                slots = moves.gather(1, slots);
            }

            parts.Add(slots.contiguous().MoveToOuterDisposeScope());
        }

        return (parts.Count == 1 ? parts[0] : torch.cat([.. parts])).MoveToOuterDisposeScope();
    }

    /// <summary>One step: the new position of every token, [clips, tokens] int64, when r of the even ones are merged.</summary>
    private static Tensor Match(Tensor sums, long r, long scoreBytes)
    {
        using var scope = torch.NewDisposeScope();
        var (clips, tokens) = (sums.size(0), sums.size(1));
        var unit = sums / sums.norm(-1, keepdim: true).clamp(min: SmallestNorm);
        var (values, best) = MostSimilar(unit.slice(1, 0, tokens, 2), unit.slice(1, 1, tokens, 2), scoreBytes);
        var (_, order) = values.sort(-1, descending: true);
        var (_, rank) = order.sort(-1); // the inverse permutation

        var stay = values.size(1) - r;
        var moves = torch.empty([clips, tokens], ScalarType.Int64, sums.device);
        moves.slice(1, 0, tokens, 2).copy_(torch.where(rank.lt(r), best + stay, rank - r));
        var inPlace = torch.arange(stay, stay + (tokens / 2), device: sums.device);
        moves.slice(1, 1, tokens, 2).copy_(inPlace.expand(clips, tokens / 2));
        return moves.MoveToOuterDisposeScope();
    }

    /// <summary>For every a the highest product with a b, and the lowest b that has it; both [clips, A].</summary>
    private static (Tensor Values, Tensor Indices) MostSimilar(Tensor a, Tensor b, long scoreBytes)
    {
        using var scope = torch.NewDisposeScope();
        var bT = b.transpose(1, 2);
        var rows = a.size(1);
        var block = Math.Clamp(scoreBytes / (a.size(0) * b.size(1) * sizeof(float)), 1, rows);
        var (values, indices) = (new List<Tensor>(), new List<Tensor>());
        for (long start = 0; start < rows; start += block)
        {
            using var part = torch.NewDisposeScope();
            var (value, index) = a.narrow(1, start, Math.Min(block, rows - start)).matmul(bT).max(-1);
            values.Add(value.MoveToOuterDisposeScope());
            indices.Add(index.MoveToOuterDisposeScope());
        }

        return (torch.cat([.. values], 1).MoveToOuterDisposeScope(), torch.cat([.. indices], 1).MoveToOuterDisposeScope());
    }

    /// <summary>Mean of each token's patches, [clips, target, C], and their number, [clips, target] int32.</summary>
    private static (Tensor Features, Tensor Sizes) Average(Tensor features, Tensor slots, long target)
    {
        using var scope = torch.NewDisposeScope();
        var one = torch.ones([features.size(0), features.size(1), 1], ScalarType.Int32, features.device);
        var sizes = SumInto(one, slots, target);
        var merged = SumInto(features.to(ScalarType.Float32), slots, target) / sizes;
        return (merged.to(features.dtype).MoveToOuterDisposeScope(), sizes.squeeze(2).MoveToOuterDisposeScope());
    }

    /// <summary>values [clips, tokens, C] added up by slot: [clips, target, C].</summary>
    private static Tensor SumInto(Tensor values, Tensor slots, long target)
    {
        using var scope = torch.NewDisposeScope();
        var (clips, tokens, width) = (values.size(0), values.size(1), values.size(2));
        var firstSlot = torch.arange(0, clips * target, target, device: values.device).unsqueeze(1);
        var index = (slots + firstSlot).reshape(-1);
        var flat = values.reshape(clips * tokens, width);
        var sums = torch.zeros([clips * target, width], values.dtype, values.device);

        // Each adds in order of the tokens on its device, so results repeat; index_add_ on CUDA and an accumulating
        // index_put_ on several CPU threads do not.
        if (values.device.IsCpu) _ = sums.index_add_(0, index, flat);
        else IndexPutAccumulate(sums, index, flat);
        return sums.view(clips, target, width).MoveToOuterDisposeScope();
    }

    /// <summary>Adds each row of values to the row of sums that index names: what a card does instead of index_add_.</summary>
    internal static unsafe void IndexPutAccumulate(Tensor sums, Tensor index, Tensor values)
    {
        var handle = index.Handle;
        s_indexPut.InvokeInPlace(sums, Val.Tensors(&handle, 1), values, true);
    }
}
