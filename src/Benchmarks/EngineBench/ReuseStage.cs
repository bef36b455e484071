using Studio.Engine.Chat;
using Studio.Engine.Video;

namespace Studio.Benchmarks.EngineBench;

/// <summary>
/// Two questions about one video, in one conversation, or in two where summary tokens serve both. The second one finds the visual tokens in the cache, and the rows of
/// the prompt in the decoder as far as dropping leaves them independent of the question.
/// </summary>
internal static class ReuseStage
{
    /// <summary>A second question may take this share of the first one's time until its first token.</summary>
    private const double Aim = 0.30;

    public static BenchRow Run(BenchContext context)
    {
        var (model, options) = (context.Model, context.Options);
        var settings = new AskSettings
        {
            Sampling = SamplingSettings.Uniform(options.Frames) with { ClipLength = context.ClipFrames },
            Compression = context.Compression,
            Generation = model.DefaultGeneration with { MaxNewTokens = 4, StopIds = [] },
        };
        var tools = MediaTools.Locate();
        var pairs = new (double First, double Second)[options.Repeats];
        var (reused, prompt) = (0, 0);
        var elsewhere = model.Config.Vst is not null; // summary tokens serve every conversation
        for (var run = 0; run < pairs.Length; run++)
        {
            context.Say($"reuse: conversation {run + 1} of {pairs.Length}");
            using var cache = new VisualTokenCache(null);
            using var summaries = new SummaryCache(null);
            var encoder = new MediaEncoder(tools, cache, summaries);
            using var conversation = new Conversation(model, encoder, time: context.Time);
            conversation.Attach(options.Video!);
            var first = conversation.Ask("What happens in this video?", settings, null, context.Ct);
            using var another = new Conversation(model, encoder, time: context.Time);
            if (elsewhere) another.Attach(options.Video!);
            var second = (elsewhere ? another : conversation).Ask("And what comes after that?", settings, null, context.Ct);
            pairs[run] = (first.TimeToFirstToken.TotalSeconds, second.TimeToFirstToken.TotalSeconds);
            (reused, prompt) = (second.ReusedRows, second.TextTokens + second.VisualTokens);
        }

        double[] firsts = [.. pairs.Select(p => p.First).Order()], seconds = [.. pairs.Select(p => p.Second).Order()], shares = [.. pairs.Select(p => p.Second / p.First).Order()];
        var share = Runs.Median(shares);
        return new()
        {
            Name = "reuse",
            Unit = "questions",
            Items = 1,
            Seconds = seconds,
            Limit = new("first question", "s", firsts[0], firsts[^1]),
            Share = share,
            Aims = [new($"at most {Aim:0%} of the first question's time", share <= Aim)],
            Notes = $"time to the first token of a second question{(elsewhere ? " in another conversation" : "")}, {options.Frames} frames, {options.Compression}; {reused} of {prompt} prompt rows re-used; the first question took {Runs.Median(firsts):0.00} s",
        };
    }
}
