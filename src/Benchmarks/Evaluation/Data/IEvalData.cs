namespace Studio.Benchmarks.Evaluation.Data;

/// <summary>A document's video, ready to be read.</summary>
/// <param name="Path">A video file.</param>
/// <param name="Clip">Seconds where it starts and ends; null for the whole video.</param>
/// <param name="Needles">Seconds in which needles are shown, in order of time; empty where there are none.</param>
/// <param name="Frames">
/// Frames that the model is to read, evenly spread over the whole video, where the data decides it: all there are of a needle video or of a
/// folder of frames. The setting's frames are heeded already. Null: by the setting, or the task's rule.
/// </param>
public sealed record EvalMedia(string Path, (double Start, double End)? Clip, IReadOnlyList<(double Start, double End)> Needles, int? Frames = null);

/// <summary>The documents that a request asks for, with their videos. Opened once a run; the same request gives the same documents in the same order.</summary>
public interface IEvalData
{
    EvalTask Task { get; }

    /// <summary>After variant, offset and limit; the ordinal of a sample is its place here.</summary>
    IReadOnlyList<EvalDocument> Documents { get; }

    /// <summary>SHA-256 over the annotations (and, of drawn videos, over the recipe that draws them).</summary>
    string AnnotationHash { get; }

    /// <summary>Videos that are not there, below the video folder, in order, each once: told before a run, never scored silently.</summary>
    IReadOnlyList<string> Missing { get; }

    /// <summary>
    /// The video of a document; drawn or composed now where it is not a file of the user's. Null for documents without one. Called from
    /// several threads.
    /// </summary>
    /// <exception cref="Engine.Video.MediaException">It is missing or cannot be made.</exception>
    ValueTask<EvalMedia?> MediaAsync(EvalDocument document, CancellationToken cancellationToken);
}
