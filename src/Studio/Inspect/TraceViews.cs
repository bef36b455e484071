using Studio.Engine.Compression;
using Studio.Engine.Compression.Views;

namespace Studio.Inspect;

/// <summary>A view that can be given in several forms.</summary>
/// <param name="Name">For file names.</param>
/// <param name="Value">The view, for JSON.</param>
/// <param name="Csv">Makes it a table.</param>
internal sealed record TraceView(string Name, object Value, Func<string> Csv);

/// <summary>The views of a trace by name and by the words and numbers that people give: the API and the command line go through here.</summary>
/// <remarks>All throw <see cref="ArgumentException"/> for a value that cannot be used; the message names it.</remarks>
internal static class TraceViews
{
    /// <summary>The most bins of a view.</summary>
    public const int MaxBins = 20_000;

    /// <summary>The most values of a table: bins × stages or layers.</summary>
    public const int MaxCells = 1_000_000;

    /// <param name="measure">patches or tokens.</param>
    /// <param name="from">First frame, 0-based.</param>
    /// <param name="to">One past the last frame; null for all.</param>
    /// <param name="width">Bins.</param>
    public static TraceView Survival(TraceShape shape, string measure, int from, int? to, int width)
    {
        var matrix = SurvivalMatrix.Of(shape, Measure(measure));
        CheckBins(width, shape.Stages);
        var window = matrix.Window(from, to ?? shape.Columns.Count, width);
        var view = new SurvivalView(measure, window.Edges, [.. window.Stages.Select((bins, s) => new SurvivalStage(
            s, shape.Trace.Stages[s].FirstLayer, shape.Trace.Stages[s].LastLayer, [.. bins.Select(b => b.Mean)], [.. bins.Select(b => b.Min)], [.. bins.Select(b => b.Max)]))]);
        return new("survival", view, () => InspectCsv.Survival(shape, view));
    }

    /// <summary>patches or tokens.</summary>
    public static SurvivalMeasure Measure(string name) => name switch
    {
        "patches" => SurvivalMeasure.Patches,
        "tokens" => SurvivalMeasure.Tokens,
        _ => throw new ArgumentException($"unknown measure '{name}'; use patches or tokens"),
    };

    public static TraceView Patches(TraceShape shape, int frame, int layer)
    {
        var view = PatchView.Of(shape, frame, layer);
        return new($"patches-{frame}-{layer}", PatchesView.Of(view), () => InspectCsv.Patches(view));
    }

    public static TraceView Sparsity(TraceShape shape)
    {
        var rows = SparsityTable.Of(shape);
        return new("sparsity", rows, () => InspectCsv.Sparsity(rows));
    }

    public static TraceView Attention(TraceShape shape, int bins)
    {
        CheckBins(bins, shape.Layers);
        var map = AttentionHeatmap.Of(shape, bins);
        return new("attention", AttentionView.Of(map), () => InspectCsv.Attention(map));
    }

    /// <param name="basis">run or drop.</param>
    public static TraceView CounterfactualOf(TraceShape shape, string basis, ulong seed)
    {
        var kind = basis switch
        {
            "run" => CounterfactualBasis.Run,
            "drop" => CounterfactualBasis.Drop,
            _ => throw new ArgumentException($"unknown basis '{basis}'; use run or drop"),
        };
        var view = new CounterfactualView(basis, seed, Counterfactual.Of(shape, kind, seed));
        return new("counterfactual", view, () => InspectCsv.Counterfactual(view));
    }

    /// <param name="part">windows, frames or summaries: which of the three tables CSV is.</param>
    public static TraceView Windows(TraceShape shape, string part)
    {
        if (part is not ("windows" or "frames" or "summaries")) throw new ArgumentException($"unknown part '{part}'; use windows, frames or summaries");
        var view = new WindowsView(WindowTable.Of(shape), WindowTable.Frames(shape), WindowTable.Answer(shape));
        return new(part == "windows" ? part : $"windows-{part}", view, () => part switch
        {
            "windows" => InspectCsv.Windows(view.Windows),
            "frames" => InspectCsv.WindowShares("frame_in_window", view.Frames),
            _ => InspectCsv.WindowShares("token_in_window", view.Summaries),
        });
    }

    public static TraceView Costs(CompressionTrace trace) => new("costs", trace.Costs, () => InspectCsv.Costs(trace));

    /// <param name="part">layers or stages: which of the two tables CSV is.</param>
    public static TraceView Compare(string firstId, CompressionTrace first, string secondId, CompressionTrace second, string part)
    {
        if (part is not ("layers" or "stages")) throw new ArgumentException($"unknown part '{part}'; use layers or stages");
        var comparison = TraceComparison.Of(first, second);
        return new(
            $"compare-{part}", new ComparisonView(firstId, first.Settings, secondId, second.Settings, comparison),
            () => part == "layers" ? InspectCsv.ComparedLayers(comparison) : InspectCsv.ComparedStages(comparison));
    }

    private static void CheckBins(int bins, int rows)
    {
        if (bins is < 1 or > MaxBins) throw new ArgumentException($"{bins} bins; give 1 to {MaxBins}");
        if ((long)bins * rows > MaxCells) throw new ArgumentException($"{bins} bins of {rows} rows are more than {MaxCells} values; give at most {MaxCells / rows} bins");
    }
}
