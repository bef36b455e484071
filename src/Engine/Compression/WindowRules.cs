namespace Studio.Engine.Compression;

/// <summary>Windows of the longest length; a ratio for each, in turn. 0 keeps a window's visual tokens.</summary>
internal sealed class RatiosInTurn(IReadOnlyList<int> ratios) : IWindowRule
{
    public IReadOnlyList<VstWindow> Cut(VisualSpanShape span, int mostTokens) =>
        WindowCutting.Even(span, mostTokens, (index, _) => ratios[index % ratios.Count]);
}

/// <summary>
/// Windows of the longest length, each with a ratio drawn from a list: uniformly among those that divide the window, as in
/// training (video-xl.md 3.8). The draw begins anew for every span, so that nothing read before can change it. Where none
/// divides, the largest that is not longer than the window is taken, or else the smallest.
/// </summary>
internal sealed class DrawnRatios(IReadOnlyList<int> ratios, ulong seed) : IWindowRule
{
    public IReadOnlyList<VstWindow> Cut(VisualSpanShape span, int mostTokens)
    {
        var random = new NumpyChoice(seed);
        return WindowCutting.Even(span, mostTokens, (_, length) =>
        {
            if (ratios.Count == 1) return ratios[0];
            int[] dividing = [.. ratios.Where(r => r <= length && length % r == 0)];
            if (dividing.Length > 0) return dividing[random.Next(dividing.Length)];
            return ratios.Where(r => r <= length).DefaultIfEmpty(ratios.Min()).Max();
        });
    }
}

internal static class WindowCutting
{
    /// <summary>Windows of the longest length, the last one cut at the span's end.</summary>
    public static List<VstWindow> Even(VisualSpanShape span, int mostTokens, Func<int, int, int> ratioOf)
    {
        ArgumentNullException.ThrowIfNull(span);
        ArgumentOutOfRangeException.ThrowIfLessThan(mostTokens, 1);
        var lengths = new List<int>(); // bounded by the span
        for (var start = 0; start < span.Tokens; start += mostTokens) lengths.Add(Math.Min(mostTokens, span.Tokens - start));
        return Counted(lengths, ratioOf);
    }

    /// <summary>
    /// Windows of given lengths. The count towards the next VST goes on across a boundary while the ratio stays; a new ratio
    /// starts it again, so that tokens left over before it have no VST of their own.
    /// </summary>
    public static List<VstWindow> Counted(IReadOnlyList<int> lengths, Func<int, int, int> ratioOf)
    {
        var windows = new List<VstWindow>(lengths.Count);
        int start = 0, carry = 0, before = 0;
        for (var i = 0; i < lengths.Count; i++)
        {
            var ratio = ratioOf(i, lengths[i]);
            if (ratio != before) carry = 0;
            windows.Add(new(start, lengths[i], ratio, carry));
            carry = ratio == 0 ? 0 : (carry + lengths[i]) % ratio;
            start += lengths[i];
            before = ratio;
        }

        return windows;
    }
}

/// <summary>
/// Windows as training reads them: of the longest length, each with a ratio drawn from a list (video-xl.md 3.8). In it 1 stands
/// for a window whose visual tokens all stay, without summary tokens.
/// </summary>
internal sealed class TrainingRatios(IReadOnlyList<int> ratios, ulong seed) : IWindowRule
{
    private readonly DrawnRatios _drawn = new(ratios, seed);

    public IReadOnlyList<VstWindow> Cut(VisualSpanShape span, int mostTokens) =>
        [.. _drawn.Cut(span, mostTokens).Select(w => w.Ratio == 1 ? w with { Ratio = 0, Carry = 0 } : w)];
}
