using Studio.Engine.Checkpoints;
using Studio.Engine.Tokenization;

namespace Studio.ModelHosting;

/// <summary>The models that are there before any is installed, one of each system: tiny, with random weights, made on first use.</summary>
internal static class BuiltInModel
{
    /// <summary>A VideoChat-Flash: what answers where nothing is chosen.</summary>
    public const string Name = "tiny-random";

    /// <summary>A Video-XL.</summary>
    public const string VideoXlName = "tiny-random-xl";

    /// <summary>The one that answers by default first.</summary>
    public static readonly IReadOnlyList<string> Names = [Name, VideoXlName];

    public const string Note = "A tiny model with random weights: its words mean nothing; frames, tokens, timings and traces are real. "
        + "Pull a trained model to have answers that mean something.";

    /// <summary>The same words, meaningless as they are, on every machine.</summary>
    private const ulong Seed = 1;

    /// <summary>A model's folder, made if it is not there.</summary>
    /// <param name="cache">The cache folder.</param>
    /// <param name="name">One of <see cref="Names"/>.</param>
    public static string Folder(string cache, string name = Name)
    {
        if (!Names.Contains(name)) throw new ArgumentException($"there is no built-in model '{name}'; there are {string.Join(" and ", Names)}");
        var folder = Path.Combine(cache, name);
        if (!File.Exists(Path.Combine(folder, "model.safetensors"))) Create(folder, isXl: name == VideoXlName);
        return folder;
    }

    /// <summary>Written beside and moved into place, so that an interrupted first run leaves nothing half-made.</summary>
    private static void Create(string folder, bool isXl)
    {
        var making = $"{folder}.{Guid.NewGuid():N}";
        _ = Directory.CreateDirectory(making);
        var tokenizerPath = Path.Combine(making, "tokenizer.json");
        ByteLevelTokenizerWriter.Write(tokenizerPath, []);
        var tokenizer = Tokenizer.Load(tokenizerPath);
        _ = tokenizer.TryGetId("<|endoftext|>", out var bos);
        _ = tokenizer.TryGetId(ChatMl.TurnEnd, out var eos);
        var config = isXl ? TinyModels.VideoXl(tokenizer.VocabularySize, bos, eos) : TinyModels.VideoChatFlash(tokenizer.VocabularySize, bos, eos);
        RandomCheckpoint.Create(making, config, Seed, SafetensorsDtype.F32);
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
