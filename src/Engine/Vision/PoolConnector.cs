using Studio.Engine.Checkpoints;
using Studio.Engine.Layers;
using Studio.Engine.Torch;

namespace Studio.Engine.Vision;

/// <summary>
/// Video-XL's connector (video-xl.md 2.4): linear, exact GELU, linear on every patch, and each 2 × 2 square of patches reduced
/// to one token. The mean of a square commutes with the second linear, so it is taken before it, at a quarter of the work.
/// </summary>
public sealed class PoolConnector : IConnector
{
    private const int Stride = ConnectorConfig.PoolStride;

    private readonly TowerWeights _weights;
    private readonly PoolMode _mode;
    private readonly int _side;
    private readonly Linear _up;
    private readonly Linear _down;

    private PoolConnector(ConnectorConfig config, VisionConfig vision, TowerWeights weights)
    {
        (_mode, _side, _weights) = (config.PoolMode, vision.GridSide, weights);
        try
        {
            _up = new(weights.Get("0.weight", -1, vision.HiddenSize), weights.Get("0.bias", -1));
            Width = checked((int)_up.OutFeatures);
            _down = new(weights.Get("2.weight", Width, Width), weights.Get("2.bias", Width));
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public int Width { get; }

    /// <summary>Patches of a frame, which become a token each where nothing is pooled.</summary>
    public int Patches => _side * _side;

    /// <inheritdoc/>
    public int ImageTokens => (_side / Stride) * (_side / Stride);

    /// <inheritdoc cref="Connectors.Load"/>
    public static PoolConnector Load(ConnectorConfig config, VisionConfig vision, Weights weights, Device device, ScalarType computeType)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(vision);
        ArgumentNullException.ThrowIfNull(weights);
        return config.ProjectorType == ConnectorConfig.Mlp2xGelu
            ? new(config, vision, new TowerWeights(weights, TensorLayout.ProjectorPrefix, device, computeType))
            : throw new ArgumentException($"unknown connector '{config.ProjectorType}'; this one is {ConnectorConfig.Mlp2xGelu}");
    }

    /// <inheritdoc/>
    public int ClipTokens(int frames) => frames * ImageTokens;

    /// <summary>Projects, and pools unless as many tokens as patches are asked for.</summary>
    /// <param name="features">[frames, patches, C] from the tower.</param>
    /// <param name="target"><see cref="ImageTokens"/> or <see cref="Patches"/>.</param>
    /// <param name="recordGroups">Groups are those of an even grid; an odd one leaves patches out and has none.</param>
    /// <exception cref="ArgumentException">Another number of patches or tokens.</exception>
    public VisualTokens Forward(Tensor features, int target, bool recordGroups = false)
    {
        ArgumentNullException.ThrowIfNull(features);
        if (features.ndim != 3 || features.size(1) != Patches || (target != ImageTokens && target != Patches))
        {
            throw new ArgumentException($"features of shape [{string.Join(", ", features.shape)}] do not become {target} tokens; frames have {Patches} patches, and {ImageTokens} tokens pooled or {Patches} unpooled");
        }

        using var scope = torch.NewDisposeScope();
        var frames = features.size(0);
        var pools = target != Patches;
        var hidden = Activations.Gelu(_up.Forward(features));
        var tokens = !pools ? _down.Forward(hidden)
            : _mode == PoolMode.Average ? _down.Forward(Pool(hidden, frames))
            : Pool(_down.Forward(hidden), frames);
        var sizes = torch.full([frames, target], pools ? Stride * Stride : 1, ScalarType.Int32, features.device);
        var groups = recordGroups && (!pools || _side % Stride == 0) ? Groups(checked((int)frames), target, pools) : null;
        return new(tokens.MoveToOuterDisposeScope(), sizes.MoveToOuterDisposeScope(), groups);
    }

    public void Dispose() => _weights.Dispose();

    /// <summary>[frames, side², width] → [frames, (side / 2)², width]; an odd grid loses its last row and column.</summary>
    private Tensor Pool(Tensor x, long frames)
    {
        long pooled = _side / Stride, width = x.size(2);
        var squares = x.view(frames, _side, _side, width).narrow(1, 0, pooled * Stride).narrow(2, 0, pooled * Stride)
            .reshape(frames, pooled, Stride, pooled, Stride, width);
        var reduced = _mode == PoolMode.Max ? squares.amax(4).amax(2) : squares.sum(4).sum(2).mul(1.0 / (Stride * Stride));
        return reduced.view(frames, pooled * pooled, width);
    }

    /// <summary>Patches of a frame, row by row, that become a pooled token of it.</summary>
    /// <param name="token">Below <see cref="ImageTokens"/>.</param>
    internal int[] PatchesOf(int token)
    {
        var across = _side / Stride;
        var corner = (token / across * Stride * _side) + (token % across * Stride);
        return [.. Enumerable.Range(0, Stride * Stride).Select(p => corner + (p / Stride * _side) + (p % Stride))];
    }

    private MergeGroups Groups(int frames, int target, bool pools)
    {
        var slots = new int[frames * Patches];
        for (var token = 0; token < target; token++)
        {
            foreach (var patch in pools ? PatchesOf(token) : [token]) slots[patch] = token;
        }

        for (var frame = 1; frame < frames; frame++) Array.Copy(slots, 0, slots, frame * Patches, Patches);
        return new(slots, frames, target);
    }
}
