using System.Globalization;
using Studio.Benchmarks.Records;
using Studio.Engine.Video;

namespace Studio.Benchmarks.Evaluation.Data;

/// <summary>
/// Makes a folder of numbered frames one video. By the published rule it holds just the frames that the original chooses, in its order and over
/// its length; where the setting chooses frames by itself, all of the clip's, at the folder's rate. JPEGs become H.264 of high quality, not the
/// same bytes.
/// </summary>
internal sealed class FrameFolderVideos(EvalSetting setting, EvalLimits limits, EvalDataOptions options)
{
    /// <summary>Folders of more pictures are refused.</summary>
    public const int MaxImages = 200_000;

    /// <summary>Larger picture files are refused.</summary>
    public const long MaxImageBytes = 64L << 20;

    private const int Quality = 12;

    private readonly bool _isPublished = setting is { Frames: null, Fps: null };

    /// <param name="path">Of the folder.</param>
    /// <param name="media">Its name in the annotations: the original takes the rate from it.</param>
    /// <exception cref="MediaException">It holds no pictures, too many, or kinds that do not go together.</exception>
    public async Task<EvalMedia> GetAsync(string path, string media, (double Start, double End)? clip, CancellationToken cancellationToken)
    {
        var files = FrameFolders.Order(Pictures(path));
        var rate = FrameFolders.Rate(media);
        var (indices, seconds) = _isPublished ? FrameFolders.Choose(files.Count, rate, clip, setting.MaxFrames ?? limits.MaxFrames) : Within(files.Count, rate, clip);
        string[] chosen = [.. indices.Select(i => Path.Combine(path, files[(int)Math.Clamp(i, 0, files.Count - 1)]))];
        if (!(seconds > 0)) throw new MediaException(MediaError.Empty, path, $"the part from {clip?.Start} to {clip?.End} s of '{path}' holds no frame; its {files.Count} frames last {files.Count / rate:0.##} s.");
        using var hash = new DataHash();
        foreach (var file in chosen.Distinct())
        {
            var info = new FileInfo(file);
            if (info.Length > MaxImageBytes) throw new MediaException(MediaError.TooLarge, file, $"'{file}' has {info.Length} bytes; pictures may have {MaxImageBytes}.");
            hash.Add(file).Add($"{info.Length} {info.LastWriteTimeUtc.Ticks}");
        }

        var recipe = string.Create(CultureInfo.InvariantCulture, $"frames 1 {Quality} {seconds:R} {hash.Add(string.Join(' ', indices)).Take()}");
        var video = await options.Videos.GetAsync(recipe, (target, stop) => WriteAsync(target, chosen, seconds, stop), cancellationToken).ConfigureAwait(false);
        return new EvalMedia(video, null, [], _isPublished ? chosen.Length : null);
    }

    private async Task WriteAsync(string target, string[] files, double seconds, CancellationToken cancellationToken)
    {
        var info = await new VideoProbe(options.FoundTools, options.Limits).ProbeAsync(files[0], PacketPass.Never, cancellationToken).ConfigureAwait(false);
        var scale = Math.Min(1, H264Settings.MaxSide / (double)Math.Max(info.Width, info.Height));
        var settings = new H264Settings(Even(info.Width * scale), Even(info.Height * scale), FrameRate.Of(files.Length, seconds)) { Quality = Quality, KeyFrames = 8 };
        await new H264Writer(options.FoundTools, options.Limits).WritePicturesAsync(target, settings, IsPng(files[0]) ? "png" : "mjpeg", Read(files, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Read(string[] files, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var file in files) yield return await File.ReadAllBytesAsync(file, cancellationToken).ConfigureAwait(false);
    }

    private static List<string> Pictures(string folder)
    {
        var names = new List<string>();
        foreach (var file in new DirectoryInfo(folder).EnumerateFiles())
        {
            if (file.Extension.ToUpperInvariant() is not (".JPG" or ".JPEG" or ".PNG")) continue;
            names.Add(file.Name);
            if (names.Count > MaxImages) throw new MediaException(MediaError.TooLarge, folder, $"'{folder}' holds more than {MaxImages} pictures; split it.");
        }

        if (names.Count == 0) throw new MediaException(MediaError.Empty, folder, $"'{folder}' holds no frames (.jpg or .png); unpack the benchmark's frames into it.");
        return names.Exists(IsPng) && !names.TrueForAll(IsPng) ? throw new MediaException(MediaError.NotMedia, folder, $"'{folder}' mixes JPEG and PNG frames; keep one kind.") : names;
    }

    private static (IReadOnlyList<long> Indices, double Seconds) Within(int images, double rate, (double Start, double End)? clip)
    {
        var first = clip is { } c ? Math.Clamp((int)Math.Round(c.Start * rate), 0, images - 1) : 0;
        var last = clip is { } d ? Math.Clamp((int)Math.Round(d.End * rate), first, images - 1) : images - 1;
        return ([.. Enumerable.Range(first, last - first + 1).Select(i => (long)i)], (last - first + 1) / rate);
    }

    private static bool IsPng(string name) => name.EndsWith(".png", StringComparison.OrdinalIgnoreCase);

    private static int Even(double side) => Math.Max(2, (int)Math.Round(side / 2) * 2);
}
