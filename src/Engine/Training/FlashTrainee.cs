using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.Engine.Language;
using Studio.Engine.Tokenization;
using Studio.Engine.Torch;
using Studio.Engine.Video;
using Studio.Engine.Vision;
using Studio.Engine.World;

namespace Studio.Engine.Training;

/// <summary>VideoChat-Flash in one stage of its training. Clips go through the tower one after the other; what is frozen records no graph.</summary>
public sealed class FlashTrainee : VisualTrainee
{
    /// <summary>Drawn apart from all else that is drawn for a sample.</summary>
    private const ulong DropDraw = 0xD209;

    private readonly ulong _seed;
    private readonly VisionTower _tower;
    private readonly ToMeConnector _connector;
    private readonly TrainingForward _decoder;
    private readonly VisualDropout _drops;

    /// <inheritdoc cref="Trainees.Create"/>
    /// <param name="config">Of the model as it is; the stage's resolution is put in here.</param>
    /// <param name="weights">fp32 on <paramref name="device"/>; borrowed. Their gradients are switched on and off as the stage says.</param>
    /// <exception cref="ArgumentException">The stage does not fit the model; the message names the value.</exception>
    public FlashTrainee(TrainingStage stage, ModelConfig config, Weights weights, Tokenizer tokenizer, Device device, ulong seed)
        : base(stage, tokenizer, device, weights)
    {
        ArgumentNullException.ThrowIfNull(stage);
        ArgumentNullException.ThrowIfNull(config);
        Check(stage, config);
        VisionConfig vision = AtResolution(config.Vision, stage.Resolution);
        Config = config with { Vision = vision, ImageGridPinpoints = AtSide(config.ImageGridPinpoints, config.Vision.ImageSize, vision.ImageSize), TorchDtype = SafetensorsDtype.F32 };
        _seed = seed;
        _drops = stage.Compression().ValidateFor(config.Language.Layers);
        Groups = ParameterGroups.Create(weights, TensorLayout.For(Config), stage.Rates, stage.WeightDecay);
        _tower = VisionTower.Load(Config.Vision, weights, device, ScalarType.Float32);
        _connector = ToMeConnector.Load(Config.Connector, Config.Vision, weights, device, ScalarType.Float32);
        _decoder = new TrainingForward(Config.Language, weights, device, stage.Precision == "bf16" ? ScalarType.BFloat16 : ScalarType.Float32, stage.Checkpointing);
    }

    /// <inheritdoc cref="Trainees.Check"/>
    internal static void Check(TrainingStage stage, ModelConfig config)
    {
        if (config.System != ModelSystem.VideoChatFlash)
        {
            throw new ArgumentException($"The model is a {config.ModelType}; this trains {ModelConfig.VideoChatFlashType} models.", nameof(config));
        }

        Trainees.Require(stage.Template != TrainingTemplate.ChatXl, stage, "template is chatXl, Video-XL's", "plain or chatFlash");
        Trainees.Require(stage.Ratios is null, stage, $"ratios are [{string.Join(", ", stage.Ratios ?? [])}], which Video-XL's summary tokens have", "drops instead, or neither");
        Trainees.Require(!stage.Data.SeveralImages, stage, "data.severalImages is true, which Video-XL can", "false: VideoChat-Flash learns from one image a sample");
        try
        {
            _ = AtResolution(config.Vision, stage.Resolution);
            _ = stage.Compression().ValidateFor(config.Language.Layers);
        }
        catch (ArgumentException e)
        {
            throw new ArgumentException($"Stage '{stage.Name}': {e.Message}", nameof(stage), e);
        }
    }

    public override IReadOnlyList<ParameterGroup> Groups { get; }

    public override ModelConfig Config { get; }

