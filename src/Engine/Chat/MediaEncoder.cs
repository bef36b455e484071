using Studio.Engine.Video;

namespace Studio.Engine.Chat;

/// <summary>
/// Turns files into visual tokens: probe, choose frames, decode, encode; each file once, since the result is cached by
/// content and by every setting that changes it.
/// </summary>
public sealed class MediaEncoder(MediaTools tools, VisualTokenCache cache)
{
    /// <summary>Probes of files seen lately, by path, size and time of change. Bound: this many.</summary>
    public const int ProbesKept = 256;

    private readonly VideoProbe _probe = new(tools);
    private readonly FrameReader _frames = new(tools);
    private readonly ImageReader _images = new(tools);
    private readonly Dictionary<string, (long Size, DateTime Changed, VideoInfo Info)> _probes = new(StringComparer.Ordinal);

    public VisualTokenCache Cache => cache;

    /// <summary>What a file is.</summary>
    /// <exception cref="MediaException">It is missing or cannot be read as video or image.</exception>
    public VideoInfo Probe(string path, CancellationToken ct)
    {
        var full = Path.GetFullPath(path);
        var file = new FileInfo(full);
        lock (_probes)
        {
            if (file.Exists && _probes.TryGetValue(full, out var known) && known.Size == file.Length && known.Changed == file.LastWriteTimeUtc) return known.Info;
        }

        var info = _probe.ProbeAsync(path, cancellationToken: ct).GetAwaiter().GetResult();
        lock (_probes)
        {
            if (_probes.Count >= ProbesKept) _probes.Clear();
            _probes[full] = (file.Length, file.LastWriteTimeUtc, info);
        }

        return info;
    }

    /// <summary>The visual tokens of a file, retained for the caller, who disposes them.</summary>
    /// <param name="onFrames">Called with frames done and their number; not called when nothing has to be encoded.</param>
    public EncodedMedia Encode(VideoChatFlash model, string path, SamplingSettings sampling, CostLedger costs, Action<int, int>? onFrames, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(costs);
        var start = costs.Now();
        var info = Probe(path, ct);
        var selection = info.IsStillImage ? null : FrameSampling.Select(info, sampling);
        var key = KeyOf(model, ContentHash.OfFileAsync(path, ct).GetAwaiter().GetResult(), selection);
        var found = cache.TryGet(key);
        costs.Add("probe", costs.Since(start), 1);
        if (found is not null)
        {
            using (found) return found.WithName(Path.GetFileName(path));
        }

        var media = selection is null ? EncodeImage(model, path, key, costs, ct) : EncodeVideo(model, info, selection, key, costs, onFrames, ct);
        cache.Put(media);
        return media;
    }

    /// <summary>The key in the cache of a file's visual tokens.</summary>
    /// <param name="contentHash">As <see cref="ContentHash.OfFileAsync"/> computes it.</param>
    /// <param name="selection">Of a video; null for an image.</param>
    public static string KeyOf(VideoChatFlash model, string contentHash, FrameSelection? selection) => new MediaKey
    {
        ContentHash = contentHash,
        ModelFingerprint = model.VisionFingerprint,
        Kind = selection is null ? MediaKind.Image : MediaKind.Video,
        Indices = selection?.Indices ?? [0],
        Duration = selection?.Duration ?? 0,
        PixelSize = model.Config.Vision.ImageSize,
        ComputeType = model.Dtype,
        TokenType = model.Dtype,
        Settings = new Dictionary<string, string> { ["device"] = model.Device.Type.ToString(), ["grid"] = model.Config.ImageGridPinpoints ?? "" },
    }.Compute();

    private EncodedMedia EncodeVideo(VideoChatFlash model, VideoInfo info, FrameSelection selection, string key, CostLedger costs, Action<int, int>? onFrames, CancellationToken ct)
    {
        var (tokens, owners) = model.EncodeFrames(_frames.ReadAsync(info, selection, ct).ToBlockingEnumerable(ct), selection.Count, costs, done => onFrames?.Invoke(done, selection.Count), ct);
        var clipFrames = model.Config.Vision.FramesPerClip;
        FrameRef[] frames = [.. selection.Indices.Zip(selection.Times).Select((f, i) => new FrameRef(i, f.First, f.Second))];
        var perClip = (int)(tokens.size(0) / (selection.Count / clipFrames));
        return new(key, MediaKind.Video, Path.GetFileName(info.Path), tokens, frames, clipFrames, perClip, model.Grid.Height, model.Grid.Width, selection.Duration, selection.Message, owners);
    }

    private EncodedMedia EncodeImage(VideoChatFlash model, string path, string key, CostLedger costs, CancellationToken ct)
    {
        var start = costs.Now();
        var image = _images.ReadAsync(path, ct).GetAwaiter().GetResult();
        costs.Add("frames", costs.Since(start), 0);
        var (tokens, columns, rows) = model.EncodeImage(image, costs, ct);
        return new(key, MediaKind.Image, Path.GetFileName(path), tokens, [new FrameRef(0, 0, 0)], 1, model.Config.Connector.TokensPerImage, model.Grid.Height, model.Grid.Width, 0, tileColumns: columns, tileRows: rows);
    }
}
