using Studio.Engine.Checkpoints;
using Studio.Engine.Tokenization;

namespace Studio.ModelHosting;

/// <summary>The model that is there before any is installed: tiny, with random weights, made on first use.</summary>
internal static class BuiltInModel
{
    public const string Name = "tiny-random";

    public const string Note = "A tiny model with random weights: its words mean nothing; frames, tokens, timings and traces are real. "
        + "Pull a trained model to have answers that mean something.";

    /// <summary>The same words, meaningless as they are, on every machine.</summary>
    private const ulong Seed = 1;

    /// <summary>Its folder, made if it is not there.</summary>
    /// <param name="cache">The cache folder.</param>
    public static string Folder(string cache)
    {
        var folder = Path.Combine(cache, Name);
        if (!File.Exists(Path.Combine(folder, "model.safetensors"))) Create(folder);
        return folder;
    }

    /// <summary>Written beside and moved into place, so that an interrupted first run leaves nothing half-made.</summary>
    private static void Create(string folder)
    {
        var making = $"{folder}.{Guid.NewGuid():N}";
        _ = Directory.CreateDirectory(making);
        var tokenizerPath = Path.Combine(making, "tokenizer.json");
        ByteLevelTokenizerWriter.Write(tokenizerPath, []);
        var tokenizer = Tokenizer.Load(tokenizerPath);
        _ = tokenizer.TryGetId("<|endoftext|>", out var bos);
        _ = tokenizer.TryGetId(ChatMl.TurnEnd, out var eos);
        RandomCheckpoint.Create(making, TinyModels.VideoChatFlash(tokenizer.VocabularySize, bos, eos), Seed, SafetensorsDtype.F32);
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
