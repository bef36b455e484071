using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;

namespace Studio.Engine.Vision;

/// <summary>
/// Turns a UMT tower into an InternVideo2 tower of the same sizes that computes nearly the same, so that training can go on with positions that are learned.
/// UMT's are a fixed table of sines over time, row and column at once. In a narrow tower the columns of a clip can hardly be read from it: at a width of 128 and nine by
/// nine patches the best linear reading tells left from right for 56 % of a clip's positions (least squares), above from below for all of them.
/// </summary>
/// <remarks>
/// Exact: a layer norm is the root-mean-square norm of what has no mean over the channels, so all that writes into the stream is centred; its bias goes into the layer
/// behind it; layer scales are 1; the table becomes the weights it starts from. Not exact, and left to training: queries and keys are normalised (their
/// weights start at the size they had), the queries' constant part is lost, a class token is looked at as well, and the closing norm becomes one number for
/// all patches. Features are as loud as the stream, so the projector's rate acts that many times as strongly.
/// </remarks>
public static class LearnedPositions
{
    private const string Name = "internvideo2";

    // Clips of plain patches, which the loudness of the last layer is measured on.
    private const int ProbeClips = 4;
    private const ulong ProbeSeed = 1;

    /// <summary>Tower sizes after the change; everything but the kind and its name stays.</summary>
    /// <exception cref="ArgumentException">The tower is no UMT.</exception>
    public static VisionConfig Of(VisionConfig umt)
    {
        ArgumentNullException.ThrowIfNull(umt);
        return umt.Kind == VisionTowerKind.UmtLarge
            ? umt with { Kind = VisionTowerKind.InternVideo2, TowerName = Name, FinalNormEps = null }
            : throw new ArgumentException($"{umt.TowerName} learns its positions already; only a UMT tower's are fixed");
    }

    /// <summary>The model with the changed tower, and the projector fitted to it.</summary>
    /// <param name="config">Of the given model, a VideoChat-Flash.</param>
    /// <param name="weights">fp32 on the CPU; not changed.</param>
    /// <returns>A configuration and copies of all weights; the caller owns them.</returns>
    /// <exception cref="ArgumentException">The tower is no UMT.</exception>
    public static (ModelConfig Config, Weights Weights) Give(ModelConfig config, Weights weights)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(weights);
        VisionConfig vision = Of(config.Vision);
        using var constant = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var made = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        var umt = new Umt(weights, vision);
        umt.Write((name, value) => made.Add(TensorLayout.TowerPrefix + name, value.contiguous()));
        foreach (string name in weights.Names.Where(n => !n.StartsWith(TensorLayout.TowerPrefix, StringComparison.Ordinal)))
        {
            made.Add(name, weights.Get(name).clone());
        }

        // Before the closing norm's weight is folded in, the stream is brought to the size that the norm gave it.
        double loudness = Loudness(vision, new Weights(made, weights.Source));
        string up = TensorLayout.ProjectorPrefix + "mlp.0.";
        (Tensor weight, Tensor bias) = (made[up + "weight"], made[up + "bias"]);
        made[up + "bias"] = bias + torch.matmul(weight, umt.Get("vision_layernorm.bias"));
        made[up + "weight"] = weight * umt.Get("vision_layernorm.weight") / loudness;
        foreach (Tensor tensor in made.Values)
        {
            _ = tensor.DetachFromDisposeScope();
        }

