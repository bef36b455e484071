namespace Studio.Engine.Checkpoints;

/// <summary>
/// A model folder whose weights were held against what its config.json demands: one model.safetensors, or shards with
/// their index. All disagreements are found before the first weight is used, and reported together.
/// </summary>
/// <remarks>Disposing releases the mappings; tensors over them survive by their own references.</remarks>
public sealed class Checkpoint : IDisposable
{
    /// <summary>Name of the weight file of an unsharded model; preferred when an index lies beside it.</summary>
    public const string WeightsFileName = "model.safetensors";

    private readonly Dictionary<string, (SafetensorsFile File, TensorEntry Tensor)> _entries = new(StringComparer.Ordinal);
    private readonly List<SafetensorsFile> _files = [];

    private Checkpoint(string folder, CheckpointScope scope)
    {
        Folder = folder;
        Scope = scope;
        Config = ModelConfig.Load(folder);
        Generation = GenerationConfig.Load(folder);
        Layout = TensorLayout.For(Config);
    }

    /// <summary>Absolute path of the folder.</summary>
    public string Folder { get; }

    /// <summary>The parts that were asked for and checked.</summary>
    public CheckpointScope Scope { get; }

    /// <summary>config.json.</summary>
    public ModelConfig Config { get; }

    /// <summary>generation_config.json, or defaults.</summary>
    public GenerationConfig Generation { get; }

    /// <summary>What the configuration demands.</summary>
    public TensorLayout Layout { get; }

    /// <summary>Absolute paths of the weight files.</summary>
    public IReadOnlyList<string> WeightFiles => [.. _files.Select(file => file.Path)];

    /// <summary>Bytes of all weights in scope.</summary>
    public long TotalBytes => _entries.Values.Sum(entry => entry.Tensor.ByteLength);

    /// <summary>Whether the output head is the token embedding, because the file stores none.</summary>
    public bool TiesOutputHead => Scope.HasFlag(CheckpointScope.Language) && !Contains(TensorLayout.LmHead);

