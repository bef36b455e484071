using Studio.Engine.Compression;
using Studio.Engine.Language;
using Studio.Engine.Torch;
using Studio.Engine.Video;
using Studio.Engine.Vision;

namespace Studio.Engine.Chat;

/// <summary>VideoChat-Flash: clips of frames merged to few tokens, which the decoder drops layer by layer.</summary>
public sealed class VideoChatFlash : VideoModel
{
    internal VideoChatFlash(ModelParts parts)
        : base(parts)
    {
        try
        {
            Decoder = new(parts.Settings.Apply(Config.Language), parts.Weights, Device, Dtype);
        }
        catch
        {
            Connector.Dispose();
            Tower.Dispose();
            throw;
        }
    }

    public Qwen2Decoder Decoder { get; }

    /// <summary>Resized to a square without keeping its proportions.</summary>
    internal override void WritePixels(VideoFrame frame, Span<float> destination)
    {
        var side = Config.Vision.ImageSize;
        var resized = System.Buffers.ArrayPool<byte>.Shared.Rent(side * side * 3);
        try
        {
            var bytes = resized.AsSpan(0, side * side * 3);
            PillowResize.Bicubic(frame.Rgb.Span, frame.Width, frame.Height, bytes, side, side);
            PixelPreprocessor.ImageNet.Normalize(bytes, destination);
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(resized);
        }
    }

    /// <summary>The whole view and, unless one tile is enough, its tiles (videochat-flash.md 2.6).</summary>
    internal override EncodedImage EncodeImage(RgbImage image, bool asFrame, CostLedger costs, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(image);
        var side = Config.Vision.ImageSize;
        var start = costs.Now();
        var candidates = AnyResTiling.ParsePinpoints(Config.ImageGridPinpoints ?? "(1x1),...,(6x6)", side);
        var best = AnyResTiling.SelectBestResolution(new(image.Width, image.Height), candidates);
        var tiles = AnyResTiling.Tile(image, candidates, side);
        using var scope = torch.NewDisposeScope();
        var pixels = torch.empty([tiles.Count, 3, side, side]);
        for (var t = 0; t < tiles.Count; t++) PixelPreprocessor.ImageNet.Normalize(tiles[t].Rgb.Span, pixels.data<float>().Slice(t * 3 * side * side, 3 * side * side));
        costs.Add("frames", costs.Since(start), 1, (long)tiles.Count * 3 * side * side);
        var counter = new FrameEncoder(this, costs);
        var encoded = Encoder.EncodeImages(pixels.to(Device, Dtype), onBatch: t => counter.Count(t, 1), cancellation: ct);
        var (columns, rows) = (best.Width / side, best.Height / side);
        var order = VisualOrder.AnyResOrder(rows, columns, (int)Math.Sqrt(Connector.ImageTokens));
        var flat = encoded.Tokens.reshape(-1, Connector.Width);
        var tokens = flat.index_select(0, torch.tensor(Array.ConvertAll(order, i => (long)i)).to(Device)).clone().DetachFromDisposeScope();
        return new(tokens, Config.Connector.TokensPerImage, columns, rows, null);
    }

    /// <summary>Encoded at once, unless it was before: its tokens are few.</summary>
    internal override PromptMedia Open(VideoSource source, CostLedger costs, Action<int, int>? onFrames, CancellationToken ct)
    {
        if (source.Encoder.Cache.TryGet(source.Key) is { } known)
        {
            using (known) return PromptMedia.Of(known.WithName(source.Name));
        }

        var selection = source.Selection;
        var (tokens, owners) = new FrameEncoder(this, costs).EncodeAll(source.Frames(ct), selection.Count, done => onFrames?.Invoke(done, selection.Count), ct);
        var media = new EncodedMedia(
            source.Key, MediaKind.Video, source.Name, tokens, source.FrameRefs(), Config.Vision.FramesPerClip, FrameEncoder.TokensPerClipOf(this), Grid.Height, Grid.Width,
            selection.Duration, selection.Message, owners);
        source.Encoder.Cache.Put(media);
        return PromptMedia.Of(media);
    }

    internal override DecoderSequence NewSequence(CompressionSettings settings) => Decoder.NewSequence(settings);

    internal override Tensor Prefill(DecoderSequence state, Prompt prompt, ITraceRecorder? recorder, CancellationToken ct) => Decoder.Prefill((SequenceState)state, prompt, recorder, ct);

    internal override Span<float> DecodeRow(DecoderSequence state, int id) => Decoder.DecodeRow((SequenceState)state, id);

    internal override ITraceRecorder NewRecorder(Prompt prompt, IReadOnlyList<TracedMedia> media) => new TraceRecorder(prompt, media, Config.Language.Layers);

    internal override double PrefillFlops(DecoderSequence state) => StageFlops.Prefill(Config.Language, (SequenceState)state);

    /// <summary>Text is alive in every stage.</summary>
    internal override IReadOnlyList<int> StageTokens(DecoderSequence state, Prompt prompt)
    {
        var (dropping, text) = ((SequenceState)state, prompt.Length - prompt.VisualTokens);
        return [.. Enumerable.Range(0, dropping.Settings.StageRatios.Count).Select(s => dropping.Alive(s).Count - text)];
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) Decoder.Dispose();
        base.Dispose(disposing);
    }
}
