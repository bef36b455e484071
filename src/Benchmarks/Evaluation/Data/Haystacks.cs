using System.Globalization;
using Studio.Engine.Video;

namespace Studio.Benchmarks.Evaluation.Data;

/// <summary>How pictures become the squares of a needle video.</summary>
/// <param name="Side">Pixels.</param>
/// <param name="IsCropped">The middle square, as Video-XL reads frames; otherwise all of it, with bars in the mean colour, as VideoChat-Flash's needle test does.</param>
internal sealed record NeedleSquare(int Side, bool IsCropped)
{
    /// <summary>Mean of the tower's normalisation × 255, cut, as the original has it.</summary>
    private static readonly byte[] s_mean = [123, 116, 103];

    public int Bytes => Side * Side * 3;

    public void Fit(ReadOnlySpan<byte> rgb, int width, int height, byte[] square)
    {
        var scale = (double)Side / (IsCropped ? Math.Min(width, height) : Math.Max(width, height));
        var (w, h) = (Math.Max(1, (int)Math.Round(width * scale)), Math.Max(1, (int)Math.Round(height * scale)));
        var resized = new byte[w * h * 3];
        PillowResize.Bicubic(rgb, width, height, resized, w, h);
        for (var i = 0; i < square.Length; i++) square[i] = s_mean[i % 3];
        var (columns, rows) = (Math.Min(w, Side), Math.Min(h, Side));
        for (var y = 0; y < rows; y++)
        {
            resized.AsSpan(((((h - rows) / 2) + y) * w + ((w - columns) / 2)) * 3, columns * 3).CopyTo(square.AsSpan(((((Side - rows) / 2) + y) * Side + ((Side - columns) / 2)) * 3));
        }
    }
}

/// <summary>
/// A user's haystack videos as squares, one frame a second of video, no picture twice. A haystack begins with one of the videos and goes on with
/// those behind it until it is long enough; it is never repeated to fill a length.
/// </summary>
internal sealed class Haystacks
{
    /// <summary>Most haystack videos.</summary>
    public const int MaxVideos = 1000;

    internal const int Quality = 14;

    private static readonly string[] s_extensions = [".mp4", ".mkv", ".webm", ".avi", ".mov", ".m4v", ".flv", ".mpg", ".mpeg", ".ts", ".wmv"];

    private readonly string _name;
    private readonly NeedleSquare _square;
    private readonly EvalDataOptions _options;
    private readonly string[] _files;

    /// <param name="videos">A folder of videos, or one video.</param>
    /// <exception cref="InvalidDataException">There are none, or too many.</exception>
    public Haystacks(string name, string videos, NeedleSquare square, EvalDataOptions options)
    {
        (_name, _square, _options) = (name, square, options);
        if (!File.Exists(videos) && !Directory.Exists(videos)) throw new InvalidDataException($"{name}: there is no folder or video '{videos}'; name the folder of haystack videos.");
        _files = File.Exists(videos) ? [Path.GetFullPath(videos)] : [.. Directory.EnumerateFiles(Path.GetFullPath(videos), "*", SearchOption.AllDirectories)
            .Where(f => s_extensions.Contains(Path.GetExtension(f), StringComparer.OrdinalIgnoreCase)).Take(MaxVideos + 1).Order(StringComparer.Ordinal)];
        if (_files.Length is 0 or > MaxVideos) throw new InvalidDataException($"{name}: '{videos}' holds {(_files.Length == 0 ? "no" : $"more than {MaxVideos}")} videos; name a folder of 1 to {MaxVideos} haystack videos.");
    }

    /// <summary>How many videos a haystack can begin with.</summary>
    public int Count => _files.Length;

    public static FrameRate Rate => new(1);

    /// <summary>A video of so many different frames, a second each, every one a key frame.</summary>
    /// <param name="first">Number of the video that it begins with.</param>
    /// <param name="spread">Evenly over that one video, from its first frame to its last, as Video-XL's tester takes them.</param>
    /// <exception cref="MediaException">There are too few different frames, or a video cannot be read.</exception>
    public Task<string> GetAsync(int first, int frames, bool spread, CancellationToken cancellationToken)
    {
        using var hash = new DataHash();
        foreach (var file in spread ? [_files[first]] : InOrder(first))
        {
            var info = new FileInfo(file);
            hash.Add(file).Add($"{info.Length} {info.LastWriteTimeUtc.Ticks}");
        }

        var recipe = string.Create(CultureInfo.InvariantCulture, $"haystack 1 {_square.Side} {_square.IsCropped} {Quality} {frames} {spread} {hash.Take()}");
        return _options.Videos.GetAsync(recipe, (path, stop) => Writer().WriteAsync(path, Settings(), FramesAsync(first, frames, spread, stop), stop), cancellationToken);
    }