    private protected override SamplingSettings Sampling => Stage.Frames.Sampling(_tower.FramesPerClip);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _decoder.Dispose();
            _connector.Dispose();
            _tower.Dispose();
        }
    }

    internal override TrainingResult Forward(IReadOnlyList<TrainingSample> batch, IReadOnlyList<TrainingExample> samples, CancellationToken cancellationToken) =>
        _decoder.Forward([.. batch.Zip(samples, (sample, example) => sample with { KeepsAll = !Drops(example) })], _drops, cancellationToken);

    /// <summary>Whether a sample's visual tokens are dropped: its number and the stage's seed decide.</summary>
    internal bool Drops(TrainingExample sample) =>
        Stage.Drops is { } drops && new WorldRandom(WorldRandom.Hash(_seed, (ulong)sample.Number, DropDraw)).InShare(drops.Share ?? 1);

    private protected override SketchedVideo Sketch(Tokenizer tokenizer, Tensor embeddings) => new(tokenizer, embeddings, Config.Vision.GridSide);

    private protected override string? Message(FrameSelection selection) => selection.Message;

    /// <summary>The tower at another side: UMT-L's own two sides have names of their own.</summary>
    internal static VisionConfig AtResolution(VisionConfig vision, int? side)
    {
        if (side is not { } pixels || pixels == vision.ImageSize)
        {
            return vision;
        }

        if (vision.Kind != VisionTowerKind.UmtLarge || pixels % vision.PatchSize != 0)
        {
            throw new ArgumentException($"A resolution of {pixels} does not fit {vision.TowerName}: only UMT towers change it, to a multiple of {vision.PatchSize} pixels.");
        }

        bool isPublishedSize = VisionConfig.ForTower(vision.TowerName) is { } named && named.HiddenSize == vision.HiddenSize && named.ImageSize == vision.ImageSize;
        string name = isPublishedSize ? (pixels == 448 ? "umt-hd-large" : "umt-large") : vision.TowerName;
        return vision with { TowerName = name, ImageSize = pixels };
    }

    /// <summary>The same grids of tiles at another side of a tile.</summary>
    private static string? AtSide(string? pinpoints, int from, int to) => pinpoints is null || from == to || pinpoints.Contains('x', StringComparison.Ordinal)
        ? pinpoints
        : "[" + string.Join(", ", AnyResTiling.ParsePinpoints(pinpoints, from).Select(p => $"[{p.Width / from * to}, {p.Height / from * to}]")) + "]";

    /// <summary>Visual tokens of an image: the whole, stretched to a square, and in stages with tiles its tiles (videochat-flash.md 2.6).</summary>
    private protected override Tensor EncodeImages(IReadOnlyList<RgbImage> images)
    {
        using var scope = torch.NewDisposeScope();
        RgbImage image = images.Count == 1 ? images[0] : throw new ArgumentException($"{images.Count} images in a sample; VideoChat-Flash learns from one.", nameof(images));
        int side = Config.Vision.ImageSize;
        IReadOnlyList<PictureSize> grids = Stage.ImageTiles
            ? AnyResTiling.ParsePinpoints(Config.ImageGridPinpoints ?? "(1x1),...,(6x6)", side) : [new PictureSize(side, side)];
        PictureSize grid = AnyResTiling.SelectBestResolution(new PictureSize(image.Width, image.Height), grids);
        IReadOnlyList<RgbImage> tiles = AnyResTiling.Tile(image, grids, side);
        var encoded = new List<Tensor>(); // bounded by the tiles of the largest grid
        foreach (RgbImage tile in Stage.ImageTiles ? tiles : tiles.Take(1)) // without tiles only the whole, which comes first
        {
            encoded.Add(EncodeClip(Pixels([tile], PixelPreprocessor.ImageNet), _connector.ImageTokens));
        }

        Tensor flat = torch.cat([.. encoded]).reshape(-1, Config.Language.HiddenSize);
        if (!Stage.ImageTiles)
        {
            return flat.MoveToOuterDisposeScope();
        }

        int[] order = VisualOrder.AnyResOrder(grid.Height / side, grid.Width / side, (int)Math.Sqrt(_connector.ImageTokens));
        return flat.index_select(0, torch.tensor(Array.ConvertAll(order, i => (long)i)).to(Device)).MoveToOuterDisposeScope();
    }

    /// <summary>Visual tokens of a video, a clip at a time.</summary>
    private protected override Tensor EncodeVideo(IEnumerable<VideoFrame> frames, int count, CancellationToken cancellationToken)
    {
        using var scope = torch.NewDisposeScope();
        int clip = _tower.FramesPerClip;
        int side = Config.Vision.ImageSize;
        byte[] resized = new byte[3 * side * side];
        var clips = new List<Tensor>(); // bounded by the stage's frames
        foreach (Tensor pixels in Pixels(frames, count, clip, (frame, pixels) => Write(frame, side, resized, pixels), cancellationToken))
        {
            clips.Add(EncodeClip(pixels, _connector.ClipTokens(clip)));
        }

        Tensor? newline = Weights.TryGet(TensorLayout.FrameNewline);
        return VisualOrder.VideoRows(torch.cat([.. clips]), Config.Connector.NewlinePosition, newline).MoveToOuterDisposeScope();
    }

    /// <summary>A frame as the tower takes it, stretched to a square.</summary>
    /// <param name="resized">Buffer of a square's bytes.</param>
    internal static void Write(VideoFrame frame, int side, byte[] resized, Span<float> destination)
    {
        PillowResize.Bicubic(frame.Rgb.Span, frame.Width, frame.Height, resized, side, side);
        PixelPreprocessor.ImageNet.Normalize(resized, destination);
    }

    /// <param name="pixels">[frames, 3, side, side] of one clip.</param>
    private Tensor EncodeClip(Tensor pixels, int target)
    {
        using var scope = torch.NewDisposeScope();
        return _connector.Forward(Features(_tower, pixels.unsqueeze(0)), target).Tokens.MoveToOuterDisposeScope();
    }
}
