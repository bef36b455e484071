namespace Studio.Engine.Compression;

/// <summary>
/// A piece of a visual span that the decoder reads at once. One summary token (VST) stands behind every
/// <paramref name="Ratio"/> visual tokens, counted on from window to window; behind the window only the VSTs stay (video-xl.md 3.3).
/// </summary>
/// <param name="Start">First visual token, 0-based within its span.</param>
/// <param name="Length">Visual tokens, n.</param>
/// <param name="Ratio">Visual tokens for each VST; 0: no VST, every visual token stays.</param>
/// <param name="Carry">Visual tokens before the window that no VST stands behind yet; below the ratio.</param>
public readonly record struct VstWindow(int Start, int Length, int Ratio, int Carry = 0)
{
    /// <summary>Summary tokens, b.</summary>
    public int Vsts => Ratio == 0 ? 0 : (Carry + Length) / Ratio;

    /// <summary>Rows that run through the decoder: visual tokens and VSTs.</summary>
    public int Rows => Length + Vsts;

    /// <summary>Rows that stay in the cache.</summary>
    public int Kept => Ratio == 0 ? Length : Vsts;

    /// <summary>Place of a VST (0-based) among the window's rows.</summary>
    public int RowOfVst(int vst) => ((vst + 1) * Ratio) - Carry + vst;

    /// <summary>Place of a visual token (0-based within the window) among its rows.</summary>
    public int RowOfToken(int token) => Ratio == 0 ? token : token + ((token + Carry) / Ratio);

    /// <summary>The visual tokens (0-based within the window) that a VST stands right behind: up to <see cref="Ratio"/>, fewer behind a carry.</summary>
    public (int First, int Count) TokensOf(int vst)
    {
        var (end, start) = (((vst + 1) * Ratio) - Carry, Math.Max(0, (vst * Ratio) - Carry));
        return (start, end - start);
    }
}

/// <summary>What a rule may know of a visual span before it is read.</summary>
/// <param name="Tokens">Visual tokens.</param>
/// <param name="TokensPerFrame">Tokens of each frame or tile, in order; what does not fill one stands at the end.</param>
/// <param name="Similarity">Asked for at most once, and costly: cosine similarity of each frame to the next, one fewer than
/// frames. Null where frames have no order in time (tiles of an image).</param>
public sealed record VisualSpanShape(int Tokens, int TokensPerFrame, Func<IReadOnlyList<float>>? Similarity);

/// <summary>Cuts a visual span into windows and chooses how strongly each is compressed. Pure: the same span gives the same windows.</summary>
public interface IWindowRule
{
    /// <param name="mostTokens">The longest a window may be.</param>
    /// <returns>Windows that cover the span in order.</returns>
    IReadOnlyList<VstWindow> Cut(VisualSpanShape span, int mostTokens);
}
