using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.Engine.Language;
using Studio.Engine.Tokenization;
using Studio.Engine.Torch;
using Studio.Engine.Video;
using Studio.Engine.Vision;

namespace Studio.Engine.Chat;

/// <summary>
/// A loaded model of either system: tower, connector, decoder, tokenizer. Holds weights and nothing of any conversation, so
/// that conversations cannot influence each other. One thread at a time.
/// </summary>
public abstract class VideoModel : IDisposable
{
    private readonly Weights _weights;

    private protected VideoModel(ModelParts parts)
    {
        (Name, Config, Generation, Tokenizer, _weights, VisionFingerprint, Fingerprint) =
            (parts.Name, parts.Config, parts.Generation, parts.Tokenizer, parts.Weights, parts.VisionFingerprint, parts.Fingerprint);
        (Device, Dtype) = (parts.Settings.Device, parts.Settings.Dtype);
        Tower = VisionTower.Load(Config.Vision, _weights, Device, Dtype);
        try
        {
            Connector = Connectors.Load(Config, _weights, Device, Dtype);
        }
        catch
        {
            Tower.Dispose();
            throw;
        }

        Encoder = new(Tower, Connector, time: parts.Time);
    }

    /// <summary>For people and provenance: a folder's name or a geometry's.</summary>
    public string Name { get; }

    public ModelConfig Config { get; }

    public GenerationConfig Generation { get; }

    public Tokenizer Tokenizer { get; }

    public Device Device { get; }

    public ScalarType Dtype { get; }

    public ClipEncoder Encoder { get; }

    /// <summary>Changes with any weight that turns pixels into visual tokens.</summary>
    public string VisionFingerprint { get; }

    /// <summary>Changes with the weights of the whole model.</summary>
    public string Fingerprint { get; }

    /// <summary>Bytes of all weights as stored.</summary>
    public long WeightBytes => _weights.Bytes;

    /// <summary>What a reader of any of its answers should know, such as weights that had to be made up.</summary>
    public IReadOnlyList<string> Warnings => _weights.Warnings;

    /// <summary>Patches along the sides of a frame.</summary>
    public (int Height, int Width) Grid => (Tower.GridHeight, Tower.GridWidth);

    /// <summary>The compression that applies where nobody chooses.</summary>
    public CompressionSettings DefaultCompression => CompressionSettings.DefaultOf(Config);

    /// <summary>Greedy, with the checkpoint's own penalty and stop tokens.</summary>
    public GenerationSettings DefaultGeneration => GenerationSettings.From(Generation, Config.Language);

    internal Weights Weights => _weights;

    internal VisionTower Tower { get; }

    internal IConnector Connector { get; }

