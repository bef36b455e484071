using System.Numerics;

namespace Studio.Engine.Compression.Views;

/// <summary>One sampled frame (of an image: the picture), the unit of time in every view.</summary>
/// <param name="Column">0-based, over all media in prompt order.</param>
/// <param name="Media">0-based.</param>
/// <param name="Frame">0-based among the frames of its media.</param>
/// <param name="Clip">0-based, over all media in prompt order; of an image its first view.</param>
/// <param name="Time">Seconds from the first frame of the file.</param>
/// <param name="Index">Number of the frame in the file, 0-based.</param>
/// <param name="FirstToken">The first visual token that it may have been merged into, over all media.</param>
/// <param name="Tokens">How many there are from there on: those of its clip; all of an image.</param>
public readonly record struct FrameColumn(int Column, int Media, int Frame, int Clip, double Time, long Index, int FirstToken, int Tokens);

/// <summary>
/// A checked trace with what all views need: its frames as columns, its clips, its stages by layer. Made once and shared; all
/// views are pure functions of it.
/// </summary>
public sealed class TraceShape
{
    private readonly FrameColumn[] _columns;
    private readonly int[] _stageOfLayer, _firstToken, _firstClip, _firstColumn;

    private TraceShape(CompressionTrace trace)
    {
        Trace = trace;
        var media = trace.Media.Count;
        (_firstToken, _firstClip, _firstColumn) = (new int[media + 1], new int[media + 1], new int[media + 1]);
        for (var m = 0; m < media; m++)
        {
            var item = trace.Media[m];
            CheckMedia(item);
            _firstToken[m + 1] = _firstToken[m] + item.Tokens;
            _firstClip[m + 1] = _firstClip[m] + Clips(item);
            _firstColumn[m + 1] = _firstColumn[m] + item.FrameTimes.Count;
        }

        _stageOfLayer = CheckStages(trace, VisualTokens);
        CheckLayers(trace, TotalClips);
        CheckWindows(trace, VisualTokens, TotalClips);
        _columns = new FrameColumn[_firstColumn[^1]];
        for (var m = 0; m < media; m++) AddColumns(m);
    }

    public CompressionTrace Trace { get; }

    /// <summary>Every frame of every media, in prompt order.</summary>
    public IReadOnlyList<FrameColumn> Columns => _columns;

    public int VisualTokens => _firstToken[^1];

    public int Layers => Trace.Layers.Count;

    public int Stages => Trace.Stages.Count;

    /// <summary>Clips of all media; the views of an image count as clips.</summary>
    public int TotalClips => _firstClip[^1];

    /// <summary>The layers (0-based) that run first without the dropped tokens: one a drop.</summary>
    public IEnumerable<int> DropLayers => Trace.Stages.Skip(1).Select(s => s.FirstLayer);

    /// <exception cref="InvalidDataException">Parts of the trace do not fit each other; the message says which.</exception>
    public static TraceShape Of(CompressionTrace trace)
    {
        ArgumentNullException.ThrowIfNull(trace);
        return new(trace);
    }

    /// <summary>The stage (0-based) whose tokens a layer (0-based) reads.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such layer.</exception>
    public int StageOfLayer(int layer) => (uint)layer < (uint)Layers ? _stageOfLayer[layer]
        : throw new ArgumentOutOfRangeException(nameof(layer), layer, $"the trace has layers 0 to {Layers - 1}");

    /// <exception cref="ArgumentOutOfRangeException">There is no such frame.</exception>
    public FrameColumn Column(int column) => (uint)column < (uint)_columns.Length ? _columns[column]
        : throw new ArgumentOutOfRangeException(nameof(column), column, _columns.Length == 0 ? "the trace has no frames" : $"the trace has frames 0 to {_columns.Length - 1}");

    public bool IsAlive(int stage, int token) => Trace.Stages[stage].IsAlive(token);

    /// <summary>Visual tokens alive in a stage, ascending.</summary>
    public int[] Alive(int stage)
    {
        var alive = new int[Trace.Stages[stage].VisualTokens];
        var at = 0;
        for (var token = 0; token < VisualTokens; token++)
        {
            if (IsAlive(stage, token)) alive[at++] = token;
        }

        return alive;
    }

