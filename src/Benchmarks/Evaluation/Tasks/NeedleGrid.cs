using System.Globalization;

namespace Studio.Benchmarks.Evaluation.Tasks;

/// <summary>Where needles go. Pure arithmetic of the originals, in their floating point.</summary>
public static class NeedleGrid
{
    /// <summary>Labels of a document's cell: frames of the haystack, depth of a single needle, steps of a drawn chain.</summary>
    internal const string FramesLabel = "frames", DepthLabel = "depth", HopsLabel = "hops";

    /// <summary>More cells than this are refused.</summary>
    public const int MaxCells = 10_000;

    /// <summary>Depths from 0 to 1 in steps, as numpy's arange(0, 1 + step, step) gives them.</summary>
    public static IReadOnlyList<double> Depths(double step)
    {
        if (!(step > 0 && step <= 1)) throw new ArgumentOutOfRangeException(nameof(step), step, "Give a depth step above 0, at most 1.");
        var count = Math.Ceiling((1 + step) / step);
        if (count > MaxCells) throw new ArgumentOutOfRangeException(nameof(step), step, $"A depth step of {step} gives {count} depths; at most {MaxCells} are possible.");
        return [.. Enumerable.Range(0, (int)count).Select(i => i * step)];
    }

    /// <summary>Frames in front of a single needle: depth times length, cut; a last depth step beyond 1 stays at the haystack's end.</summary>
    public static int Insertion(double depth, int frames) => Math.Min((int)(depth * frames), frames);

    /// <summary>
    /// The depth that the original reports: per cent rounded to tens, ties to the even ten, so 5 % is 0 and 25 % is 20 and cells merge.
    /// </summary>
    public static double ReportedDepth(double depth) => Math.Round(depth * 100 / 10, MidpointRounding.ToEven) * 10;

    /// <summary>Frames in front of each image of a chain: the first at 0, the last at the end.</summary>
    public static IReadOnlyList<int> Chain(int images, int frames)
    {
        if (images < 2) throw new ArgumentOutOfRangeException(nameof(images), images, "A chain has at least 2 images.");
        var interval = (double)frames / (images - 1);
        return [.. Enumerable.Range(0, images).Select(i => (int)(i * interval))];
    }

    /// <summary>Place of Video-XL's needle among the frames: length times (per cent times 0.01), cut in floating point (29 % of 100 is 28).</summary>
    public static int VideoXl(int frames, int percent) => (int)(frames * (percent * 0.01));

    /// <summary>Lengths spread evenly from the shortest to the longest, rounded.</summary>
    public static IReadOnlyList<int> Lengths(int shortest, int longest, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, MaxCells);
        var step = (longest - shortest) / (double)(count - 1);
        return [.. Enumerable.Range(0, count).Select(i => i == count - 1 ? longest : (int)Math.Round(shortest + (i * step), MidpointRounding.ToEven))];
    }

    /// <summary>
    /// The frames that the original's haystack script stores: one a (rounded) second in batches of 8, up to two batches more than asked for;
    /// above 7,500 only half are read, and all are stored twice.
    /// </summary>
    /// <returns>Frame numbers, and whether they are stored twice over.</returns>
    /// <exception cref="InvalidOperationException">The video ends within a batch: the original fails there.</exception>
    public static (IReadOnlyList<long> Frames, bool Twice) Haystack(int requested, long videoFrames, double fps)
    {
        const int batch = 8, most = 7500;
        ArgumentOutOfRangeException.ThrowIfLessThan(requested, 1);
        var twice = requested > most;
        var step = (long)Math.Round(fps, MidpointRounding.ToEven);
        if (step < 1) throw new ArgumentOutOfRangeException(nameof(fps), fps, "Give at least half a frame a second.");
        var wanted = twice ? requested / 2 : requested;
        var batches = ((wanted + batch - 1) / batch) + 2;
        var all = (videoFrames + step - 1) / step;
        var count = Math.Min(all, (long)batches * batch);
        if (count % batch != 0)
        {
            throw new InvalidOperationException($"The video has {all} frames at one a second, which end inside a batch of {batch}; the original fails here. Cut the video to a multiple of {batch} seconds.");
        }

        return ([.. Enumerable.Range(0, (int)count).Select(i => i * step)], twice);
    }

    /// <summary>A document a cell: every question at every length and depth, lengths outermost, as the original runs them.</summary>
    public static IEnumerable<EvalDocument> Lay(IReadOnlyList<EvalDocument> documents, IReadOnlyList<int> lengths, IReadOnlyList<double> depths)
    {
        ArgumentNullException.ThrowIfNull(documents);
        ArgumentNullException.ThrowIfNull(lengths);
        ArgumentNullException.ThrowIfNull(depths);
        var cells = (long)lengths.Count * Math.Max(1, depths.Count);
        if (cells > MaxCells) throw new ArgumentException($"{lengths.Count} lengths × {depths.Count} depths are {cells} cells; at most {MaxCells} are possible.", nameof(lengths));
        return lengths.SelectMany(length => (depths.Count > 0 ? depths.Select(d => (double?)d) : [null]).SelectMany(depth => documents.Select(d => At(d, length, depth))));
    }

    /// <summary>A document in a cell. Depth is none for chains.</summary>
    public static EvalDocument At(EvalDocument document, int frames, double? depth)
    {
        ArgumentNullException.ThrowIfNull(document);
        var labels = new SortedDictionary<string, string>(document.Labels.ToDictionary(), StringComparer.Ordinal) { [FramesLabel] = frames.ToString(CultureInfo.InvariantCulture) };
        if (depth is { } d) labels[DepthLabel] = d.ToString("R", CultureInfo.InvariantCulture);
        return document with { Id = $"{document.Id}@{CellName(labels)}", Labels = labels };
    }

    /// <summary>"1000 frames, depth 0.2", "64 frames, hops 2", or "all" for a document that is in no cell.</summary>
    public static string CellOf(EvalDocument document) => CellName(document?.Labels ?? throw new ArgumentNullException(nameof(document)));

    private static string CellName(IReadOnlyDictionary<string, string> labels) => !labels.TryGetValue(FramesLabel, out var frames) ? "all"
        : labels.TryGetValue(DepthLabel, out var depth) ? $"{frames} frames, depth {depth}"
        : labels.TryGetValue(HopsLabel, out var hops) ? $"{frames} frames, hops {hops}" : $"{frames} frames";
}
