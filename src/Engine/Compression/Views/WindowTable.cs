namespace Studio.Engine.Compression.Views;

/// <summary>The windows of Video-XL with their place in time, as recorded in the run. Shares are averages over heads and layers.</summary>
public static class WindowTable
{
    /// <returns>One entry a window, in prompt order; none for a trace without windows.</returns>
    public static IReadOnlyList<WindowRow> Of(TraceShape shape)
    {
        ArgumentNullException.ThrowIfNull(shape);
        return [.. shape.Trace.Windows.Select((w, i) => Row(shape, w, i))];
    }

    /// <summary>Shares of the summary tokens on each frame, window by window; windows without recorded shares are left out.</summary>
    /// <param name="most">Upper bound of entries, but every window has one at least; neighbours of a window are added up.</param>
    public static IReadOnlyList<WindowShare> Frames(TraceShape shape, int most = int.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(shape);
        return Shares(shape, most, w => w.FrameMass, (window, first, end) => (shape.ColumnsOfClip(window.FirstClip + first).First, shape.ColumnsOfClip(window.FirstClip + end - 1).End));
    }

    /// <summary>
    /// Shares of the answer on each token that a window left. A token stands at the frames of its even part of the window's
    /// visual tokens: summary j of b behind the j-th b-th of them.
    /// </summary>
    /// <param name="most">As of <see cref="Frames"/>.</param>
    public static IReadOnlyList<WindowShare> Answer(TraceShape shape, int most = int.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(shape);
        return Shares(shape, most, w => w.AnswerMass, (window, first, end) =>
        {
            var left = window.AnswerMass.Length;
            int At(int token) => window.FirstToken + (int)((long)token * window.Tokens / left);
            return (ColumnsOfToken(shape, At(first)).First, ColumnsOfToken(shape, Math.Max(At(first), At(end) - 1)).End);
        });
    }

    private static List<WindowShare> Shares(TraceShape shape, int most, Func<TracedWindow, float[]?> of, Func<TracedWindow, int, int, (int First, int End)> columns)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 1);
        var all = shape.Trace.Windows.Sum(w => (long)(of(w)?.Length ?? 0));
        var shares = new List<WindowShare>(); // bounded by most and one a window
        for (var i = 0; i < shape.Trace.Windows.Count; i++)
        {
            var window = shape.Trace.Windows[i];
            if (of(window) is not { Length: > 0 } values) continue;
            var bins = all <= most ? values.Length : (int)Math.Clamp((long)most * values.Length / all, 1, values.Length);
            for (var b = 0; b < bins; b++)
            {
                var (from, to) = ((int)((long)b * values.Length / bins), (int)((long)(b + 1) * values.Length / bins));
                double sum = 0;
                for (var v = from; v < to; v++) sum += values[v];
                var (column, end) = columns(window, from, to);
                shares.Add(new(i, from, to, column, end, shape.Column(column).Time, sum));
            }
        }

        return shares;
    }

    private static WindowRow Row(TraceShape shape, TracedWindow window, int index)
    {
        var (first, end) = (ColumnsOfToken(shape, window.FirstToken).First, ColumnsOfToken(shape, window.FirstToken + window.Tokens - 1).End);
        return new(
            index, shape.Column(first).Media, first, end, shape.Column(first).Time, shape.Column(end - 1).Time, window.FirstToken, window.Tokens, window.Ratio, window.Summaries,
            window.AnswerMass.Length, window.AnswerMass.Sum(m => (double)m), window.FrameMass?.Sum(m => (double)m), window.Elsewhere?.Text, window.Elsewhere?.Earlier, window.Elsewhere?.Own);
    }

    private static (int First, int End) ColumnsOfToken(TraceShape shape, int token)
    {
        var media = 0;
        while (token >= shape.TokensOf(media).End) media++;
        return shape.ColumnsOfClip(shape.ClipsOf(media).First + ((token - shape.TokensOf(media).First) / shape.Trace.Media[media].TokensPerClip));
    }
}

/// <summary>One window.</summary>
/// <param name="Window">0-based.</param>
/// <param name="Media">0-based, of its first frame.</param>
/// <param name="FirstFrame">The first frame that it holds tokens of, over all media.</param>
/// <param name="EndFrame">Exclusive.</param>
/// <param name="StartTime">Seconds of the first frame.</param>
/// <param name="EndTime">Seconds of the last frame.</param>
/// <param name="FirstToken">Its first visual token, over all media.</param>
/// <param name="VisualTokens">Visual tokens that it read.</param>
/// <param name="Ratio">Visual tokens for each summary token; 0: every visual token stayed.</param>
/// <param name="Summaries">Summary tokens.</param>
/// <param name="Left">Tokens that stay in the cache: the summaries, or at ratio 0 the visual tokens.</param>
/// <param name="AnswerMass">Share of the last prompt row on all that it left.</param>
/// <param name="VisualMass">Share of its summary tokens on its visual tokens, their average; null where it was not recorded.</param>
/// <param name="TextMass">The same on text before the window.</param>
/// <param name="EarlierMass">The same on what earlier windows left.</param>
/// <param name="OwnMass">The same on its own summary tokens.</param>
public sealed record WindowRow(
    int Window, int Media, int FirstFrame, int EndFrame, double StartTime, double EndTime, int FirstToken, int VisualTokens, int Ratio, int Summaries, int Left,
    double AnswerMass, double? VisualMass, double? TextMass, double? EarlierMass, double? OwnMass)
{
    /// <summary>Frames that it holds tokens of.</summary>
    public int Frames => EndFrame - FirstFrame;
}

/// <summary>A share of attention on a part of a window.</summary>
/// <param name="Window">0-based.</param>
/// <param name="First">First frame or token of the part, 0-based in the window.</param>
/// <param name="End">Exclusive.</param>
/// <param name="FirstFrame">The first frame where it stands, over all media.</param>
/// <param name="EndFrame">Exclusive.</param>
/// <param name="Time">Seconds of the first frame.</param>
/// <param name="Mass">The share.</param>
public sealed record WindowShare(int Window, int First, int End, int FirstFrame, int EndFrame, double Time, double Mass);