    /// <summary>The columns of a media: first, and one past the last.</summary>
    public (int First, int End) ColumnsOf(int media) => (_firstColumn[media], _firstColumn[media + 1]);

    /// <summary>The visual tokens of a media: first, and one past the last.</summary>
    public (int First, int End) TokensOf(int media) => (_firstToken[media], _firstToken[media + 1]);

    /// <summary>The clips of a media: first, and one past the last.</summary>
    public (int First, int End) ClipsOf(int media) => (_firstClip[media], _firstClip[media + 1]);

    /// <summary>The media (0-based) of a clip.</summary>
    public int MediaOfClip(int clip)
    {
        var at = Array.BinarySearch(_firstClip, clip);
        return at < 0 ? ~at - 1 : at;
    }

    /// <summary>The visual tokens of a clip: first, and one past the last.</summary>
    public (int First, int End) TokensOfClip(int clip)
    {
        var media = MediaOfClip(clip);
        var size = Trace.Media[media].TokensPerClip;
        var first = _firstToken[media] + ((clip - _firstClip[media]) * size);
        return (first, Math.Min(first + size, _firstToken[media + 1]));
    }

    /// <summary>The columns of a clip's frames: first, and one past the last; of an image the one column in every view.</summary>
    public (int First, int End) ColumnsOfClip(int clip)
    {
        var media = MediaOfClip(clip);
        var item = Trace.Media[media];
        if (IsPicture(item)) return ColumnsOf(media);
        var first = _firstColumn[media] + ((clip - _firstClip[media]) * item.FramesPerClip);
        return (first, Math.Min(first + item.FramesPerClip, _firstColumn[media + 1]));
    }

    /// <summary>Where each patch of a column went: slots of its clip in row, column order; empty where groups were not recorded.</summary>
    public ReadOnlySpan<byte> OwnersOf(FrameColumn column)
    {
        var media = Trace.Media[column.Media];
        var patches = media.GridHeight * media.GridWidth;
        return media.Owners is null ? [] : media.Owners.AsSpan(column.Frame * patches, patches);
    }

    private static int Clips(TracedMedia media) => (media.Tokens + media.TokensPerClip - 1) / media.TokensPerClip;

    /// <summary>A still image: its one frame stands for every view of it.</summary>
    private static bool IsPicture(TracedMedia media) => media.FrameTimes.Count == 1 && media.FramesPerClip == 1 && media.Owners is null;

    private void AddColumns(int m)
    {
        var media = Trace.Media[m];
        for (var f = 0; f < media.FrameTimes.Count; f++)
        {
            var column = _firstColumn[m] + f;
            var clip = IsPicture(media) ? _firstClip[m] : _firstClip[m] + (f / media.FramesPerClip);
            var (first, end) = IsPicture(media) ? TokensOf(m) : TokensOfClip(clip);
            _columns[column] = new(column, m, f, clip, media.FrameTimes[f], media.FrameIndices[f], first, end - first);
        }
    }

    private static void CheckMedia(TracedMedia media)
    {
        if (media.Tokens < 1 || media.TokensPerClip < 1 || media.FramesPerClip < 1 || media.GridHeight < 1 || media.GridWidth < 1)
        {
            throw Damaged($"'{media.Name}' has {media.Tokens} tokens, {media.TokensPerClip} a clip of {media.FramesPerClip} frames, and {media.GridHeight} x {media.GridWidth} patches");
        }

        var (frames, clips) = (media.FrameTimes.Count, Clips(media));
        if (frames == 0 || media.FrameIndices.Count != frames) throw Damaged($"'{media.Name}' has {frames} frame times and {media.FrameIndices.Count} frame numbers");
        var needed = (frames + media.FramesPerClip - 1) / media.FramesPerClip;
        if (!IsPicture(media) && needed != clips) throw Damaged($"'{media.Name}' has {frames} frames in clips of {media.FramesPerClip}, but tokens of {clips} clips");
        if (media.Owners is not { } owners) return;
        var patches = (long)clips * media.FramesPerClip * media.GridHeight * media.GridWidth;
        if (owners.Length != patches) throw Damaged($"'{media.Name}' has {owners.Length} merged patches instead of {patches}");
        if (owners.AsSpan().ContainsAnyInRange((byte)Math.Min(media.TokensPerClip, 255), (byte)255) && owners.Max() >= media.TokensPerClip)
        {
            throw Damaged($"a patch of '{media.Name}' went into token {owners.Max()} of a clip that has {media.TokensPerClip}");
        }
    }

