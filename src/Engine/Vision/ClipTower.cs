using Studio.Engine.Checkpoints;
using Studio.Engine.Layers;
using Studio.Engine.Torch;

namespace Studio.Engine.Vision;

/// <summary>
/// CLIP's vision transformer (video-xl.md 2.3): a class token before the patches, learned positions, a norm before the blocks
/// (<c>pre_layrnorm</c>, as published), quick GELU. The blocks up to the selected layer; no norm behind them. A frame attends
/// to itself alone.
/// </summary>
public sealed class ClipTower : VisionTower
{
    private const string Prefix = TensorLayout.TowerPrefix + "vision_model.";

    private readonly PatchEmbedding _patches;
    private readonly Tensor _class, _positions, _preNormWeight, _preNormBias;
    private readonly Block[] _blocks;

    internal ClipTower(VisionConfig config, Weights weights, Device device, ScalarType dtype)
        : this(config, new TowerWeights(weights, Prefix, device, dtype)) { }

    private ClipTower(VisionConfig config, TowerWeights weights)
        : base(config, weights)
    {
        try
        {
            var patch = config.PatchSize;
            _patches = new(weights.Get("embeddings.patch_embedding.weight", Width, 3, patch, patch), bias: null, patch);
            _class = weights.Get("embeddings.class_embedding", Width);
            _positions = weights.Get("embeddings.position_embedding.weight", PatchesPerFrame + 1, Width);
            _preNormWeight = weights.Get("pre_layrnorm.weight", Width);
            _preNormBias = weights.Get("pre_layrnorm.bias", Width);
            _blocks = [.. Enumerable.Range(0, config.BuiltLayers).Select(i => new Block(weights, config, $"encoder.layers.{i}."))];
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>
    /// The class token of each frame at the selected layer, which stands for the frame as a whole: what content-aware windows
    /// compare.
    /// </summary>
    /// <param name="pixels">As <see cref="VisionTower.Forward"/>.</param>
    /// <returns>[frames, <see cref="VisionTower.Width"/>].</returns>
    public Tensor ClassTokens(Tensor pixels, CancellationToken cancellation = default)
    {
        CheckPixels(pixels);
        using var scope = torch.NewDisposeScope();
        return Run(pixels, cancellation).select(1, 0).contiguous().MoveToOuterDisposeScope();
    }

    private protected override Tensor Encode(Tensor pixels, CancellationToken cancellation)
    {
        using var scope = torch.NewDisposeScope();
        var x = Run(pixels, cancellation);
        return x.narrow(1, 1, x.size(1) - 1).contiguous().MoveToOuterDisposeScope();
    }

    /// <summary>[frames, 1 + patches, width].</summary>
    private Tensor Run(Tensor pixels, CancellationToken cancellation)
    {
        using var scope = torch.NewDisposeScope();
        var patches = _patches.Forward(pixels);
        var x = torch.cat([_class.expand(patches.size(0), 1, Width), patches], 1);
        x = Norms.LayerNorm(Residual.Add(x, _positions), _preNormWeight, _preNormBias, Config.NormEps);
        foreach (var block in _blocks)
        {
            cancellation.ThrowIfCancellationRequested();
            x = block.Forward(x);
        }

        return x.MoveToOuterDisposeScope();
    }

    private sealed class Block
    {
        private readonly int _heads;
        private readonly double _eps;
        private readonly double _scale;
        private readonly Tensor _norm1Weight, _norm1Bias, _norm2Weight, _norm2Bias;
        private readonly Linear _query, _key, _value, _output;
        private readonly TowerMlp _mlp;

        internal Block(TowerWeights weights, VisionConfig config, string name)
        {
            var width = config.HiddenSize;
            (_heads, _eps, _scale) = (config.Heads, config.NormEps, 1 / Math.Sqrt(width / config.Heads));
            _norm1Weight = weights.Get(name + "layer_norm1.weight", width);
            _norm1Bias = weights.Get(name + "layer_norm1.bias", width);
            _norm2Weight = weights.Get(name + "layer_norm2.weight", width);
            _norm2Bias = weights.Get(name + "layer_norm2.bias", width);
            Linear Square(string part) => new(weights.Get($"{name}self_attn.{part}_proj.weight", width, width), weights.Get($"{name}self_attn.{part}_proj.bias", width));
            (_query, _key, _value, _output) = (Square("q"), Square("k"), Square("v"), Square("out"));
            _mlp = new(weights, name + "mlp", width, config.MlpHiddenSize, Activations.QuickGelu);
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
            var (frames, tokens, width) = (x.size(0), x.size(1), x.size(2));
            var normed = Norms.LayerNorm(x, _norm1Weight, _norm1Bias, _eps);
            Tensor Heads(Linear part) => part.Forward(normed).view(frames, tokens, _heads, width / _heads);
            var y = Attention.Full(Heads(_query), Heads(_key), Heads(_value), _scale);
            return _output.Forward(y).MoveToOuterDisposeScope();
        }
    }
}
