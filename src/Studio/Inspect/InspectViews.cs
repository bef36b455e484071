using Studio.Engine.Compression;
using Studio.Engine.Compression.Views;

namespace Studio.Inspect;

/// <summary>What a trace holds. Layers, stages, frames and clips are numbered from 0; frames and clips run over all media.</summary>
/// <param name="Settings">The compression in the form TYPE:LAYERS:RATIOS, or off.</param>
/// <param name="Version">Of the trace.</param>
/// <param name="PromptRows">Rows of the prompt: visual tokens and text.</param>
/// <param name="ReusedRows">Rows that an earlier question had computed.</param>
public sealed record TraceOverview(
    string AnswerId, string Model, string Settings, int Version, int PromptRows, int ReusedRows, int VisualTokens, int Layers, int Frames, int Clips,
    IReadOnlyList<OverviewStage> Stages, IReadOnlyList<OverviewMedia> Media, IReadOnlyList<StageCost> Costs)
{
    public static TraceOverview Of(InspectedAnswer answer, TraceShape shape)
    {
        ArgumentNullException.ThrowIfNull(answer);
        ArgumentNullException.ThrowIfNull(shape);
        var trace = shape.Trace;
        return new(
            answer.Answer.Id, trace.Model, trace.Settings, trace.Version, trace.PromptRows, trace.ReusedRows, shape.VisualTokens, shape.Layers, shape.Columns.Count,
            shape.TotalClips, [.. trace.Stages.Select((s, i) => new OverviewStage(i, s.FirstLayer, s.LastLayer, s.Method, s.VisualTokens))],
            [.. trace.Media.Select((m, i) => MediaOf(answer, shape, m, i))], trace.Costs);
    }

    private static OverviewMedia MediaOf(InspectedAnswer answer, TraceShape shape, TracedMedia media, int m)
    {
        var (first, end) = shape.ColumnsOf(m);
        var file = answer.MediaOf(m);
        return new(m, file?.Name ?? media.Name, media.Kind, file?.VideoId, first, end, media.Tokens, media.FramesPerClip, media.TokensPerClip, media.GridHeight, media.GridWidth, media.Owners is not null);
    }
}

/// <param name="Method">How the drop before it chose: none, uniform or attention.</param>
/// <param name="VisualTokens">Alive.</param>
public sealed record OverviewStage(int Stage, int FirstLayer, int LastLayer, string Method, int VisualTokens);

/// <param name="VideoId">In the library; null when it was deleted or may not be seen.</param>
/// <param name="EndFrame">Exclusive.</param>
/// <param name="HasGroups">Whether it was recorded which patches were merged into which token.</param>
public sealed record OverviewMedia(
    int Media, string Name, string Kind, string? VideoId, int FirstFrame, int EndFrame, int Tokens, int FramesPerClip, int TokensPerClip, int GridHeight, int GridWidth,
    bool HasGroups);

/// <summary>When each frame is and which number it has in its file; in order of the frames.</summary>
public sealed record TraceFrames(IReadOnlyList<double> Times, IReadOnlyList<long> Indices);

/// <summary>Survival in bins of frames.</summary>
/// <param name="Measure">patches or tokens: what a share is a share of.</param>
/// <param name="Edges">Bin x holds the frames edges[x] to edges[x + 1] (exclusive); with a bin a frame the values are exact.</param>
public sealed record SurvivalView(string Measure, IReadOnlyList<int> Edges, IReadOnlyList<SurvivalStage> Stages);

/// <param name="Mean">Share alive of each bin: its frames' mean, weighted by their patches or tokens.</param>
/// <param name="Min">Lowest share of a frame in each bin.</param>
/// <param name="Max">Highest share of a frame in each bin.</param>
public sealed record SurvivalStage(int Stage, int FirstLayer, int LastLayer, IReadOnlyList<double> Mean, IReadOnlyList<double> Min, IReadOnlyList<double> Max);

/// <summary>The patches of a frame at a layer.</summary>
/// <param name="Owners">For each patch in row, column order the slot of its token; null where groups were not recorded.</param>
/// <param name="Tokens">The frame's tokens by slot.</param>
public sealed record PatchesView(
    int Frame, int Media, int Clip, double Time, long Index, int Layer, int Stage, int GridHeight, int GridWidth, IReadOnlyList<int>? Owners, IReadOnlyList<PatchToken> Tokens)
{
    public static PatchesView Of(PatchView view)
    {
        ArgumentNullException.ThrowIfNull(view);
        var frame = view.Frame;
        return new(
            frame.Column, frame.Media, frame.Clip, frame.Time, frame.Index, view.Layer, view.Stage, view.GridHeight, view.GridWidth,
            view.Owners is null ? null : [.. view.Owners.Select(o => (int)o)], view.Tokens);
    }
}

/// <summary>Attention over layers and time.</summary>
/// <param name="Mass">[layer][bin]: share of the last prompt row's attention; null for a layer without a record.</param>
/// <param name="Lift">[layer][bin]: share of the visual attention over share of the alive tokens; 1 is even, null without alive tokens.</param>
public sealed record AttentionView(IReadOnlyList<AttentionBin> Bins, IReadOnlyList<double[]?> Mass, IReadOnlyList<double?[]?> Lift)
{
    public static AttentionView Of(AttentionHeatmap map)
    {
        ArgumentNullException.ThrowIfNull(map);
        return new(
            map.Bins, [.. map.Layers.Select(row => row is null ? null : Array.ConvertAll(row, c => c.Mass))],
            [.. map.Layers.Select(row => row is null ? null : Array.ConvertAll(row, c => c.Lift))]);
    }
}

/// <summary>What other ways of keeping would have kept.</summary>
/// <param name="Basis">run or drop: whether the other way rules from the first drop on, or chooses at each drop among what the run offered.</param>
/// <param name="Seed">Of the random choice.</param>
public sealed record CounterfactualView(string Basis, ulong Seed, IReadOnlyList<CounterfactualStage> Stages);

/// <summary>Two answers on one scale.</summary>
public sealed record ComparisonView(string FirstId, string FirstSettings, string SecondId, string SecondSettings, TraceComparison Comparison);

/// <summary>Video-XL's windows; all empty for an answer of the other system.</summary>
/// <param name="Windows">One entry a window.</param>
/// <param name="Frames">Average share of a window's summary tokens on each of its frames; not of windows that an earlier question read without recording.</param>
/// <param name="Summaries">Share of the last prompt row on each token that a window left.</param>
public sealed record WindowsView(IReadOnlyList<WindowRow> Windows, IReadOnlyList<WindowShare> Frames, IReadOnlyList<WindowShare> Summaries);