    /// <summary>A picture as a video of some equal frames that can be joined with a haystack.</summary>
    public async Task<string> NeedleAsync(string image, int frames, CancellationToken cancellationToken)
    {
        using var hash = new DataHash();
        var recipe = string.Create(CultureInfo.InvariantCulture, $"needle 1 {_square.Side} {_square.IsCropped} {Quality} {frames} {hash.AddFile(image).Take()}");
        return await _options.Videos.GetAsync(recipe, (path, stop) => Writer().WriteAsync(path, Settings(), Repeated(image, frames, stop), stop), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Frames of one's own as a video that can be joined with a haystack.</summary>
    /// <param name="recipe">All that decides the pictures.</param>
    /// <param name="frames">RGB squares of the haystack's side.</param>
    public Task<string> PartAsync(string recipe, Func<IAsyncEnumerable<ReadOnlyMemory<byte>>> frames, CancellationToken cancellationToken) => _options.Videos.GetAsync(
        string.Create(CultureInfo.InvariantCulture, $"part 1 {_square.Side} {Quality} {recipe}"), (path, stop) => Writer().WriteAsync(path, Settings(), frames(), stop), cancellationToken);

    /// <summary>Joins parts of haystacks and needles.</summary>
    public Task<string> JoinAsync(IReadOnlyList<VideoPart> parts, CancellationToken cancellationToken)
    {
        var recipe = string.Join('\n', parts.Select(p => string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(p.Path)} {p.From} {p.To}")).Prepend("joined 1"));
        return _options.Videos.GetAsync(recipe, (path, stop) => Writer().JoinAsync(path, Rate, parts, stop), cancellationToken);
    }

    /// <summary>What tells these haystacks from others, wherever they lie: names and sizes in their order.</summary>
    public void AddTo(DataHash hash)
    {
        foreach (var file in _files) _ = hash.Add(Path.GetFileName(file)).Add($"{new FileInfo(file).Length}");
    }

    private IEnumerable<string> InOrder(int first) => _files.Skip(first).Concat(_files.Take(first));

    private H264Writer Writer() => new(_options.FoundTools, _options.Limits);

    private H264Settings Settings() => new(_square.Side, _square.Side, Rate) { Quality = Quality, KeyFrames = 1 };

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> FramesAsync(
        int first, int wanted, bool spread, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (tools, unique, square, seen) = (_options.FoundTools, new UniqueFrames(), new byte[_square.Bytes], 0);
        foreach (var file in spread ? [_files[first]] : InOrder(first))
        {
            var info = await new VideoProbe(tools, _options.Limits).ProbeAsync(file, cancellationToken: cancellationToken).ConfigureAwait(false);
            var selection = new FrameSelection(info, spread ? FrameSampling.VideoXlUniform(info.FrameCount, wanted) : Seconds(info));
            await foreach (var frame in new FrameReader(tools, _options.Limits).ReadAsync(info, selection, cancellationToken).ConfigureAwait(false))
            {
                using (frame) _square.Fit(frame.Rgb.Span, frame.Width, frame.Height, square);
                seen++;
                if (!unique.Add(square)) continue;
                yield return square;
                if (unique.Count == wanted) yield break;
            }
        }

        var where = spread || Count == 1 ? $"'{_files[first]}' has" : $"the {Count} haystack videos have together";
        throw new MediaException(
            MediaError.EncodeFailed, _files[first],
            $"{_name}: {where} {unique.Count} different frames ({seen} at one a second{(spread ? " or spread evenly" : "")}), and a haystack of {wanted} is asked for; it is never filled by repeating: give longer videos, or shorter lengths.");
    }

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> Repeated(string image, int frames, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var picture = await new ImageReader(_options.FoundTools, _options.Limits).ReadAsync(image, cancellationToken).ConfigureAwait(false);
        var square = new byte[_square.Bytes];
        _square.Fit(picture.Rgb.Span, picture.Width, picture.Height, square);
        for (var i = 0; i < frames; i++) yield return square;
    }

    /// <summary>The first frame of each second, by the rounded rate as the original has it.</summary>
    private static IReadOnlyList<long> Seconds(VideoInfo info)
    {
        var step = Math.Max(1, (long)Math.Round(info.AverageFrameRate, MidpointRounding.ToEven));
        var count = Math.Min((info.FrameCount + step - 1) / step, SamplingSettings.MaxSelectedFrames);
        return [.. Enumerable.Range(0, (int)count).Select(i => i * step)];
    }
}
