using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.Engine.Language;
using Studio.Engine.Tokenization;
using Studio.Engine.Torch;
using Studio.Engine.Video;
using Studio.Engine.Vision;
using Studio.Engine.World;

namespace Studio.Engine.Training;

/// <summary>
/// Video-XL in one stage of its training (video-xl.md 3.11 and 5). Without ratios it is an ordinary decoder behind the projector;
/// with them the answer is learned through what summary tokens keep of each window. Text alone is never compressed.
/// </summary>
public sealed class XlTrainee : VisualTrainee
{
    /// <summary>Parts the draw of ratios from others with the same seed.</summary>
    private const ulong RatioDraw = 0x5A710;

    private readonly ulong _seed;
    private readonly VisionTower _tower;
    private readonly PoolConnector _connector;
    private readonly TrainingForward? _plain;
    private readonly VstTrainingForward? _summarising;
    private readonly Tensor? _newline;

    /// <inheritdoc cref="Trainees.Create"/>
    /// <param name="weights">A stage with ratios adds what summary tokens lack, as copies of the ordinary tensors as they are now.</param>
    public XlTrainee(TrainingStage stage, ModelConfig config, Weights weights, Tokenizer tokenizer, Device device, ulong seed)
        : base(stage, tokenizer, device, weights)
    {
        ArgumentNullException.ThrowIfNull(stage);
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(weights);
        Check(stage, config);
        VstConfig vst = config.Vst!;
        _seed = seed;
        int[] learned = [.. (stage.Ratios ?? []).Where(r => r > 1)];
        Config = config with { Vst = learned.Length > 0 ? vst with { Ratios = learned } : vst, TorchDtype = SafetensorsDtype.F32 };
        if (stage.Ratios is not null)
        {
            _ = WeightLoading.AddMissingVst(Config, weights);
        }

        Groups = ParameterGroups.Create(weights, TensorLayout.For(Config), stage.Rates, stage.WeightDecay);
        _tower = VisionTower.Load(Config.Vision, weights, device, ScalarType.Float32);
        _connector = PoolConnector.Load(Config.Connector, Config.Vision, weights, device, ScalarType.Float32);
        _newline = Config.Connector.TileMerge == TileMerge.SpatialUnpad ? weights.Get(TensorLayout.ImageNewline) : null;
        ScalarType dtype = stage.Precision == "bf16" ? ScalarType.BFloat16 : ScalarType.Float32;
        (_plain, _summarising) = stage.Ratios is null
            ? (new TrainingForward(Config.Language, weights, device, dtype, stage.Checkpointing), (VstTrainingForward?)null)
            : (null, new VstTrainingForward(Config.Language, Config.Vst!, weights, device, dtype, stage.Checkpointing));
    }

    public override IReadOnlyList<ParameterGroup> Groups { get; }

    public override ModelConfig Config { get; }

