using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.Engine.Language;
using Studio.Engine.Tokenization;
using Studio.Engine.Torch;
using Studio.Engine.Video;
using Studio.Engine.Vision;

namespace Studio.Engine.Training;

/// <summary>A model that a stage trains: from samples to a loss with its graph.</summary>
public interface ITrainee : IDisposable
{
    IReadOnlyList<ParameterGroup> Groups { get; }

    /// <summary>What config.json of this stage's checkpoints says.</summary>
    ModelConfig Config { get; }

    /// <summary>The loss of some samples together; its tensors belong to the caller's scope.</summary>
    TraineeLoss Loss(IReadOnlyList<TrainingExample> samples, CancellationToken cancellationToken);
}

/// <param name="Loss">Scalar fp32: mean over the supervised tokens of all samples.</param>
/// <param name="Rows">Rows of the decoder's input, visual tokens included.</param>
/// <param name="Supervised">Tokens that were learned.</param>
public readonly record struct TraineeLoss(Tensor Loss, int Rows, int Supervised);

/// <summary>VideoChat-Flash in one stage of its training. Clips go through the tower one after the other; what is frozen records no graph.</summary>
public sealed class FlashTrainee : ITrainee
{
    private readonly TrainingStage _stage;
    private readonly Weights _weights;
    private readonly Tokenizer _tokenizer;
    private readonly Device _device;
    private readonly VisionTower _tower;
    private readonly ToMeConnector _connector;
    private readonly TrainingForward _decoder;
    private readonly VisualDropout _drops;

    /// <param name="config">Of the model as it is; the stage's resolution is put in here.</param>
    /// <param name="weights">fp32 on <paramref name="device"/>; borrowed. Their gradients are switched on and off as the stage says.</param>
    /// <exception cref="ArgumentException">The stage does not fit the model; the message names the value.</exception>
    public FlashTrainee(TrainingStage stage, ModelConfig config, Weights weights, Tokenizer tokenizer, Device device)
    {
        ArgumentNullException.ThrowIfNull(stage);
        ArgumentNullException.ThrowIfNull(config);
        if (stage.Template == TrainingTemplate.ChatXl)
        {
            throw new ArgumentException($"Stage '{stage.Name}' has Video-XL's template; VideoChat-Flash is trained with plain or chatFlash.", nameof(stage));
        }

        if (config.System != ModelSystem.VideoChatFlash)
        {
            throw new ArgumentException($"The model is a {config.ModelType}; this trains {ModelConfig.VideoChatFlashType} models.", nameof(config));
        }

        (_stage, _weights, _tokenizer, _device) = (stage, weights, tokenizer, device);
        VisionConfig vision = AtResolution(config.Vision, stage.Resolution);
        Config = config with { Vision = vision, ImageGridPinpoints = AtSide(config.ImageGridPinpoints, config.Vision.ImageSize, vision.ImageSize), TorchDtype = SafetensorsDtype.F32 };
        _drops = stage.Compression().ValidateFor(config.Language.Layers);
        Groups = ParameterGroups.Create(weights, TensorLayout.For(Config), stage.Rates, stage.WeightDecay);
        _tower = VisionTower.Load(Config.Vision, weights, device, ScalarType.Float32);
        _connector = ToMeConnector.Load(Config.Connector, Config.Vision, weights, device, ScalarType.Float32);
        _decoder = new TrainingForward(Config.Language, weights, device, stage.Precision == "bf16" ? ScalarType.BFloat16 : ScalarType.Float32, stage.Checkpointing);
    }

    public IReadOnlyList<ParameterGroup> Groups { get; }

    public ModelConfig Config { get; }

    public TraineeLoss Loss(IReadOnlyList<TrainingExample> samples, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(samples);
        using var scope = torch.NewDisposeScope();
        using var gradients = torch.enable_grad();
        var batch = new List<TrainingSample>(); // bounded by the stage's batch
        foreach (TrainingExample sample in samples)
        {
            batch.Add(Prepare(sample, cancellationToken));
        }

        TrainingResult result = _decoder.Forward(batch, _drops, cancellationToken);
        return new TraineeLoss(scope.MoveToOuter(result.Loss), batch.Sum(s => s.Prompt.Length), result.SupervisedTokens);
    }

    public void Dispose()
    {
        _decoder.Dispose();
        _connector.Dispose();
        _tower.Dispose();
    }

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

    private TrainingSample Prepare(TrainingExample sample, CancellationToken cancellationToken)
    {
        FrameSelection? selection = sample.Video is null ? null : FrameSampling.Select(
            sample.Video.Info, _stage.Frames.Sampling(_tower.FramesPerClip) with { StartSeconds = sample.Start, EndSeconds = sample.End });
        LabelledIds text = Text(sample, selection);
        int at = text.Ids.ToList().IndexOf(ChatMl.VisualPlaceholderId);
        if (at >= 0 != (selection is not null || sample.Image is not null))
        {
            throw new ArgumentException(
                $"Sample {sample.Id} has {(at < 0 ? "a video or image and no" : "neither video nor image but a")} {ChatMl.VisualPlaceholder} in its first user turn; they come together.", nameof(sample));
        }

        Tensor? rows = selection is not null ? Encode(sample.Video!.Read(selection, cancellationToken), selection.Count, cancellationToken)
            : sample.Image is { } read ? EncodeImage(read(cancellationToken))
            : null;
        (Prompt prompt, int[] labels) = Splice(sample.Id, text, at, rows);
        return labels.Any(l => l != TrainingForward.Ignored)
            ? new TrainingSample(prompt, labels)
            : throw new ArgumentException($"Sample {sample.Id} has no answer left within {_stage.MaxLength} rows; raise maxLength or lower frames.max.", nameof(sample));
    }

