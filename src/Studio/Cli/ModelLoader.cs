using System.CommandLine;
using Studio.Engine.Chat;
using Studio.Engine.Checkpoints;
using Studio.Engine.Video;
using Studio.ModelHosting;

namespace Studio.Cli;

/// <summary>From the model options to a loaded model.</summary>
internal static class ModelLoader
{
    /// <summary>The name of the model that answers when none is named.</summary>
    public static string DefaultModel => BuiltInModel.Names(StudioPaths.Root)[0];

    public static ModelStore Store => new(StudioPaths.Models);

    public static VideoModel Load(Terminal console, ModelOptions options, ParseResult parse)
    {
        var settings = options.Settings(parse);
        var name = parse.GetValue(options.Model);
        if (parse.GetValue(options.RandomWeights) is { } seed)
        {
            var geometry = PublishedGeometries.Find(name ?? "2b@448");
            console.Say($"{geometry.Name} with random weights from seed {seed}: its words mean nothing");
            return RandomModels.InMemory(geometry, seed, settings);
        }

        var folder = Folder(console, name);
        return VideoModel.Load(folder, settings);
    }

    /// <summary>The configuration alone, for plans.</summary>
    public static (string Name, ModelConfig Config) Describe(Terminal console, ModelOptions options, ParseResult parse)
    {
        var name = parse.GetValue(options.Model);
        if (name is not null && PublishedGeometries.TryFind(name) is { } geometry) return (geometry.Name, geometry.Config);
        var folder = Folder(console, name);
        return (Path.GetFileName(Path.TrimEndingDirectorySeparator(folder)), ModelConfig.Load(folder));
    }

    /// <param name="noDisk">Keeps nothing beyond the process.</param>
    public static MediaEncoder Encoder(bool noDisk)
    {
        string? Folder(string name) => noDisk ? null : Path.Combine(StudioPaths.Cache, name);
        return new(MediaTools.Locate(), new VisualTokenCache(Folder("visual-tokens")), new SummaryCache(Folder("summary-rows")));
    }

    /// <summary>Folder of an installed or built-in model, or the one that is named.</summary>
    public static string Folder(Terminal console, string? name)
    {
        if (name is not null && BuiltInModel.Names(StudioPaths.Root) is var builtIn && !builtIn.Contains(name)) return Store.Resolve(name, builtIn);
        if (!BuiltInModel.IsShipped(StudioPaths.Root, name ?? DefaultModel)) console.Say($"note: {(name is null ? "no trained model is installed yet. " : "")}{BuiltInModel.Note}");
        return BuiltInModel.Folder(StudioPaths.Root, StudioPaths.Cache, name ?? DefaultModel);
    }
}
