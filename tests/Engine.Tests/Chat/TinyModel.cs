using Studio.Engine.Chat;
using Studio.Engine.Checkpoints;
using Studio.Engine.Tokenization;
using Studio.Engine.Video;

namespace Studio.Engine.Tests.Chat;

/// <summary>A tiny random model in the published layout in a temporary folder, and the sample video: made once a test run.</summary>
public sealed class TinyModel : IDisposable
{
    public TinyModel()
    {
        Folder = Path.Combine(Path.GetTempPath(), $"studio-test-{Guid.NewGuid():N}");
        ModelFolder = Path.Combine(Folder, "tiny");
        Directory.CreateDirectory(ModelFolder);
        var tokenizerPath = Path.Combine(ModelFolder, "tokenizer.json");
        ByteLevelTokenizerWriter.Write(tokenizerPath, []);
        var tokenizer = Tokenizer.Load(tokenizerPath);
        _ = tokenizer.TryGetId("<|endoftext|>", out var bos);
        _ = tokenizer.TryGetId(ChatMl.TurnEnd, out var eos);
        RandomCheckpoint.Create(ModelFolder, TinyModels.VideoChatFlash(tokenizer.VocabularySize, bos, eos), 1, SafetensorsDtype.F32);
        Model = (VideoChatFlash)VideoModel.Load(ModelFolder, new LoadSettings());
    }

    public string Folder { get; }

    public string ModelFolder { get; }

    public VideoChatFlash Model { get; }

    public static string Sample => Path.Combine(AppContext.BaseDirectory, "samples", "shapes.mp4");

    /// <summary>Without a disk cache unless a folder is given.</summary>
    public static MediaEncoder Encoder(string? cacheFolder = null) => new(MediaTools.Locate(), new VisualTokenCache(cacheFolder));

    public Conversation NewConversation(MediaEncoder? encoder = null) => new(Model, encoder ?? Encoder());

    public AskSettings Settings(string compress = "off", int frames = 8, int tokens = 6, bool trace = false) => new()
    {
        Sampling = SamplingSettings.Uniform(frames),
        Compression = Engine.Compression.VisualDropout.Parse(compress, Model.Config.Language.Layers),
        Generation = Model.DefaultGeneration with { MaxNewTokens = tokens, StopIds = [] },
        Trace = trace,
    };

    public void Dispose()
    {
        Model.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
