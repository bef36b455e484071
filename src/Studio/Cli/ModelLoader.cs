using System.CommandLine;
using Studio.Engine.Chat;
using Studio.Engine.Checkpoints;
using Studio.Engine.Tokenization;
using Studio.Engine.Video;

namespace Studio.Cli;

/// <summary>From the model options to a loaded model.</summary>
internal static class ModelLoader
{
    /// <summary>The name of the model that is made when none is named.</summary>
    public const string DefaultModel = "tiny-random";

    /// <summary>Its seed: the same words, meaningless as they are, on every machine.</summary>
    private const ulong DefaultSeed = 1;

    public static ModelStore Store => new(StudioPaths.Models);

    public static VideoChatFlash Load(Terminal console, ModelOptions options, ParseResult parse)
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
        return VideoChatFlash.Load(folder, settings);
    }

    /// <summary>The configuration alone, for plans.</summary>
    public static (string Name, ModelConfig Config) Describe(Terminal console, ModelOptions options, ParseResult parse)
    {
        var name = parse.GetValue(options.Model);
        if (name is not null && PublishedGeometries.TryFind(name) is { } geometry) return (geometry.Name, geometry.Config);
        var folder = Folder(console, name);
        return (Path.GetFileName(Path.TrimEndingDirectorySeparator(folder)), ModelConfig.Load(folder));
    }

    public static MediaEncoder Encoder(bool noDisk) => new(MediaTools.Locate(), new VisualTokenCache(
        noDisk ? null : Path.Combine(StudioPaths.Cache, "visual-tokens")));

    private static string Folder(Terminal console, string? name)
    {
        if (name is not null && name != DefaultModel) return Store.Resolve(name);
        var folder = Path.Combine(StudioPaths.Cache, DefaultModel);
        console.Say("note: no trained model is installed yet. This answer comes from a tiny model with random weights: its words mean nothing; frames, tokens, timings and trace are real.");
        if (File.Exists(Path.Combine(folder, "model.safetensors"))) return folder;
        Create(folder);
        return folder;
    }

    /// <summary>Written beside and moved into place, so that an interrupted first run leaves nothing half-made.</summary>
    private static void Create(string folder)
    {
        var making = $"{folder}.{Guid.NewGuid():N}";
        Directory.CreateDirectory(making);
        var tokenizerPath = Path.Combine(making, "tokenizer.json");
        ByteLevelTokenizerWriter.Write(tokenizerPath, []);
        var tokenizer = Tokenizer.Load(tokenizerPath);
        _ = tokenizer.TryGetId("<|endoftext|>", out var bos);
        _ = tokenizer.TryGetId(ChatMl.TurnEnd, out var eos);
        RandomCheckpoint.Create(making, TinyModels.VideoChatFlash(tokenizer.VocabularySize, bos, eos), DefaultSeed, SafetensorsDtype.F32);
        try
        {
            Directory.Move(making, folder);
        }
        catch (IOException) when (Directory.Exists(folder))
        {
            Directory.Delete(making, recursive: true); // another process was first
        }
    }
}
