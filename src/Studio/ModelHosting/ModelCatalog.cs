using Studio.Api;
using Studio.Engine.Chat.Planning;
using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.Engine.Tokenization;
using Studio.Engine.Torch;
using Studio.Hosting;

namespace Studio.ModelHosting;

/// <summary>An installed model as found on disk.</summary>
/// <param name="Manifest">Null of a built-in one.</param>
internal sealed record InstalledModel(string Name, string Folder, ModelManifest? Manifest);

/// <summary>What plans need of a model, without its weights.</summary>
internal sealed record ModelDescription(string Name, string Folder, ModelConfig Config, Tokenizer Tokenizer);

/// <summary>The installed models. Names only: a path from outside never reaches the file system.</summary>
internal sealed class ModelCatalog(StudioOptions options, StudioFolders folders, TimeProvider time)
{
    /// <summary>Descriptions kept, with their tokenizers (some megabytes each); the one used longest ago goes first.</summary>
    public const int DescriptionsKept = 4;

    private readonly Lock _lock = new();
    private readonly LinkedList<(ModelDescription Description, DateTime Changed)> _described = new(); // latest first

    public ModelStore Store { get; } = new(folders.Models, time);

    /// <summary>The model that answers where none is chosen.</summary>
    public string DefaultName => options.Model ?? BuiltIns[0];

    /// <summary>The built-in ones first, then the store's by name.</summary>
    public IReadOnlyList<InstalledModel> List() =>
        [.. BuiltIns.Select(BuiltIn), .. Store.List().Select(m => new InstalledModel(m.Name, m.Folder, m))];

    /// <param name="name">A name of <see cref="List"/>, or a hub id or a published model's short name that was pulled; null takes the default.</param>
    /// <exception cref="RequestException">400: there is none; the message lists those that are.</exception>
    public InstalledModel Find(string? name)
    {
        name ??= DefaultName;
        return TryFind(name) ?? throw RequestException.Invalid($"there is no model '{name}'; installed: {string.Join(", ", List().Select(m => m.Name))}");
    }

    public InstalledModel? TryFind(string name)
    {
        if (BuiltIns.Contains(name)) return BuiltIn(name);
        var installed = List();
        var hubId = PublishedGeometries.TryFind(name)?.HubId ?? name;
        return installed.FirstOrDefault(m => m.Name == name) ?? installed.FirstOrDefault(m => string.Equals(m.Manifest?.HubId, hubId, StringComparison.OrdinalIgnoreCase));
    }

    private IReadOnlyList<string> BuiltIns { get; } = BuiltInModel.Names(options.RootFolder);

    private InstalledModel BuiltIn(string name) => new(name, BuiltInModel.Folder(options.RootFolder, folders.Cache, name), null);

    /// <summary>Configuration and tokenizer; read once as long as the folder's configuration does not change.</summary>
    /// <exception cref="CheckpointException">The folder is damaged.</exception>
    public ModelDescription Describe(InstalledModel model)
    {
        var changed = File.GetLastWriteTimeUtc(Path.Combine(model.Folder, ModelConfig.FileName));
        lock (_lock)
        {
            for (var node = _described.First; node is not null; node = node.Next)
            {
                if (node.Value.Description.Name != model.Name) continue;
                _described.Remove(node);
                if (node.Value.Changed != changed || node.Value.Description.Folder != model.Folder) break;
                _described.AddFirst(node);
                return node.Value.Description;
            }

            var config = ModelConfig.Load(model.Folder);
            var description = new ModelDescription(model.Name, model.Folder, config, Tokenizer.Load(Path.Combine(model.Folder, "tokenizer.json")));
            _ = _described.AddFirst((description, changed));
            if (_described.Count > DescriptionsKept) _described.RemoveLast();
            return description;
        }
    }

    /// <param name="dtype">The server's type, for the size of the cache.</param>
    public ModelCard Card(InstalledModel model, ScalarType dtype, ModelState state)
    {
        var manifest = model.Manifest;
        var bytes = manifest?.TotalBytes ?? new DirectoryInfo(model.Folder).EnumerateFiles().Sum(f => f.Length);
        var source = manifest?.Source.ToString().ToLowerInvariant() ?? "built-in";
        var (licence, summary) = ModelReadme.Read(model.Folder);
        var card = new ModelCard(
            model.Name, model.Name == DefaultName, source, manifest?.HubId, manifest?.Commit, manifest?.Added, "", bytes, 0, null, 0, "off", licence, summary,
            manifest is null && !BuiltInModel.IsShipped(options.RootFolder, model.Name) ? BuiltInModel.Note : null, null, state);
        try
        {
            var config = ModelConfig.Load(model.Folder);
            var (language, vision) = (config.Language, config.Vision);
            return card with
            {
                Architecture = config.ModelType,
                Parameters = WeightCount.Of(config, language.TieWordEmbeddings != true).Total,
                ContextLength = language.MaxPositionEmbeddings,
                DefaultCompression = CompressionSettings.DefaultOf(config).ToString(),
                Geometry = new(
                    vision.TowerName, vision.ImageSize, vision.FramesPerClip, config.Connector.TokensPerFrame, language.Layers, language.HiddenSize, language.Heads,
                    language.KeyValueHeads, language.VocabularySize, 2L * language.Layers * language.KeyValueHeads * language.HeadDim * dtype.ItemSize()),
            };
        }
        catch (Exception e) when (e is CheckpointException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            return card with { Problem = e.Message };
        }
    }
}
