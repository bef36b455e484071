using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;

namespace Studio.Engine.Chat.Planning;

/// <summary>How Video-XL reads the visual spans of a prompt, window by window.</summary>
/// <param name="Windows">Windows of all spans.</param>
/// <param name="Summaries">Summary tokens; 0 where every visual token stays.</param>
/// <param name="Kept">Cache rows that the spans leave: the summary tokens, or all visual tokens.</param>
/// <param name="RowsRead">Rows that run through the decoder, summary tokens and text included.</param>
/// <param name="WindowTokens">Visual tokens of the longest window.</param>
/// <param name="WindowRows">Rows of the longest window.</param>
/// <param name="CacheRows">The fullest moment of a layer's cache while the prompt is read: a window's rows behind what is held.</param>
/// <param name="HighestPosition">The highest rotary position of the prompt; below <paramref name="CacheRows"/>.</param>
public sealed record WindowCost(int Windows, int Summaries, int Kept, long RowsRead, int WindowTokens, int WindowRows, int CacheRows, int HighestPosition);

/// <summary>
/// The steps in which Video-XL reads a prompt, from sizes alone: text before the first span, each span cut as the settings say,
/// all other text behind. Content-aware windows are planned as even ones: what is in a video is not known before.
/// </summary>
internal sealed class WindowPlan
{
    private WindowPlan(WindowCost cost, double pairs, VstCompression settings, int heldRows) => (Cost, Pairs, Settings, HeldRows) = (cost, pairs, settings, heldRows);

    public WindowCost Cost { get; }

    /// <summary>Pairs of query and key that attention compares in a layer: the sum over steps of n · held + n² / 2.</summary>
    public double Pairs { get; }

    public VstCompression Settings { get; }

    /// <summary>Cache rows behind the prompt.</summary>
    public int HeldRows { get; }

    /// <summary>Passes of the tower over each frame: content-aware windows look at the whole video first.</summary>
    public int TowerPasses => Settings.Mode == VstMode.Content ? 2 : 1;

    /// <summary>Null for VideoChat-Flash.</summary>
    public static WindowPlan? Of(CostRequest request)
    {
        if (request.Model.Vst is not { } vst) return null;
        var settings = VstCompression.Of(request.Compression, vst);
        var rule = settings.RuleFor(vst);
        int held = 0, most = 0, windows = 0, summaries = 0, kept = 0, longest = 0, widest = 0;
        long read = 0;
        double pairs = 0;
        void Read(int rows, int stay)
        {
            pairs += ((double)rows * held) + ((double)rows * rows / 2);
            read += rows;
            most = Math.Max(most, checked(held + rows));
            held += stay;
        }

        var before = request.Visuals.Count == 0 ? 0 : Math.Min(request.TextBefore, request.TextTokens - 1);
        Read(before, before);
        foreach (var visual in request.Visuals)
        {
            var shape = new VisualSpanShape(CostModel.VisualTokens(visual, request.Model.Connector), request.Model.Connector.TokensPerFrame, null);
            foreach (var window in rule.Cut(shape, vst.Window))
            {
                windows++;
                if (window.Kept == 0) continue;
                Read(window.Rows, window.Kept);
                (summaries, kept) = (summaries + window.Vsts, kept + window.Kept);
                (longest, widest) = (Math.Max(longest, window.Length), Math.Max(widest, window.Rows));
            }
        }

        Read(request.TextTokens - before, request.TextTokens - before);
        return new(new(windows, summaries, kept, read, longest, widest, most, most - 1), pairs, settings, held);
    }

    /// <summary>One stage: every layer holds the same rows.</summary>
    public PlannedStage Stage(LanguageConfig language, long rowBytes) => new(0, 0, language.Layers, Cost.Kept, HeldRows, HeldRows * rowBytes * language.Layers);
}
