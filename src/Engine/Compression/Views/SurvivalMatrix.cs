namespace Studio.Engine.Compression.Views;

/// <summary>What a frame's share of survival counts.</summary>
public enum SurvivalMeasure
{
    /// <summary>Patches of the frame whose token is alive: a token counts by how much of the frame it holds.</summary>
    Patches,

    /// <summary>Tokens that any patch of the frame was merged into, each once.</summary>
    Tokens,
}

/// <summary>
/// Which share of each frame is alive in each layer. A frame's tokens are those that any of its patches was merged into; a
/// token may belong to several frames of its clip. Share = alive count / total, by <see cref="SurvivalMeasure"/>; where merge
/// groups were not recorded, a frame's tokens are all of its clip (of an image: all of it) and both measures are the same.
/// Tokens change at drops only, so there is one row a stage.
/// </summary>
public sealed class SurvivalMatrix
{
    private readonly int[] _totals;
    private readonly int[][] _counts;

    private SurvivalMatrix(TraceShape shape, SurvivalMeasure measure)
    {
        (Shape, Measure) = (shape, measure);
        _totals = new int[shape.Columns.Count];
        _counts = [.. Enumerable.Range(0, shape.Stages).Select(_ => new int[_totals.Length])];
        Span<int> patches = stackalloc int[256]; // an owner is a byte
        foreach (var column in shape.Columns)
        {
            var owners = shape.OwnersOf(column);
            if (owners.IsEmpty)
            {
                Count(column, [], column.Tokens);
                continue;
            }

            patches.Clear();
            foreach (var slot in owners) patches[slot]++;
            Count(column, patches, Math.Min(256, column.Tokens));
        }
    }

    public TraceShape Shape { get; }

    public SurvivalMeasure Measure { get; }

    /// <summary>What a share of each column is a share of: patches or tokens.</summary>
    public IReadOnlyList<int> Totals => _totals;

    public static SurvivalMatrix Of(TraceShape shape, SurvivalMeasure measure = SurvivalMeasure.Patches)
    {
        ArgumentNullException.ThrowIfNull(shape);
        if (!Enum.IsDefined(measure)) throw new ArgumentOutOfRangeException(nameof(measure), measure, "use Patches or Tokens");
        return new(shape, measure);
    }

    /// <summary>Alive patches or tokens of each column in a stage.</summary>
    public IReadOnlyList<int> Counts(int stage) => _counts[stage];

    /// <summary>The exact share of a column in a layer (0-based).</summary>
    public double Share(int layer, int column) => _counts[Shape.StageOfLayer(layer)][column] / (double)_totals[column];

    /// <summary>
    /// The columns from..to (exclusive) in at most <paramref name="width"/> bins. Bin x of W over n columns holds those from
    /// floor(x n / W) up to floor((x + 1) n / W): each column is in exactly one bin. With no more columns than bins every
    /// column is a bin of its own, so that values are exact.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The window is empty or outside, or the width is below 1.</exception>
    public SurvivalWindow Window(int from, int to, int width)
    {
        if (from < 0 || to > _totals.Length || from >= to) throw new ArgumentOutOfRangeException(nameof(from), from, $"frames {from} to {to} are not a part of 0 to {_totals.Length}");
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        var n = to - from;
        var bins = Math.Min(n, width);
        var edges = new int[bins + 1];
        for (var x = 0; x <= bins; x++) edges[x] = from + (int)((long)x * n / bins);
        var rows = _counts.Select(counts => Enumerable.Range(0, bins).Select(x => Bin(counts, edges[x], edges[x + 1])).ToArray());
        return new(edges, [.. rows]);
    }

    private SurvivalBin Bin(int[] counts, int from, int to)
    {
        long alive = 0, total = 0;
        double min = 1, max = 0;
        for (var c = from; c < to; c++)
        {
            alive += counts[c];
            total += _totals[c];
            var share = counts[c] / (double)_totals[c];
            (min, max) = (Math.Min(min, share), Math.Max(max, share));
        }

        return new(alive, total, min, max);
    }

    /// <param name="patches">Patches of the frame in each slot; empty where groups were not recorded.</param>
    private void Count(FrameColumn column, ReadOnlySpan<int> patches, int slots)
    {
        for (var slot = 0; slot < slots; slot++)
        {
            var weight = patches.IsEmpty ? 1 : Measure == SurvivalMeasure.Patches ? patches[slot] : Math.Min(1, patches[slot]);
            if (weight == 0) continue;
            _totals[column.Column] += weight;
            for (var s = 0; s < _counts.Length && Shape.IsAlive(s, column.FirstToken + slot); s++) _counts[s][column.Column] += weight;
        }
    }
}

/// <summary>Some columns of a survival matrix, in bins.</summary>
/// <param name="Edges">Bin x holds the columns Edges[x] to Edges[x + 1] (exclusive).</param>
/// <param name="Stages">A row of bins for each stage.</param>
public sealed record SurvivalWindow(IReadOnlyList<int> Edges, IReadOnlyList<IReadOnlyList<SurvivalBin>> Stages)
{
    public int Bins => Edges.Count - 1;
}

/// <summary>Some frames in one stage.</summary>
/// <param name="Alive">Alive patches or tokens of all of them.</param>
/// <param name="Total">Patches or tokens of all of them.</param>
/// <param name="Min">The lowest share of a frame.</param>
/// <param name="Max">The highest share of a frame.</param>
public readonly record struct SurvivalBin(long Alive, long Total, double Min, double Max)
{
    /// <summary>The frames' mean share, each weighted by its total: Alive / Total.</summary>
    public double Mean => Alive / (double)Total;
}
