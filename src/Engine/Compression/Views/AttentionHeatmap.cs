namespace Studio.Engine.Compression.Views;

/// <summary>
/// Attention over layers and time: the last prompt row's share on the clips of each bin. Shares add, so that bins are exact:
/// the bins of a layer sum to its visual mass.
/// </summary>
/// <param name="Bins">In prompt order; none spans two media.</param>
/// <param name="Layers">One row a layer; null where attention was not recorded.</param>
public sealed record AttentionHeatmap(IReadOnlyList<AttentionBin> Bins, IReadOnlyList<AttentionCell[]?> Layers)
{
    /// <summary>Bins are no shorter than a clip: attention was recorded clip by clip.</summary>
    /// <param name="maxBins">Upper bound, but every media has one at least.</param>
    public static AttentionHeatmap Of(TraceShape shape, int maxBins)
    {
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxBins, 1);
        var bins = Cut(shape, maxBins);
        var alive = Enumerable.Range(0, shape.Stages).Select(s => bins.Select(b => AliveIn(shape, s, b)).ToArray()).ToArray();
        return new(bins, [.. shape.Trace.Layers.Select(layer => Row(layer, bins, alive[shape.StageOfLayer(layer.Layer)]))]);
    }

    private static AttentionCell[]? Row(TracedLayer layer, List<AttentionBin> bins, int[] alive)
    {
        if (layer.ClipMass.Length == 0) return null;
        var (mass, tokens) = (layer.ClipMass.Sum(m => (double)m), alive.Sum(n => (long)n));
        return [.. bins.Select((bin, b) =>
        {
            double sum = 0;
            for (var c = bin.FirstClip; c < bin.EndClip; c++) sum += layer.ClipMass[c];
            double? lift = alive[b] == 0 || mass <= 0 ? null : sum / mass / (alive[b] / (double)tokens);
            return new AttentionCell(sum, alive[b], lift);
        })];
    }

    private static int AliveIn(TraceShape shape, int stage, AttentionBin bin)
    {
        var alive = 0;
        for (var token = shape.TokensOfClip(bin.FirstClip).First; token < shape.TokensOfClip(bin.EndClip - 1).End; token++)
        {
            if (shape.IsAlive(stage, token)) alive++;
        }

        return alive;
    }

    private static List<AttentionBin> Cut(TraceShape shape, int maxBins)
    {
        var bins = new List<AttentionBin>(); // bounded by maxBins and one a media
        for (var m = 0; m < shape.Trace.Media.Count; m++)
        {
            var (first, end) = shape.ClipsOf(m);
            var clips = end - first;
            var count = (int)Math.Clamp((long)maxBins * clips / shape.TotalClips, 1, clips);
            for (var b = 0; b < count; b++)
            {
                var (from, to) = (first + (int)((long)b * clips / count), first + (int)((long)(b + 1) * clips / count));
                var (column, _) = shape.ColumnsOfClip(from);
                var (_, columnEnd) = shape.ColumnsOfClip(to - 1);
                bins.Add(new(m, from, to, column, columnEnd, shape.Column(column).Time, shape.Column(columnEnd - 1).Time));
            }
        }

        return bins;
    }
}

/// <summary>Clips that stand together.</summary>
/// <param name="Media">0-based.</param>
/// <param name="FirstClip">0-based, over all media.</param>
/// <param name="EndClip">Exclusive.</param>
/// <param name="FirstColumn">The first frame of its first clip.</param>
/// <param name="EndColumn">Exclusive.</param>
/// <param name="StartTime">Seconds of the first frame.</param>
/// <param name="EndTime">Seconds of the last frame.</param>
public sealed record AttentionBin(int Media, int FirstClip, int EndClip, int FirstColumn, int EndColumn, double StartTime, double EndTime);

/// <param name="Mass">Share of the whole row: visual and text together are 1.</param>
/// <param name="Alive">Visual tokens of the bin alive in the layer.</param>
/// <param name="Lift">The bin's share of the visual mass over its share of the alive tokens: 1 is an even spread. Null without alive tokens.</param>
public readonly record struct AttentionCell(double Mass, int Alive, double? Lift);
