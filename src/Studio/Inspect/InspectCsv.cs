using Studio.Engine.Compression;
using Studio.Engine.Compression.Views;

namespace Studio.Inspect;

/// <summary>The views as tables.</summary>
internal static class InspectCsv
{
    private static readonly string[] s_figures = ["mean", "min", "max"];

    public static string Survival(TraceShape shape, SurvivalView view)
    {
        var table = new CsvText(["first_frame", "end_frame", "media", "start_seconds", "end_seconds", .. view.Stages.SelectMany(s => s_figures.Select(f => $"layers_{s.FirstLayer}_to_{s.LastLayer}_{f}"))]);
        for (var x = 0; x + 1 < view.Edges.Count; x++)
        {
            var (first, last) = (shape.Column(view.Edges[x]), shape.Column(view.Edges[x + 1] - 1));
            _ = table.Row([first.Column, last.Column + 1, first.Media, first.Time, last.Time, .. view.Stages.SelectMany(s => new object?[] { s.Mean[x], s.Min[x], s.Max[x] })]);
        }

        return table.ToString();
    }

    public static string Patches(PatchView view)
    {
        var table = new CsvText("token", "slot", "patches_in_frame", "patches_in_clip", "frames", "alive", "dropped_before_layer", "ranked_before_layer", "score", "rank", "of", "kept");
        foreach (var t in view.Tokens)
        {
            if (t.Rankings.Count == 0) _ = table.Row(t.Token, t.Slot, t.PatchesInFrame, t.PatchesInClip, t.Frames, t.Alive, t.DroppedBefore, null, null, null, null, null);
            foreach (var r in t.Rankings) _ = table.Row(t.Token, t.Slot, t.PatchesInFrame, t.PatchesInClip, t.Frames, t.Alive, t.DroppedBefore, r.Layer, r.Score, r.Rank, r.Offered, r.Kept);
        }

        return table.ToString();
    }

    public static string Sparsity(IReadOnlyList<SparsityRow> rows)
    {
        var table = new CsvText("layer", "stage", "rows", "visual_tokens", "kept_tokens", "visual_mass", "text_mass", "kept_mass", "final_mass", "tokens_90", "tokens_90_share", "normalised_entropy", "gini");
        foreach (var r in rows)
        {
            _ = table.Row(r.Layer, r.Stage, r.Rows, r.VisualTokens, r.KeptTokens, r.VisualMass, r.TextMass, r.KeptMass, r.FinalMass, r.Tokens90, r.Tokens90Share, r.NormalisedEntropy, r.Gini);
        }

        return table.ToString();
    }

    public static string Attention(AttentionHeatmap map)
    {
        var table = new CsvText("layer", "media", "first_frame", "end_frame", "start_seconds", "end_seconds", "mass", "alive_tokens", "lift");
        for (var layer = 0; layer < map.Layers.Count; layer++)
        {
            if (map.Layers[layer] is not { } row) continue;
            for (var b = 0; b < map.Bins.Count; b++)
            {
                var bin = map.Bins[b];
                _ = table.Row(layer, bin.Media, bin.FirstColumn, bin.EndColumn, bin.StartTime, bin.EndTime, row[b].Mass, row[b].Alive, row[b].Lift);
            }
        }

        return table.ToString();
    }

    public static string Counterfactual(CounterfactualView view)
    {
        var table = new CsvText("stage", "layer", "method", "offered", "budget", "population", "way", "seed", "count", "shared", "shared_share", "jaccard", "clips", "score_share", "deviation");
        foreach (var s in view.Stages)
        {
            void Add(string way, KeptTokens k, ulong? seed = null) => table.Row(s.Stage, s.Layer, s.Method, s.Offered, s.Budget, s.Population, way, seed, k.Count, k.Shared, k.SharedShare, k.Jaccard, k.Clips, k.ScoreShare, null);
            Add("run", s.Actual);
            Add("uniform", s.Uniform);
            Add("random", s.Random, view.Seed);
            _ = table.Row(s.Stage, s.Layer, s.Method, s.Offered, s.Budget, s.Population, "random expected", null, s.Budget, s.Expected.Shared, s.Expected.SharedShare, null, null, null, s.Expected.Deviation);
        }

        return table.ToString();
    }

    public static string Windows(IReadOnlyList<WindowRow> rows)
    {
        var table = new CsvText(
            "window", "media", "first_frame", "end_frame", "start_seconds", "end_seconds", "first_token", "visual_tokens", "ratio", "summary_tokens", "left", "answer_mass",
            "visual_mass", "text_mass", "earlier_mass", "own_mass");
        foreach (var r in rows)
        {
            _ = table.Row(
                r.Window, r.Media, r.FirstFrame, r.EndFrame, r.StartTime, r.EndTime, r.FirstToken, r.VisualTokens, r.Ratio, r.Summaries, r.Left, r.AnswerMass,
                r.VisualMass, r.TextMass, r.EarlierMass, r.OwnMass);
        }

        return table.ToString();
    }

    /// <param name="part">What a row is, counted from 0 in its window.</param>
    public static string WindowShares(string part, IReadOnlyList<WindowShare> shares)
    {
        var table = new CsvText("window", part, "frame", "seconds", "mass");
        foreach (var s in shares) _ = table.Row(s.Window, s.First, s.FirstFrame, s.Time, s.Mass);
        return table.ToString();
    }

    public static string Costs(CompressionTrace trace)
    {
        var table = new CsvText("stage", "milliseconds", "items", "bytes", "flops");
        foreach (var c in trace.Costs) _ = table.Row(c.Stage, c.Milliseconds, c.Items, c.Bytes, c.Flops);
        return table.ToString();
    }

    public static string ComparedLayers(TraceComparison comparison)
    {
        var table = new CsvText("layer", "first_visual_tokens", "second_visual_tokens", "first_rows", "second_rows", "first_kv_bytes", "second_kv_bytes");
        foreach (var l in comparison.Layers) _ = table.Row(l.Layer, l.First?.VisualTokens, l.Second?.VisualTokens, l.First?.Rows, l.Second?.Rows, l.First?.KvBytes, l.Second?.KvBytes);
        return table.ToString();
    }

    public static string ComparedStages(TraceComparison comparison)
    {
        var table = new CsvText("stage", "first_milliseconds", "second_milliseconds", "first_items", "second_items", "first_bytes", "second_bytes", "first_flops", "second_flops");
        foreach (var s in comparison.Stages)
        {
            _ = table.Row(s.Stage, s.First?.Milliseconds, s.Second?.Milliseconds, s.First?.Items, s.Second?.Items, s.First?.Bytes, s.Second?.Bytes, s.First?.Flops, s.Second?.Flops);
        }

        return table.ToString();
    }
}
