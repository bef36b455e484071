namespace Studio.Engine.Compression;

/// <summary>Which visual tokens survive a drop. Pure functions of counts and scores; ties are decided, never left to a sort.</summary>
public static class TokenSelection
{
    /// <summary>
    /// Evenly spaced indices 0..n-1, k of them: torch.linspace(0, n - 1, k) with an integer type as of libtorch 2.0, that is
    /// trunc(d i) in the first half and trunc((n - 1) - d (k - 1 - i)) in the second, d = (n - 1) / (k - 1) in double (spec
    /// 5.4). Computed here because libtorch 1.13 walks one-sided and differs.
    /// </summary>
    public static int[] Uniform(int n, int k)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(n);
        if (k < 0 || k > n) throw new ArgumentOutOfRangeException(nameof(k), k, $"cannot keep {k} of {n} tokens");
        var kept = new int[k];
        if (k == 1) return kept; // torch gives the start
        var step = (n - 1) / (double)(k - 1);
        for (var i = 0; i < k; i++) kept[i] = i < k / 2 ? (int)(step * i) : (int)(n - 1 - (step * (k - 1 - i)));
        return kept;
    }

    /// <summary>The k largest scores, as ascending indices. Of equal scores the lower index wins; NaN ranks below everything.</summary>
    public static int[] TopK(ReadOnlySpan<float> scores, int k)
    {
        if (k < 0 || k > scores.Length) throw new ArgumentOutOfRangeException(nameof(k), k, $"cannot keep {k} of {scores.Length} tokens");
        var ranked = scores.ToArray();
        var order = new int[ranked.Length];
        for (var i = 0; i < order.Length; i++) order[i] = i;
        // Array.Sort is not stable: the index decides ties. CompareTo puts NaN below every number.
        Array.Sort(order, (a, b) => ranked[b].CompareTo(ranked[a]) is var c and not 0 ? c : a.CompareTo(b));
        var kept = order[..k];
        Array.Sort(kept);
        return kept;
    }
}
