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

    /// <summary>One token through all layers and the vocabulary, over caches of the given lengths.</summary>
    public static double DecodeToken(LanguageConfig language, IReadOnlyList<int> lengths)
    {
        double hidden = language.HiddenSize, kv = (double)language.KeyValueHeads * language.HeadDim, query = (double)language.Heads * language.HeadDim;
        var matrix = (2 * hidden * query) + (2 * hidden * kv) + (3 * hidden * language.IntermediateSize);
        return (2 * ((language.Layers * matrix) + (hidden * language.VocabularySize))) + (4 * query * lengths.Sum(n => (double)n));
    }
}
