using System.Security.Cryptography;
using Studio.Engine.Torch;

namespace Studio.Engine.Checkpoints;

/// <summary>From a checked checkpoint to tensors on a device.</summary>
public static class WeightLoading
{
    /// <summary>
    /// On the CPU, tensors over the mapped files, in the type they are stored in: no second copy. On a card, copies in
    /// <paramref name="dtype"/>, one tensor at a time. What nothing reads stays in the file; visual summary tokens' own tensors
    /// that a Video-XL checkpoint lacks become copies of the ordinary ones, as in the original, with a warning.
    /// </summary>
    public static Weights Load(Checkpoint checkpoint, Device device, ScalarType dtype)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var expected in checkpoint.Layout.Tensors.Where(t => t.Used && checkpoint.Contains(t.Name)))
        {
            var (file, entry) = checkpoint.Entry(expected.Name);
            using var scope = torch.NewDisposeScope();
            var mapped = MappedTensors.Map(file, entry);
            tensors.Add(expected.Name, (device.IsCpu ? mapped : mapped.to(device, dtype)).DetachFromDisposeScope());
        }

        return new(tensors, checkpoint.Folder, AddMissingVst(checkpoint.Config, tensors, checkpoint.Folder));
    }

    /// <summary>What visual summary tokens lack of their own becomes copies of the ordinary tensors as they are now (video-xl.md 3.4).</summary>
    /// <returns>Tensors added.</returns>
    internal static int AddMissingVst(ModelConfig config, Weights weights)
    {
        var found = weights.Names.ToDictionary(n => n, weights.Get, StringComparer.Ordinal);
        _ = AddMissingVst(config, found, weights.Source);
        string[] added = [.. found.Keys.Except(weights.Names, StringComparer.Ordinal)];
        foreach (var name in added) weights.Add(name, found[name]);
        return added.Length;
    }

    /// <summary>Copies, not the same tensors: training must be able to part them.</summary>
    /// <returns>One warning, or none.</returns>
    private static IReadOnlyList<string> AddMissingVst(ModelConfig config, Dictionary<string, Tensor> tensors, string source)
    {
        if (config.Vst is null || !tensors.ContainsKey(TensorLayout.EmbedTokens)) return [];
        string[] missing = [.. TensorLayout.For(config).Tensors.Select(t => t.Name).Where(n => TensorLayout.VstOrigin(n) is not null && !tensors.ContainsKey(n))];
        using var constant = torch.no_grad(); // a copy is a parameter of its own, not a result of the other
        foreach (var name in missing)
        {
            using var scope = torch.NewDisposeScope();
            var origin = tensors[TensorLayout.VstOrigin(name)!];
            if (name == TensorLayout.VstEmbedding)
            {
                origin = origin.narrow(0, VstRow(config, source), 1);
            }

            tensors.Add(name, origin.clone().DetachFromDisposeScope());
        }

        return missing.Length == 0 ? []
            : [$"the checkpoint lacks {missing.Length} tensors of its visual summary tokens ({missing[0]}{(missing.Length > 1 ? ", …" : "")}): they start as copies of the ordinary ones, so compression is untrained"];
    }

    /// <summary>Row of the token table that the embedding of summary tokens starts from (<see cref="VstConfig.EmbedInit"/>).</summary>
    /// <exception cref="CheckpointException">The configuration names no such token.</exception>
    internal static int VstRow(ModelConfig config, string source)
    {
        string init = config.Vst!.EmbedInit;
        return (init == "bos" ? config.Language.BosTokenId : config.Language.EosTokenIds.Cast<int?>().FirstOrDefault()) ?? throw new CheckpointException(new CheckpointProblem(
            source, $"{init}_token_id", "a token id: the missing embedding of visual summary tokens starts from its row", "none"));
    }

    /// <summary>
    /// Identity of all weights, in a moment: names, types and shapes, lengths and times of the files, and the first bytes of
    /// every tensor. Changed or other weights have another one; a copied file may have, too, and is then computed anew.
    /// </summary>
    public static string Fingerprint(Checkpoint checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        const int Sampled = 4096;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        void Text(string text) => hash.AppendData(System.Text.Encoding.UTF8.GetBytes(text + "\n"));
        Text(checkpoint.Config.ToJson());
        foreach (var path in checkpoint.WeightFiles) Text($"{Path.GetFileName(path)} {new FileInfo(path).Length} {File.GetLastWriteTimeUtc(path).Ticks}");
        foreach (var expected in checkpoint.Layout.Tensors.Where(t => t.Used && checkpoint.Contains(t.Name)).OrderBy(t => t.Name, StringComparer.Ordinal))
        {
            var (file, entry) = checkpoint.Entry(expected.Name);
            Text($"{entry.Name} {entry.Dtype} [{string.Join(",", entry.Shape)}]");
            hash.AppendData(file.Span(entry.Offset, (int)Math.Min(Sampled, entry.ByteLength)));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>
    /// SHA-256 over the names and bytes of the tensors that turn pixels into visual tokens: what a cache of visual tokens
    /// must be keyed by. Reads them once.
    /// </summary>
    public static string VisionFingerprint(Checkpoint checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var expected in checkpoint.Layout.Tensors.Where(t => t.Scope != CheckpointScope.Language && checkpoint.Contains(t.Name)).OrderBy(t => t.Name, StringComparer.Ordinal))
        {
            var (file, entry) = checkpoint.Entry(expected.Name);
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes($"{entry.Name} {entry.Dtype} [{string.Join(",", entry.Shape)}]\n"));
            const int Step = 1 << 28; // spans end at 2 GB
            for (long at = 0; at < entry.ByteLength; at += Step) hash.AppendData(file.Span(entry.Offset + at, (int)Math.Min(Step, entry.ByteLength - at)));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
