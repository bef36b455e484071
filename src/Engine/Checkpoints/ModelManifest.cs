using System.Text.Json;

namespace Studio.Engine.Checkpoints;

/// <summary>Where a stored model's files lie and who may delete them.</summary>
public enum ModelSource
{
    /// <summary>Files elsewhere on disk; the store only points to them.</summary>
    Reference,

    /// <summary>Files pulled from a hub into the store, owned by it.</summary>
    Hub,
}

/// <summary>One file of a stored model as it was when recorded.</summary>
/// <param name="Name">Plain file name.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Sha256">Lower-case hex.</param>
public sealed record ModelFile(string Name, long Size, string Sha256);

/// <summary>What the store knows about one model; lies as <c>model.json</c> in the model's folder of the store.</summary>
/// <param name="Name">Name within the store.</param>
/// <param name="Source">Where the files came from.</param>
/// <param name="Folder">Absolute folder of the model's files.</param>
/// <param name="HubId">OWNER/NAME, when pulled.</param>
/// <param name="Commit">Commit, when pulled.</param>
/// <param name="Added">When it was recorded.</param>
/// <param name="Files">Recorded files, sorted by name.</param>
public sealed record ModelManifest(
    string Name, ModelSource Source, string Folder, string? HubId, string? Commit, DateTimeOffset Added,
    IReadOnlyList<ModelFile> Files)
{
    internal const string FileName = "model.json";

    private const int Format = 1;

    /// <summary>Bytes of all files.</summary>
    public long TotalBytes => Files.Sum(file => file.Size);

    internal static ModelManifest Load(string path, string filesFolder) => JsonFields.Read(path, json =>
    {
        json.Int("format", Format, Format);
        string source = json.String("source");
        ModelSource kind = Enum.TryParse(source, ignoreCase: true, out ModelSource parsed) && Enum.IsDefined(parsed)
            ? parsed
            : throw json.Problem("source", "reference or hub", $"'{source}'");
        var files = new List<ModelFile>();
        JsonFields recorded = json.Object("files") ?? throw json.Problem("files", "an object", "nothing");
        foreach (JsonProperty file in recorded.Element.EnumerateObject())
        {
            bool sound = file.Name == Path.GetFileName(file.Name) && file.Value.ValueKind == JsonValueKind.Object
                && file.Value.TryGetProperty("size", out JsonElement size) && size.TryGetInt64(out _)
                && file.Value.TryGetProperty("sha256", out JsonElement hash) && hash.ValueKind == JsonValueKind.String;
            if (!sound)
            {
                throw json.Problem($"files.{file.Name}", "a plain file name with size and sha256", file.Value.GetRawText());
            }

            files.Add(new ModelFile(file.Name, file.Value.GetProperty("size").GetInt64(),
                file.Value.GetProperty("sha256").GetString()!));
        }

        string added = json.String("added");
        return new ModelManifest(
            json.String("name"),
            kind,
            // Owned files are always found beside the manifest, so a store may be moved.
            kind == ModelSource.Hub ? filesFolder : json.String("folder"),
            json.Has("hub_id") ? json.String("hub_id") : null,
            json.Has("commit") ? json.String("commit") : null,
            DateTimeOffset.TryParse(added, out DateTimeOffset time)
                ? time
                : throw json.Problem("added", "a date and time", $"'{added}'"),
            files);
    });

    internal void Save(string path)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteNumber("format", Format);
            json.WriteString("name", Name);
            json.WriteString("source", Source.ToString().ToLowerInvariant());
            json.WriteString("folder", Folder);
            json.WriteString("hub_id", HubId);
            json.WriteString("commit", Commit);
            json.WriteString("added", Added.ToString("O"));
            json.WriteStartObject("files");
            foreach (ModelFile file in Files)
            {
                json.WriteStartObject(file.Name);
                json.WriteNumber("size", file.Size);
                json.WriteString("sha256", file.Sha256);
                json.WriteEndObject();
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        AtomicFile.WriteAllText(path, System.Text.Encoding.UTF8.GetString(buffer.ToArray()) + "\n");
    }
}
