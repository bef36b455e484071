using Studio.Engine.Compression;
using Studio.Engine.Language;

namespace Studio.Engine.Chat;

/// <summary>What a prefill contributes to a trace.</summary>
/// <param name="Windows">Of Video-XL; empty for VideoChat-Flash.</param>
internal sealed record TraceParts(IReadOnlyList<TracedStage> Stages, IReadOnlyList<TracedLayer> Layers, IReadOnlyList<TracedWindow> Windows);

/// <summary>Watches a prefill and makes a trace's parts from what it saw.</summary>
internal interface ITraceRecorder : IDecoderObserver
{
    /// <summary>Once the prefill has ended.</summary>
    TraceParts Finish(DecoderSequence state);
}
