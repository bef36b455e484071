using Studio.Engine.Compression;
using Studio.Engine.Language;

namespace Studio.Engine.Chat;

/// <summary>Watches a prefill of Video-XL: what the answer looks at comes from here, what summary tokens look at from the sequence.</summary>
/// <param name="prompt">The prompt that will be read.</param>
/// <param name="media">Its visual parts in order; together they fill the prompt's spans.</param>
/// <param name="layers">Layers of the decoder.</param>
internal sealed class VstTraceRecorder(Prompt prompt, IReadOnlyList<TracedMedia> media, int layers) : ITraceRecorder
{
    // The last row's attention in each layer, until it is known what stands in which row: layers x cache rows floats.
    private readonly float[][] _rows = new float[layers][];

    public bool WantsAttention => true;

    public void OnAttention(int layer, ReadOnlySpan<float> row, IReadOnlyList<int> rows) => _rows[layer] = row.ToArray();

    public TraceParts Finish(DecoderSequence state)
    {
        var sequence = (VstSequence)state;
        var kept = Kept(sequence);
        int[] firstClip = [0, .. media.Select(Clips)];
        for (var m = 0; m < media.Count; m++) firstClip[m + 1] += firstClip[m];

        var traced = new TracedLayer[layers];
        var mean = new double[kept.Count];
        for (var layer = 0; layer < layers; layer++)
        {
            var row = _rows[layer];
            var (visual, clips) = (new float[kept.Count], new float[firstClip[^1]]);
            for (var i = 0; i < kept.Count; i++)
            {
                visual[i] = row[kept[i].Row];
                mean[i] += visual[i] / layers;
                clips[ClipOf(kept[i].Token, firstClip)] += visual[i];
            }

            traced[layer] = new(layer, row.Length, kept.Count, AttentionFigures.From(visual, row.Sum(share => (double)share)), clips);
        }

        var all = new byte[(prompt.VisualTokens + 7) / 8];
        for (var token = 0; token < prompt.VisualTokens; token++) all[token / 8] |= (byte)(1 << (token % 8));
        // Every layer reads every visual token, in its window; what stays behind is told by windows.
        var stage = new TracedStage(0, layers - 1, sequence.Settings.IsOff ? "none" : "summaries", prompt.VisualTokens, all, []);
        return new([stage], traced, Windows(sequence, mean, firstClip));
    }

    /// <summary>A cache row that a visual span left: which one, and the visual token (over all media) it is or stands behind.</summary>
    private static List<(int Row, int Token)> Kept(VstSequence sequence)
    {
        var kept = new List<(int, int)>(); // bounded by the cache
        var token = 0;
        foreach (var part in sequence.Parts.Where(p => p.IsVisual))
        {
            var row = part.CacheStart;
            foreach (var window in part.Windows)
            {
                for (var i = 0; i < window.Kept; i++, row++)
                {
                    var (first, count) = window.Ratio == 0 ? (i, 1) : window.TokensOf(i);
                    kept.Add((row, token + Math.Max(0, window.Start + first + count - 1)));
                }
            }

            token += part.Length;
        }

        return kept;
    }

    private List<TracedWindow> Windows(VstSequence sequence, double[] answer, int[] firstClip)
    {
        var windows = new List<TracedWindow>(); // bounded by the spans' windows
        var (token, at) = (0, 0);
        var recorded = sequence.Parts.Sum(p => p.Attention.Sum(a => (long)a.OnFrames.Length));
        foreach (var part in sequence.Parts.Where(p => p.IsVisual))
        {
            var row = part.CacheStart;
            for (var w = 0; w < part.Windows.Count; w++)
            {
                var window = part.Windows[w];
                var seen = w < part.Attention.Count && window.Vsts > 0 ? part.Attention[w] : null;
                windows.Add(new(
                    token + window.Start, window.Length, window.Ratio, window.Vsts, row, ClipOf(token + window.Start, firstClip),
                    [.. answer.Skip(at).Take(window.Kept).Select(share => (float)share)],
                    seen?.FrameMass(), recorded <= CompressionTrace.MaxSummaryShares ? seen?.OnFrames : null,
                    seen is null ? null : new(seen.Text.Average(), seen.Earlier.Average(), seen.Own.Average())));
                at += window.Kept;
                row += window.Kept;
            }

            token += part.Length;
        }

        return windows;
    }

    /// <summary>The clip, over all media, of a visual token over all media.</summary>
    private int ClipOf(int token, int[] firstClip)
    {
        var m = 0;
        while (m < media.Count - 1 && token >= media[m].Tokens) token -= media[m++].Tokens;
        return Math.Min(firstClip[m] + (token / media[m].TokensPerClip), firstClip[m + 1] - 1);
    }

    private static int Clips(TracedMedia m) => (m.Tokens + m.TokensPerClip - 1) / m.TokensPerClip;
}