    /// <summary>Puts visual rows in their place and cuts from the right, as the original does after splicing.</summary>
    private (Prompt Prompt, int[] Labels) Splice(string id, LabelledIds text, int at, Tensor? rows)
    {
        if (rows is null)
        {
            int length = Math.Min(text.Ids.Count, _stage.MaxLength);
            return (new Prompt([new PromptPart.Text([.. text.Ids.Take(length)])]), [.. text.Labels.Take(length)]);
        }

        int visual = (int)Math.Min(rows.size(0), Math.Max(0, _stage.MaxLength - at));
        int after = Math.Min(text.Ids.Count - at - 1, Math.Max(0, _stage.MaxLength - at - visual));
        var prompt = new Prompt(
        [
            new PromptPart.Text([.. text.Ids.Take(at)]),
            new PromptPart.Visual(id, visual == rows.size(0) ? rows : rows.narrow(0, 0, visual)),
            new PromptPart.Text([.. text.Ids.Skip(at + 1).Take(after)]),
        ]);
        return (prompt, [.. text.Labels.Take(at), .. Enumerable.Repeat(TrainingForward.Ignored, visual), .. text.Labels.Skip(at + 1).Take(after)]);
    }

    private LabelledIds Text(TrainingExample sample, FrameSelection? selection)
    {
        if (_stage.Template == TrainingTemplate.Plain)
        {
            return TrainingText.Plain(_tokenizer, sample.Turns.First(t => t.Role == ChatRole.Assistant).Text);
        }

        TrainingTurn first = sample.Turns[0];
        return selection is null && sample.Image is null
            ? TrainingText.Chat(_tokenizer, sample.Turns, _stage.Template, _stage.Masking)
            : TrainingText.Chat(
                _tokenizer, [first with { Text = TrainingText.WithDuration(first.Text, selection?.Message, _stage.Join) }, .. sample.Turns.Skip(1)], _stage.Template, _stage.Masking);
    }

    /// <summary>Visual tokens of an image: the whole, stretched to a square, and in stages with tiles its tiles (videochat-flash.md 2.6).</summary>
    private Tensor EncodeImage(RgbImage image)
    {
        using var scope = torch.NewDisposeScope();
        int side = Config.Vision.ImageSize;
        IReadOnlyList<PictureSize> grids = _stage.ImageTiles
            ? AnyResTiling.ParsePinpoints(Config.ImageGridPinpoints ?? "(1x1),...,(6x6)", side) : [new PictureSize(side, side)];
        PictureSize grid = AnyResTiling.SelectBestResolution(new PictureSize(image.Width, image.Height), grids);
        IReadOnlyList<RgbImage> tiles = AnyResTiling.Tile(image, grids, side);
        int count = _stage.ImageTiles ? tiles.Count : 1; // without tiles only the whole, which comes first
        var encoded = new List<Tensor>(); // bounded by the tiles of the largest grid
        for (int i = 0; i < count; i++)
        {
            Tensor pixels = torch.empty([1, 1, 3, side, side]);
            PixelPreprocessor.ImageNet.Normalize(tiles[i].Rgb.Span, pixels.data<float>());
            encoded.Add(EncodeClip(pixels.to(_device), _connector.ImageTokens));
        }

        Tensor flat = torch.cat([.. encoded]).reshape(-1, Config.Language.HiddenSize);
        if (!_stage.ImageTiles)
        {
            return flat.MoveToOuterDisposeScope();
        }

        int[] order = VisualOrder.AnyResOrder(grid.Height / side, grid.Width / side, (int)Math.Sqrt(_connector.ImageTokens));
        return flat.index_select(0, torch.tensor(Array.ConvertAll(order, i => (long)i)).to(_device)).MoveToOuterDisposeScope();
    }

    /// <summary>Visual tokens [rows, hidden] of a video, a clip at a time.</summary>
    private Tensor Encode(IEnumerable<VideoFrame> frames, int count, CancellationToken cancellationToken)
    {
        using var scope = torch.NewDisposeScope();
        int clip = _tower.FramesPerClip;
        int side = Config.Vision.ImageSize;
        int area = 3 * side * side;
        byte[] resized = new byte[area];
        var clips = new List<Tensor>(); // bounded by the stage's frames
        using IEnumerator<VideoFrame> source = frames.GetEnumerator();
        for (int done = 0; done < count; done += clip)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Tensor pixels = torch.empty([1, clip, 3, side, side]);
            for (int i = 0; i < clip; i++)
            {
                if (!source.MoveNext())
                {
                    throw new InvalidOperationException($"{count} frames were promised, {done + i} came.");
                }

                using VideoFrame frame = source.Current;
                PillowResize.Bicubic(frame.Rgb.Span, frame.Width, frame.Height, resized, side, side);
                PixelPreprocessor.ImageNet.Normalize(resized, pixels.data<float>().Slice(i * area, area));
            }

            clips.Add(EncodeClip(pixels.to(_device), _connector.ClipTokens(clip)));
        }

        Tensor? newline = _weights.TryGet(TensorLayout.FrameNewline);
        return VisualOrder.VideoRows(torch.cat([.. clips]), Config.Connector.NewlinePosition, newline).MoveToOuterDisposeScope();
    }

    private Tensor EncodeClip(Tensor pixels, int target)
    {
        using var scope = torch.NewDisposeScope();
        Tensor features;
        if (_stage.Rates.Tower is null)
        {
            using var constant = torch.no_grad();
            features = _tower.Forward(pixels);
        }
        else
        {
            features = _tower.Forward(pixels);
        }

        VisualTokens tokens = _connector.Forward(features, target);
        return tokens.Tokens.MoveToOuterDisposeScope();
    }
}
