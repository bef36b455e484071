using System.Globalization;
using Studio.Benchmarks.Evaluation.Tasks;
using Studio.Benchmarks.Records;
using Studio.Engine.Video;
using Studio.Engine.World;

namespace Studio.Benchmarks.Evaluation.Data;

/// <summary>
/// Needle tests without annotations: cards, questions and haystacks of the world's test split, or the user's own videos as the haystack, with the same cards in the same
/// places. One frame a second, all of them read; a card is seen for four, as in training. What is drawn for a question hangs on seed, cell and number alone: a larger grid
/// keeps the cells it has.
/// </summary>
internal sealed class DrawnNeedles : IMediaSource
{
    /// <summary>Objects in play: those of the shipped models' words.</summary>
    internal const int Objects = 120;

    private const int CardSeconds = 4;
    private const int MaxPerCell = 10_000;
    private const ulong Stream = 0x41EED1E;

    private readonly Dictionary<string, Drawn> _drawn;
    private readonly DrawnVideos _videos;
    private readonly Haystacks? _own;
    private readonly int _longest; // frames of haystack in the longest video: shorter ones take its beginning

    private DrawnNeedles(Dictionary<string, Drawn> drawn, EvalDataOptions options, Haystacks? own, int longest) => (_drawn, _videos, _own, _longest) = (drawn, new(options), own, longest);

    public static EvalData Open(EvalRequest request, bool multi, EvalDataOptions options)
    {
        var task = new WorldNeedle(multi);
        if (request.Protocol == EvalProtocol.Original)
        {
            throw new ArgumentException($"{task.Name}: the original's protocol asks the original's questions; name the folder of its annotation files, its needle images and haystack videos.", nameof(request));
        }

        if (request.Needles is not null)
        {
            throw new ArgumentException($"{task.Name}: the needle images in '{request.Needles}' have no questions; name annotations for them, or leave the images out for drawn cards.", nameof(request));
        }

        var lengths = NeedleCells.Lengths(request, DrawnGrid.Lengths);
        var own = request.Videos is { } folder ? new Haystacks(task.Name, folder, new NeedleSquare(DrawnVideos.Side, IsCropped: false), options) : null;
        var perCell = request.PerCell ?? DrawnGrid.PerCell;
        EvalDataSource.Require(perCell is >= 1 and <= MaxPerCell, $"{perCell} questions a cell", $"1 to {MaxPerCell}");
        var cells = multi ? lengths.SelectMany(l => NeedleCells.Hops(request, DrawnGrid.Hops).Select(h => (Length: l, Depth: (double?)null, Hops: h)))
            : lengths.SelectMany(l => NeedleCells.Depths(request, DrawnGrid.Depths).Select(d => (Length: l, Depth: (double?)d, Hops: 0)));
        var drawn = new Dictionary<string, Drawn>(StringComparer.Ordinal);
        var documents = new List<EvalDocument>();
        var longest = 1;
        foreach (var (length, depth, hops) in cells)
        {
            var kind = multi ? WorldKind.Chain : WorldKind.Needle;
            var least = WorldRequest.MinSeconds(kind, Math.Max(1, hops));
            EvalDataSource.Require(length >= least && length <= WorldScript.MaxSeconds, multi ? $"a chain of {hops} hops in {length} frames" : $"a needle in {length} frames", $"{least} to {WorldScript.MaxSeconds} frames");
            if ((long)documents.Count + perCell > EvalDataSource.MaxDocuments) throw new ArgumentException($"{task.Name}: the grid has more than {EvalDataSource.MaxDocuments} documents; give fewer lengths, depths or questions a cell.", nameof(request));
            var cell = WorldRandom.Hash(WorldRandom.Hash(request.Seed, Stream, (ulong)kind), WorldRandom.Hash((ulong)length, (ulong)BitConverter.DoubleToInt64Bits(depth ?? -1), (ulong)hops));
            for (var i = 0; i < perCell; i++)
            {
                var random = new WorldRandom(WorldRandom.Hash(cell, (ulong)i));
                var world = new WorldRequest
                {
                    Kind = kind,
                    Split = WorldSplit.Test,
                    Seed = random.Next() >> 11,
                    Seconds = length,
                    Fps = 1,
                    Objects = Objects,
                    Depth = depth,
                    Hops = Math.Max(1, hops),
                    CardSeconds = CardSeconds,
                };

                // Within a cell every letter is right equally often.
                var balance = new WorldBalance((int)((cell + (ulong)i) % WorldQuestions.Options), Yes: true);
                var script = WorldComposer.Compose(world);
                longest = Math.Max(longest, Enumerable.Range(0, own is null ? 0 : script.FrameCount).Count(f => script.SegmentAt(script.TimeOf(f)) is WorldHaystack));
                var question = WorldQuestions.Main(script, random.Next(), WorldForm.Lettered, balance);
                var name = string.Create(CultureInfo.InvariantCulture, $"{task.Name}-{length}-{(multi ? $"{hops}" : $"{depth}")}-{i}");
                var document = WorldTask.Document(name, $"{name}.mp4", question, length);
                documents.Add(document with { Labels = NeedleCells.Labels(document.Labels, length, depth) });
                drawn.Add(document.Media, new(world, i));
            }
        }

        using var hash = new DataHash();
        hash.Add(task.Name).Add(DrawnVideos.Version).Add($"{WorldDataset.Version} {DrawnVideos.Side}").Add($"{request.Seed}");
        foreach (var document in documents) hash.Add(document.Id).Add(document.Question).Add(string.Join('\n', document.Options)).Add(document.Answer);
        own?.AddTo(hash);
        return new EvalData(request, task, documents, hash.Take(), new DrawnNeedles(drawn, options, own, longest));
    }