    /// <summary>Opens and checks a model folder.</summary>
    /// <param name="folder">Folder with config.json and weights.</param>
    /// <param name="scope">Parts that must be present; tensors of other parts may be there or not and are not served.</param>
    /// <exception cref="CheckpointException">
    /// config.json, the index, a weight file or any tensor is missing, surplus, mis-shaped or not of a float type; the
    /// message lists the first <see cref="CheckpointException.MaxListed"/> problems with file, tensor, expected and found.
    /// </exception>
    public static Checkpoint Open(string folder, CheckpointScope scope = CheckpointScope.All)
    {
        folder = Path.GetFullPath(folder);
        if (scope == CheckpointScope.None)
        {
            throw new ArgumentException("Name at least one part to open.", nameof(scope));
        }

        var checkpoint = new Checkpoint(folder, scope);
        try
        {
            checkpoint.Load();
            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>Whether a tensor is there (only optional ones may not be).</summary>
    public bool Contains(string name) => _entries.ContainsKey(name);

    /// <summary>The mapping and place of a tensor in scope.</summary>
    /// <exception cref="KeyNotFoundException">The name is not in scope, not part of this model, or optional and
    /// absent.</exception>
    public (MappedFile File, TensorEntry Tensor) Entry(string name)
    {
        (SafetensorsFile file, TensorEntry tensor) = Find(name);
        return (file.Mapping, tensor);
    }

    /// <summary>A tensor's bytes (below 2 GiB); valid until this object is disposed.</summary>
    /// <exception cref="KeyNotFoundException">As <see cref="Entry"/>.</exception>
    public ReadOnlySpan<byte> Bytes(string name)
    {
        (SafetensorsFile file, TensorEntry tensor) = Find(name);
        return file.Bytes(tensor);
    }

    /// <inheritdoc/>
    public void Dispose() => _files.ForEach(file => file.Dispose());

    private (SafetensorsFile File, TensorEntry Tensor) Find(string name) => _entries.TryGetValue(name, out var found)
        ? found
        : throw new KeyNotFoundException($"{Folder}: no tensor '{name}' among the parts opened ({Scope}).");

    private void Load()
    {
        var problems = new ProblemList();
        string single = Path.Combine(Folder, WeightsFileName);
        string index = Path.Combine(Folder, ShardIndex.FileName);
        if (File.Exists(single))
        {
            Take(single, problems, map: null);
        }
        else if (File.Exists(index))
        {
            LoadShards(ShardIndex.Load(index), problems);
        }
        else
        {
            bool pickled = Directory.EnumerateFiles(Folder, "pytorch_model*.bin").Any();
            throw new CheckpointException(new CheckpointProblem(Folder, "weights",
                $"{WeightsFileName} or {ShardIndex.FileName}", pickled ? "only pytorch_model*.bin" : "neither",
                pickled ? "Convert the weights to safetensors." : "Pull or copy the weights into this folder."));
        }

        // With files unreadable, every tensor they hold would be reported once more as missing.
        if (problems.Count == 0)
        {
            CheckTensors(problems);
        }

        problems.ThrowIfAny($"{Folder} does not fit its {ModelConfig.FileName}");
    }

    private void LoadShards(ShardIndex index, ProblemList problems)
    {
        foreach (string shard in index.Shards)
        {
            string path = Path.Combine(Folder, shard);
            if (File.Exists(path))
            {
                Take(path, problems, index);
            }
            else
            {
                problems.Add(new CheckpointProblem(path, "file", $"a shard named by {ShardIndex.FileName}", "no such file",
                    "The download or copy did not finish; fetch the file again."));
            }
        }

        if (_files.Count < index.Shards.Count)
        {
            return;
        }

        foreach ((string tensor, string shard) in index.WeightMap)
        {
            string? actual = _entries.TryGetValue(tensor, out var found) ? Path.GetFileName(found.File.Path) : null;
            if (actual != shard)
            {
                problems.Add(new CheckpointProblem(index.Path, tensor, $"the tensor in {shard}",
                    actual is null ? "no shard has it" : $"it in {actual}"));
            }
        }
    }

    private void Take(string path, ProblemList problems, ShardIndex? map)
    {
        SafetensorsFile file;
        try
        {
            file = SafetensorsFile.Open(path);
        }
        catch (CheckpointException exception)
        {
            problems.Add(exception.Problems[0]);
            return;
        }

        _files.Add(file);
        foreach (TensorEntry tensor in file.Tensors.Values)
        {
            if (!_entries.TryAdd(tensor.Name, (file, tensor)))
            {
                problems.Add(new CheckpointProblem(path, tensor.Name, "the tensor in one shard",
                    $"it also in {Path.GetFileName(_entries[tensor.Name].File.Path)}"));
            }
            else if (map is not null && !map.WeightMap.ContainsKey(tensor.Name))
            {
                problems.Add(new CheckpointProblem(path, tensor.Name, $"a tensor listed in {ShardIndex.FileName}",
                    "one that is not"));
            }
        }
    }

    private void CheckTensors(ProblemList problems)
    {
        foreach (ExpectedTensor expected in Layout.Tensors.Where(tensor => Scope.HasFlag(tensor.Scope)))
        {
            string wanted = TensorEntry.Format(expected.Shape);
            if (!_entries.TryGetValue(expected.Name, out var found))
            {
                if (expected.Required)
                {
                    problems.Add(new CheckpointProblem(Home(), expected.Name, wanted, "no such tensor"));
                }

                continue;
            }

            if (!found.Tensor.Shape.AsSpan().SequenceEqual(expected.Shape))
            {
                problems.Add(new CheckpointProblem(found.File.Path, expected.Name, wanted,
                    TensorEntry.Format(found.Tensor.Shape)));
            }

            if (!found.Tensor.Dtype.IsFloat())
            {
                problems.Add(new CheckpointProblem(found.File.Path, expected.Name, "F64, F32, F16 or BF16",
                    found.Tensor.Dtype.HeaderName()));
            }
        }

        foreach ((string name, (SafetensorsFile file, TensorEntry tensor)) in _entries.ToArray())
        {
            ExpectedTensor? known = Layout.Find(name);
            if (known is null && !TensorLayout.IsTolerated(name))
            {
                problems.Add(new CheckpointProblem(file.Path, name,
                    $"no such tensor in a {Config.ModelType} of this configuration",
                    $"{tensor.Dtype.HeaderName()} {TensorEntry.Format(tensor.Shape)}"));
            }

            if (known is null || !Scope.HasFlag(known.Scope))
            {
                _entries.Remove(name);
            }
        }
    }

    /// <summary>The file a missing tensor should have been in, as far as that can be said.</summary>
    private string Home() => _files.Count == 1 ? _files[0].Path : Path.Combine(Folder, ShardIndex.FileName);
}
