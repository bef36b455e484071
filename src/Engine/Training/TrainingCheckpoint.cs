using System.Runtime.InteropServices;
using System.Text.Json;
using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;

namespace Studio.Engine.Training;

/// <summary>How far a training is.</summary>
/// <param name="Recipe">Fingerprint of the recipe it follows.</param>
/// <param name="Stage">0-based.</param>
/// <param name="Step">Updates of that stage done.</param>
public sealed record TrainingPosition(string Recipe, int Stage, long Step);

/// <summary>
/// Checkpoints of a training: folders in the published layout with fp32 weights, beside them the optimiser's state and the
/// position. A folder appears under its name only when it is complete.
/// </summary>
public static class TrainingCheckpoint
{
    private const string Prefix = "checkpoint-";
    private const string PositionFile = "training.json";
    private const string OptimizerFile = "optimizer.safetensors";
    private const string HeadFile = "head.safetensors";

    /// <summary>Files that belong to a model besides weights and configuration.</summary>
    private static readonly string[] s_companions = ["tokenizer.json", "tokenizer_config.json", GenerationConfig.FileName];

    /// <summary>fp32 copies of a checkpoint's tensors, to be trained.</summary>
    public static Weights LoadWeights(Checkpoint checkpoint, Device device)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (ExpectedTensor expected in checkpoint.Layout.Tensors.Where(t => checkpoint.Contains(t.Name)))
        {
            using var scope = torch.NewDisposeScope();
            (MappedFile file, TensorEntry entry) = checkpoint.Entry(expected.Name);
            tensors.Add(expected.Name, MappedTensors.Map(file, entry).to(device, ScalarType.Float32).clone().DetachFromDisposeScope());
        }