    public IReadOnlyList<string> Missing(IReadOnlyList<EvalDocument> documents) => [];

    public async ValueTask<EvalMedia?> OpenAsync(EvalDocument document, CancellationToken cancellationToken)
    {
        var drawn = _drawn.TryGetValue(document.Media, out var found) ? found
            : throw new ArgumentException($"{document.Id} is none of the documents that were drawn.", nameof(document));
        var script = WorldComposer.Compose(drawn.Request);
        var path = _own is null ? await _videos.GetAsync(script, cancellationToken).ConfigureAwait(false) : await ComposeAsync(_own, script, drawn.Number, cancellationToken).ConfigureAwait(false);
        return new EvalMedia(path, null, document.Evidence, script.FrameCount);
    }

    /// <summary>The script with the user's frames, in their order, where it has haystack.</summary>
    private async Task<string> ComposeAsync(Haystacks own, WorldScript script, int number, CancellationToken cancellationToken)
    {
        var haystack = await own.GetAsync(number % own.Count, _longest, spread: false, cancellationToken).ConfigureAwait(false);
        var parts = new List<VideoPart>();
        var taken = 0;
        for (int from = 0, to; from < script.FrameCount; from = to)
        {
            var segment = script.SegmentAt(script.TimeOf(from));
            for (to = from + 1; to < script.FrameCount && script.SegmentAt(script.TimeOf(to)) == segment; to++)
            {
            }

            if (segment is WorldHaystack)
            {
                parts.Add(new VideoPart(haystack, taken, taken + to - from));
                taken += to - from;
            }
            else
            {
                var (first, end) = (from, to);
                var recipe = string.Create(CultureInfo.InvariantCulture, $"cards 1 {DrawnVideos.Recipe(script)} {first} {end}");
                parts.Add(new VideoPart(await own.PartAsync(recipe, () => DrawnVideos.FramesAsync(script, first, end), cancellationToken).ConfigureAwait(false), 0, end - first));
            }
        }

        return await own.JoinAsync(parts, cancellationToken).ConfigureAwait(false);
    }

    /// <param name="Number">Of the question in its cell: chooses the haystack video that it begins with.</param>
    private sealed record Drawn(WorldRequest Request, int Number);
}

/// <summary>What a needle request says of its grid.</summary>
internal static class NeedleCells
{
    /// <summary>Most lengths, depths or chain lengths.</summary>
    private const int MaxChoices = 256;

    /// <summary>Longest haystack, frames: what a prompt can hold.</summary>
    private const int MaxFrames = Engine.Video.SamplingSettings.MaxSelectedFrames - 1000;

    /// <summary>Lengths of the request; a setting of frames is one length, so that a sweep over frames is one over lengths.</summary>
    public static IReadOnlyList<int> Lengths(EvalRequest request, IReadOnlyList<int> standard)
    {
        EvalDataSource.Require(request.Setting.Fps is null, $"{request.Setting.Fps} frames a second in a needle test, which reads every frame of its videos", "lengths in frames");
        EvalDataSource.Require(request.Setting.MaxFrames is null, $"at most {request.Setting.MaxFrames} frames in a needle test, which reads every frame of its videos", "lengths in frames");
        EvalDataSource.Require(request.Setting.Frames is null || request.Lengths is null, $"{request.Setting.Frames} frames beside lengths", "one of them");
        var lengths = request.Setting.Frames is { } frames ? [frames] : request.Lengths ?? standard;
        Check(lengths, "lengths", l => l is >= 1 and <= MaxFrames, $"1 to {MaxFrames} frames");
        return lengths;
    }

    public static IReadOnlyList<double> Depths(EvalRequest request, IReadOnlyList<double> standard)
    {
        var depths = request.Depths ?? standard;
        Check(depths, "depths", d => d is >= 0 and <= 1, "0 to 1");
        return depths;
    }

    public static IReadOnlyList<int> Hops(EvalRequest request, IReadOnlyList<int> standard)
    {
        var hops = request.Hops ?? standard;
        Check(hops, "hops", h => h is >= 1 and <= CardMaker.MaxHops, $"1 to {CardMaker.MaxHops}");
        return hops;
    }

    public static SortedDictionary<string, string> Labels(IReadOnlyDictionary<string, string> labels, int frames, double? depth)
    {
        var all = new SortedDictionary<string, string>(labels.ToDictionary(), StringComparer.Ordinal) { [NeedleGrid.FramesLabel] = frames.ToString(CultureInfo.InvariantCulture) };
        if (depth is { } d) all[NeedleGrid.DepthLabel] = d.ToString("R", CultureInfo.InvariantCulture);
        return all;
    }

    private static void Check<T>(IReadOnlyList<T> values, string name, Func<T, bool> fits, string allowed)
    {
        EvalDataSource.Require(values.Count is >= 1 and <= MaxChoices, $"{values.Count} {name}", $"1 to {MaxChoices}");
        foreach (var value in values) EvalDataSource.Require(fits(value), $"{name} of {value}", allowed);
        EvalDataSource.Require(values.Distinct().Count() == values.Count, $"{name} {string.Join(", ", values)}", "each once");
    }
}
