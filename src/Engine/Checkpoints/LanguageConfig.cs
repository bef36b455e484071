namespace Studio.Engine.Checkpoints;

/// <summary>YaRN extension of rotary positions (arXiv 2309.00071); names as in config.json.</summary>
/// <param name="Factor">Ratio of the extended to the original context.</param>
/// <param name="OriginalMaxPositionEmbeddings">Context in tokens before the extension.</param>
/// <param name="BetaFast">Rotations over the original context above which a frequency is left alone.</param>
/// <param name="BetaSlow">Rotations below which a frequency is divided by the factor.</param>
/// <param name="AttentionFactor">Scale of cos and sin; null means 0.1 ln(factor) + 1.</param>
public sealed record YarnScaling(
    double Factor, int OriginalMaxPositionEmbeddings, double BetaFast = 32, double BetaSlow = 1, double? AttentionFactor = null);

/// <summary>Geometry of the Qwen2 decoder.</summary>
public sealed record LanguageConfig
{
    /// <summary>Number of decoder layers.</summary>
    public required int Layers { get; init; }

    /// <summary>Width of the residual stream.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Query heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Key and value heads; divides <see cref="Heads"/>.</summary>
    public required int KeyValueHeads { get; init; }

    /// <summary>Channels per head.</summary>
    public required int HeadDim { get; init; }

    /// <summary>Width of the gated MLP.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Rows of the token embedding.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Base of the rotary frequencies.</summary>
    public double RopeTheta { get; init; } = 10_000;

    /// <summary>Epsilon inside the RMS norms.</summary>
    public double RmsNormEps { get; init; } = 1e-6;

    /// <summary>Context in tokens the weights were trained for.</summary>
    public int MaxPositionEmbeddings { get; init; } = 32_768;

    /// <summary>YaRN, or null for plain rotary positions.</summary>
    public YarnScaling? RopeScaling { get; init; }

    /// <summary>
    /// The key as stored; null when absent. A stored lm_head always wins over it, and false makes lm_head required:
    /// see <see cref="TensorLayout"/>.
    /// </summary>
    public bool? TieWordEmbeddings { get; init; }

    /// <summary>Activation of the MLP gate; always <c>silu</c>.</summary>
    public string HiddenAct { get; init; } = "silu";

    /// <summary>Standard deviation of freshly made matrices, see <see cref="RandomWeights"/>.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>Token id put before a text, if any.</summary>
    public int? BosTokenId { get; init; }

    /// <summary>Token ids that end an answer.</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];
}
