using System.Globalization;
using Studio.Benchmarks.Evaluation.Tasks;
using Studio.Benchmarks.Records;
using Studio.Engine.Video;

namespace Studio.Benchmarks.Evaluation.Data;

/// <summary>
/// Needle tests with the originals' questions: needle images are put into a haystack of the user's own videos, at the places the originals
/// compute, as one video a needle and cell. Every frame of it is read. VideoChat-Flash's needles are seen for four frames beside those of the
/// haystack, Video-XL's for one.
/// </summary>
internal sealed class ComposedNeedles : IMediaSource
{
    private const int FlashSide = 448, XlSide = 336;
    private const int FlashNeedleFrames = 4;
    private const int OriginalShortest = 1000, OriginalLongest = 10_000, XlLongest = 2048, XlLengths = 12;
    private const double OriginalDepthStep = 0.2;

    private readonly EvalTask _task;
    private readonly Haystacks? _haystacks;
    private readonly string? _needles;
    private readonly Dictionary<string, Cell> _cells;
    private readonly bool _isXl;

    private ComposedNeedles(EvalTask task, Haystacks? haystacks, string? needles, Dictionary<string, Cell> cells) =>
        (_task, _haystacks, _needles, _cells, _isXl) = (task, haystacks, needles, cells, task is VideoXlNiah);

    public static EvalData Open(EvalRequest request, NeedleTask task, EvalDataOptions options)
    {
        var files = AnnotationFiles.Find(task, request.Annotations);
        using var hash = new DataHash();
        var (isXl, isMulti, isOriginal) = (task is VideoXlNiah, task is NiahMulti, request.Protocol == EvalProtocol.Original);
        var questions = Chosen(request, task, AnnotationFiles.Read(task, files, hash));
        var lengths = NeedleCells.Lengths(request, !isOriginal ? DrawnGrid.Lengths
            : isXl ? NeedleGrid.Lengths(1, XlLongest, XlLengths) : [.. Enumerable.Range(1, OriginalLongest / OriginalShortest).Select(i => i * OriginalShortest)]);
        var depths = isMulti ? [] : NeedleCells.Depths(request, isOriginal && !isXl ? [.. NeedleGrid.Depths(OriginalDepthStep).Where(d => d <= 1)] : DrawnGrid.Depths);
        var seesVideo = request.Variant is not (EvalVariant.Blind or EvalVariant.Random);
        if (seesVideo && (string.IsNullOrWhiteSpace(request.Videos) || string.IsNullOrWhiteSpace(request.Needles)))
        {
            throw new InvalidDataException($"{task.Name}: the originals' questions need haystack videos and needle images, and neither ships with the studio; name both folders, or leave the annotations out for the drawn needles.");
        }

        if (seesVideo && !Directory.Exists(request.Needles)) throw new InvalidDataException($"{task.Name}: there is no folder '{request.Needles}'; name the folder of needle images.");
        var haystacks = seesVideo ? new Haystacks(task.Name, request.Videos!, new NeedleSquare(isXl ? XlSide : FlashSide, isXl), options) : null;
        var numbers = questions.Select((q, i) => (q.Id, Number: q.Labels.TryGetValue("chain", out var chain) ? int.Parse(chain, CultureInfo.InvariantCulture) : i)).ToDictionary(p => p.Id, p => p.Number, StringComparer.Ordinal);
        var cells = new Dictionary<string, Cell>(StringComparer.Ordinal);
        var documents = new List<EvalDocument>();
        foreach (var laid in NeedleGrid.Lay(questions, lengths, depths))
        {
            var frames = int.Parse(laid.Labels[NeedleGrid.FramesLabel], CultureInfo.InvariantCulture);
            var depth = laid.Labels.TryGetValue(NeedleGrid.DepthLabel, out var at) ? double.Parse(at, CultureInfo.InvariantCulture) : 0;
            var cell = new Cell(numbers[laid.Id[..laid.Id.LastIndexOf('@')]], frames, Places(task, laid.Needles.Count, frames, depth), lengths.Max());
            var media = string.Create(CultureInfo.InvariantCulture, $"{task.Name}-{frames}-{(isMulti ? "" : $"{at}-")}{cell.Number}.mp4");
            _ = cells.TryAdd(media, cell);
            documents.Add(laid with { Media = media, Evidence = cell.Shown(isXl ? 1 : FlashNeedleFrames) });
        }

        foreach (var document in documents) hash.Add(document.Id);
        haystacks?.AddTo(hash);
        return new EvalData(request, task, documents, hash.Take(), new ComposedNeedles(task, haystacks, request.Needles, cells));
    }

