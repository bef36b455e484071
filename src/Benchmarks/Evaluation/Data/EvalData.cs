using Studio.Benchmarks.Records;

namespace Studio.Benchmarks.Evaluation.Data;

/// <summary>Where the videos of documents come from.</summary>
internal interface IMediaSource
{
    /// <summary>What is not there for these documents, in order, each once.</summary>
    IReadOnlyList<string> Missing(IReadOnlyList<EvalDocument> documents);

    /// <exception cref="Engine.Video.MediaException">It is missing or cannot be made.</exception>
    ValueTask<EvalMedia?> OpenAsync(EvalDocument document, CancellationToken cancellationToken);
}

/// <summary>Documents of a request after variant, offset and limit.</summary>
internal sealed class EvalData : IEvalData
{
    private readonly IMediaSource _media;
    private readonly bool _showsVideo;

    /// <param name="documents">All of the task, in order.</param>
    /// <param name="prepare">What is still to be put into those that are chosen.</param>
    public EvalData(EvalRequest request, EvalTask task, IReadOnlyList<EvalDocument> documents, string hash, IMediaSource media, Func<EvalDocument, EvalDocument>? prepare = null)
    {
        (Task, AnnotationHash, _media) = (task, hash, media);
        _showsVideo = request.Variant is EvalVariant.Standard or EvalVariant.Shuffled;
        if (documents.Count > EvalDataSource.MaxDocuments) throw new ArgumentException($"{task.Name}: {documents.Count} documents; at most {EvalDataSource.MaxDocuments} are possible.", nameof(documents));
        if (request.Offset >= documents.Count) throw new ArgumentException($"{task.Name}: an offset of {request.Offset} leaves none of {documents.Count} documents; give a smaller one.", nameof(request));
        var chosen = documents.Skip(request.Offset).Take(request.Limit ?? documents.Count);
        if (prepare is not null) chosen = chosen.Select(prepare);
        Documents = [.. request.Variant == EvalVariant.Shuffled ? chosen.Select(d => Variants.Shuffled(d, request.Seed)) : chosen];
        Missing = _showsVideo ? media.Missing(Documents) : [];
    }

    public EvalTask Task { get; }

    public IReadOnlyList<EvalDocument> Documents { get; }

    public string AnnotationHash { get; }

    public IReadOnlyList<string> Missing { get; }

    public ValueTask<EvalMedia?> MediaAsync(EvalDocument document, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(document);
        return _media.OpenAsync(document, cancellationToken);
    }
}
