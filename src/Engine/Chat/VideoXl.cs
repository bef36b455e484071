using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.Engine.Language;
using Studio.Engine.Torch;
using Studio.Engine.Video;
using Studio.Engine.Vision;

namespace Studio.Engine.Chat;

/// <summary>
/// Video-XL: frames one by one through CLIP, pooled to 144 tokens, read by the decoder window by window, of which only visual
/// summary tokens stay. What a video leaves does not depend on the question, so it is kept for every later one.
/// </summary>
public sealed class VideoXl : VideoModel
{
    private readonly Tensor? _newline;

    internal VideoXl(ModelParts parts)
        : base(parts)
    {
        try
        {
            Decoder = new(parts.Settings.Apply(Config.Language), Config.Vst!, parts.Weights, Device, Dtype);
            _newline = Config.Connector.TileMerge == TileMerge.SpatialUnpad ? Weights.Get(TensorLayout.ImageNewline).to(Device, Dtype).DetachFromDisposeScope() : null;
        }
        catch
        {
            Decoder?.Dispose();
            Connector.Dispose();
            Tower.Dispose();
            throw;
        }
    }

    public VstDecoder Decoder { get; }

    internal override bool JoinsImages => true;

    /// <summary>The shorter edge resized, the middle cut out.</summary>
    internal override void WritePixels(VideoFrame frame, Span<float> destination)
    {
        var side = Config.Vision.ImageSize;
        var square = System.Buffers.ArrayPool<byte>.Shared.Rent(side * side * 3);
        try
        {
            var bytes = square.AsSpan(0, side * side * 3);
            CentreCrop.Resize(frame.Rgb.Span, frame.Width, frame.Height, bytes, side);
            PixelPreprocessor.Clip.Normalize(bytes, destination);
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(square);
        }
    }

    /// <summary>
    /// As one square frame, or cut into tiles on the canvas that fits best; the whole picture is encoded only where the
    /// checkpoint's order of tiles has it, which the published one has not.
    /// </summary>
    internal override EncodedImage EncodeImage(RgbImage image, bool asFrame, CostLedger costs, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(image);
        var (side, merge, start) = (Config.Vision.ImageSize, Config.Connector.TileMerge, costs.Now());
        var (views, columns, rows) = asFrame ? ([CentreCrop.Resize(image, side)], 0, 0) : TileOrder.Views(image, Config);
        using var scope = torch.NewDisposeScope();
        var pixels = torch.empty([views.Count, 3, side, side]);
        for (var t = 0; t < views.Count; t++) PixelPreprocessor.Clip.Normalize(views[t].Rgb.Span, pixels.data<float>().Slice(t * 3 * side * side, 3 * side * side));
        costs.Add("frames", costs.Since(start), 1, (long)views.Count * 3 * side * side);
        var counter = new FrameEncoder(this, costs);
        var pooled = asFrame || TileOrder.PoolsTiles(merge);
        var encoded = Encoder.EncodeImages(pixels.to(Device, Dtype), onBatch: t => counter.Count(t, 1), tokens: pooled ? null : Tower.PatchesPerFrame, cancellation: ct).Tokens;
        var laid = asFrame ? encoded.reshape(-1, Connector.Width)
            : TileOrder.Rows(encoded, merge, columns, rows, new(image.Width, image.Height), _newline, VideoXlConfig.MaxTiles(Config.ImageAspectRatio));
        var tokens = laid.clone().DetachFromDisposeScope();
        var perView = pooled ? Connector.ImageTokens : (int)tokens.size(0);
        return asFrame ? new(tokens, perView, null, null, PatchOwners(1)) : new(tokens, perView, columns, rows, null);
    }

    /// <summary>Encoded as the decoder reads it: a long video's tokens are never all there.</summary>
    internal override PromptMedia Open(VideoSource source, CostLedger costs, Action<int, int>? onFrames, CancellationToken ct)
    {
        var tokens = new StreamedVideo(this, source, costs, onFrames, _newline);
        return new(tokens)
        {
            Key = source.Key,
            Kind = MediaKind.Video,
            Name = source.Name,
            Tokens = tokens,
            Frames = source.FrameRefs(),
            FramesPerClip = 1,
            TokensPerClip = tokens.TokensPerFrame,
            GridHeight = Grid.Height,
            GridWidth = Grid.Width,
            Owners = () => PatchOwners(source.Selection.Count),
        };
    }

    internal override DecoderSequence NewSequence(CompressionSettings settings) => Decoder.NewSequence(settings);

    internal override void Restore(DecoderSequence state, Prompt prompt, MediaEncoder encoder, CostLedger costs, Action<string> warn)
    {
        if (encoder.Summaries is { } cache) SummaryReuse.Restore(this, (VstSequence)state, prompt, cache, costs, warn);
    }

    internal override void Keep(DecoderSequence state, MediaEncoder encoder, CostLedger costs)
    {
        if (encoder.Summaries is { } cache) SummaryReuse.Keep(this, (VstSequence)state, cache, costs);
    }

    internal override Tensor Prefill(DecoderSequence state, Prompt prompt, ITraceRecorder? recorder, CancellationToken ct)
    {
        var sequence = (VstSequence)state;
        sequence.RecordAttention = recorder is not null;
        return Decoder.Prefill(sequence, prompt, recorder, ct);
    }

    internal override Span<float> DecodeRow(DecoderSequence state, int id) => Decoder.DecodeRow((VstSequence)state, id);

    internal override ITraceRecorder NewRecorder(Prompt prompt, IReadOnlyList<TracedMedia> media) => new VstTraceRecorder(prompt, media, Config.Language.Layers);

    internal override double PrefillFlops(DecoderSequence state) => StageFlops.Prefill(Config.Language, (VstSequence)state);

    internal override IReadOnlyList<int> StageTokens(DecoderSequence state, Prompt prompt) =>
        state.Compression.IsOff ? [prompt.VisualTokens] : [prompt.VisualTokens, ((VstSequence)state).Parts.Where(p => p.IsVisual).Sum(p => p.CacheLength)];

    internal override int PositionsUsed(DecoderSequence state, Prompt prompt) => ((VstSequence)state).HighestPosition + 1;

    internal override IEnumerable<string> CompressionWarnings(DecoderSequence state)
    {
        var sequence = (VstSequence)state;
        foreach (var ratio in sequence.Settings.Ratios.Except(VstCompression.PublishedRatios).Distinct().Order().Take(1))
        {
            yield return $"a ratio of {ratio} was never tried: published ones are {string.Join(", ", VstCompression.PublishedRatios)}";
        }

        if (sequence.Parts.Any(p => p.IsVisual && p.CacheLength == 0)) yield return $"a video or image is too short for '{sequence.Settings}': nothing of it stayed; use a smaller ratio, or off";
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Decoder.Dispose();
            _newline?.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>The 2 × 2 squares that become tokens, the same in every frame; null where a byte cannot count them or an odd grid leaves patches out.</summary>
    private byte[]? PatchOwners(int frames)
    {
        var (height, width) = Grid;
        if (height % 2 != 0 || width % 2 != 0 || Connector.ImageTokens > 256) return null;
        var owners = new byte[checked(frames * height * width)];
        for (var patch = 0; patch < height * width; patch++) owners[patch] = (byte)((patch / width / 2 * (width / 2)) + (patch % width / 2));
        for (var frame = 1; frame < frames; frame++) Array.Copy(owners, 0, owners, frame * height * width, height * width);
        return owners;
    }
}
