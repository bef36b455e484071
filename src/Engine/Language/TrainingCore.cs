using Studio.Engine.Checkpoints;
using Studio.Engine.Layers;
using Studio.Engine.Torch;
using F = Studio.Engine.Torch.torch.nn.functional;

namespace Studio.Engine.Language;

/// <summary>One sequence to learn from.</summary>
/// <param name="Prompt">Text and visual tokens; gradients flow into visual embeddings that ask for them.</param>
/// <param name="Labels">The token each row is trained to be, for every row; <see cref="TrainingForward.Ignored"/> where none is.</param>
public sealed record TrainingSample(Prompt Prompt, IReadOnlyList<int> Labels)
{
    /// <summary>Whether it keeps all its visual tokens where others of its batch drop some.</summary>
    public bool KeepsAll { get; init; }
}

/// <summary>What became of one sample of a batch.</summary>
/// <param name="Hidden">[rows that are left, hidden]: the last layer's output, before the final norm.</param>
/// <param name="Labels">The labels of those rows.</param>
/// <param name="Drops">The drops that happened, in order; none under summary tokens.</param>
public sealed record TrainedRows(Tensor Hidden, IReadOnlyList<int> Labels, IReadOnlyList<DropRecord> Drops);

/// <param name="Loss">Scalar fp32: mean cross entropy over all supervised tokens of the batch.</param>
/// <param name="SupervisedTokens">How many those are.</param>
/// <param name="Samples">In the batch's order.</param>
public sealed record TrainingResult(Tensor Loss, int SupervisedTokens, IReadOnlyList<TrainedRows> Samples);

/// <summary>What both systems' decoders share under autograd: embedding, one layer's pieces, vocabulary and loss.</summary>
internal sealed class TrainingCore : IDisposable
{
    private readonly Tensor _embedding, _finalNorm;
    private readonly Linear _head;
    private readonly DecoderLayer[] _layers;
    private readonly RotaryTable _rotary;
    private readonly double _scale;

    public TrainingCore(LanguageConfig config, Weights weights, Device device, ScalarType dtype)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(weights);
        (Config, Device, Dtype) = (config, device, dtype);
        _embedding = weights.Get(TensorLayout.EmbedTokens);
        _finalNorm = weights.Get("model.norm.weight");
        _head = new(weights.TryGet(TensorLayout.LmHead) ?? _embedding, null);
        _layers = [.. Enumerable.Range(0, config.Layers).Select(l => new DecoderLayer(weights, l))];
        _rotary = new(config.HeadDim, config.RopeTheta, device, config.RopeScaling);
        _scale = 1 / Math.Sqrt(config.HeadDim);
    }

    public LanguageConfig Config { get; }

    public Device Device { get; }

    public ScalarType Dtype { get; }

    public double Scale => _scale;

    public DecoderLayer Layer(int index) => _layers[index];

    public void Dispose() => _rotary.Dispose();

    public void Check(TrainingSample sample)
    {
        if (sample.Prompt.Length == 0) throw new ArgumentException("a sample of the batch is empty");
        if (sample.Labels.Count != sample.Prompt.Length)
        {
            throw new ArgumentException($"{sample.Labels.Count} labels do not fit {sample.Prompt.Length} rows; give one a row, {TrainingForward.Ignored} for visual tokens");
        }

        foreach (var label in sample.Labels)
        {
            if (label == TrainingForward.Ignored || (label >= 0 && label < Config.VocabularySize)) continue;
            throw new ArgumentException($"label {label} is outside the vocabulary of {Config.VocabularySize}; use {TrainingForward.Ignored} for rows that are not trained on");
        }
    }

    /// <summary>[rows, hidden] of one part.</summary>
    /// <exception cref="ArgumentException">An id outside the vocabulary.</exception>
    public Tensor Embed(PromptPart part) => part switch
    {
        PromptPart.Text text => _embedding.index_select(0, Index(text.Ids)).to(Dtype),
        PromptPart.Visual visual => visual.Tokens.Read(0, visual.Length, default).to(Device, Dtype),
        _ => throw new InvalidOperationException("unknown prompt part"),
    };

    /// <summary>Positions on the device.</summary>
    public Tensor Rows(IEnumerable<int> rows) => torch.tensor(rows.Select(r => (long)r).ToArray()).to(Device);

    /// <summary>x [rows, heads · head_dim] rotated from a position on, [rows, heads, head_dim].</summary>
    public Tensor Rotate(Tensor x, int heads, long from)
    {
        var rows = x.size(0);
        _rotary.Ensure(from + rows);
        return Activations.Rotate(x.view(rows, heads, Config.HeadDim), _rotary.Cos.narrow(0, from, rows), _rotary.Sin.narrow(0, from, rows));
    }

    /// <summary>A layer behind its projections: attention over what rows see, output, MLP, both residuals.</summary>
    /// <param name="q">[heads, rows, head_dim]; k and v [kv_heads, offset + rows, head_dim].</param>
    public Tensor Attend(DecoderLayer layer, Tensor hidden, Tensor q, Tensor k, Tensor v, long offset)
    {
        hidden += layer.Output.Forward(Attention.Causal(q, k, v, offset, _scale));
        return hidden + layer.Mlp(Norms.RmsNorm(hidden, layer.PostAttentionNorm, Config.RmsNormEps), decoding: false);
    }

    /// <summary>hidden [rows, hidden] before the final norm → fp32 [rows, vocabulary].</summary>
    public Tensor Logits(Tensor hidden)
    {
        using var scope = torch.NewDisposeScope();
        return _head.Forward(Norms.RmsNorm(hidden, _finalNorm, Config.RmsNormEps)).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <summary>Row i is scored against the label of row i + 1, as the rows stand at the end.</summary>
    /// <exception cref="ArgumentException">No row is supervised.</exception>
    public (Tensor Loss, int Supervised) Loss(IEnumerable<(Tensor Hidden, IReadOnlyList<int> Labels)> samples)
    {
        using var scope = torch.NewDisposeScope();
        var rows = new List<Tensor>(); // bounded by the batch
        var targets = new List<long>();
        foreach (var (hidden, labels) in samples)
        {
            var scored = Enumerable.Range(1, labels.Count - 1).Where(i => labels[i] != TrainingForward.Ignored).ToList();
            if (scored.Count == 0) continue;
            rows.Add(hidden.index_select(0, Rows(scored.Select(i => i - 1))));
            targets.AddRange(scored.Select(i => (long)labels[i]));
        }

        if (targets.Count == 0) throw new ArgumentException("no row of the batch is supervised; a sample needs a label behind its first row");
        var loss = F.cross_entropy(Logits(torch.cat([.. rows])), torch.tensor(targets.ToArray()).to(Device), TrainingForward.Ignored);
        return (loss.MoveToOuterDisposeScope(), targets.Count);
    }

    private Tensor Index(IReadOnlyList<int> ids)
    {
        var index = new long[ids.Count];
        for (var i = 0; i < index.Length; i++)
        {
            index[i] = ids[i] >= 0 && ids[i] < Config.VocabularySize ? ids[i]
                : throw new ArgumentException($"token id {ids[i]} is outside the vocabulary of {Config.VocabularySize}");
        }

        return torch.tensor(index).to(Device);
    }
}
