using Studio.Engine.Checkpoints;
using Studio.Engine.Language;

namespace Studio.Engine.Chat;

/// <summary>
/// Operations of what was really run, for rates beside measured times (spec section 9; 2 per multiply-add). The planner's
/// cost model predicts the same from sizes alone.
/// </summary>
internal static class StageFlops
{
    /// <summary>The tower on one clip of so many frames.</summary>
    public static double Tower(VisionConfig vision, int frames) => Planning.CostModel.Tower(vision, frames);

    /// <summary>
    /// The rows that a prefill ran through each layer: products with the layer's matrices, and causal attention over what
    /// each row could see. The last layer's keys and values are counted in full, its other products for the one row that is read.
    /// </summary>
    public static double Prefill(LanguageConfig language, SequenceState state)
    {
        double hidden = language.HiddenSize, kv = (double)language.KeyValueHeads * language.HeadDim, query = (double)language.Heads * language.HeadDim;
        var rest = (2 * hidden * query) + (3 * hidden * language.IntermediateSize);
        double flops = 2 * hidden * language.VocabularySize;
        for (var layer = 0; layer < language.Layers; layer++)
        {
            double rows = state.Cache.Length(layer);
            var reused = state.Settings.StageOfLayer(layer) <= state.Settings.FirstAttentionStage ? state.ReusedInLayer(layer) : 0;
            var last = layer == language.Layers - 1;
            flops += 2 * (rows - reused) * 2 * hidden * kv;
            flops += last ? 2 * rest : 2 * (rows - reused) * rest;
            flops += last ? 4 * query * rows : 2 * query * ((rows * rows) - (reused * reused));
        }

        return flops;
    }

    /// <summary>
    /// What a prefill of Video-XL read: each window's rows through all layers but the last, whose keys and values alone are made,
    /// over the rows held before and causally among themselves; text alike, and the last row through everything.
    /// </summary>
    public static double Prefill(LanguageConfig language, VstSequence state)
    {
        double hidden = language.HiddenSize, flops = 2 * hidden * language.VocabularySize;
        foreach (var part in state.Parts)
        {
            if (part.Start < state.ReusedRows && part.Start + part.Length <= state.ReusedRows) continue;
            double held = part.CacheStart;
            if (!part.IsVisual)
            {
                var reused = Math.Max(0, state.ReusedRows - part.Start);
                flops += Rows(language, part.Length - reused, held + reused);
                continue;
            }

            foreach (var window in part.Windows)
            {
                if (window.Kept == 0) continue;
                flops += Rows(language, window.Rows, held);
                held += window.Kept;
            }
        }

        return flops + LastRow(language, state.CachedRowCount);
    }

    /// <summary>Rows behind held ones: all but the last layer whole, of that one keys and values.</summary>
    internal static double Rows(LanguageConfig language, double rows, double held)
    {
        double hidden = language.HiddenSize, kv = (double)language.KeyValueHeads * language.HeadDim, query = (double)language.Heads * language.HeadDim;
        var rest = (2 * hidden * query) + (3 * hidden * language.IntermediateSize);
        return (language.Layers * 2 * rows * 2 * hidden * kv) + ((language.Layers - 1) * ((2 * rows * rest) + (4 * query * rows * (held + (rows / 2)))));
    }

    /// <summary>The last layer of the one row that an answer begins with, over all rows.</summary>
    internal static double LastRow(LanguageConfig language, double rows)
    {
        double hidden = language.HiddenSize, query = (double)language.Heads * language.HeadDim;
        return (2 * ((2 * hidden * query) + (3 * hidden * language.IntermediateSize))) + (4 * query * rows);
    }

    /// <summary>One token through all layers and the vocabulary, over caches of the given lengths.</summary>
    public static double DecodeToken(LanguageConfig language, IReadOnlyList<int> lengths)
    {
        double hidden = language.HiddenSize, kv = (double)language.KeyValueHeads * language.HeadDim, query = (double)language.Heads * language.HeadDim;
        var matrix = (2 * hidden * query) + (2 * hidden * kv) + (3 * hidden * language.IntermediateSize);
        return (2 * ((language.Layers * matrix) + (hidden * language.VocabularySize))) + (4 * query * lengths.Sum(n => (double)n));
    }
}
