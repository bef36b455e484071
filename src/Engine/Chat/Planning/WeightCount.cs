using Studio.Engine.Checkpoints;

namespace Studio.Engine.Chat.Planning;

/// <summary>Parameters of a model by part, in numbers (not bytes), from the checkpoint's own layout.</summary>
/// <param name="Tower">Blocks that are built and run only.</param>
/// <param name="Connector">The two-layer MLP.</param>
/// <param name="DecoderLayer">One layer: attention, gated MLP, two norms.</param>
/// <param name="Layers">Decoder layers.</param>
/// <param name="Embedding">vocabulary × hidden.</param>
/// <param name="Head">vocabulary × hidden where the head is stored by itself, else 0.</param>
/// <param name="FinalNorm">hidden.</param>
public sealed record WeightCount(long Tower, long Connector, long DecoderLayer, int Layers, long Embedding, long Head, long FinalNorm)
{
    public long Decoder => (DecoderLayer * Layers) + Embedding + Head + FinalNorm;

    public long Total => Tower + Connector + Decoder;

    /// <exception cref="ArgumentException">A tower kind that does not encode clips.</exception>
    public static WeightCount Of(ModelConfig model, bool separateHead)
    {
        ArgumentNullException.ThrowIfNull(model);
        var layout = TensorLayout.For(model);
        var embedding = layout.Find(TensorLayout.EmbedTokens)!.ElementCount;
        return new(
            layout.ParameterCount(CheckpointScope.Vision), layout.ParameterCount(CheckpointScope.Connector),
            layout.Tensors.Where(t => t.Name.StartsWith("model.layers.0.", StringComparison.Ordinal)).Sum(t => t.ElementCount), model.Language.Layers,
            embedding, separateHead ? embedding : 0, model.Language.HiddenSize);
    }
}
