using Studio.Engine.Checkpoints;
using Studio.Engine.Layers;
using Studio.Engine.Tokenization;
using Studio.Engine.Torch;
using Studio.Engine.Vision;

namespace Studio.Engine.Training;

/// <summary>
/// A projector that learns to say what a patch shows in the decoder's own words, before the decoder is asked: each projected patch is to
/// point at the embeddings of the tokens that name its object, its colour, its mark. The decoder's embeddings stay as they are. It then reads
/// visual tokens much as it reads text, where captions alone leave it to find out both the words and where they come from.
/// Where four patches are averaged into a token (Video-XL), <see cref="WordsOf.Tokens"/> has the token point at the words of all four.
/// </summary>
public sealed class WordTrainee : PatchTrainee
{
    /// <summary>What a patch scores at the word that it equals: the softmax over the vocabulary is then nearly sure.</summary>
    private const double Certain = 10;

    /// <summary>One of so many patches with nothing on them says the backdrop (and where it is): most of a picture is backdrop, and would drown the rest.</summary>
    private const int BackdropShare = 4;

    private readonly Linear _up, _down;
    private readonly PoolConnector? _pool; // null: patches point
    private readonly Tensor _embeddings;
    private readonly double _scale;
    private readonly TowerWeights _weights;
    private readonly PatchWords _words;
    private readonly TrainingStage _stage;

    /// <inheritdoc cref="Trainees.Create"/>
    public WordTrainee(TrainingStage stage, ModelConfig config, Weights weights, Tokenizer tokenizer, Device device)
        : base(stage, config, weights, device)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(weights);
        (_words, _stage) = (new PatchWords(tokenizer), stage);
        _weights = new TowerWeights(weights, TensorLayout.ProjectorPrefix, device, ScalarType.Float32);
        string name = config.System == ModelSystem.VideoChatFlash ? "mlp." : "";
        Linear Layer(int number) => new(_weights.Get($"{name}{number}.weight", -1, -1), _weights.Get($"{name}{number}.bias", -1));
        (_up, _down) = (Layer(0), Layer(2));
        _pool = stage.WordsOf == WordsOf.Tokens && config.System == ModelSystem.VideoXl ? PoolConnector.Load(config.Connector, config.Vision, weights, device, ScalarType.Float32) : null;
        using (torch.no_grad())
        {
            using var scope = torch.NewDisposeScope();
            _embeddings = weights.Get(TensorLayout.EmbedTokens).to(device, ScalarType.Float32).detach().DetachFromDisposeScope();
            _scale = Certain / _embeddings.pow(2).sum(1).mean().item<float>();
        }
    }

    public override IReadOnlyList<ParameterGroup> Groups => ModelGroups;

    /// <summary>Whether the word that each patch or token points at most is one of those that name it: right ones, of how many.</summary>
    internal (int Right, int Of) Measure(IReadOnlyList<TrainingExample> samples, CancellationToken cancellationToken)
    {
        using var scope = torch.NewDisposeScope();
        using var constant = torch.no_grad();
        var truth = new Labels();
        long[] said = Scores(Projected(Features(samples, truth, cancellationToken))).argmax(1).cpu().ToArray<long>();
        int[][] words = [.. Enumerable.Range(0, said.Length).Select(p => Words(truth, p))];
        int[] named = [.. Enumerable.Range(0, said.Length).Where(p => words[p].Length > 0)];
        return (named.Count(p => words[p].Contains((int)said[p])), named.Length);
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
        {
            _embeddings.Dispose();
            _pool?.Dispose();
            _weights.Dispose();
        }
    }

    /// <summary>Every word of every patch or token counts alike.</summary>
    private protected override (Tensor Loss, int Labelled) LossOf(Tensor features, Labels truth)
    {
        var (places, tokens) = (new List<long>(), new List<long>()); // bounded by the batch's patches and the longest names
        int labelled = 0, count = _pool is null ? truth.Objects.Count : truth.Objects.Count / _pool.Patches * _pool.ImageTokens;
        for (int place = 0; place < count; place++)
        {
            int[] words = Words(truth, place);
            labelled += words.Length > 0 ? 1 : 0;
            places.AddRange(Enumerable.Repeat((long)place, words.Length));
            tokens.AddRange(words.Select(w => (long)w));
        }

        if (labelled == 0)
        {
            throw new ArgumentException("No patch of the batch shows anything with a name; draw other albums, or more in a batch.", nameof(truth));
        }

        Tensor rows = torch.tensor([.. places]).to(Device);
        Tensor chosen = _pool is null ? Projected(features.index_select(0, rows)) : Projected(features).index_select(0, rows); // what nobody names need not be projected
        return (torch.nn.functional.cross_entropy(Scores(chosen), torch.tensor([.. tokens]).to(Device)), labelled);
    }

    /// <summary>[patches, channels] → [patches or tokens, width].</summary>
    private Tensor Projected(Tensor features)
    {
        if (_pool is null)
        {
            return _down.Forward(Activations.Gelu(_up.Forward(features)));
        }

        Tensor pooled = _pool.Forward(features.reshape(-1, _pool.Patches, features.size(1)), _pool.ImageTokens).Tokens;
        return pooled.reshape(-1, pooled.size(2));
    }

    private Tensor Scores(Tensor projected) => torch.matmul(projected, _embeddings.t()).mul(_scale);

    /// <summary>The tokens that name what a patch, or the four of a token, shows; none for a backdrop.</summary>
    private int[] Words(Labels truth, int place)
    {
        if (_pool is null)
        {
            return OfPatch(truth, place);
        }

        int frame = place / _pool.ImageTokens * _pool.Patches;
        return [.. _pool.PatchesOf(place % _pool.ImageTokens).SelectMany(p => OfPatch(truth, frame + p)).Distinct()];
    }

    private int[] OfPatch(Labels truth, int patch)
    {
        PatchContent content = truth.At(patch);
        return content.IsBare ? Backdrop(truth, patch) : _words.Of(content, _stage.LettersInPlace, _stage.PlaceAndMotion, _stage.InClips);
    }

    private int[] Backdrop(Labels truth, int patch)
    {
        int ofFrame = truth.Objects.Count / truth.Backdrops.Count;
        return _stage.Backdrops && patch % BackdropShare == 0 && truth.Backdrops[patch / ofFrame] is { } backdrop
            ? [.. _words.Of(backdrop), .. _stage.PlaceAndMotion ? _words.OfCell(truth.Cells[patch]) : []] : [];
    }
}
