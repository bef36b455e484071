using Studio.Engine.Checkpoints;
using Studio.Engine.Layers;
using Studio.Engine.Torch;

namespace Studio.Engine.Vision;

/// <param name="Tokens">[clips, tokens, H]: rows for the decoder, in the order of <see cref="TokenMerger"/>.</param>
/// <param name="Sizes">[clips, tokens] int32: how many patches each token stands for.</param>
/// <param name="Groups">Which patches they are; null unless asked for.</param>
public sealed record VisualTokens(Tensor Tokens, Tensor Sizes, MergeGroups? Groups) : IDisposable
{
    /// <summary>Frees the tensors; the groups stay readable.</summary>
    public void Dispose()
    {
        Tokens.Dispose();
        Sizes.Dispose();
    }
}

/// <summary>
/// The connector <c>tome16_mlp_hd64</c> (spec 3.4): token merging, then linear, exact GELU, linear. A video clip becomes
/// 16 tokens per frame, a still image 64. No position and no size information is added.
/// </summary>
public sealed class ToMeConnector : IConnector
{
    private const string Prefix = TensorLayout.ProjectorPrefix;

    private readonly TowerWeights _weights;
    private readonly ConnectorConfig _config;
    private readonly int _heads;
    private readonly Linear _up;
    private readonly Linear _down;

    private ToMeConnector(ConnectorConfig config, VisionConfig vision, TowerWeights weights)
    {
        (_config, _weights, _heads) = (config, weights, vision.Heads);
        try
        {
            _up = new(weights.Get("mlp.0.weight", -1, vision.HiddenSize), weights.Get("mlp.0.bias", -1));
            Width = checked((int)_up.OutFeatures);
            _down = new(weights.Get("mlp.2.weight", Width, Width), weights.Get("mlp.2.bias", Width));
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public int Width { get; }

    /// <param name="weights">Must outlive the connector: tensors of the right type and device are borrowed, not copied.</param>
    /// <exception cref="KeyNotFoundException">The checkpoint lacks a tensor.</exception>
    /// <exception cref="InvalidDataException">A tensor's shape contradicts the configuration.</exception>
    /// <exception cref="ArgumentException">Another projector type.</exception>
    public static ToMeConnector Load(
        ConnectorConfig config, VisionConfig vision,
        Weights weights, Device device, ScalarType computeType)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(vision);
        ArgumentNullException.ThrowIfNull(weights);
        return config.ProjectorType == ConnectorConfig.Tome16Mlp
            ? new(config, vision, new TowerWeights(weights, Prefix, device, computeType))
            : throw new ArgumentException($"unknown connector '{config.ProjectorType}'; this one is {ConnectorConfig.Tome16Mlp}");
    }

    /// <inheritdoc/>
    public int ClipTokens(int frames) => frames * _config.TokensPerFrame;

    /// <inheritdoc/>
    public int ImageTokens => _config.TokensPerImage;

    /// <summary>Merges and projects.</summary>
    /// <param name="features">[clips, patches, C] from the tower.</param>
    /// <param name="target">Tokens per clip: <see cref="ClipTokens"/> or <see cref="ImageTokens"/>.</param>
    /// <exception cref="ArgumentException">Fewer patches than the target.</exception>
    public VisualTokens Forward(Tensor features, int target, bool recordGroups = false)
    {
        using var scope = torch.NewDisposeScope();
        var merged = TokenMerger.Merge(features, target, _heads, recordGroups);
        var tokens = _down.Forward(Activations.Gelu(_up.Forward(merged.Features)));
        return new(tokens.MoveToOuterDisposeScope(), merged.Sizes.MoveToOuterDisposeScope(), merged.Groups);
    }

    public void Dispose() => _weights.Dispose();
}
