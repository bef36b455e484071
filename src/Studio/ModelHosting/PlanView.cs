using Studio.Engine.Chat.Planning;

namespace Studio.ModelHosting;

/// <summary>What a question would cost, before it runs.</summary>
/// <param name="Compression">As resolved for the model.</param>
/// <param name="Media">Every video and image of the prompt, those of earlier questions included.</param>
/// <param name="Frames">Frames read in all.</param>
/// <param name="VisualTokens">Before any drop.</param>
/// <param name="Stages">Visual tokens alive stage by stage; one entry when nothing is dropped.</param>
/// <param name="KvBytes">Cache behind the prompt.</param>
/// <param name="PeakBytes">Memory at its peak, weights included.</param>
/// <param name="WeightBytes">Weights.</param>
/// <param name="Flops">Without what is cached.</param>
/// <param name="FirstTokenMs">Expected until the first token, without what is cached.</param>
/// <param name="TotalMs">Expected in all.</param>
/// <param name="Steps">encode, connect, prefill, decode.</param>
/// <param name="IsMeasured">Whether times come from this machine's measured rates; else they are the range that machines span.</param>
/// <param name="Notes">What to know before asking.</param>
public sealed record PlanView(
    string Model, string Device, string Dtype, string Compression, IReadOnlyList<PlannedMedia> Media, int Frames, int VisualTokens, int TextTokens,
    IReadOnlyList<PlanStageView> Stages, long KvBytes, long PeakBytes, long WeightBytes, double Flops, Milliseconds FirstTokenMs, Milliseconds TotalMs,
    IReadOnlyList<PlanStepView> Steps, bool IsMeasured, bool IsModelLoaded, IReadOnlyList<string> Notes,
    PlannedWindows? Windows = null);

/// <summary>How Video-XL reads the visual tokens.</summary>
/// <param name="Count">Windows.</param>
/// <param name="Summaries">Summary tokens of all windows; 0 where compression is off.</param>
/// <param name="Kept">Tokens that stay in the cache: the summaries, or without compression the visual tokens.</param>
public sealed record PlannedWindows(int Count, int Summaries, int Kept);

/// <param name="Frames">Frames of a video; views of an image.</param>
/// <param name="IsCached">Whether its visual tokens are there already.</param>
public sealed record PlannedMedia(string VideoId, string Name, int Frames, int Tokens, bool IsCached);

/// <param name="FirstLayer">0-based.</param>
public sealed record PlanStageView(int FirstLayer, int Layers, int VisualTokens, long KvBytes);

public sealed record PlanStepView(string Name, double Flops, Milliseconds Expected);

/// <summary>Expected time: both ends equal where the machine was measured.</summary>
public readonly record struct Milliseconds(double Low, double High)
{
    public static Milliseconds From(SecondsRange range) => new(range.Low * 1000, range.High * 1000);
}
