using System.Text.Json;

namespace Studio.Benchmarks.Evaluation.Import;

/// <summary>Annotation files: .json (one value), .jsonl (a row a line), .csv (first row names the columns) and .parquet (flat columns, lists of texts).</summary>
public static class AnnotationFile
{
    /// <summary>Larger files are refused: every row is held in memory.</summary>
    public const long MaxBytes = 512L << 20;

    /// <summary>The file as JSON: a list of rows for all but .json.</summary>
    /// <exception cref="InvalidDataException">The file is of another kind, too large or damaged.</exception>
    public static JsonElement Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var info = new FileInfo(path);
        if (!info.Exists) throw new FileNotFoundException($"There is no annotation file {path}.", path);
        if (info.Length > MaxBytes) throw new InvalidDataException($"{path} has {info.Length >> 20} MiB; annotation files may have {MaxBytes >> 20}.");
        try
        {
            return Path.GetExtension(path).ToUpperInvariant() switch
            {
                ".JSON" => JsonSerializer.Deserialize<JsonElement>(File.ReadAllText(path)),
                ".JSONL" => Lines(path),
                ".CSV" => CsvRows.Read(File.ReadAllText(path)),
                ".PARQUET" => ParquetRows.Read(File.ReadAllBytes(path)),
                var other => throw new InvalidDataException($"{path}: '{other}' is no annotation format; .json, .jsonl, .csv and .parquet are read."),
            };
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path} is no valid JSON: {e.Message}", e);
        }
    }

    private static JsonElement Lines(string path)
    {
        var rows = new List<JsonElement>();
        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line)) continue;
            try
            {
                rows.Add(JsonSerializer.Deserialize<JsonElement>(line));
            }
            catch (JsonException e)
            {
                throw new InvalidDataException($"{path}, line {number} is no valid JSON: {e.Message}", e);
            }
        }

        return JsonSerializer.SerializeToElement(rows);
    }
}
