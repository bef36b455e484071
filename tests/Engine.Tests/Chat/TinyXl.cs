using Studio.Engine.Chat;
using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.Engine.Tokenization;
using Studio.Engine.Torch;
using Studio.Engine.Video;

namespace Studio.Engine.Tests.Chat;

/// <summary>A tiny random Video-XL in the published layout in a temporary folder: made once a test class.</summary>
public sealed class TinyXl : IDisposable
{
    public TinyXl()
    {
        Folder = Path.Combine(Path.GetTempPath(), $"studio-test-{Guid.NewGuid():N}");
        var model = Path.Combine(Folder, "tiny-xl");
        Directory.CreateDirectory(model);
        var tokenizerPath = Path.Combine(model, "tokenizer.json");
        ByteLevelTokenizerWriter.Write(tokenizerPath, []);
        var tokenizer = Tokenizer.Load(tokenizerPath);
        _ = tokenizer.TryGetId("<|endoftext|>", out var bos);
        _ = tokenizer.TryGetId(ChatMl.TurnEnd, out var eos);
        RandomCheckpoint.Create(model, TinyModels.VideoXl(tokenizer.VocabularySize, bos, eos), 1, SafetensorsDtype.F32);
        Model = (VideoXl)VideoModel.Load(model, new LoadSettings());
    }

    public string Folder { get; }

    public VideoXl Model { get; }

    public static MediaEncoder Encoder(SummaryCache? summaries = null) => new(MediaTools.Locate(), new VisualTokenCache(null), summaries);

    public AskSettings Settings(string compress = "vst:8", int frames = 24, int tokens = 6, bool trace = false) => new()
    {
        Sampling = SamplingSettings.Uniform(frames),
        Compression = CompressionSettings.Parse(compress, Model.Config),
        Generation = Model.DefaultGeneration with { MaxNewTokens = tokens, StopIds = [] },
        Trace = trace,
    };

    /// <summary>The sample video and a question in a conversation of their own.</summary>
    public Answer Ask(MediaEncoder encoder, string question, AskSettings settings, CancellationToken ct)
    {
        using var conversation = new Conversation(Model, encoder);
        conversation.Attach(TinyModel.Sample);
        return conversation.Ask(question, settings, null, ct);
    }

    /// <summary>The logits behind a prompt about the sample video, and every row of the cache, bit by bit.</summary>
    public (float[] Logits, float[] Rows, int Reused, List<string> Warnings) Read(MediaEncoder encoder, string question, AskSettings settings, CancellationToken ct)
    {
        var costs = new CostLedger(TimeProvider.System);
        using var media = encoder.Open(Model, TinyModel.Sample, settings.Sampling, asFrame: false, costs, null, ct);
        var prompt = ConversationPrompt.Build(Model, [new([TinyModel.Sample], question, "")], [media], ChatMl.DefaultSystem);
        using var state = Model.NewSequence(CompressionSettings.Resolve(settings.Compression, Model.Config));
        using var scope = torch.NewDisposeScope();
        var warnings = new List<string>();
        Model.Restore(state, prompt, encoder, costs, warnings.Add);
        var logits = Model.Prefill(state, prompt, null, ct).ToArray<float>();
        Model.Keep(state, encoder, costs);
        var rows = Enumerable.Range(0, state.Cache.Layers)
            .SelectMany(l => new[] { state.Cache.Keys(l), state.Cache.Values(l) }.SelectMany(t => t.narrow(1, 0, state.Cache.Length(l)).contiguous().ToArray<float>()));
        return (logits, [.. rows], state.ReusedRows, warnings);
    }

    public void Dispose()
    {
        Model.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
