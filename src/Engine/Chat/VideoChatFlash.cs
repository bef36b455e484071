using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.Engine.Language;
using Studio.Engine.Tokenization;
using Studio.Engine.Torch;
using Studio.Engine.Video;
using Studio.Engine.Vision;

namespace Studio.Engine.Chat;

/// <summary>
/// VideoChat-Flash, loaded: towers, connector, decoder, tokenizer. Holds weights and nothing of any conversation, so that
/// conversations cannot influence each other. One thread at a time.
/// </summary>
public sealed class VideoChatFlash : IDisposable
{
    private readonly Weights _weights;
    private readonly VisionTower _tower;
    private readonly ToMeConnector _connector;

    private VideoChatFlash(string name, ModelConfig config, GenerationConfig generation, Tokenizer tokenizer, Weights weights, string visionFingerprint, LoadSettings settings, TimeProvider time)
    {
        (Name, Config, Generation, Tokenizer, _weights, VisionFingerprint) = (name, config, generation, tokenizer, weights, visionFingerprint);
        (Device, Dtype) = (settings.Device, settings.Dtype);
        _tower = VisionTower.Load(config.Vision, weights, Device, Dtype);
        _connector = ToMeConnector.Load(config.Connector, config.Vision, weights, Device, Dtype);
        Encoder = new(_tower, _connector, time: time);
        Decoder = new(settings.Apply(config.Language), weights, Device, Dtype);
    }

    /// <summary>For people and provenance: a folder's name or a geometry's.</summary>
    public string Name { get; }

    public ModelConfig Config { get; }

    public GenerationConfig Generation { get; }

    public Tokenizer Tokenizer { get; }

    public Device Device { get; }

    public ScalarType Dtype { get; }

    public ClipEncoder Encoder { get; }

    public Qwen2Decoder Decoder { get; }

    /// <summary>Changes with any weight that turns pixels into visual tokens.</summary>
    public string VisionFingerprint { get; }

    /// <summary>Bytes of all weights as stored.</summary>
    public long WeightBytes => _weights.Bytes;

    internal Weights Weights => _weights;

    /// <summary>Patches along the sides of a frame.</summary>
    public (int Height, int Width) Grid => (_tower.GridHeight, _tower.GridWidth);

