namespace Studio.Engine.Compression;

/// <summary>
/// Experimental: windows that follow what is seen, after the idea of the paper's later version, whose code is not published
/// (video-xl.md 3.12). Windows are whole frames.
/// </summary>
/// <remarks>
/// <para>Where: c_i is the cosine similarity of frames i and i + 1. Climbing from i to either side while the next value is not
/// smaller gives a peak; the depth is (left peak) + (right peak) - 2 c_i. A window ends behind frame i if that depth exceeds the
/// mean of all depths by half their (unbiased) standard deviation. A longer stretch than a window may be is cut into equal
/// parts, the first ones a frame longer where they cannot be equal.</para>
/// <para>How strongly: the ratio asked for; half of it in windows shorter than half the longest, since there much changes. A
/// ratio that is odd or 2 stays.</para>
/// <para>What it needs, the tower's class tokens of all frames, is known only after a pass over the whole video: that takes the
/// tower's time once more.</para>
/// </remarks>
internal sealed class ContentWindows(int ratio) : IWindowRule
{
    /// <summary>Depths above the mean by this many standard deviations end a window.</summary>
    private const double Threshold = 0.5;

    public IReadOnlyList<VstWindow> Cut(VisualSpanShape span, int mostTokens)
    {
        ArgumentNullException.ThrowIfNull(span);
        var mostFrames = mostTokens / span.TokensPerFrame;
        var frames = span.Tokens / span.TokensPerFrame;
        if (span.Similarity is null || frames < 2 || mostFrames < 1) return WindowCutting.Even(span, mostTokens, (_, _) => ratio);
        var similarity = span.Similarity();
        if (similarity.Count != frames - 1) throw new ArgumentException($"{similarity.Count} similarities for {frames} frames; one fewer than frames is needed");
        var lengths = new List<int>(); // bounded by the frames
        foreach (var stretch in Stretches(similarity))
        {
            var parts = (stretch + mostFrames - 1) / mostFrames;
            for (var i = 0; i < parts; i++) lengths.Add(((stretch / parts) + (i < stretch % parts ? 1 : 0)) * span.TokensPerFrame);
        }

        if (span.Tokens % span.TokensPerFrame is > 0 and var rest) lengths.Add(rest);
        var gentler = ratio > 2 && ratio % 2 == 0 ? ratio / 2 : ratio;
        return WindowCutting.Counted(lengths, (_, length) => 2L * length < (long)mostFrames * span.TokensPerFrame ? gentler : ratio);
    }

    /// <summary>Frames of each stretch between two ends.</summary>
    private static List<int> Stretches(IReadOnlyList<float> similarity)
    {
        double[] depths = [.. Enumerable.Range(0, similarity.Count).Select(i => Peak(similarity, i, -1) + Peak(similarity, i, 1) - (2.0 * similarity[i]))];
        var mean = depths.Average();
        var deviation = depths.Length < 2 ? 0 : Math.Sqrt(depths.Sum(d => (d - mean) * (d - mean)) / (depths.Length - 1));
        var stretches = new List<int>();
        var from = 0;
        for (var i = 0; i < depths.Length; i++)
        {
            if (!(depths[i] > mean + (Threshold * deviation))) continue;
            stretches.Add(i + 1 - from);
            from = i + 1;
        }

        stretches.Add(similarity.Count + 1 - from);
        return stretches;
    }

    private static float Peak(IReadOnlyList<float> values, int at, int step)
    {
        while (at + step >= 0 && at + step < values.Count && values[at + step] >= values[at]) at += step;
        return values[at];
    }
}
