using System.Text.Json;

namespace Studio.Engine.Checkpoints;

/// <summary><c>model.safetensors.index.json</c>: which shard holds which tensor.</summary>
internal sealed class ShardIndex
{
    public const string FileName = "model.safetensors.index.json";

    /// <summary>No published model is split further; more names would only exhaust file handles.</summary>
    public const int MaxShards = 1024;

    private ShardIndex(string path, IReadOnlyDictionary<string, string> weightMap, IReadOnlyList<string> shards)
    {
        Path = path;
        WeightMap = weightMap;
        Shards = shards;
    }

    public string Path { get; }

    /// <summary>Tensor name to shard file name.</summary>
    public IReadOnlyDictionary<string, string> WeightMap { get; }

    /// <summary>Shard file names, sorted.</summary>
    public IReadOnlyList<string> Shards { get; }

    public static ShardIndex Load(string path) => JsonFields.Read(path, Read);

    /// <summary>The text of an index.</summary>
    public static string Write(long totalSize, IReadOnlyDictionary<string, string> weightMap)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteStartObject("metadata");
            json.WriteNumber("total_size", totalSize);
            json.WriteEndObject();
            json.WriteStartObject("weight_map");
            foreach ((string tensor, string shard) in weightMap.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            {
                json.WriteString(tensor, shard);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    private static ShardIndex Read(JsonFields json)
    {
        JsonFields map = json.Object("weight_map")
            ?? throw json.Problem("weight_map", "an object of tensor name to file name", "nothing");
        var weights = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (JsonProperty property in map.Element.EnumerateObject())
        {
            string shard = map.String(property.Name);
            // A name with folders could reach any file on the machine.
            if (shard != System.IO.Path.GetFileName(shard) || shard.Contains('\\') || shard.StartsWith('.')
                || !shard.EndsWith(".safetensors", StringComparison.Ordinal))
            {
                throw map.Problem(property.Name, "a plain *.safetensors name in the same folder", $"'{shard}'");
            }

            weights.Add(property.Name, shard);
        }

        if (weights.Count == 0)
        {
            throw json.Problem("weight_map", "at least one tensor", "none");
        }

        string[] shards = [.. weights.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        return shards.Length <= MaxShards
            ? new ShardIndex(json.File, weights, shards)
            : throw json.Problem("weight_map", $"at most {MaxShards} files", $"{shards.Length}");
    }
}
