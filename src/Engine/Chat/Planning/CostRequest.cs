using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.Engine.Torch;
using Studio.Engine.Video;
using Studio.Engine.Vision;

namespace Studio.Engine.Chat.Planning;

/// <summary>One video or image of a prompt; each is a span of visual tokens of its own.</summary>
/// <param name="IsVideo">A video of sampled frames, or a still image cut into crops.</param>
/// <param name="Frames">Frames of a video (after sampling), or crops of an image: the global view and the tiles.</param>
public sealed record VisualInput(bool IsVideo, int Frames)
{
    public static VisualInput Video(int frames) => new(true, frames);

    public static VisualInput Image(int crops = 1) => new(false, crops);

    /// <summary>A still image as a model cuts it: the tiles of the best grid, and the whole view where the model encodes it.</summary>
    public static VisualInput Image(PictureSize size, ModelConfig model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var side = model.Vision.ImageSize;
        var isXl = model.System == ModelSystem.VideoXl;
        var grids = model.ImageGridPinpoints ?? (isXl ? PublishedGeometries.TilePinpoints(side, mostTiles: 49) : "(1x1),...,(6x6)");
        var best = AnyResTiling.SelectBestResolution(size, AnyResTiling.ParsePinpoints(grids, side));
        return Image((best.Width / side * (best.Height / side)) + (!isXl || TileOrder.TakesWholePicture(model.Connector.TileMerge) ? 1 : 0));
    }
}

/// <summary>What a question will cost is a function of this, and of nothing else.</summary>
public sealed record CostRequest
{
    /// <summary>The system turn and the beginning of the user's, in Qwen2's tokens (video-xl.md 4.1).</summary>
    public const int PublishedTextBefore = 14;

    public required ModelConfig Model { get; init; }

    /// <summary>Videos and images in prompt order; empty for text alone.</summary>
    public IReadOnlyList<VisualInput> Visuals { get; init; } = [];

    /// <summary>P: all text tokens of the prompt, the template's included; at least 1.</summary>
    public required int TextTokens { get; init; }

    /// <summary>Of the text, what stands before the first video; the published template's where it is not known.</summary>
    public int TextBefore { get; init; } = PublishedTextBefore;

    /// <summary>Tokens to generate. The first one comes from the prompt's own logits, so decoding runs one time less.</summary>
    public int NewTokens { get; init; } = 256;

    public CompressionSettings Compression { get; init; } = CompressionSettings.Off;

    public Device Device { get; init; } = Device.CPU;

    /// <summary>Type of activations and of the key/value cache.</summary>
    public ScalarType ComputeType { get; init; } = ScalarType.Float32;

    /// <summary>Type of the weights in the checkpoint; null takes the configuration's <c>torch_dtype</c>.</summary>
    public ScalarType? StoredType { get; init; }

    /// <summary>
    /// Whether the checkpoint stores <c>lm_head.weight</c> beside the embedding. Null goes by the configuration, which only
    /// promises it when tying is not asked for (spec section 1.5: one published file stores it all the same).
    /// </summary>
    public bool? SeparateHead { get; init; }

    /// <summary>Bytes of tower activations that the clip encoder allows itself, null for its default on the device; at least one clip is always encoded.</summary>
    public long? TowerActivationBytes { get; init; }

    /// <summary>Bytes of visual tokens of one video up to which Video-XL keeps all of them (<c>MediaEncoder.KeepTokensUpTo</c>).</summary>
    public long KeepTokensUpTo { get; init; } = MediaEncoder.DefaultKeepTokensUpTo;

    /// <summary>Whether the hidden states that a second question starts from are kept (<c>SequenceState.RetainForReuse</c>).</summary>
    public bool RetainForReuse { get; init; } = true;

    /// <summary>Cache rows kept free per layer (<c>SequenceState.ReserveAhead</c>).</summary>
    public int ReserveAhead { get; init; } = 64;

    /// <summary>
    /// Whether a product first converts a weight whose stored type is not the compute type (composed operators), or reads the
    /// stored weight itself (own kernels). Decides time and memory of prefill and decoding.
    /// </summary>
    public bool ConvertsWeights { get; init; }

    internal long ActivationBytes => TowerActivationBytes ?? (Device.IsCpu ? ClipEncoder.CpuActivationBytes : ClipEncoder.CardActivationBytes);

    /// <summary>Whether the CPU's own kernels run (<c>CpuPath</c>): attention then holds no scores, and activations work in place.</summary>
    internal bool UsesKernels => Device.IsCpu && ComputeType == ScalarType.Float32;

    /// <summary>The schedule of VideoChat-Flash.</summary>
    internal VisualDropout Dropout => VisualDropout.Of(Compression, Model.Language.Layers);

    internal ScalarType Stored => StoredType ?? Model.TorchDtype switch
    {
        SafetensorsDtype.F64 => ScalarType.Float64,
        SafetensorsDtype.F32 => ScalarType.Float32,
        SafetensorsDtype.F16 => ScalarType.Float16,
        _ => ScalarType.BFloat16,
    };

    /// <exception cref="ArgumentException">A count is out of range, frames do not make whole clips, or the schedule does not fit.</exception>
    internal void Validate()
    {
        if (TextTokens < 1) throw new ArgumentException($"{TextTokens} text tokens: a prompt has at least one, the template's");
        if (TextBefore < 0) throw new ArgumentException($"{TextBefore} text tokens before the first video: give 0 or more");
        if (NewTokens < 0) throw new ArgumentException($"{NewTokens} new tokens: give 0 or more");
        if (ReserveAhead < 0) throw new ArgumentException($"{ReserveAhead} reserved rows: give 0 or more");
        if (TowerActivationBytes < 1) throw new ArgumentException($"{TowerActivationBytes} bytes of tower activations: give 1 or more");
        if (KeepTokensUpTo < 0) throw new ArgumentException($"{KeepTokensUpTo} bytes of kept visual tokens: give 0 or more");
        if (!ComputeType.IsFloatingPoint()) throw new ArgumentException($"cannot compute in {ComputeType.ShortName()}; use fp32, bf16 or fp16");
        foreach (var visual in Visuals)
        {
            if (visual.Frames < 1) throw new ArgumentException($"{(visual.IsVideo ? "a video" : "an image")} of {visual.Frames} {(visual.IsVideo ? "frames" : "crops")}: give 1 or more");
            if (visual.IsVideo && visual.Frames % Model.Vision.FramesPerClip != 0)
            {
                throw new ArgumentException($"{visual.Frames} frames do not make clips of {Model.Vision.FramesPerClip}: sample a multiple of {Model.Vision.FramesPerClip}");
            }
        }

        _ = CompressionSettings.Resolve(Compression, Model);
    }
}
