using Studio.Engine.Checkpoints;
using Studio.Engine.Language;
using Studio.Engine.Torch;
using Studio.Engine.Video;
using Studio.Engine.Vision;
using Studio.Engine.World;

namespace Studio.Engine.Training;

/// <summary>
/// A tower that learns to tell drawn things apart before it meets a decoder, as both originals begin with towers that can see: patch
/// by patch, which object is there, in which colour, and which letters are written. Each frame is a still image here: frames of other
/// scenes in one clip only stand in the way of learning what a frame shows. A linear head on the normalised features says so;
/// it is left behind at the end of the stage.
/// </summary>
public sealed class RecognitionTrainee : ITrainee
{
    private const string HeadWeight = "recognition.weight", HeadBias = "recognition.bias";
    private const float HeadDeviation = 0.02f;
    private const double Epsilon = 1e-6;
    private const int Pixel = 3;

    // What an error costs. Most patches show nothing: their part is small, so that nothing is not the easiest answer.
    private const double ObjectCost = 1, PresenceCost = 0.3, ColourCost = 0.5, LetterCost = 0.5;

    private static readonly int s_objects = WorldObjects.All.Count;

    private readonly TrainingStage _stage;
    private readonly VisionTower _tower;
    private readonly Device _device;
    private readonly PatchTruth _truth;
    private readonly Tensor _weight, _bias, _scale;

    /// <inheritdoc cref="Trainees.Create"/>
    public RecognitionTrainee(TrainingStage stage, ModelConfig config, Weights weights, Device device, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(stage);
        ArgumentNullException.ThrowIfNull(config);
        Check(stage, config);
        (_stage, _device) = (stage, device);
        VisionConfig vision = config.System == ModelSystem.VideoChatFlash ? FlashTrainee.AtResolution(config.Vision, stage.Resolution) : config.Vision;
        Config = config with { Vision = vision, TorchDtype = SafetensorsDtype.F32 };
        IReadOnlyList<ParameterGroup> groups = ParameterGroups.Create(weights, TensorLayout.For(Config), stage.Rates, stage.WeightDecay);
        _tower = VisionTower.Load(vision, weights, device, ScalarType.Float32);
        _truth = new PatchTruth(vision.GridSide);

        using var scope = torch.NewDisposeScope();
        Tensor drawn = torch.empty([Classes, vision.HiddenSize]);
        new RandomWeights(seed, HeadDeviation).Fill(HeadWeight, WeightRole.Matrix, 0, drawn.data<float>());
        _weight = drawn.to(device).DetachFromDisposeScope().requires_grad_();
        _bias = torch.zeros([Classes], device: device).DetachFromDisposeScope().requires_grad_();
        _scale = torch.ones([vision.HiddenSize], device: device).DetachFromDisposeScope();
        Head = [new Parameter(HeadWeight, _weight), new Parameter(HeadBias, _bias)];
        Groups = [.. groups, new ParameterGroup("head", stage.Rates.Tower!.Value, 0, Head)];
    }

    /// <summary>Answers that the head chooses from: objects and nothing, colours, a first and a second letter.</summary>
    internal static int Classes => s_objects + 1 + PatchTruth.Colours + (2 * PatchTruth.Letters);

    public IReadOnlyList<ParameterGroup> Groups { get; }

    public IReadOnlyList<Parameter> Head { get; }

    public ModelConfig Config { get; }