    /// <summary>Needle images that are not there.</summary>
    public IReadOnlyList<string> Missing(IReadOnlyList<EvalDocument> documents) =>
        _needles is null ? [] : [.. documents.SelectMany(d => d.Needles).Distinct().Where(n => Image(n) is null)];

    public async ValueTask<EvalMedia?> OpenAsync(EvalDocument document, CancellationToken cancellationToken)
    {
        if (_haystacks is null) throw new MediaException(MediaError.NotFound, document.Media, $"{document.Id} has no video: the evaluation was opened without videos.");
        var cell = _cells.TryGetValue(document.Media, out var found) ? found : throw new ArgumentException($"{document.Id} is none of the documents that were laid out.", nameof(document));
        var needleFrames = _isXl ? 1 : FlashNeedleFrames;
        var haystack = await _haystacks.GetAsync(cell.Number % _haystacks.Count, _isXl ? cell.Frames : cell.Longest, _isXl, cancellationToken).ConfigureAwait(false);
        var parts = new List<VideoPart>();
        var at = 0;
        for (var i = 0; i < cell.Places.Count; i++)
        {
            if (cell.Places[i] > at) parts.Add(new VideoPart(haystack, at, cell.Places[i]));
            at = cell.Places[i];
            var image = Image(document.Needles[i]) ?? throw new MediaException(
                MediaError.NotFound, document.Needles[i], $"{_task.Name}: the needle image '{document.Needles[i]}' ({document.Id}) is not below '{_needles}'; put it there, or name the folder that holds it.");
            parts.Add(new VideoPart(await _haystacks.NeedleAsync(image, needleFrames, cancellationToken).ConfigureAwait(false), 0, needleFrames));
        }

        if (cell.Frames > at) parts.Add(new VideoPart(haystack, at, cell.Frames));
        var path = await _haystacks.JoinAsync(parts, cancellationToken).ConfigureAwait(false);
        return new EvalMedia(path, null, document.Evidence, cell.Frames + (cell.Places.Count * needleFrames));
    }

    /// <summary>The first questions, or chains, of a cell; of chains only those of the asked lengths.</summary>
    private static List<EvalDocument> Chosen(EvalRequest request, NeedleTask task, IReadOnlyList<EvalDocument> all)
    {
        EvalDataSource.Require(request.PerCell is null or >= 1, $"{request.PerCell} questions a cell", "1 or more");
        var chosen = task is not NiahMulti || request.Hops is not { } hops ? [.. all] : all.Where(d => hops.Contains(d.Needles.Count - 1)).ToList();
        if (chosen.Count == 0) throw new ArgumentException($"{task.Name}: no chain has {string.Join(" or ", request.Hops ?? [])} hops; there are {string.Join(", ", all.Select(d => d.Needles.Count - 1).Distinct().Order())}.", nameof(request));
        if (request.PerCell is not { } most) return chosen;
        var kept = chosen.Select(d => d.Labels.GetValueOrDefault("chain", d.Id)).Distinct().Take(most).ToHashSet(StringComparer.Ordinal);
        return [.. chosen.Where(d => kept.Contains(d.Labels.GetValueOrDefault("chain", d.Id)))];
    }

    /// <summary>Haystack frames in front of each needle.</summary>
    private static IReadOnlyList<int> Places(NeedleTask task, int needles, int frames, double depth) => task switch
    {
        NiahMulti => NeedleGrid.Chain(needles, frames),
        VideoXlNiah => [NeedleGrid.VideoXl(frames, (int)Math.Round(depth * 100))],
        _ => [NeedleGrid.Insertion(depth, frames)],
    };

    private string? Image(string needle)
    {
        foreach (var name in (string[])[needle, Path.GetFileName(needle)])
        {
            var path = Path.GetFullPath(Path.Combine(_needles!, name));
            if (path.StartsWith(Path.GetFullPath(_needles!).TrimEnd(Path.DirectorySeparatorChar) + Path.DirectorySeparatorChar, StringComparison.Ordinal) && File.Exists(path)) return path;
        }

        return null;
    }

    /// <param name="Number">Of the question or chain: chooses the haystack.</param>
    /// <param name="Frames">Of the haystack.</param>
    /// <param name="Places">Haystack frames in front of each needle.</param>
    /// <param name="Longest">Of all cells: shorter haystacks are the beginning of it.</param>
    private sealed record Cell(int Number, int Frames, IReadOnlyList<int> Places, int Longest)
    {
        public IReadOnlyList<(double Start, double End)> Shown(int needleFrames) =>
            [.. Places.Select((place, i) => ((double)(place + (i * needleFrames)), (double)(place + ((i + 1) * needleFrames))))];
    }
}
