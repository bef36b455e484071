using Studio.Engine.Checkpoints;
using Studio.Engine.Layers;
using Studio.Engine.Torch;

namespace Studio.Engine.Vision;

/// <summary>
/// UMT-L (spec 3.2): a pre-norm transformer with joint space-time attention over the tokens of a clip and fixed
/// sinusoidal positions. The blocks up to the selected layer, then a closing layer norm.
/// </summary>
public sealed class UmtTower : VisionTower
{
    private const string Prefix = "model.vision_tower.vision_tower.encoder.";

    private readonly PatchEmbedding _patches;
    private readonly Tensor _clipPositions;
    private readonly Tensor _imagePositions;
    private readonly Block[] _blocks;
    private readonly Tensor _normWeight;
    private readonly Tensor _normBias;
    private readonly double _normEps;

    internal UmtTower(VisionConfig config, Weights weights, Device device, ScalarType dtype)
        : this(config, new TowerWeights(weights, Prefix, device, dtype)) { }

    private UmtTower(VisionConfig config, TowerWeights weights)
        : base(config, weights)
    {
        try
        {
            using var scope = torch.NewDisposeScope();
            _patches = new(weights, Width, config.PatchSize);
            _clipPositions = weights.Adopt(PositionTables.UmtClip(FramesPerClip, config.GridSide, Width));
            _imagePositions = weights.Adopt(PositionTables.UmtImage(config.GridSide, Width));
            _blocks = [.. Enumerable.Range(0, config.BuiltLayers).Select(i => new Block(weights, config, $"blocks.{i}."))];
            _normWeight = weights.Get("vision_layernorm.weight", Width);
            _normBias = weights.Get("vision_layernorm.bias", Width);
            _normEps = config.FinalNormEps ?? throw new ArgumentException($"{config.TowerName}: a UMT tower needs the "
                + "epsilon of its final norm");
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Scales what the patches bring in and what each layer adds to them. Every layer norms its input first, and so does the end, so that nothing changes but for
    /// one thing: positions are a fixed table of sines, which stays as it is and counts 1 / <paramref name="factor"/> times as much as before. (A tower that learned
    /// from random weights may have patches so loud, twelve times the table, that where something stands can hardly be learned.)
    /// </summary>
    /// <param name="weights">Changed in place.</param>
    /// <param name="config">Of the same model.</param>
    /// <param name="factor">Above 0.</param>
    /// <exception cref="ArgumentException">The tower is no UMT.</exception>
    public static void ScalePatches(Weights weights, VisionConfig config, double factor)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(config);
        if (config.Kind != VisionTowerKind.UmtLarge) throw new ArgumentException($"{config.TowerName} learns its positions; only a UMT tower's are fixed and can be drowned");
        using var constant = torch.no_grad();
        var layers = Enumerable.Range(0, config.BuiltLayers).SelectMany(i => new[] { $"blocks.{i}.attn.proj", $"blocks.{i}.mlp.fc2" });
        foreach (var name in layers.Prepend("patch_embed.proj").SelectMany(n => new[] { n + ".weight", n + ".bias" }))
        {
            using var scope = torch.NewDisposeScope();
            var tensor = weights.Get($"{TensorLayout.TowerPrefix}encoder.{name}");
            _ = tensor.copy_(tensor * factor);
        }
    }

    private protected override Tensor Encode(Tensor pixels, CancellationToken cancellation)
    {
        using var scope = torch.NewDisposeScope();
        var x = Residual.Add(_patches.Forward(pixels), pixels.size(1) == 1 ? _imagePositions : _clipPositions);
        foreach (var block in _blocks)
        {
            cancellation.ThrowIfCancellationRequested();
            x = block.Forward(x);
        }

        return Norms.LayerNorm(x, _normWeight, _normBias, _normEps).MoveToOuterDisposeScope();
    }

    private sealed class Block
    {
        private readonly int _heads;
        private readonly double _eps;
        private readonly double _scale;
        private readonly Tensor _norm1Weight, _norm1Bias, _norm2Weight, _norm2Bias;
        private readonly Tensor _qkv, _qBias, _kBias, _vBias;
        private readonly Linear _projection;
        private readonly TowerMlp _mlp;

        internal Block(TowerWeights weights, VisionConfig config, string name)
        {
            var width = config.HiddenSize;
            (_heads, _eps, _scale) = (config.Heads, config.NormEps, 1 / Math.Sqrt(width / config.Heads));
            _norm1Weight = weights.Get(name + "norm1.weight", width);
            _norm1Bias = weights.Get(name + "norm1.bias", width);
            _norm2Weight = weights.Get(name + "norm2.weight", width);
            _norm2Bias = weights.Get(name + "norm2.bias", width);
            _qkv = weights.Get(name + "attn.qkv.weight", 3L * width, width);
            _qBias = weights.Get(name + "attn.q_bias", width);
            _vBias = weights.Get(name + "attn.v_bias", width);
            _kBias = weights.Adopt(torch.zeros([width]));
            _projection = new(weights.Get(name + "attn.proj.weight", width, width), weights.Get(name + "attn.proj.bias", width));
            _mlp = new(weights, name + "mlp", width, config.MlpHiddenSize);
        }

        internal Tensor Forward(Tensor x)
        {
            using var scope = torch.NewDisposeScope();
            using (var attended = Attend(x)) x = Residual.Add(x, attended);
            using (var normed = Norms.LayerNorm(x, _norm2Weight, _norm2Bias, _eps)) x = Residual.Add(x, _mlp.Forward(normed));
            return scope.MoveToOuter(x); // x may be the caller's own tensor, written in place
        }

        private Tensor Attend(Tensor x)
        {
            using var scope = torch.NewDisposeScope();
            var (clips, tokens, width) = (x.size(0), x.size(1), x.size(2));

            var normed = Norms.LayerNorm(x, _norm1Weight, _norm1Bias, _eps);

            // Joined at each call, not at load: it is three rows, and training may change the two that are parameters.
            var bias = torch.cat([_qBias, _kBias, _vBias]);
            var qkv = new Linear(_qkv, bias).Forward(normed).view(clips, tokens, 3, _heads, width / _heads);
            var y = Attention.Full(qkv.select(2, 0), qkv.select(2, 1), qkv.select(2, 2), _scale);
            return _projection.Forward(y).MoveToOuterDisposeScope();
        }
    }
}
