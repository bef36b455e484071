namespace Studio.Engine.Compression.Views;

/// <summary>
/// How sparse the attention on visual tokens is, layer by layer: that of the last prompt row, averaged over heads, as
/// recorded in the run. n of a layer is the visual tokens alive in it.
/// </summary>
public static class SparsityTable
{
    /// <returns>One row a layer; the figures are null where attention was not recorded.</returns>
    public static IReadOnlyList<SparsityRow> Of(TraceShape shape)
    {
        ArgumentNullException.ThrowIfNull(shape);
        return [.. shape.Trace.Layers.Select(layer => Row(shape, layer))];
    }

    private static SparsityRow Row(TraceShape shape, TracedLayer layer)
    {
        var stage = shape.StageOfLayer(layer.Layer);
        var kept = stage + 1 < shape.Stages ? shape.Trace.Stages[stage + 1].VisualTokens : layer.VisualTokens;
        double? Of(int later) => layer.Attention is { VisualMass: > 0 } a && layer.StageMass is { } mass && mass.Length > later ? Math.Min(1, mass[later] / a.VisualMass) : null;
        var isLast = stage == shape.Stages - 1;
        return new(
            layer.Layer, stage, layer.Rows, layer.VisualTokens, kept, layer.Attention?.VisualMass, layer.Attention?.TextMass,
            isLast ? (layer.Attention is { VisualMass: > 0 } ? 1 : null) : Of(1), isLast ? (layer.Attention is { VisualMass: > 0 } ? 1 : null) : Of(shape.Stages - 1 - stage),
            layer.Attention?.Tokens90, layer.Attention is { } f && layer.VisualTokens > 0 ? f.Tokens90 / (double)layer.VisualTokens : null,
            layer.Attention?.NormalisedEntropy, layer.Attention?.Gini);
    }
}

/// <summary>One layer.</summary>
/// <param name="Layer">0-based.</param>
/// <param name="Stage">0-based.</param>
/// <param name="Rows">Rows of its cache behind the prompt, text and visual.</param>
/// <param name="VisualTokens">n: alive in the layer.</param>
/// <param name="KeptTokens">Of them, alive behind the next drop; all in the last stage.</param>
/// <param name="VisualMass">Share of attention on visual tokens.</param>
/// <param name="TextMass">Share on text.</param>
/// <param name="KeptMass">Of the visual mass, the share on tokens that the next drop keeps; 1 in the last stage.</param>
/// <param name="FinalMass">Of the visual mass, the share on tokens alive in the last layer.</param>
/// <param name="Tokens90">The fewest visual tokens that hold 90 % of the visual mass.</param>
/// <param name="Tokens90Share">The same over n.</param>
/// <param name="NormalisedEntropy">Entropy of the visual shares over log n: 1 is even, 0 a single token.</param>
/// <param name="Gini">Of the visual shares: 0 is even, (n - 1) / n a single token.</param>
public sealed record SparsityRow(
    int Layer, int Stage, int Rows, int VisualTokens, int KeptTokens, double? VisualMass, double? TextMass, double? KeptMass, double? FinalMass,
    int? Tokens90, double? Tokens90Share, double? NormalisedEntropy, double? Gini);