    /// <summary>Loads a folder in the published layout.</summary>
    /// <exception cref="CheckpointException">The folder is not a complete, consistent checkpoint; all problems are listed.</exception>
    public static VideoChatFlash Load(string folder, LoadSettings settings, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        using var checkpoint = Checkpoint.Open(folder);
        var tokenizer = Tokenizer.Load(Path.Combine(folder, "tokenizer.json"));
        var weights = WeightLoading.Load(checkpoint, settings.Device, settings.Dtype);
        try
        {
            var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
            return new(name, checkpoint.Config, checkpoint.Generation, tokenizer, weights, WeightLoading.VisionFingerprint(checkpoint), settings, time ?? TimeProvider.System);
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>A model over weights that are in memory already; takes them over.</summary>
    /// <param name="fingerprint">Changes with the weights.</param>
    public static VideoChatFlash FromWeights(string name, ModelConfig config, GenerationConfig generation, Tokenizer tokenizer, Weights weights, string fingerprint, LoadSettings settings, TimeProvider? time = null) =>
        new(name, config, generation, tokenizer, weights, fingerprint, settings, time ?? TimeProvider.System);

    /// <summary>The compression a checkpoint asks for, or off.</summary>
    public CompressionSettings DefaultCompression => VisualDropout.From(Config.Compression, Config.Language.Layers);

    /// <summary>Greedy, with the checkpoint's own penalty and stop tokens.</summary>
    public GenerationSettings DefaultGeneration => GenerationSettings.From(Generation, Config.Language);

    /// <summary>Encodes a video's frames as they are decoded.</summary>
    /// <param name="frames">In order; each is disposed here.</param>
    /// <param name="encoder">One with another bound of memory; the model's own by default.</param>
    /// <returns>Visual tokens as rows [n, hidden], and where each patch went.</returns>
    internal (Tensor Tokens, byte[] Owners) EncodeFrames(IEnumerable<VideoFrame> frames, int count, CostLedger costs, Action<int>? onFrames, CancellationToken ct, ClipEncoder? encoder = null)
    {
        encoder ??= Encoder;
        var clipFrames = Config.Vision.FramesPerClip;
        if (count == 0 || count % clipFrames != 0) throw new ArgumentException($"{count} frames do not make clips of {clipFrames}; sample a multiple of {clipFrames} frames");
        var side = Config.Vision.ImageSize;
        var perClip = _connector.ClipTokens(clipFrames) + (Config.Connector.NewlinePosition == NewlinePosition.Frame ? 1 : 0);
        var clips = count / clipFrames;
        var batch = Math.Min(encoder.MicroBatch(clipFrames), clips);
        var tokens = torch.empty([(long)clips * perClip, _connector.Width], Dtype, Device).DetachFromDisposeScope();
        var owners = new byte[checked(clips * clipFrames * _tower.PatchesPerFrame)];
        try
        {
            var (done, filled) = (0, 0);
            using var pixels = torch.empty([batch, clipFrames, 3, side, side]).DetachFromDisposeScope();
            using var source = frames.GetEnumerator();
            while (done < clips)
            {
                ct.ThrowIfCancellationRequested();
                var start = costs.Now();
                var want = Math.Min(batch, clips - done) * clipFrames;
                for (filled = 0; filled < want; filled++)
                {
                    if (!source.MoveNext()) throw new InvalidOperationException($"{count} frames were promised, {(done * clipFrames) + filled} came");
                    using var frame = source.Current;
                    WritePixels(frame, pixels.data<float>().Slice(filled * 3 * side * side, 3 * side * side));
                }

                costs.Add("frames", costs.Since(start), want, (long)want * 3 * side * side);
                EncodeBatch(encoder, pixels, want / clipFrames, done, perClip, tokens, owners, costs, ct);
                done += want / clipFrames;
                onFrames?.Invoke(done * clipFrames);
            }

            return (tokens, owners);
        }
        catch
        {
            tokens.Dispose();
            throw;
        }
    }

    /// <summary>Encodes a still image as the whole view and, unless one tile is enough, its tiles (spec 2.6).</summary>
    internal (Tensor Tokens, int Columns, int Rows) EncodeImage(RgbImage image, CostLedger costs, CancellationToken ct)
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
        var encoded = Encoder.EncodeImages(pixels.to(Device, Dtype), onBatch: t => Count(t, costs, 1), cancellation: ct);
        var (columns, rows) = (best.Width / side, best.Height / side);
        var order = VisualOrder.AnyResOrder(rows, columns, (int)Math.Sqrt(_connector.ImageTokens));
        var flat = encoded.Tokens.reshape(-1, _connector.Width);
        var tokens = flat.index_select(0, torch.tensor(Array.ConvertAll(order, i => (long)i)).to(Device)).clone().DetachFromDisposeScope();
        return (tokens, columns, rows);
    }

    public void Dispose()
    {
        Decoder.Dispose();
        _connector.Dispose();
        _tower.Dispose();
        _weights.Dispose();
    }

    /// <summary>A frame as the tower takes it: resized to its side, normalised, [3, side, side].</summary>
    internal void WritePixels(VideoFrame frame, Span<float> destination)
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

    private void EncodeBatch(ClipEncoder encoder, Tensor pixels, int clips, int firstClip, int perClip, Tensor tokens, byte[] owners, CostLedger costs, CancellationToken ct)
    {
        using var mode = torch.inference_mode();
        using var scope = torch.NewDisposeScope();
        var encoded = encoder.Encode(pixels.narrow(0, 0, clips).to(Device, Dtype), recordGroups: true, t => Count(t, costs, Config.Vision.FramesPerClip), ct);
        var rows = VisualOrder.VideoRows(encoded.Tokens, Config.Connector.NewlinePosition, _weights.TryGet(TensorLayout.FrameNewline)?.to(Device, Dtype));
        _ = tokens.narrow(0, (long)firstClip * perClip, (long)clips * perClip).copy_(rows);
        var groups = encoded.Groups!;
        for (var clip = 0; clip < clips; clip++)
        {
            var at = (firstClip + clip) * groups.Patches;
            for (var patch = 0; patch < groups.Patches; patch++) owners[at + patch] = (byte)groups.TokenOf(clip, patch);
        }
    }

    private void Count(EncodeTimes times, CostLedger costs, int framesPerClip)
    {
        costs.Add("tower", times.Tower, times.Clips, 0, times.Clips * StageFlops.Tower(Config.Vision, framesPerClip));
        costs.Add("connector", times.Connector, times.Clips);
    }
}