    private protected override SamplingSettings Sampling => Stage.Frames.Sampling(_tower.FramesPerClip) with { Rule = SamplingRule.VideoXl };

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _plain?.Dispose();
            _summarising?.Dispose();
            _connector.Dispose();
            _tower.Dispose();
        }
    }

    /// <summary>How a sample's visual tokens are cut: its number and the stage's seed decide.</summary>
    internal IWindowRule RuleFor(TrainingExample sample) =>
        new TrainingRatios(Stage.Ratios ?? throw new InvalidOperationException("a stage without ratios cuts no windows"), WorldRandom.Hash(_seed, (ulong)sample.Number, RatioDraw));

    internal override TrainingResult Forward(IReadOnlyList<TrainingSample> batch, IReadOnlyList<TrainingExample> samples, CancellationToken cancellationToken) =>
        _summarising is { } decoder
            ? decoder.Forward(batch, [.. samples.Select(RuleFor)], cancellationToken)
            : _plain!.Forward(batch, VisualDropout.None, cancellationToken);

    private protected override string? Message(FrameSelection selection) => null;

    /// <summary>
    /// Each frame by itself, pooled. Frames share a run of the tower up to the bound of a frozen one's activations: with a graph
    /// all of them are kept anyway.
    /// </summary>
    private protected override Tensor EncodeVideo(IEnumerable<VideoFrame> frames, int count, CancellationToken cancellationToken)
    {
        using var scope = torch.NewDisposeScope();
        int side = Config.Vision.ImageSize;
        byte[] square = new byte[3 * side * side];
        var encoded = new List<Tensor>(); // bounded by the stage's frames
        foreach (Tensor pixels in Pixels(frames, count, FramesAtOnce(), (frame, pixels) => Write(frame, side, square, pixels), cancellationToken))
        {
            encoded.Add(Encode(pixels, _connector.ImageTokens));
        }

        return TileOrder.Ended(torch.cat([.. encoded]).reshape(-1, _connector.Width), Config.Connector.TileMerge, _newline).MoveToOuterDisposeScope();
    }

    private protected override SketchedVideo Sketch(Tokenizer tokenizer, Tensor embeddings) => new(tokenizer, embeddings, Config.Vision.GridSide, _connector);

    private protected override Tensor EncodeSketch(Tensor tokens) => TileOrder.Ended(tokens, Config.Connector.TileMerge, _newline);

    /// <summary>A frame as the tower takes it: its middle.</summary>
    /// <param name="square">Buffer of a square's bytes.</param>
    internal static void Write(VideoFrame frame, int side, byte[] square, Span<float> destination)
    {
        CentreCrop.Resize(frame.Rgb.Span, frame.Width, frame.Height, square, side);
        PixelPreprocessor.Clip.Normalize(square, destination);
    }

    /// <summary>
    /// One image in tiles, or its middle with a token for each patch (video-xl.md 2.2 and 2.4); several as the frames of a video
    /// (2.5).
    /// </summary>
    private protected override Tensor EncodeImages(IReadOnlyList<RgbImage> images)
    {
        using var scope = torch.NewDisposeScope();
        TileMerge merge = Config.Connector.TileMerge;
        int side = Config.Vision.ImageSize;
        if (images.Count > 1)
        {
            return All([.. images.Select(i => CentreCrop.Resize(i, side))], _connector.ImageTokens).reshape(-1, _connector.Width).MoveToOuterDisposeScope();
        }

        if (!Stage.ImageTiles)
        {
            Tensor patches = All([CentreCrop.Resize(images[0], side)], _connector.Patches);
            return TileOrder.Ended(patches.reshape(-1, _connector.Width), merge, _newline).MoveToOuterDisposeScope();
        }

        (IReadOnlyList<RgbImage> views, int columns, int rows) = TileOrder.Views(images[0], Config);
        Tensor tiles = All(views, TileOrder.PoolsTiles(merge) ? _connector.ImageTokens : _connector.Patches);
        var size = new PictureSize(images[0].Width, images[0].Height);
        return TileOrder.Rows(tiles, merge, columns, rows, size, _newline, VideoXlConfig.MaxTiles(Config.ImageAspectRatio)).MoveToOuterDisposeScope();
    }

    /// <param name="pixels">[frames, 3, side, side] on the device.</param>
    /// <returns>[frames, tokens, hidden].</returns>
    internal Tensor Encode(Tensor pixels, int tokens)
    {
        using var scope = torch.NewDisposeScope();
        return _connector.Forward(Features(_tower, pixels.unsqueeze(1)), tokens).Tokens.MoveToOuterDisposeScope();
    }

    /// <summary>[pictures, tokens, hidden].</summary>
    private Tensor All(IReadOnlyList<RgbImage> pictures, int tokens) =>
        torch.cat([.. pictures.Chunk(FramesAtOnce()).Select(some => Encode(Pixels(some, PixelPreprocessor.Clip), tokens))]);

    private int FramesAtOnce() => (int)Math.Clamp((Device.IsCpu ? ClipEncoder.CpuActivationBytes : ClipEncoder.CardActivationBytes) / _tower.ActivationBytes(1), 1, int.MaxValue);

    /// <inheritdoc cref="Trainees.Check"/>
    internal static void Check(TrainingStage stage, ModelConfig config)
    {
        VstConfig vst = config.Vst ?? throw new ArgumentException($"The model is a {config.ModelType}; this trains {ModelConfig.VideoXlType} models with summary tokens.", nameof(config));
        Trainees.Require(stage.Template != TrainingTemplate.ChatFlash, stage, "template is chatFlash, VideoChat-Flash's", "plain or chatXl");
        Trainees.Require(
            stage.Drops is null, stage, $"drops are after layers [{string.Join(", ", stage.Drops?.Layers ?? [])}], which VideoChat-Flash has", "ratios instead: Video-XL summarises windows");
        Trainees.Require(
            stage.Resolution is null || stage.Resolution == config.Vision.ImageSize, stage,
            $"resolution is {stage.Resolution}", $"{config.Vision.ImageSize}, which this tower's positions are learned for, or leave it out");
        foreach (int ratio in stage.Ratios ?? [])
        {
            Trainees.Require(ratio <= vst.Window, stage, $"ratio {ratio} is larger than the model's window of {vst.Window} visual tokens", $"1 to {vst.Window}");
        }
    }
}
