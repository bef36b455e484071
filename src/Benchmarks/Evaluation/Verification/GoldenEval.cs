using System.Text.Json;
using Studio.Benchmarks.Evaluation.Import;

namespace Studio.Benchmarks.Evaluation.Verification;

/// <summary>The folder of golden evaluation files, and the annotation files beside it where they are there.</summary>
internal sealed class GoldenEval(string folder)
{
    private readonly Dictionary<string, JsonElement> _annotations = []; // bounded by the annotation files that golden rows name

    public string Folder => folder;

    /// <summary>Beside the golden folder: .../golden/eval and .../annotations. Null where it is not there.</summary>
    public string? AnnotationFolder { get; } = Path.GetFullPath(Path.Combine(folder, "..", "..", "annotations")) is var path && Directory.Exists(path) ? path : null;

    public bool Has(string file) => File.Exists(Path.Combine(folder, file));

    /// <summary>A file of JSON lines.</summary>
    public IReadOnlyList<JsonElement> Rows(string file) =>
        [.. File.ReadLines(Path.Combine(folder, file)).Where(line => line.Length > 0).Select(line => JsonSerializer.Deserialize<JsonElement>(line))];

    public JsonElement Json(string file) => JsonSerializer.Deserialize<JsonElement>(File.ReadAllText(Path.Combine(folder, file)));

    /// <summary>The cases of an aggregate file; none where there is no such file.</summary>
    public IEnumerable<JsonElement> Cases(string name) => Has($"{name}.aggregate.json") ? Json($"{name}.aggregate.json").List("cases") : [];

    /// <summary>A row of an annotation file as read from it, or null where it is not there.</summary>
    public JsonElement? Annotation(string file, int index)
    {
        if (AnnotationFolder is null) return null;
        if (!_annotations.TryGetValue(file, out var rows))
        {
            var path = Path.Combine(AnnotationFolder, file);
            if (!File.Exists(path)) return null;
            rows = AnnotationFile.Read(path);
            _annotations[file] = rows;
        }

        if (rows.ValueKind != JsonValueKind.Array) return null;
        // The folder may hold the beginning of a file only.
        return index < rows.GetArrayLength() ? rows[index] : null;
    }
}
