using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;
using Studio.Engine.Video;
using Studio.Engine.Vision;
using Studio.Engine.World;

namespace Studio.Engine.Training;

/// <summary>
/// What stages share that learn from patches of drawn pictures instead of texts: the tower's features, and what each patch shows. Each
/// frame is a still image here: frames of other scenes in one clip only stand in the way of learning what a frame shows, unless the stage wants clips.
/// </summary>
public abstract class PatchTrainee : ITrainee
{
    private const int Pixel = 3;

    private readonly TrainingStage _stage;
    private readonly VisionTower _tower;
    private readonly PatchTruth _truth;

    private protected PatchTrainee(TrainingStage stage, ModelConfig config, Weights weights, Device device)
    {
        Check(stage, config);
        (_stage, Device) = (stage, device);
        VisionConfig vision = config.System == ModelSystem.VideoChatFlash ? FlashTrainee.AtResolution(config.Vision, stage.Resolution) : config.Vision;
        Config = config with { Vision = vision, TorchDtype = SafetensorsDtype.F32 };
        ModelGroups = ParameterGroups.Create(weights, TensorLayout.For(Config), stage.Rates, stage.WeightDecay);
        _tower = VisionTower.Load(vision, weights, device, ScalarType.Float32);
        _truth = new PatchTruth(vision.GridSide);
    }

    public abstract IReadOnlyList<ParameterGroup> Groups { get; }

    public virtual IReadOnlyList<Parameter> Head => [];

    public ModelConfig Config { get; }

    private protected IReadOnlyList<ParameterGroup> ModelGroups { get; }

    private protected Device Device { get; }

    /// <summary>Frames that the tower looks at together.</summary>
    private int Together => _stage.InClips ? _tower.FramesPerClip : 1;

    /// <inheritdoc cref="Trainees.Check"/>
    internal static void Check(TrainingStage stage, ModelConfig config)
    {
        if (config.System == ModelSystem.VideoChatFlash)
        {
            FlashTrainee.Check(stage, config);
        }
        else
        {
            Trainees.Require(!stage.InClips, stage, "inClips is true", "false: Video-XL's tower looks at each frame by itself");
            Trainees.Require(stage.Resolution is null || stage.Resolution == config.Vision.ImageSize, stage, $"resolution is {stage.Resolution}", $"{config.Vision.ImageSize}, or leave it out");
        }
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A sample is not drawn.</exception>
    public TraineeLoss Loss(IReadOnlyList<TrainingExample> samples, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(samples);
        using var scope = torch.NewDisposeScope();
        using var gradients = torch.enable_grad();
        var truth = new Labels();
        Tensor features = Features(samples, truth, cancellationToken);
        (Tensor loss, int labelled) = LossOf(features, truth);
        return new TraineeLoss(scope.MoveToOuter(loss), truth.Objects.Count, labelled);
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            _tower.Dispose();
        }
    }

    /// <param name="features">[patches, channels].</param>
    /// <returns>The loss, and how many patches were learned.</returns>
    private protected abstract (Tensor Loss, int Labelled) LossOf(Tensor features, Labels truth);

    /// <summary>Features [patches, channels] of all frames of all samples, and what they show.</summary>
    private protected Tensor Features(IReadOnlyList<TrainingExample> samples, Labels truth, CancellationToken cancellationToken)
    {
        bool isXl = Config.System == ModelSystem.VideoXl;
        int side = Config.Vision.ImageSize, area = Pixel * side * side;
        var pictures = new List<Tensor>(); // bounded by the stage's batch and frames
        byte[] resized = new byte[area];
        foreach (TrainingExample sample in samples)
        {
            DrawnVideo video = sample.Video as DrawnVideo ?? throw new ArgumentException($"Sample {sample.Id} is no drawn video, and only of those is known what each patch shows; give data.album or data.world.", nameof(samples));
            SamplingSettings sampling = _stage.Frames.Sampling(Together);
            FrameSelection selection = FrameSampling.Select(video.Info, isXl ? sampling with { Rule = SamplingRule.VideoXl } : sampling);
            Tensor pixels = torch.empty([selection.Count, Pixel, side, side]);
            int at = 0;
            foreach (VideoFrame frame in video.Read(selection, cancellationToken))
            {
                using (frame)
                {
                    Span<float> destination = pixels.data<float>().Slice(at * area, area);
                    if (isXl)
                    {
                        XlTrainee.Write(frame, side, resized, destination);
                    }
                    else
                    {
                        FlashTrainee.Write(frame, side, resized, destination);
                    }
                }

                _truth.Read(video.Script, selection.Indices[at]);
                truth.Add(_truth);
                at++;
            }

            pictures.Add(pixels.reshape(-1, Together, Pixel, side, side).to(Device));
        }

        return VisualTrainee.Features(_stage, _tower, torch.cat([.. pictures])).reshape(-1, _tower.Width);
    }

    /// <summary>What the patches of a batch show, <see cref="PatchTruth.Nothing"/> where nothing; bounded by the batch.</summary>
    private protected sealed class Labels
    {
        public List<long> Objects { get; } = [];

        public List<long> Colours { get; } = [];

        public List<long> First { get; } = [];

        public List<long> Second { get; } = [];

        public List<int> Standing { get; } = [];

        public List<int> Cells { get; } = [];

        public List<int> Motions { get; } = [];

        public List<int> Directions { get; } = [];

        /// <summary>Of each frame.</summary>
        public List<WorldBackdrop?> Backdrops { get; } = [];

        public PatchContent At(int patch) => new((int)Objects[patch], (int)Colours[patch], (int)First[patch], (int)Second[patch], Standing[patch], Cells[patch], Motions[patch], Directions[patch]);

        public void Add(PatchTruth picture)
        {
            for (int i = 0; i < picture.Objects.Length; i++)
            {
                Objects.Add(picture.Objects[i]);
                Colours.Add(picture.ColourNumbers[i]);
                First.Add(picture.FirstLetters[i]);
                Second.Add(picture.SecondLetters[i]);
                Standing.Add(picture.StandingLetters[i]);
                Cells.Add(picture.Cells[i]);
                Motions.Add(picture.Motions[i]);
                Directions.Add(picture.Directions[i]);
            }

            Backdrops.Add(picture.Backdrop);
        }
    }
}
