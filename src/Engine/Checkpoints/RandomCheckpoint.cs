using System.Runtime.InteropServices;

namespace Studio.Engine.Checkpoints;

/// <summary>Model folders with random weights in the published layout: for tests, demonstrations and timing at real
/// sizes.</summary>
public static class RandomCheckpoint
{
    /// <summary>Elements generated and written at a time: 8 MiB of bfloat16.</summary>
    private const int ChunkElements = 1 << 22;

    /// <summary>Writes config.json, generation_config.json and the weights.</summary>
    /// <param name="folder">Created if absent; must not hold weights yet.</param>
    /// <param name="config">What to make; <see cref="ModelConfig.TorchDtype"/> is replaced by <paramref name="dtype"/>.</param>
    /// <param name="seed">Equal seeds give equal bytes.</param>
    /// <param name="dtype">F32, F16 or BF16.</param>
    /// <param name="maxShardBytes">Weights beyond this many bytes go to several files with an index; null for one file.</param>
    /// <param name="generation">Decoding settings; defaults to greedy with the configuration's end ids.</param>
    /// <param name="progress">Told the bytes of weights written so far.</param>
    /// <param name="withVst">False leaves out what visual summary tokens have of their own, as a base model that is yet to learn them.</param>
    /// <param name="cancellationToken">Stops between chunks; the unfinished file is removed.</param>
    /// <exception cref="CheckpointException">The folder already holds weights.</exception>
    public static void Create(
        string folder, ModelConfig config, ulong seed, SafetensorsDtype dtype = SafetensorsDtype.BF16, long? maxShardBytes = null,
        GenerationConfig? generation = null, IProgress<long>? progress = null, bool withVst = true, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (dtype is not (SafetensorsDtype.F32 or SafetensorsDtype.F16 or SafetensorsDtype.BF16))
        {
            throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "Random weights are written as F32, F16 or BF16.");
        }

        folder = Path.GetFullPath(folder);
        Directory.CreateDirectory(folder);
        if (Directory.EnumerateFiles(folder, "*.safetensors").FirstOrDefault() is { } existing)
        {
            throw new CheckpointException(new CheckpointProblem(folder, "folder", "no weights yet", Path.GetFileName(existing),
                "Choose another folder or delete the old model."));
        }

        // An optional head is left out when the configuration ties it, written in all other cases.
        ExpectedTensor[] tensors = [.. TensorLayout.For(config).Tensors
            .Where(t => (t.Name != TensorLayout.LmHead || config.Language.TieWordEmbeddings != true) && (withVst || TensorLayout.VstOrigin(t.Name) is null))];
        var weights = new RandomWeights(seed, (float)config.Language.InitializerRange);
        List<List<ExpectedTensor>> shards = Split(tensors, dtype, maxShardBytes ?? long.MaxValue);
        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        long written = 0;
        for (int i = 0; i < shards.Count; i++)
        {
            string name = shards.Count == 1 ? Checkpoint.WeightsFileName : $"model-{i + 1:D5}-of-{shards.Count:D5}.safetensors";
            shards[i].ForEach(tensor => map.Add(tensor.Name, name));
            WriteShard(Path.Combine(folder, name), shards[i], weights, dtype, ref written, progress, cancellationToken);
        }

        if (shards.Count > 1)
        {
            AtomicFile.WriteAllText(Path.Combine(folder, ShardIndex.FileName), ShardIndex.Write(written, map));
        }

        LanguageConfig language = config.Language;
        generation ??= new GenerationConfig { BosTokenId = language.BosTokenId, EosTokenIds = language.EosTokenIds };
        generation.Save(folder);
        // Last: a folder without config.json is no model, so an interrupted run is never mistaken for one.
        (config with { TorchDtype = dtype }).Save(folder);
    }

    private static List<List<ExpectedTensor>> Split(IEnumerable<ExpectedTensor> tensors, SafetensorsDtype dtype, long maxBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxBytes, 1);
        var shards = new List<List<ExpectedTensor>> { new() };
        long bytes = 0;
        foreach (ExpectedTensor tensor in tensors)
        {
            long size = tensor.ElementCount * dtype.Size();
            // A tensor larger than the limit gets a shard of its own: tensors are never split.
            if (shards[^1].Count > 0 && bytes > maxBytes - Math.Min(size, maxBytes))
            {
                shards.Add([]);
                bytes = 0;
            }

            shards[^1].Add(tensor);
            bytes += size;
        }

        return shards.Count <= ShardIndex.MaxShards
            ? shards
            : throw new ArgumentException(
                $"{maxBytes} bytes per shard would give {shards.Count} files; at most {ShardIndex.MaxShards} are allowed.",
                nameof(maxBytes));
    }

    private static void WriteShard(
        string path, List<ExpectedTensor> tensors, RandomWeights weights, SafetensorsDtype dtype, ref long written,
        IProgress<long>? progress, CancellationToken cancellationToken)
    {
        using var writer = SafetensorsWriter.Create(path,
            [.. tensors.Select(t => new TensorDeclaration(t.Name, dtype, t.Shape))]);
        var narrow = new ushort[ChunkElements];
        float[] wide = dtype == SafetensorsDtype.F32 ? new float[ChunkElements] : [];
        foreach (ExpectedTensor tensor in tensors)
        {
            for (long first = 0; first < tensor.ElementCount; first += ChunkElements)
            {
                cancellationToken.ThrowIfCancellationRequested();
                int count = (int)Math.Min(ChunkElements, tensor.ElementCount - first);
                if (dtype == SafetensorsDtype.F32)
                {
                    weights.Fill(tensor.Name, tensor.Role, first, wide.AsSpan(0, count));
                    writer.Write<float>(tensor.Name, wide.AsSpan(0, count));
                }
                else
                {
                    Span<ushort> chunk = narrow.AsSpan(0, count);
                    weights.Fill(tensor.Name, tensor.Role, first, chunk);
                    if (dtype == SafetensorsDtype.F16)
                    {
                        ToHalf(chunk);
                    }

                    writer.Write<ushort>(tensor.Name, chunk);
                }

                written += (long)count * dtype.Size();
                progress?.Report(written);
            }
        }

        writer.Commit();
    }

    private static void ToHalf(Span<ushort> values)
    {
        Span<Half> halves = MemoryMarshal.Cast<ushort, Half>(values);
        for (int i = 0; i < values.Length; i++)
        {
            halves[i] = (Half)Bf16.ToSingle(values[i]);
        }
    }
}
