using Studio.Engine.Compression;
using Studio.Engine.Torch;
using Studio.Engine.Video;

namespace Studio.Engine.Chat;

/// <summary>What became of a video that was to be encoded before a question.</summary>
/// <param name="Key">Of its visual tokens.</param>
/// <param name="IsHeld">Whether the cache has them.</param>
/// <param name="Costs">Of encoding them now; empty where that was not needed or not possible.</param>
public sealed record AheadEncoding(string Key, bool IsHeld, IReadOnlyList<StageCost> Costs);

/// <summary>
/// Turns files into visual tokens: probe, choose frames, decode, encode; each file once, since the result is cached by
/// content and by every setting that changes it.
/// </summary>
/// <param name="summaries">What videos leave in Video-XL's decoder; null keeps nothing beyond a conversation.</param>
public sealed class MediaEncoder(MediaTools tools, VisualTokenCache cache, SummaryCache? summaries = null)
{
    /// <summary>Probes of files seen lately, by path, size and time of change. Bound: this many.</summary>
    public const int ProbesKept = 256;

    /// <summary>130 frames of Video-XL in fp32 (144 tokens of 3,584 channels each), twice as many in 16 bit.</summary>
    public const long DefaultKeepTokensUpTo = 256L << 20;

    private readonly VideoProbe _probe = new(tools);
    private readonly FrameReader _frames = new(tools);
    private readonly ImageReader _images = new(tools);
    private readonly Dictionary<string, (long Size, DateTime Changed, VideoInfo Info)> _probes = new(StringComparer.Ordinal);

    public VisualTokenCache Cache => cache;

    public SummaryCache? Summaries => summaries;

    /// <summary>
    /// Bytes of visual tokens of one video up to which all of them are kept while they are read piece by piece, to be cached;
    /// a longer video's are made anew when it is read under another setting.
    /// </summary>
    public long KeepTokensUpTo { get; init; } = DefaultKeepTokensUpTo;

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

    /// <summary>
    /// A file as a prompt takes it, for the caller to dispose. Videos of VideoChat-Flash and images are encoded before this
    /// returns, unless they were before; a video of Video-XL is encoded when and as far as it is read.
    /// </summary>
    /// <param name="asFrame">Of an image: whether it is one frame among others, and not cut into tiles.</param>
    /// <param name="onFrames">Called with frames done and their number; not called when nothing has to be encoded.</param>
    /// <exception cref="MediaException">The file is missing or cannot be read.</exception>
    internal PromptMedia Open(VideoModel model, string path, SamplingSettings sampling, bool asFrame, CostLedger costs, Action<int, int>? onFrames, CancellationToken ct)
    {
        var start = costs.Now();
        var info = Probe(path, ct);
        var selection = info.IsStillImage ? null : FrameSampling.Select(info, model.Sampling(sampling));
        var key = KeyOf(model, ContentHash.OfFileAsync(path, ct).GetAwaiter().GetResult(), selection, asFrame);
        costs.Add("probe", costs.Since(start), 1);
        if (selection is not null) return model.Open(new(info, selection, key, this), costs, onFrames, ct);
        using var found = cache.TryGet(key) ?? EncodeImage(model, path, key, asFrame, costs, ct);
        return PromptMedia.Of(found.WithName(Path.GetFileName(path)), isJoined: asFrame);
    }

    /// <summary>
    /// Encodes a video before somebody asks about it, so that the question finds its tokens in the cache. Where they are there already, or
    /// are more than may or can be kept, nothing is encoded.
    /// </summary>
    /// <param name="maxBytes">Most bytes of visual tokens; more are left to the question.</param>
    /// <exception cref="MediaException">The file is missing or cannot be read.</exception>
    public AheadEncoding EncodeAhead(VideoModel model, string path, SamplingSettings sampling, long maxBytes, TimeProvider time, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(sampling);
        var costs = new CostLedger(time);
        var info = Probe(path, ct);
        var selection = info.IsStillImage ? null : FrameSampling.Select(info, model.Sampling(sampling));
        var key = KeyOf(model, ContentHash.OfFileAsync(path, ct).GetAwaiter().GetResult(), selection);
        if (cache.Contains(key)) return new(key, true, []);
        var frames = selection?.Count ?? 1;
        var clips = (frames + model.Config.Vision.FramesPerClip - 1) / model.Config.Vision.FramesPerClip;
        var bytes = (long)clips * FrameEncoder.TokensPerClipOf(model) * model.Connector.Width * model.Dtype.ItemSize();
        if (bytes > maxBytes) return new(key, false, []);
        using var media = Open(model, path, sampling, asFrame: false, costs, null, ct);
        if (media.Tokens is StreamedVideo streamed && !streamed.ReadAhead(ct)) return new(key, false, []);
        return new(key, cache.Contains(key), costs.Costs);
    }

    /// <summary>A video's chosen frames as they are decoded.</summary>
    internal IEnumerable<VideoFrame> Frames(VideoInfo info, FrameSelection selection, CancellationToken ct) => _frames.ReadAsync(info, selection, ct).ToBlockingEnumerable(ct);

    /// <summary>The key in the cache of a file's visual tokens.</summary>
    /// <param name="contentHash">As <see cref="ContentHash.OfFileAsync"/> computes it.</param>
    /// <param name="selection">Of a video; null for an image.</param>
    /// <param name="asFrame">Of an image: one frame among others.</param>
    public static string KeyOf(VideoModel model, string contentHash, FrameSelection? selection, bool asFrame = false)
    {
        ArgumentNullException.ThrowIfNull(model);
        var settings = new Dictionary<string, string> { ["device"] = model.Device.Type.ToString(), ["grid"] = model.Config.ImageGridPinpoints ?? "" };
        if (asFrame) settings["as"] = "frame";
        return new MediaKey
        {
            ContentHash = contentHash,
            ModelFingerprint = model.VisionFingerprint,
            Kind = selection is null ? MediaKind.Image : MediaKind.Video,
            Indices = selection?.Indices ?? [0],
            Duration = selection?.Duration ?? 0,
            PixelSize = model.Config.Vision.ImageSize,
            ComputeType = model.Dtype,
            TokenType = model.Dtype,
            Settings = settings,
        }.Compute();
    }

    /// <returns>With a reference for the caller and one for the cache.</returns>
    private EncodedMedia EncodeImage(VideoModel model, string path, string key, bool asFrame, CostLedger costs, CancellationToken ct)
    {
        var start = costs.Now();
        var image = _images.ReadAsync(path, ct).GetAwaiter().GetResult();
        costs.Add("frames", costs.Since(start), 0);
        var encoded = model.EncodeImage(image, asFrame, costs, ct);
        var media = new EncodedMedia(
            key, MediaKind.Image, Path.GetFileName(path), encoded.Tokens, [new FrameRef(0, 0, 0)], 1, encoded.TokensPerView, model.Grid.Height, model.Grid.Width, 0,
            owners: encoded.Owners, tileColumns: encoded.Columns, tileRows: encoded.Rows);
        cache.Put(media);
        return media;
    }
}
