using Studio.Benchmarks.Records;
using Studio.Engine.Compression;
using Studio.Engine.Compression.Views;

namespace Studio.Benchmarks.Evaluation.Data;

/// <summary>What a compression left of the needle, from the trace of the answer itself.</summary>
public static class NeedleTracking
{
    // Frame times are quotients of whole numbers: what lies on a needle's edge must not hang on their last bit.
    private const double TimeSlack = 1e-6;

    /// <summary>
    /// The needle's tokens are those that any patch of a sampled frame within its seconds was merged into. With summary tokens its own are
    /// those that stand behind at least one of its visual tokens.
    /// </summary>
    /// <param name="needles">Seconds in which needles are shown in the first video; every card of a chain.</param>
    /// <returns>Null without needles. No tokens: the sampling missed the needle.</returns>
    /// <exception cref="InvalidDataException">Parts of the trace do not fit each other.</exception>
    public static NeedleSurvival? Of(CompressionTrace trace, IReadOnlyList<(double Start, double End)> needles)
    {
        ArgumentNullException.ThrowIfNull(trace);
        ArgumentNullException.ThrowIfNull(needles);
        if (needles.Count == 0) return null;
        var shape = TraceShape.Of(trace);
        var own = Tokens(shape, needles);
        var count = own.Count(o => o);
        var stages = new List<NeedleStage>();
        for (var s = 0; s < shape.Stages; s++)
        {
            var alive = shape.Alive(s);
            stages.Add(new(trace.Stages[s].FirstLayer, Share(alive.Count(t => own[t]), count), Share(alive.Length, shape.VisualTokens)));
        }

        return new(count, stages, trace.Windows.Count == 0 ? null : SummaryMass(shape, own));
    }

    private static bool[] Tokens(TraceShape shape, IReadOnlyList<(double Start, double End)> needles)
    {
        var own = new bool[shape.VisualTokens];
        var video = shape.Trace.Media.ToList().FindIndex(m => m.Kind == "video");
        if (video < 0) return own;
        var (first, end) = shape.ColumnsOf(video);
        for (var c = first; c < end; c++)
        {
            var column = shape.Column(c);
            if (!needles.Any(n => column.Time >= n.Start - TimeSlack && column.Time < n.End - TimeSlack)) continue;
            var owners = shape.OwnersOf(column);
            if (owners.IsEmpty) own.AsSpan(column.FirstToken, column.Tokens).Fill(true);
            foreach (var slot in owners) own[column.FirstToken + slot] = true;
        }

        return own;
    }

    /// <summary>Share of the answer's attention on what windows left of the needle: its summary tokens, or its visual ones where a window kept them.</summary>
    private static double SummaryMass(TraceShape shape, bool[] own)
    {
        var (mass, carry, before) = (0.0, 0, 0);
        foreach (var window in shape.Trace.Windows)
        {
            var media = 0;
            while (window.FirstToken >= shape.TokensOf(media).End) media++;
            var spanStart = shape.TokensOf(media).First;

            // The count towards the next summary token goes on from window to window, and begins anew with a video and with another ratio.
            if (window.FirstToken == spanStart || window.Ratio != before) carry = 0;
            for (var i = 0; i < window.AnswerMass.Length; i++)
            {
                var (from, to) = window.Ratio == 0 ? (window.FirstToken + i, window.FirstToken + i + 1)
                    : (window.FirstToken + (i * window.Ratio) - carry, window.FirstToken + ((i + 1) * window.Ratio) - carry);
                if (own.AsSpan(Math.Max(spanStart, from)..Math.Min(to, own.Length)).Contains(true)) mass += window.AnswerMass[i];
            }

            carry = window.Ratio == 0 ? 0 : (carry + window.Tokens) % window.Ratio;
            before = window.Ratio;
        }

        return mass;
    }

    private static double Share(int part, int all) => all == 0 ? 0 : (double)part / all;
}
