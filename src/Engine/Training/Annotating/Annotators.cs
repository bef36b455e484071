namespace Studio.Engine.Training.Annotating;

/// <summary>A stretch of a video to be described.</summary>
/// <param name="Path">Absolute path of the video.</param>
/// <param name="Start">Seconds from its first frame.</param>
/// <param name="End">Seconds; above <paramref name="Start"/>.</param>
/// <param name="Frames">How many frames to look at, evenly spread.</param>
public sealed record VideoClip(string Path, double Start, double End, int Frames);

/// <summary>Looks at a stretch of video and says what it shows.</summary>
public interface ICaptioner
{
    /// <summary>Which model this is, for records: changes with anything that changes its answers.</summary>
    string Identity { get; }

    /// <summary>Answers a prompt about a clip.</summary>
    /// <exception cref="AnnotatorException">No answer could be had.</exception>
    /// <exception cref="Video.MediaException">The video cannot be read.</exception>
    Task<string> CaptionAsync(VideoClip clip, string prompt, CancellationToken cancellationToken);
}

/// <summary>Answers prompts of text alone.</summary>
public interface IAnnotationWriter
{
    /// <inheritdoc cref="ICaptioner.Identity"/>
    string Identity { get; }

    /// <exception cref="AnnotatorException">No answer could be had.</exception>
    Task<string> WriteAsync(string prompt, CancellationToken cancellationToken);
}

/// <summary>A captioner or writer gave no answer.</summary>
public sealed class AnnotatorException : Exception
{
    /// <param name="message">Names what was asked and the remedy.</param>
    /// <param name="endsRun">Whether every further request would fail in the same way, as with a refused key.</param>
    public AnnotatorException(string message, bool endsRun = false, Exception? inner = null)
        : base(message, inner)
    {
        EndsRun = endsRun;
    }

    public bool EndsRun { get; }
}