    private static int[] CheckStages(CompressionTrace trace, int tokens)
    {
        var stageOfLayer = new int[trace.Layers.Count];
        var next = 0;
        for (var s = 0; s < trace.Stages.Count; s++)
        {
            var stage = trace.Stages[s];
            if (stage.FirstLayer != next || stage.LastLayer < stage.FirstLayer || stage.LastLayer >= trace.Layers.Count) throw Damaged($"stage {s} has layers {stage.FirstLayer} to {stage.LastLayer}; the next one is {next} of {trace.Layers.Count}");
            if (stage.Alive.Length != (tokens + 7) / 8) throw Damaged($"stage {s} marks {stage.Alive.Length} bytes of tokens; {tokens} visual tokens need {(tokens + 7) / 8}");
            var alive = stage.Alive.Sum(b => BitOperations.PopCount(b));
            if (alive != stage.VisualTokens || (tokens % 8 != 0 && stage.Alive[^1] >> (tokens % 8) != 0)) throw Damaged($"stage {s} marks {alive} of {tokens} tokens alive and counts {stage.VisualTokens}");
            if (s == 0 && alive != tokens) throw Damaged($"only {alive} of {tokens} tokens are alive before any drop");
            if (s > 0 && stage.Alive.Zip(trace.Stages[s - 1].Alive).Any(p => (p.First & ~p.Second) != 0)) throw Damaged($"a token of stage {s} was dropped before it");
            if (stage.Scores.Length != 0 && (s == 0 || stage.Scores.Length != trace.Stages[s - 1].VisualTokens)) throw Damaged($"stage {s} has {stage.Scores.Length} scores");
            Array.Fill(stageOfLayer, s, next, stage.LastLayer + 1 - next);
            next = stage.LastLayer + 1;
        }

        return next == trace.Layers.Count ? stageOfLayer : throw Damaged($"the stages end at layer {next - 1} of {trace.Layers.Count}");
    }

    private static void CheckLayers(CompressionTrace trace, int clips)
    {
        for (var l = 0; l < trace.Layers.Count; l++)
        {
            var layer = trace.Layers[l];
            if (layer.Layer != l) throw Damaged($"layer {layer.Layer} stands in place {l}");
            if (layer.ClipMass.Length != 0 && layer.ClipMass.Length != clips) throw Damaged($"layer {l} has attention on {layer.ClipMass.Length} clips of {clips}");
        }
    }

    private static void CheckWindows(CompressionTrace trace, int tokens, int clips)
    {
        var next = 0;
        for (var i = 0; i < trace.Windows.Count; i++)
        {
            var w = trace.Windows[i];
            if (w.FirstToken != next || w.Tokens < 1 || w.Tokens > tokens - next) throw Damaged($"window {i} has {w.Tokens} tokens from {w.FirstToken} on; {next} of {tokens} comes next");
            var kept = w.Ratio == 0 ? w.Tokens : w.Summaries;
            if (w.Ratio < 0 || w.Summaries < 0 || w.AnswerMass.Length != kept) throw Damaged($"window {i} keeps {kept} tokens at ratio {w.Ratio} and has attention on {w.AnswerMass.Length}");
            var frames = w.FrameMass?.Length ?? 0;
            if (w.FirstClip < 0 || w.FirstClip + frames > clips) throw Damaged($"window {i} covers {frames} clips from {w.FirstClip} on, of {clips}");
            if (w.SummaryFrames is { } shares && shares.Length != (long)w.Summaries * frames) throw Damaged($"window {i} has {shares.Length} shares of {w.Summaries} summary tokens on {frames} clips");
            next += w.Tokens;
        }

        if (next != 0 && next != tokens) throw Damaged($"the windows end at token {next} of {tokens}");
    }

    private static InvalidDataException Damaged(string what) => new($"the trace is damaged: {what}; ask the question again to record a new one");
}