        return new Weights(tensors, checkpoint.Folder);
    }

    /// <summary>Copies what belongs to a model besides weights and configuration: tokenizer and generation settings.</summary>
    public static void CopyCompanions(string from, string to)
    {
        foreach (string name in s_companions.Where(n => File.Exists(Path.Combine(from, n))))
        {
            File.Copy(Path.Combine(from, name), Path.Combine(to, name), overwrite: true);
        }
    }

    /// <summary>Writes a model folder in the published layout.</summary>
    /// <param name="folder">Must not exist.</param>
    /// <param name="companions">Folder whose tokenizer and generation settings go with it.</param>
    /// <param name="dtype">F32, F16 or BF16.</param>
    public static void SaveModel(string folder, ModelConfig config, Weights weights, string companions, SafetensorsDtype dtype) =>
        Complete(folder, temporary => WriteModel(temporary, config, weights, companions, dtype));

    /// <summary>Writes a checkpoint and removes the oldest ones beyond <paramref name="keep"/>.</summary>
    /// <returns>Its folder.</returns>
    public static string Save(string run, TrainingPosition position, ITrainee trainee, Weights weights, AdamW optimizer, string companions, int keep)
    {
        ArgumentNullException.ThrowIfNull(position);
        ArgumentNullException.ThrowIfNull(trainee);
        ArgumentNullException.ThrowIfNull(optimizer);
        ArgumentOutOfRangeException.ThrowIfLessThan(keep, 1);
        string folder = Path.Combine(run, $"{Prefix}{position.Stage + 1:D2}-{position.Step:D8}");
        if (!Directory.Exists(folder))
        {
            Complete(folder, temporary =>
            {
                WriteModel(temporary, trainee.Config, weights, companions, SafetensorsDtype.F32);
                WriteOptimizer(Path.Combine(temporary, OptimizerFile), optimizer);
                if (weights.Corrections.Count > 0)
                {
                    Write(Path.Combine(temporary, DecoderLora.FileName), [.. DecoderLora.ParametersOf(weights.Corrections).Select(p => (p.Name, p.Value, SafetensorsDtype.F32))]);
                }

                if (trainee.Head.Count > 0)
                {
                    Write(Path.Combine(temporary, HeadFile), [.. trainee.Head.Select(p => (p.Name, p.Value, SafetensorsDtype.F32))]);
                }

                AtomicFile.WriteAllText(Path.Combine(temporary, PositionFile), JsonSerializer.Serialize(position));
            });
        }

        foreach (string old in All(run).SkipLast(keep).Where(f => f != folder))
        {
            Directory.Delete(old, recursive: true);
        }

        return folder;
    }

    /// <summary>The furthest checkpoint of a training, or null.</summary>
    /// <exception cref="InvalidDataException">Its position cannot be read.</exception>
    public static (string Folder, TrainingPosition Position)? Last(string run)
    {
        if (All(run).LastOrDefault() is not { } folder)
        {
            return null;
        }

        string path = Path.Combine(folder, PositionFile);
        try
        {
            return (folder, JsonSerializer.Deserialize<TrainingPosition>(File.ReadAllText(path)) ?? throw new JsonException("it holds null"));
        }
        catch (Exception e) when (e is JsonException or FileNotFoundException)
        {
            throw new InvalidDataException($"{path} cannot be read: {e.Message}. Remove the folder to go on from the checkpoint before it.", e);
        }
    }

    /// <summary>Puts a checkpoint's optimiser state back.</summary>
    public static void RestoreOptimizer(string folder, AdamW optimizer)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        using Weights saved = MappedTensors.MapAll(Path.Combine(folder, OptimizerFile));
        optimizer.Restore(saved.TryGet);
    }

    /// <summary>Puts back what a checkpoint keeps beside the model.</summary>
    /// <exception cref="InvalidDataException">The checkpoint's is another.</exception>
    public static void RestoreHead(string folder, ITrainee trainee)
    {
        ArgumentNullException.ThrowIfNull(trainee);
        if (trainee.Head.Count == 0)
        {
            return;
        }

        Restore(Path.Combine(folder, HeadFile), trainee.Head, "by another version");
    }

    /// <summary>Puts saved parameters back in place.</summary>
    /// <param name="otherwise">How the file was saved where it does not fit, for the message.</param>
    /// <exception cref="InvalidDataException">A parameter is missing or has another shape.</exception>
    internal static void Restore(string path, IReadOnlyList<Parameter> parameters, string otherwise)
    {
        using Weights saved = MappedTensors.MapAll(path);
        using var constant = torch.no_grad();
        foreach ((string name, Tensor value) in parameters)
        {
            using var scope = torch.NewDisposeScope();
            Tensor found = saved.TryGet(name) is { } tensor && tensor.shape.SequenceEqual(value.shape) ? tensor
                : throw new InvalidDataException($"{path} has no {name} of shape [{string.Join(", ", value.shape)}]; it was saved {otherwise}. Start the stage anew.");
            _ = value.copy_(found);
        }
    }

    private static string[] All(string run) => Directory.Exists(run)
        ? [.. Directory.EnumerateDirectories(run, Prefix + "*").Where(f => !f.EndsWith(".tmp", StringComparison.Ordinal)).Order(StringComparer.Ordinal)]
        : [];

    private static void Complete(string folder, Action<string> write)
    {
        string temporary = folder + ".tmp";
        if (Directory.Exists(temporary))
        {
            Directory.Delete(temporary, recursive: true); // left by a run that was cut off
        }

        _ = Directory.CreateDirectory(temporary);
        write(temporary);
        Directory.Move(temporary, folder);
    }

    private static void WriteModel(string folder, ModelConfig config, Weights weights, string companions, SafetensorsDtype dtype)
    {
        ExpectedTensor[] tensors = [.. TensorLayout.For(config).Tensors.Where(t => weights.TryGet(t.Name) is not null)];
        Write(Path.Combine(folder, Checkpoint.WeightsFileName), [.. tensors.Select(t => (t.Name, weights.Get(t.Name), dtype))]);
        CopyCompanions(companions, folder);
        (config with { TorchDtype = dtype }).Save(folder);
    }

    private static void WriteOptimizer(string path, AdamW optimizer)
    {
        using var scope = torch.NewDisposeScope();
        Write(path, [.. optimizer.State().Select(s => (s.Name, s.Value, s.Value.dtype == ScalarType.Int64 ? SafetensorsDtype.I64 : SafetensorsDtype.F32))]);
    }

    private static void Write(string path, (string Name, Tensor Value, SafetensorsDtype Dtype)[] tensors)
    {
        using var writer = SafetensorsWriter.Create(path, [.. tensors.Select(t => new TensorDeclaration(t.Name, t.Dtype, t.Value.shape))]);
        using var constant = torch.no_grad();
        foreach ((string name, Tensor value, SafetensorsDtype dtype) in tensors)
        {
            using var scope = torch.NewDisposeScope();
            Tensor flat = value.detach().to(dtype.ToScalarType()).cpu().contiguous().reshape(-1);
            long size = flat.numel();
            const long Piece = 1 << 26; // elements: spans end at 2^31
            for (long at = 0; at < size; at += Piece)
            {
                Tensor part = flat.narrow(0, at, Math.Min(Piece, size - at));
                writer.Write<byte>(name, dtype.Size() switch
                {
                    2 => MemoryMarshal.AsBytes(part.data<ushort>()),
                    4 => MemoryMarshal.AsBytes(part.data<float>()),
                    _ => MemoryMarshal.AsBytes(part.data<long>()),
                });
            }
        }

        writer.Commit();
    }
}