        return (config with { Vision = vision }, new Weights(made, weights.Source));
    }

    /// <summary>Quadratic mean of what a tower gives for pictures of plain patches.</summary>
    private static double Loudness(VisionConfig vision, Weights weights)
    {
        using var scope = torch.NewDisposeScope();
        int side = vision.ImageSize, grid = vision.GridSide, cells = ProbeClips * vision.FramesPerClip * 3 * grid * grid;
        var random = new RandomWeights(ProbeSeed, 1);
        float[] plain = new float[cells];
        random.Fill("plain patches", WeightRole.Matrix, 0, plain);
        Tensor pictures = torch.tensor(plain).view(ProbeClips, vision.FramesPerClip, 3, grid, 1, grid, 1)
            .expand(ProbeClips, vision.FramesPerClip, 3, grid, vision.PatchSize, grid, vision.PatchSize).reshape(ProbeClips, vision.FramesPerClip, 3, side, side);
        using var tower = VisionTower.Load(vision, weights, Device.CPU, ScalarType.Float32);
        return Math.Sqrt(tower.Forward(pictures).pow(2).mean().item<float>());
    }

    /// <summary>Reads the old tower and writes the new one.</summary>
    private sealed class Umt(Weights weights, VisionConfig vision)
    {
        private readonly int _width = vision.HiddenSize;

        internal Tensor Get(string name) => weights.Get($"{TensorLayout.TowerPrefix}encoder.{name}");

        internal void Write(Action<string, Tensor> add)
        {
            add("patch_embed.proj.weight", Centred(Get("patch_embed.proj.weight")));
            add("patch_embed.proj.bias", Centred(Get("patch_embed.proj.bias")));

            // The class token stands behind the last position of the table, with nothing of its own.
            add("cls_token", torch.zeros([1, 1, _width]));
            add("pos_embed", Positions(PositionTables.UmtClip(vision.FramesPerClip, vision.GridSide, _width)));
            add("img_pos_embed", Positions(PositionTables.UmtImage(vision.GridSide, _width)));
            for (int i = 0; i < vision.BuiltLayers; i++)
            {
                Block($"blocks.{i}.", add);
            }
        }

        private Tensor Positions(Tensor table)
        {
            const int behind = PositionTables.PretrainingFrames * PositionTables.PretrainingGrid * PositionTables.PretrainingGrid;
            Tensor own = PositionTables.Sinusoid(behind + 1, _width).narrow(1, behind, 1);
            Tensor rows = torch.cat([own, table], 1);
            return rows - rows.mean(-1, keepdim: true);
        }

        private void Block(string block, Action<string, Tensor> add)
        {
            Tensor weight = Get(block + "norm1.weight"), bias = Get(block + "norm1.bias"), qkv = Get(block + "attn.qkv.weight");
            Tensor q = qkv.narrow(0, 0, _width), k = qkv.narrow(0, _width, _width), v = qkv.narrow(0, 2L * _width, _width);
            add(block + "norm1.weight", weight.clone());
            add(block + "attn.qkv.weight", qkv.clone());
            add(block + "attn.q_norm.weight", Size(q * weight, torch.matmul(q, bias) + Get(block + "attn.q_bias")));
            add(block + "attn.k_norm.weight", Size(k * weight, torch.zeros([_width])));

            // What every value has in common reaches the output whatever is looked at.
            Tensor projection = Get(block + "attn.proj.weight"), common = torch.matmul(v, bias) + Get(block + "attn.v_bias");
            add(block + "attn.proj.weight", Centred(projection));
            add(block + "attn.proj.bias", Centred(Get(block + "attn.proj.bias") + torch.matmul(projection, common)));
            add(block + "ls1.weight", torch.ones([_width]));
            add(block + "norm2.weight", Get(block + "norm2.weight").clone());
            Tensor up = Get(block + "mlp.fc1.weight");
            add(block + "mlp.fc1.weight", up.clone());
            add(block + "mlp.fc1.bias", Get(block + "mlp.fc1.bias") + torch.matmul(up, Get(block + "norm2.bias")));
            add(block + "mlp.fc2.weight", Centred(Get(block + "mlp.fc2.weight")));
            add(block + "mlp.fc2.bias", Centred(Get(block + "mlp.fc2.bias")));
            add(block + "ls2.weight", torch.ones([_width]));
        }

        /// <summary>Without the mean over the channels it writes to, the first axis.</summary>
        private static Tensor Centred(Tensor value) => value - value.mean(0, keepdim: true);

        /// <summary>Quadratic mean of W x + b for an x of independent parts of size 1, for each channel.</summary>
        private Tensor Size(Tensor matrix, Tensor constant) => torch.ones([_width]) * (matrix.pow(2).sum() + constant.pow(2).sum()).div(_width).sqrt();
    }
}
