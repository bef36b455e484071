namespace Studio.Engine.Checkpoints;

/// <summary>Which of the two systems a checkpoint is for: how frames become visual tokens and how the decoder reads them.</summary>
public enum ModelSystem
{
    /// <summary>Clips merged to few tokens, dropped layer by layer in the decoder.</summary>
    VideoChatFlash,

    /// <summary>Frames pooled 2 × 2, read window by window, of which only visual summary tokens stay.</summary>
    VideoXl,
}

/// <summary>
/// Everything config.json says about a model, checked (videochat-flash.md sections 1.2 and 1.3, video-xl.md section 1.2).
/// </summary>
public sealed record ModelConfig
{
    /// <summary>Name of the file inside a model folder.</summary>
    public const string FileName = "config.json";

    /// <summary><c>model_type</c> of VideoChat-Flash.</summary>
    public const string VideoChatFlashType = "videochat_flash_qwen";

    /// <summary><c>model_type</c> of Video-XL, which other models share: <c>enable_beacon</c> tells it from them.</summary>
    public const string VideoXlType = "llava_qwen";

    /// <summary><c>model_type</c>.</summary>
    public string ModelType { get; init; } = VideoChatFlashType;

    public ModelSystem System => ModelType == VideoXlType ? ModelSystem.VideoXl : ModelSystem.VideoChatFlash;

    /// <summary>The decoder.</summary>
    public required LanguageConfig Language { get; init; }

    /// <summary>The vision tower.</summary>
    public required VisionConfig Vision { get; init; }

    /// <summary>The connector.</summary>
    public ConnectorConfig Connector { get; init; } = new();

    /// <summary>Visual summary tokens of Video-XL; null for VideoChat-Flash.</summary>
    public VstConfig? Vst { get; init; }

    /// <summary>Stored visual dropout settings of VideoChat-Flash.</summary>
    public CompressionDefaults Compression { get; init; } = new();

    /// <summary><c>image_aspect_ratio</c>.</summary>
    public string ImageAspectRatio { get; init; } = "anyres_nopad";

    /// <summary><c>image_grid_pinpoints</c> as JSON text (a list of [w, h] pixel pairs, or a string); null when absent.</summary>
    public string? ImageGridPinpoints { get; init; }

    /// <summary><c>tokenizer_model_max_length</c> in tokens; null where the checkpoint sets none.</summary>
    public int? TokenizerModelMaxLength { get; init; }

    /// <summary><c>torch_dtype</c>: the type the weights were saved in.</summary>
    public SafetensorsDtype TorchDtype { get; init; } = SafetensorsDtype.BF16;

    /// <summary>Reads and checks config.json of a model folder.</summary>
    /// <exception cref="CheckpointException">
    /// The file is missing or malformed, a value is out of range, sizes contradict each other, or model type, tower,
    /// projector or a multimodal setting is not one the engine supports (the message lists those).
    /// </exception>
    public static ModelConfig Load(string folder)
    {
        string path = Path.Combine(Path.GetFullPath(folder), FileName);
        return File.Exists(path)
            ? JsonFields.Read(path, ModelConfigReader.Read)
            : throw new CheckpointException(new CheckpointProblem(path, "file", "the model's config.json", "no such file",
                "Point to the folder that holds config.json and the weights."));
    }

    /// <summary>The published config.json layout; keys in ordinal order, so equal configurations give equal text.</summary>
    public string ToJson() => ModelConfigWriter.Write(this);

    /// <summary>Writes config.json into a folder, atomically.</summary>
    public void Save(string folder) => AtomicFile.WriteAllText(Path.Combine(folder, FileName), ToJson());
}
