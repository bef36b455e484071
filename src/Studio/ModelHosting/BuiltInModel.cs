using Studio.Engine.Checkpoints;
using Studio.Engine.Tokenization;

namespace Studio.ModelHosting;

/// <summary>
/// The models that are there before any is installed: the trained ones that ship with the repository, in data/models, and one of each
/// system that is tiny, with random weights, made on first use.
/// </summary>
internal static class BuiltInModel
{
    /// <summary>A VideoChat-Flash with random weights.</summary>
    public const string Name = "tiny-random";

    /// <summary>A Video-XL with random weights.</summary>
    public const string VideoXlName = "tiny-random-xl";

    /// <summary>Of both systems, in the order in which they are offered.</summary>
    private static readonly string[] s_shipped = ["flash-mini", "xl-mini"];

    private static readonly string[] s_random = [Name, VideoXlName];

    public const string Note = "A tiny model with random weights: its words mean nothing; frames, tokens, timings and traces are real. "
        + "Pull a trained model to have answers that mean something.";

    /// <summary>The same words, meaningless as they are, on every machine.</summary>
    private const ulong Seed = 1;

    /// <summary>All of them; the one that answers by default first.</summary>
    /// <param name="root">The checkout.</param>
    public static IReadOnlyList<string> Names(string root) => [.. s_shipped.Where(n => IsShipped(root, n)), .. s_random];

    /// <summary>Whether it ships with the repository; the others have random weights.</summary>
    public static bool IsShipped(string root, string name) => s_shipped.Contains(name) && File.Exists(Path.Combine(ShippedFolder(root, name), ModelConfig.FileName));

    /// <summary>A model's folder; one with random weights is made if it is not there.</summary>
    /// <param name="root">The checkout.</param>
    /// <param name="cache">The cache folder.</param>
    /// <param name="name">One of <see cref="Names"/>.</param>
    public static string Folder(string root, string cache, string name) => IsShipped(root, name) ? ShippedFolder(root, name) : Folder(cache, name);

    /// <param name="cache">The cache folder.</param>
    /// <param name="name">One with random weights.</param>
    public static string Folder(string cache, string name = Name)
    {
        if (!s_random.Contains(name)) throw new ArgumentException($"there is no built-in model '{name}'; there are {string.Join(" and ", s_random)}");
        var folder = Path.Combine(cache, name);
        if (!File.Exists(Path.Combine(folder, "model.safetensors"))) Create(folder, isXl: name == VideoXlName);
        return folder;
    }

    private static string ShippedFolder(string root, string name) => Path.Combine(root, "data", "models", name);

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
