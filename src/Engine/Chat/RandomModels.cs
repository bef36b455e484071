using Studio.Engine.Checkpoints;
using Studio.Engine.Tokenization;
using Studio.Engine.Torch;

namespace Studio.Engine.Chat;

/// <summary>Published geometries with random weights, for benchmarks: no files, the published storage type.</summary>
public static class RandomModels
{
    /// <summary>
    /// Makes a model in memory. Its tokenizer has the 256 byte symbols only: any text can be read, and generated ids
    /// beyond them print nothing.
    /// </summary>
    /// <param name="stored">Type of the weights; bf16 as published by default.</param>
    public static VideoModel InMemory(PublishedGeometry geometry, ulong seed, LoadSettings settings, ScalarType stored = ScalarType.BFloat16)
    {
        ArgumentNullException.ThrowIfNull(geometry);
        ArgumentNullException.ThrowIfNull(settings);
        var weights = Weights(geometry.Config, seed, settings.Device, stored);
        var fingerprint = $"random {geometry.Name} {seed} {stored.ShortName()}";
        return VideoModel.FromWeights(geometry.Name, geometry.Config, geometry.Generation, ByteTokenizer(), weights, fingerprint, settings);
    }

    /// <summary>Random tensors for the parts of a model, each by its own name and the seed.</summary>
    public static Weights Weights(ModelConfig config, ulong seed, Device device, ScalarType stored, CheckpointScope scope = CheckpointScope.All)
    {
        ArgumentNullException.ThrowIfNull(config);
        var random = new RandomWeights(seed);
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var expected in TensorLayout.For(config).Tensors.Where(t => (t.Required || TensorLayout.VstOrigin(t.Name) is not null) && scope.HasFlag(t.Scope)))
        {
            using var dispose = torch.NewDisposeScope();
            var tensor = torch.empty(expected.Shape, stored);
            if (stored == ScalarType.BFloat16) random.Fill(expected.Name, expected.Role, 0, tensor.data<ushort>());
            else if (stored == ScalarType.Float32) random.Fill(expected.Name, expected.Role, 0, tensor.data<float>());
            else throw new ArgumentException($"random weights are made in bf16 or fp32, not {stored.ShortName()}");
            tensors.Add(expected.Name, tensor.to(device).DetachFromDisposeScope());
        }

        return new(tensors, $"random weights, seed {seed}");
    }

    private static Tokenizer ByteTokenizer()
    {
        var path = Path.Combine(Path.GetTempPath(), $"studio-{Guid.NewGuid():N}.json");
        try
        {
            ByteLevelTokenizerWriter.Write(path, []);
            return Tokenizer.Load(path);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
