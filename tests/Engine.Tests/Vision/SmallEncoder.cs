using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;
using Studio.Engine.Vision;

namespace Studio.Engine.Tests.Vision;

/// <summary>A UMT tower of two blocks with random weights at 128 pixels (64 patches a frame), and its connector.</summary>
internal sealed class SmallEncoder : IDisposable
{
    internal const int Side = 128, Width = 24;

    private readonly Weights _weights;

    internal SmallEncoder()
    {
        var vision = VisionConfig.ForTower("umt-large")! with { HiddenSize = 32, MlpHiddenSize = 64, Heads = 2, DeclaredLayers = 3, ImageSize = Side };
        _weights = RandomTower.Umt(vision, Width, seed: 20);
        Tower = VisionTower.Load(vision, _weights, Device.CPU, ScalarType.Float32);
        Connector = ToMeConnector.Load(new(), vision, _weights, Device.CPU, ScalarType.Float32);
    }

    internal VisionTower Tower { get; }

    internal ToMeConnector Connector { get; }

    internal ClipEncoder Create(long? activationBytes, TimeProvider? time = null) => new(Tower, Connector, activationBytes, time);

    /// <summary>[count, 4, 3, Side, Side].</summary>
    internal static Tensor Clips(int count) => TokenMergerTests.Random(3, count, 4, 3, Side, Side);

    public void Dispose()
    {
        Tower.Dispose();
        Connector.Dispose();
        _weights.Dispose();
    }
}

/// <summary>Random weights of a UMT tower and a connector, of any size.</summary>
internal static class RandomTower
{
    internal static Weights Umt(VisionConfig vision, int projected, int seed)
    {
        using var scope = torch.NewDisposeScope();
        var tensors = new Dictionary<string, Tensor>();
        var (width, hidden, patch) = (vision.HiddenSize, vision.MlpHiddenSize, vision.PatchSize);
        const string Encoder = "model.vision_tower.vision_tower.encoder.";
        Add(Encoder + "patch_embed.proj", width, 3, 1, patch, patch);
        for (var i = 0; i < vision.BuiltLayers; i++)
        {
            var block = $"{Encoder}blocks.{i}.";
            AddNorm(block + "norm1");
            AddNorm(block + "norm2");
            Add(block + "attn.qkv", 3 * width, width);
            _ = tensors.Remove(block + "attn.qkv.bias");
            tensors[block + "attn.q_bias"] = Random(0.1f, width);
            tensors[block + "attn.v_bias"] = Random(0.1f, width);
            Add(block + "attn.proj", width, width);
            Add(block + "mlp.fc1", hidden, width);
            Add(block + "mlp.fc2", width, hidden);
        }

        AddNorm(Encoder + "vision_layernorm");
        Add("model.mm_projector.mlp.0", projected, width);
        Add("model.mm_projector.mlp.2", projected, projected);
        foreach (var tensor in tensors.Values) _ = tensor.DetachFromDisposeScope();
        return new(tensors, "random weights");

        void Add(string name, params long[] shape)
        {
            tensors[name + ".weight"] = Random(1 / MathF.Sqrt(shape[1..].Aggregate(1L, (a, b) => a * b)), shape);
            tensors[name + ".bias"] = Random(0.1f, shape[0]);
        }

        void AddNorm(string name)
        {
            tensors[name + ".weight"] = torch.ones([width]);
            tensors[name + ".bias"] = Random(0.1f, width);
        }

        Tensor Random(float scale, params long[] shape) => TokenMergerTests.Random(seed++, shape) * scale;
    }
}
