namespace Studio.Engine.Compression.Views;

/// <summary>Two answers on one scale.</summary>
/// <param name="Layers">As many as the deeper of the two has.</param>
/// <param name="Stages">Stages of the pipeline in order: those of the first, then those that only the second has.</param>
public sealed record TraceComparison(IReadOnlyList<ComparedLayer> Layers, IReadOnlyList<ComparedCost> Stages, ComparedTotals First, ComparedTotals Second)
{
    public static TraceComparison Of(CompressionTrace first, CompressionTrace second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        var (a, b) = (KvBytes(first), KvBytes(second));
        var layers = Enumerable.Range(0, Math.Max(first.Layers.Count, second.Layers.Count))
            .Select(l => new ComparedLayer(l, Figures(first, a, l), Figures(second, b, l)));
        var names = first.Costs.Select(c => c.Stage).Concat(second.Costs.Select(c => c.Stage)).Distinct(StringComparer.Ordinal);
        var stages = names.Select(name => new ComparedCost(name, first.Costs.FirstOrDefault(c => c.Stage == name), second.Costs.FirstOrDefault(c => c.Stage == name)));
        return new([.. layers], [.. stages], Totals(first, a), Totals(second, b));
    }

    /// <summary>
    /// Bytes of each layer's cache behind the prompt: the prefill's measured bytes by rows, since a row has the same size in
    /// every layer. Empty where the prefill's bytes are not known.
    /// </summary>
    public static IReadOnlyList<long> KvBytes(CompressionTrace trace)
    {
        ArgumentNullException.ThrowIfNull(trace);
        var rows = trace.Layers.Sum(l => (long)l.Rows);
        if (rows == 0 || trace.Costs.FirstOrDefault(c => c.Stage == "prefill") is not { Bytes: > 0 } prefill) return [];
        var row = prefill.Bytes / rows;
        return [.. trace.Layers.Select(l => row * l.Rows)];
    }

    private static LayerFigures? Figures(CompressionTrace trace, IReadOnlyList<long> kv, int layer) => layer >= trace.Layers.Count ? null
        : new(trace.Layers[layer].Rows, trace.Layers[layer].VisualTokens, kv.Count == 0 ? null : kv[layer]);

    private static ComparedTotals Totals(CompressionTrace trace, IReadOnlyList<long> kv) => new(
        trace.Layers.Count, trace.PromptRows, trace.ReusedRows, trace.VisualTokens, trace.Media.Sum(m => m.FrameTimes.Count),
        trace.Layers.Sum(l => (long)l.Rows), kv.Count == 0 ? null : kv.Sum(), trace.Costs.Sum(c => c.Milliseconds), trace.Costs.Sum(c => c.Flops));
}

/// <param name="Layer">0-based.</param>
/// <param name="First">Null when the answer's decoder has no such layer; likewise <paramref name="Second"/>.</param>
public sealed record ComparedLayer(int Layer, LayerFigures? First, LayerFigures? Second);

/// <param name="Rows">Text and visual tokens in the layer's cache behind the prompt.</param>
/// <param name="KvBytes">Their keys and values; null where it is not known.</param>
public sealed record LayerFigures(int Rows, int VisualTokens, long? KvBytes);

/// <param name="Stage">probe, frames, tower, connector, prefill, decode.</param>
/// <param name="First">Null when the answer did not run the stage, for example because visual tokens were cached; likewise <paramref name="Second"/>.</param>
public sealed record ComparedCost(string Stage, StageCost? First, StageCost? Second);

/// <summary>Sums of one answer.</summary>
/// <param name="TokenLayers">Rows over all layers: what attention and matrix products grow with.</param>
/// <param name="KvBytes">Key/value cache behind the prompt; null where it is not known.</param>
/// <param name="Milliseconds">Measured, all stages.</param>
/// <param name="Flops">By formula, all stages that ran.</param>
public sealed record ComparedTotals(
    int Layers, int PromptRows, int ReusedRows, int VisualTokens, int Frames, long TokenLayers, long? KvBytes, double Milliseconds, double Flops);
