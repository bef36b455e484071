using Studio.Engine.Checkpoints;
using Studio.Engine.Language;
using Studio.Engine.Torch;
using Studio.Engine.World;

namespace Studio.Engine.Training;

/// <summary>
/// A tower that learns to tell drawn things apart before it meets a decoder, as both originals begin with towers that can see: patch
/// by patch, which object is there, in which colour, and which letters are written. A linear head on the normalised features says so;
/// it is left behind at the end of the stage.
/// </summary>
public sealed class RecognitionTrainee : PatchTrainee
{
    private const string HeadWeight = "recognition.weight", HeadBias = "recognition.bias";
    private const float HeadDeviation = 0.02f;
    private const double Epsilon = 1e-6;

    // What an error costs. Most patches show nothing: their part is small, so that nothing is not the easiest answer.
    private const double ObjectCost = 1, PresenceCost = 0.3, ColourCost = 0.5, LetterCost = 0.5;

    private static readonly int s_objects = WorldObjects.All.Count;

    private readonly Tensor _weight, _bias, _scale;

    /// <inheritdoc cref="Trainees.Create"/>
    public RecognitionTrainee(TrainingStage stage, ModelConfig config, Weights weights, Device device, ulong seed)
        : base(stage, config, weights, device)
    {
        ArgumentNullException.ThrowIfNull(stage);
        int width = Config.Vision.HiddenSize;
        using var scope = torch.NewDisposeScope();
        Tensor drawn = torch.empty([Classes, width]);
        new RandomWeights(seed, HeadDeviation).Fill(HeadWeight, WeightRole.Matrix, 0, drawn.data<float>());
        _weight = drawn.to(device).DetachFromDisposeScope().requires_grad_();
        _bias = torch.zeros([Classes], device: device).DetachFromDisposeScope().requires_grad_();
        _scale = torch.ones([width], device: device).DetachFromDisposeScope();
        Head = [new Parameter(HeadWeight, _weight), new Parameter(HeadBias, _bias)];
        Groups = [.. ModelGroups, new ParameterGroup("head", stage.Rates.Tower!.Value, 0, Head)];
    }

    /// <summary>Answers that the head chooses from: objects and nothing, colours, a first and a second letter.</summary>
    internal static int Classes => s_objects + 1 + PatchTruth.Colours + (2 * PatchTruth.Letters);

    public override IReadOnlyList<ParameterGroup> Groups { get; }

    public override IReadOnlyList<Parameter> Head { get; }

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

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
        {
            _weight.Dispose();
            _bias.Dispose();
            _scale.Dispose();
        }
    }

    /// <summary>Where each question's answers lie among the head's.</summary>
    private static (int From, int Count)[] Parts()
    {
        int colours = s_objects + 1, first = colours + PatchTruth.Colours, second = first + PatchTruth.Letters;
        return [(0, colours), (colours, PatchTruth.Colours), (first, PatchTruth.Letters), (second, PatchTruth.Letters)];
    }

    private protected override (Tensor Loss, int Labelled) LossOf(Tensor features, Labels truth)
    {
        Tensor scores = Scores(features);
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
}

/// <summary>Patches recognised, of those that show one: objects, colours, marks.</summary>
internal readonly record struct RecognitionScore((int Right, int Of) Objects, (int Right, int Of) Colours, (int Right, int Of) Marks);