    /// <inheritdoc cref="Trainees.Check"/>
    internal static void Check(TrainingStage stage, ModelConfig config)
    {
        if (config.System == ModelSystem.VideoChatFlash)
        {
            FlashTrainee.Check(stage, config);
        }
        else
        {
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
        (Tensor loss, int labelled) = LossOf(Scores(features), truth);
        return new TraineeLoss(scope.MoveToOuter(loss), truth.Objects.Count, labelled);
    }

    /// <summary>How many of the patches with an object, a colour and a mark are recognised: the likeliest answer, both letters of a mark.</summary>
    internal RecognitionScore Measure(IReadOnlyList<TrainingExample> samples, CancellationToken cancellationToken)
    {
        using var scope = torch.NewDisposeScope();
        using var constant = torch.no_grad();
        var truth = new Labels();
        Tensor scores = Scores(Features(samples, truth, cancellationToken));
        long[][] said = [.. Parts().Select((part, i) => scores.narrow(1, part.From, i == 0 ? s_objects : part.Count).argmax(1).cpu().ToArray<long>())];
        int[] patches = [.. Enumerable.Range(0, truth.Objects.Count)];
        int[] objects = [.. patches.Where(p => truth.Objects[p] >= 0)], colours = [.. patches.Where(p => truth.Colours[p] >= 0)], marks = [.. patches.Where(p => truth.First[p] >= 0)];
        return new RecognitionScore(
            (objects.Count(p => said[0][p] == truth.Objects[p]), objects.Length),
            (colours.Count(p => said[1][p] == truth.Colours[p]), colours.Length),
            (marks.Count(p => said[2][p] == truth.First[p] && said[3][p] == truth.Second[p]), marks.Length));
    }

    public void Dispose()
    {
        _tower.Dispose();
        _weight.Dispose();
        _bias.Dispose();
        _scale.Dispose();
    }

    /// <summary>Where each question's answers lie among the head's.</summary>
    private static (int From, int Count)[] Parts()
    {
        int colours = s_objects + 1, first = colours + PatchTruth.Colours, second = first + PatchTruth.Letters;
        return [(0, colours), (colours, PatchTruth.Colours), (first, PatchTruth.Letters), (second, PatchTruth.Letters)];
    }

    private static (Tensor Loss, int Labelled) LossOf(Tensor scores, Labels truth)
    {
        (int From, int Count)[] parts = Parts();
        var terms = new List<(double Cost, int Part, List<long> Labels)>
        {
            (ObjectCost, 0, truth.Objects),
            (PresenceCost, 0, [.. truth.Objects.Select(o => o < 0 ? s_objects : o)]),
            (ColourCost, 1, truth.Colours),
            (LetterCost, 2, truth.First),
            (LetterCost, 3, truth.Second),
        };
        Tensor? sum = null;
        foreach ((double cost, int part, List<long> labels) in terms)
        {
            if (labels.TrueForAll(l => l < 0))
            {
                continue; // a mean over nothing is no number
            }

            long[] wanted = [.. labels.Select(l => l < 0 ? TrainingForward.Ignored : l)];
            Tensor term = torch.nn.functional.cross_entropy(scores.narrow(1, parts[part].From, parts[part].Count), torch.tensor(wanted).to(scores.device)).mul(cost);
            sum = sum is null ? term : sum + term;
        }

        return (sum!, truth.Objects.Count(o => o >= 0)); // presence is known of every patch
    }

    private Tensor Scores(Tensor features) =>
        torch.nn.functional.linear(torch.nn.functional.layer_norm(features, _scale, null, Epsilon), _weight, _bias);

    /// <summary>Features [patches, channels] of all frames of all samples, and what they show.</summary>
    private Tensor Features(IReadOnlyList<TrainingExample> samples, Labels truth, CancellationToken cancellationToken)
    {
        int side = Config.Vision.ImageSize, area = Pixel * side * side;
        var pictures = new List<Tensor>(); // bounded by the stage's batch and frames
        byte[] resized = new byte[area];
        foreach (TrainingExample sample in samples)
        {
            DrawnVideo video = sample.Video as DrawnVideo ?? throw new ArgumentException($"Sample {sample.Id} is no drawn video, and only of those is known what each patch shows; give data.album or data.world.", nameof(samples));
            SamplingSettings sampling = _stage.Frames.Sampling(clip: 1);
            FrameSelection selection = FrameSampling.Select(video.Info, Config.System == ModelSystem.VideoXl ? sampling with { Rule = SamplingRule.VideoXl } : sampling);
            Tensor pixels = torch.empty([selection.Count, Pixel, side, side]);
            int at = 0;
            foreach (VideoFrame frame in video.Read(selection, cancellationToken))
            {
                using (frame)
                {
                    Write(frame, resized, pixels.data<float>().Slice(at * area, area));
                }

                _truth.Read(video.Script, selection.Indices[at]);
                truth.Add(_truth);
                at++;
            }

            pictures.Add(pixels.unsqueeze(1).to(_device));
        }

        return _tower.Forward(torch.cat([.. pictures])).reshape(-1, _tower.Width);
    }

    private void Write(VideoFrame frame, byte[] resized, Span<float> destination)
    {
        int side = Config.Vision.ImageSize;
        if (Config.System == ModelSystem.VideoXl)
        {
            CentreCrop.Resize(frame.Rgb.Span, frame.Width, frame.Height, resized, side);
            PixelPreprocessor.Clip.Normalize(resized, destination);
        }
        else
        {
            PillowResize.Bicubic(frame.Rgb.Span, frame.Width, frame.Height, resized, side, side);
            PixelPreprocessor.ImageNet.Normalize(resized, destination);
        }
    }

    /// <summary>What the patches of a batch show, <see cref="PatchTruth.Nothing"/> where nothing; bounded by the batch.</summary>
    private sealed class Labels
    {
        public List<long> Objects { get; } = [];

        public List<long> Colours { get; } = [];

        public List<long> First { get; } = [];

        public List<long> Second { get; } = [];

        public void Add(PatchTruth picture)
        {
            for (int i = 0; i < picture.Objects.Length; i++)
            {
                Objects.Add(picture.Objects[i]);
                Colours.Add(picture.ColourNumbers[i]);
                First.Add(picture.FirstLetters[i]);
                Second.Add(picture.SecondLetters[i]);
            }
        }
    }
}

/// <summary>Patches recognised, of those that show one: objects, colours, marks.</summary>
internal readonly record struct RecognitionScore((int Right, int Of) Objects, (int Right, int Of) Colours, (int Right, int Of) Marks);
