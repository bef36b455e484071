using Studio.Engine.Compression;
using Studio.Engine.Language;

namespace Studio.Engine.Chat;

/// <summary>Watches a prefill and makes the trace's stages and layers from what it saw.</summary>
/// <param name="prompt">The prompt that will be read.</param>
/// <param name="media">Its visual parts in order; <see cref="TracedMedia.Tokens"/> must match the prompt's spans.</param>
/// <param name="layers">Layers of the decoder.</param>
internal sealed class TraceRecorder(Prompt prompt, IReadOnlyList<TracedMedia> media, int layers) : ITraceRecorder
{
    private readonly List<DropRecord> _drops = []; // bounded by the schedule
    private readonly TracedLayer?[] _layers = new TracedLayer?[layers];

    // The attention of each layer on its visual tokens, until the drops behind it are known: layers x visual tokens floats.
    private readonly float[][] _visual = new float[layers][];

    public bool WantsAttention => true;

    public void OnDrop(DropRecord drop, Torch.Tensor hidden) => _drops.Add(drop);

    public void OnAttention(int layer, ReadOnlySpan<float> row, IReadOnlyList<int> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var visual = new float[rows.Count];
        var clips = new float[media.Sum(Clips)];
        double total = 0;
        var (count, span, firstClip) = (0, 0, 0);
        for (var i = 0; i < rows.Count; i++)
        {
            total += row[i];
            while (span < media.Count && rows[i] >= media[span].FirstRow + media[span].Tokens) firstClip += Clips(media[span++]);
            if (span == media.Count || rows[i] < media[span].FirstRow) continue;
            visual[count++] = row[i];
            clips[firstClip + ((rows[i] - media[span].FirstRow) / media[span].TokensPerClip)] += row[i];
        }

        _visual[layer] = visual[..count];
        _layers[layer] = new(layer, rows.Count, count, AttentionFigures.From(_visual[layer], total), clips);
    }

    /// <summary>The stages and layers, once the prefill has ended.</summary>
    public TraceParts Finish(DecoderSequence sequence)
    {
        var state = (SequenceState)sequence;
        var settings = state.Settings;
        var stages = new List<TracedStage>();
        for (var s = 0; s <= settings.DropAfterLayers.Count; s++)
        {
            var first = s == 0 ? 0 : settings.DropAfterLayers[s - 1];
            var last = s == settings.DropAfterLayers.Count ? layers - 1 : settings.DropAfterLayers[s] - 1;
            var (alive, count) = Bits(state.Alive(s));
            var method = s == 0 ? "none" : settings.RanksByAttention(s - 1) ? "attention" : "uniform";
            stages.Add(new(first, last, method, count, alive, _drops.FirstOrDefault(d => d.Stage == s - 1)?.Scores ?? []));
        }

        var traced = Enumerable.Range(0, layers).Select(l => _layers[l] is { } seen
            ? seen with { StageMass = StageMass(stages, l) }
            : new(l, state.Cache.Length(l), stages.First(s => l >= s.FirstLayer && l <= s.LastLayer).VisualTokens, null, []));
        return new(stages, [.. traced], []);
    }

    private float[] StageMass(List<TracedStage> stages, int layer)
    {
        var own = stages.FindIndex(s => layer <= s.LastLayer);
        var mass = new double[stages.Count - own];
        var at = 0;
        for (var token = 0; token < prompt.VisualTokens; token++)
        {
            if (!stages[own].IsAlive(token)) continue;
            var share = _visual[layer][at++];
            for (var s = own; s < stages.Count && stages[s].IsAlive(token); s++) mass[s - own] += share;
        }

        return Array.ConvertAll(mass, m => (float)m);
    }

    private static int Clips(TracedMedia m) => (m.Tokens + m.TokensPerClip - 1) / m.TokensPerClip;

    private (byte[] Bits, int Count) Bits(IReadOnlyList<int> rows)
    {
        var bits = new byte[(prompt.VisualTokens + 7) / 8];
        var (count, span, before) = (0, 0, 0);
        foreach (var row in rows)
        {
            while (span < media.Count && row >= media[span].FirstRow + media[span].Tokens) before += media[span++].Tokens;
            if (span == media.Count || row < media[span].FirstRow) continue;
            var token = before + row - media[span].FirstRow;
            bits[token / 8] |= (byte)(1 << (token % 8));
            count++;
        }

        return (bits, count);
    }
}