    /// <summary>Loads a folder in one of the published layouts; its config.json says which system it is.</summary>
    /// <exception cref="CheckpointException">The folder is not a complete, consistent checkpoint; all problems are listed.</exception>
    public static VideoModel Load(string folder, LoadSettings settings, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        using var checkpoint = Checkpoint.Open(folder);
        var tokenizer = Tokenizer.Load(Path.Combine(folder, "tokenizer.json"));
        var weights = WeightLoading.Load(checkpoint, settings.Device, settings.Dtype);
        try
        {
            var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
            return Make(new(
                name, checkpoint.Config, checkpoint.Generation, tokenizer, weights, WeightLoading.VisionFingerprint(checkpoint), WeightLoading.Fingerprint(checkpoint),
                settings, time ?? TimeProvider.System));
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>A model over weights that are in memory already; takes them over.</summary>
    /// <param name="fingerprint">Changes with the weights.</param>
    public static VideoModel FromWeights(string name, ModelConfig config, GenerationConfig generation, Tokenizer tokenizer, Weights weights, string fingerprint, LoadSettings settings, TimeProvider? time = null) =>
        Make(new(name, config, generation, tokenizer, weights, fingerprint, fingerprint, settings, time ?? TimeProvider.System));

    private static VideoModel Make(ModelParts parts)
    {
        ArgumentNullException.ThrowIfNull(parts.Config);
        return parts.Config.System == ModelSystem.VideoXl ? new VideoXl(parts) : new VideoChatFlash(parts);
    }

    /// <summary>Settings as this model reads frames: its own rule and clip length, whatever they say.</summary>
    public SamplingSettings Sampling(SamplingSettings settings) => SamplingOf(settings, Config);

    /// <inheritdoc cref="Sampling"/>
    public static SamplingSettings SamplingOf(SamplingSettings settings, ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(config);
        return settings with
        {
            Rule = config.System == ModelSystem.VideoXl ? SamplingRule.VideoXl : SamplingRule.VideoChatFlash,
            ClipLength = config.Vision.FramesPerClip,
        };
    }

    /// <summary>A frame as the tower takes it: brought to its side, normalised, [3, side, side].</summary>
    internal abstract void WritePixels(VideoFrame frame, Span<float> destination);

    /// <summary>Encodes a still image; as several tiles, or, among several images, as one frame.</summary>
    internal abstract EncodedImage EncodeImage(RgbImage image, bool asFrame, CostLedger costs, CancellationToken ct);

    /// <summary>Whether several images of one turn are read as frames of one sequence.</summary>
    internal virtual bool JoinsImages => false;

    /// <summary>The visual tokens of a video, made now or while they are read.</summary>
    internal abstract PromptMedia Open(VideoSource source, CostLedger costs, Action<int, int>? onFrames, CancellationToken ct);

    internal abstract DecoderSequence NewSequence(CompressionSettings settings);

    /// <summary>Takes up what was computed for the beginning of a prompt before, by whomever; otherwise does nothing.</summary>
    /// <param name="warn">Called with what a reader of the answer should know.</param>
    internal virtual void Restore(DecoderSequence state, Prompt prompt, MediaEncoder encoder, CostLedger costs, Action<string> warn) { }

    /// <summary>Keeps what other conversations can begin with; otherwise does nothing.</summary>
    internal virtual void Keep(DecoderSequence state, MediaEncoder encoder, CostLedger costs) { }

    internal abstract Tensor Prefill(DecoderSequence state, Prompt prompt, ITraceRecorder? recorder, CancellationToken ct);

    internal abstract Span<float> DecodeRow(DecoderSequence state, int id);

    internal abstract ITraceRecorder NewRecorder(Prompt prompt, IReadOnlyList<TracedMedia> media);

    /// <summary>Operations of the last prefill.</summary>
    internal abstract double PrefillFlops(DecoderSequence state);

    /// <summary>Visual tokens as they become fewer on the way through the decoder, all of them first.</summary>
    internal abstract IReadOnlyList<int> StageTokens(DecoderSequence state, Prompt prompt);

    /// <summary>Rotary positions that a prompt took.</summary>
    internal virtual int PositionsUsed(DecoderSequence state, Prompt prompt) => prompt.Length;

    /// <summary>What a reader of this answer should know about its compression.</summary>
    internal virtual IEnumerable<string> CompressionWarnings(DecoderSequence state) => [];

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        if (!disposing) return;
        Connector.Dispose();
        Tower.Dispose();
        _weights.Dispose();
    }
}

/// <summary>What a model is made of.</summary>
internal sealed record ModelParts(
    string Name, ModelConfig Config, GenerationConfig Generation, Tokenizer Tokenizer, Weights Weights, string VisionFingerprint, string Fingerprint, LoadSettings Settings, TimeProvider Time);

/// <summary>The visual tokens of a still image.</summary>
/// <param name="Tokens">[n, hidden], detached; the caller's.</param>
/// <param name="TokensPerView">Tokens of each view, where they stand view by view; else all.</param>
/// <param name="Columns">Tiles from left to right; null where the image is one frame.</param>
/// <param name="Rows">Tiles from top to bottom.</param>
/// <param name="Owners">As <see cref="EncodedMedia.Owners"/>.</param>
internal readonly record struct EncodedImage(Tensor Tokens, int TokensPerView, int? Columns, int? Rows, byte[]? Owners);
