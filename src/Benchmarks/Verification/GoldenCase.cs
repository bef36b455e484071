using System.IO.Compression;
using System.Text.Json;
using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;

namespace Studio.Benchmarks.Verification;

/// <summary>
/// One folder of reference numbers: case.json (operation, parameters, tolerance), case.safetensors (inputs and expected
/// values) and, where the case has a model, its folder in the published layout. Folders of text rows have neither.
/// </summary>
public sealed class GoldenCase : IDisposable
{
    private readonly JsonDocument? _json;
    private readonly SafetensorsFile? _tensors;
    private readonly HashSet<string> _read = []; // bounded by the case's tensors

    public GoldenCase(string folder)
    {
        Folder = Path.GetFullPath(folder);
        Name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Folder));
        if (Exists("case.json")) _json = Json("case.json");
        var tensors = Path.Combine(folder, "case.safetensors");
        if (File.Exists(tensors)) _tensors = SafetensorsFile.Open(tensors);
    }

    public string Folder { get; }

    public string Name { get; }

    /// <exception cref="FileNotFoundException">The folder has no case.json.</exception>
    public JsonElement Root => _json?.RootElement ?? throw new FileNotFoundException($"{Folder} has no case.json");

    public JsonElement Params => Root.GetProperty("params");

    public IEnumerable<string> TensorNames => _tensors?.Tensors.Keys ?? [];

    /// <summary>Expected tensors that no check has asked for yet.</summary>
    public IReadOnlyList<string> Unread => _json is null || !Root.TryGetProperty("tensors", out var tensors) ? []
        : [.. tensors.EnumerateObject().Where(t => t.Value.GetProperty("role").GetString() == "expected" && !_read.Contains(t.Name)).Select(t => t.Name)];

    /// <summary>The case's tolerance: |actual - expected| ≤ abs + rel |expected|. Zero where the case gives none.</summary>
    public (double Absolute, double Relative) Tolerance => _json is not null && Root.TryGetProperty("tolerance", out var t)
        ? (t.GetProperty("abs").GetDouble(), t.GetProperty("rel").GetDouble())
        : (0, 0);

    public bool Has(string tensor) => _tensors?.Tensors.ContainsKey(tensor) == true;

    /// <summary>How close the closest competing decision of a kind was, or null.</summary>
    public double? Margin(string name) => Root.TryGetProperty("margins", out var margins)
        && margins.TryGetProperty(name, out var gap) && gap.ValueKind == JsonValueKind.Number ? gap.GetDouble() : null;

    /// <summary>A tensor of the case, on the CPU, owned by the current scope.</summary>
    public Tensor Tensor(string name)
    {
        if (_tensors is not { } file || !file.Tensors.TryGetValue(name, out var entry))
        {
            throw new KeyNotFoundException($"{Folder}: no tensor {name} in case.safetensors");
        }

        _ = _read.Add(name);
        return MappedTensors.Map(file, entry);
    }

    /// <summary>Model input of a tensor of pixel bytes: u8 / 32 - 4, in the given type on the device.</summary>
    public Tensor Pixels(string name, Device device, ScalarType dtype)
    {
        using var scope = torch.NewDisposeScope();
        return ((Tensor(name).to(ScalarType.Float32) / 32) - 4).to(device, dtype).MoveToOuterDisposeScope();
    }

    public long[] Longs(string name)
    {
        using var t = Tensor(name);
        return t.ToArray<long>();
    }

    public int[] Ints(string name) => Array.ConvertAll(Longs(name), v => checked((int)v));

    public bool Exists(string fileName) => File.Exists(Path.Combine(Folder, fileName)) || File.Exists(Path.Combine(Folder, fileName + ".gz"));

    /// <summary>A file of the case; "name.gz" is taken where "name" is missing, and read decompressed.</summary>
    public Stream Open(string fileName)
    {
        var path = Path.Combine(Folder, fileName);
        return File.Exists(path) ? File.OpenRead(path) : new GZipStream(File.OpenRead(path + ".gz"), CompressionMode.Decompress);
    }

    public JsonDocument Json(string fileName)
    {
        using var stream = Open(fileName);
        return JsonDocument.Parse(stream);
    }

    public void Dispose()
    {
        _tensors?.Dispose();
        _json?.Dispose();
    }
}
