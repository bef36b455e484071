using Studio.Engine.Checkpoints;
using Studio.Engine.Layers;
using Studio.Engine.Torch;

namespace Studio.Engine.Vision;

/// <summary>
/// InternVideo2-1B (spec 3.3): RMS norms, q and k normalised over the whole width before the split into heads, layer
/// scale, learned position tables and a class token that is dropped at the end. No norm after the last block.
/// </summary>
public sealed class InternVideo2Tower : VisionTower
{
    private const string Prefix = "model.vision_tower.vision_tower.";

    private readonly PatchEmbedding _patches;
    private readonly Tensor _classToken;
    private readonly Tensor _clipPositions;
    private readonly Tensor _imagePositions;
    private readonly Block[] _blocks;

    internal InternVideo2Tower(VisionConfig config, Weights weights, Device device, ScalarType dtype)
        : this(config, new TowerWeights(weights, Prefix, device, dtype)) { }

    private InternVideo2Tower(VisionConfig config, TowerWeights weights)
        : base(config, weights)
    {
        try
        {
            using var scope = torch.NewDisposeScope();
            _patches = new(weights, Width, config.PatchSize);
            _classToken = weights.Get("cls_token", 1, 1, Width);
            (_clipPositions, _imagePositions) = LoadPositions(weights, config);
            _blocks = [.. Enumerable.Range(0, config.BuiltLayers).Select(i => new Block(weights, config, $"blocks.{i}."))];
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    private protected override Tensor Encode(Tensor pixels, CancellationToken cancellation)
    {
        using var scope = torch.NewDisposeScope();
        var patches = _patches.Forward(pixels);
        var x = torch.cat([_classToken.expand(patches.size(0), 1, Width), patches], 1);
        x = Residual.Add(x, pixels.size(1) == 1 ? _imagePositions : _clipPositions);
        foreach (var block in _blocks)
        {
            cancellation.ThrowIfCancellationRequested();
            x = block.Forward(x);
        }

        return x.narrow(1, 1, x.size(1) - 1).contiguous().MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The checkpoint's tables, resized if it was trained on another grid or clip length. The image table has one frame,
    /// so its rows give the stored grid, and the clip table's rows over that the stored frames.
    /// </summary>
    private static (Tensor Clip, Tensor Image) LoadPositions(TowerWeights weights, VisionConfig config)
    {
        var (clip, image) = (weights.Stored("pos_embed"), weights.Stored("img_pos_embed"));
        var storedPatches = image.size(1) - 1;
        var storedGrid = (int)Math.Round(Math.Sqrt(storedPatches));
        var storedFrames = (int)((clip.size(1) - 1) / Math.Max(1, storedPatches));
        if ((long)storedGrid * storedGrid != storedPatches || (storedPatches * storedFrames) + 1 != clip.size(1))
        {
            throw new InvalidDataException($"pos_embed has {clip.size(1)} rows and img_pos_embed {image.size(1)}; they "
                + "must be 1 + frames * grid * grid and 1 + grid * grid");
        }

        var width = config.HiddenSize;
        return (storedGrid, storedFrames) == (config.GridSide, config.FramesPerClip)
            ? (weights.Get("pos_embed", 1, -1, width), weights.Get("img_pos_embed", 1, -1, width))
            : (weights.Adopt(PositionTables.ResizeLearned(clip, storedFrames, storedGrid, config.FramesPerClip, config.GridSide)),
                weights.Adopt(PositionTables.ResizeLearned(image, 1, storedGrid, 1, config.GridSide)));
    }

    private sealed class Block
    {
        private readonly int _heads;
        private readonly double _eps;
        private readonly double _scale;
        private readonly Tensor _norm1, _norm2, _scale1, _scale2, _qNorm, _kNorm;
        private readonly Linear _qkv, _projection;
        private readonly TowerMlp _mlp;

        internal Block(TowerWeights weights, VisionConfig config, string name)
        {
            var width = config.HiddenSize;
            (_heads, _eps, _scale) = (config.Heads, config.NormEps, 1 / Math.Sqrt(width / config.Heads));
            _norm1 = weights.Get(name + "norm1.weight", width);
            _norm2 = weights.Get(name + "norm2.weight", width);
            _scale1 = weights.Get(name + "ls1.weight", width);
            _scale2 = weights.Get(name + "ls2.weight", width);
            _qkv = new(weights.Get(name + "attn.qkv.weight", 3L * width, width), bias: null);
            _qNorm = weights.Get(name + "attn.q_norm.weight", width);
            _kNorm = weights.Get(name + "attn.k_norm.weight", width);
            _projection = new(weights.Get(name + "attn.proj.weight", width, width), weights.Get(name + "attn.proj.bias", width));
            _mlp = new(weights, name + "mlp", width, config.MlpHiddenSize);
        }

        internal Tensor Forward(Tensor x)
        {
            using var scope = torch.NewDisposeScope();
            using (var attended = Attend(x)) x = Residual.AddScaled(x, attended, _scale1);
            using (var normed = Norms.RmsNorm(x, _norm2, _eps)) x = Residual.AddScaled(x, _mlp.Forward(normed), _scale2);
            return scope.MoveToOuter(x); // x may be the caller's own tensor, written in place
        }

        private Tensor Attend(Tensor x)
        {
            using var scope = torch.NewDisposeScope();
            var (clips, tokens, width) = (x.size(0), x.size(1), x.size(2));
            var qkv = _qkv.Forward(Norms.RmsNorm(x, _norm1, _eps)).view(clips, tokens, 3, width);
            var q = Norms.RmsNorm(qkv.select(2, 0), _qNorm, _eps);
            var k = Norms.RmsNorm(qkv.select(2, 1), _kNorm, _eps);
            var y = Attention.Full(Heads(q), Heads(k), Heads(qkv.select(2, 2)), _scale);
            return _projection.Forward(y).MoveToOuterDisposeScope();

            Tensor Heads(Tensor t) => t.reshape(clips, tokens, _heads, width / _heads);
        }
    }
}
