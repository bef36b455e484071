namespace Studio.Engine.Compression;

/// <summary>
/// How one attention row spreads over its keys. The row is that of the last prompt token, averaged over query heads, taken
/// in the run itself; the shares sum to 1 over visual and text keys together.
/// </summary>
/// <param name="VisualMass">Share of attention on visual tokens; the text's is the rest.</param>
/// <param name="TextMass">Share on text tokens (system line, question, earlier turns).</param>
/// <param name="Tokens90">The fewest visual tokens that hold 90 % of the visual mass.</param>
/// <param name="NormalisedEntropy">
/// Entropy of the visual shares, rescaled to sum to 1, over log(n): 1 is even, 0 is a single token. 0 when n is below 2.
/// </param>
/// <param name="Gini">Gini coefficient of the visual shares: 0 is even, (n - 1) / n is a single token.</param>
/// <param name="VisualTokens">n: the visual tokens alive in the layer.</param>
public sealed record AttentionFigures(double VisualMass, double TextMass, int Tokens90, double NormalisedEntropy, double Gini, int VisualTokens)
{
    /// <param name="visual">Attention shares of the visual tokens, in any order.</param>
    /// <param name="total">Sum of the whole row: 1 but for rounding.</param>
    public static AttentionFigures From(ReadOnlySpan<float> visual, double total)
    {
        var sorted = visual.ToArray();
        Array.Sort(sorted); // ascending
        var n = sorted.Length;
        double mass = 0, weighted = 0;
        for (var i = 0; i < n; i++)
        {
            mass += sorted[i];
            weighted += (i + 1.0) * sorted[i];
        }

        if (n == 0 || mass <= 0) return new(0, total, 0, 0, 0, n);
        double entropy = 0, tail = 0;
        var tokens90 = 0;
        for (var i = n - 1; i >= 0; i--)
        {
            var p = sorted[i] / mass;
            if (p > 0) entropy -= p * Math.Log(p);
            if (tail < 0.9)
            {
                tail += p;
                tokens90++;
            }
        }

        return new(mass, Math.Max(0, total - mass), tokens90, n < 2 ? 0 : entropy / Math.Log(n), (2 * weighted / (n * mass)) - ((n + 1.0) / n), n);
    }
}
