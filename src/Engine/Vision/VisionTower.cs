using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;

namespace Studio.Engine.Vision;

/// <summary>
/// Turns clips of frames into patch features. A clip of one frame is a still image and gets the image position table.
/// Works under autograd; in-place operators are used only while no gradients are recorded.
/// </summary>
public abstract class VisionTower : IDisposable
{
    private readonly TowerWeights _weights;

    private protected VisionTower(VisionConfig config, TowerWeights weights)
    {
        (Config, _weights) = (config, weights);
        Width = config.HiddenSize;
        FramesPerClip = config.FramesPerClip;
        GridHeight = GridWidth = config.GridSide;
    }

    public VisionConfig Config { get; }

    /// <summary>Rows of patches in a frame.</summary>
    public int GridHeight { get; }

    /// <summary>Columns of patches in a frame.</summary>
    public int GridWidth { get; }

    public int PatchesPerFrame => GridHeight * GridWidth;

    /// <summary>Channels of a patch feature.</summary>
    public int Width { get; }

    /// <summary>Frames of a video clip, which attend to each other.</summary>
    public int FramesPerClip { get; }

    /// <summary>The type of pixels, weights and features.</summary>
    public ScalarType ComputeType => _weights.Dtype;

    public Device Device => _weights.Device;

    /// <summary>Loads the tower that a configuration names; blocks beyond the selected layer are never read.</summary>
    /// <param name="weights">Must outlive the tower: tensors of the right type and device are borrowed, not copied.</param>
    /// <exception cref="KeyNotFoundException">The checkpoint lacks a tensor.</exception>
    /// <exception cref="InvalidDataException">A tensor's shape contradicts the configuration.</exception>
    /// <exception cref="ArgumentException">The configuration itself is contradictory.</exception>
    public static VisionTower Load(VisionConfig config, Weights weights, Device device, ScalarType computeType)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(weights);
        CheckConfig(config, computeType);
        return config.Kind switch
        {
            VisionTowerKind.UmtLarge => new UmtTower(config, weights, device, computeType),
            VisionTowerKind.InternVideo2 => new InternVideo2Tower(config, weights, device, computeType),
            VisionTowerKind.Clip => new ClipTower(config, weights, device, computeType),
            _ => throw new ArgumentException($"{config.TowerName}: {config.Kind} is no kind of tower"),
        };
    }

    /// <summary>Encodes clips, each by itself.</summary>
    /// <param name="pixels">[clips, frames, 3, H, W] normalised, on the tower's device in its compute type; frames is
    /// <see cref="FramesPerClip"/>, or 1 for still images.</param>
    /// <returns>[clips, frames * <see cref="PatchesPerFrame"/>, <see cref="Width"/>], in order of time, row, column.</returns>
    /// <exception cref="ArgumentException">Another shape or type.</exception>
    /// <exception cref="OperationCanceledException">Between two layers: a clip of a large tower takes a processor many seconds.</exception>
    public Tensor Forward(Tensor pixels, CancellationToken cancellation = default)
    {
        CheckPixels(pixels);
        return Encode(pixels, cancellation);
    }

    /// <summary>The same for this tower, whose device and type are known.</summary>
    /// <inheritdoc cref="EstimateActivationBytes"/>
    public long ActivationBytes(int frames) => EstimateActivationBytes(Config, frames, Device, ComputeType);

    /// <summary>
    /// Estimate of the memory that one clip of so many frames takes in <see cref="Forward"/> without gradients: the largest
    /// of three moments: unfolded patches and their embedding; attention (residual, norm, q, k, v and results); the MLP
    /// (residual, norm, hidden layer, result). The native CPU kernels work in place and without scores; composed operators
    /// hold second copies and a block of scores, and CLIP's activation a second hidden layer.
    /// </summary>
    public static long EstimateActivationBytes(VisionConfig config, int frames, Device device, ScalarType computeType)
    {
        ArgumentNullException.ThrowIfNull(config);
        var tokens = ((long)frames * config.TokensPerFrame) + 1;
        var composed = !device.IsCpu || computeType != ScalarType.Float32;
        var item = computeType.ItemSize();
        var patches = (3L * config.PatchSize * config.PatchSize) + (2L * config.HiddenSize);
        var mlp = (3L * config.HiddenSize) + ((composed || config.Kind == VisionTowerKind.Clip ? 2L : 1) * config.MlpHiddenSize);
        var attention = (composed ? 9L : 7) * config.HiddenSize;
        var scores = composed ? 2L * config.Heads * Math.Min(tokens, Layers.Attention.QueryBlock) * tokens * sizeof(float) : 0;
        return Math.Max(Math.Max(patches, mlp) * tokens * item, (attention * tokens * item) + scores);
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        if (disposing) _weights.Dispose();
    }

    private protected abstract Tensor Encode(Tensor pixels, CancellationToken cancellation);

    private static void CheckConfig(VisionConfig config, ScalarType computeType)
    {
        if (!computeType.IsFloatingPoint())
        {
            throw new ArgumentException($"a tower cannot compute in {computeType.ShortName()}; use fp32, bf16 or fp16");
        }

        if (config.HiddenSize % config.Heads != 0)
        {
            throw new ArgumentException($"{config.TowerName}: {config.HiddenSize} channels do not divide into "
                + $"{config.Heads} heads");
        }

        if (config.ImageSize % config.PatchSize != 0)
        {
            throw new ArgumentException($"{config.TowerName}: an image side of {config.ImageSize} is not a multiple of "
                + $"the patch side {config.PatchSize}");
        }

        if (config.Kind == VisionTowerKind.Clip && config.FramesPerClip != 1)
        {
            throw new ArgumentException($"{config.TowerName}: clips of {config.FramesPerClip} frames; CLIP encodes frames one by one");
        }

        if (config.FramesPerClip < 1)
        {
            throw new ArgumentException($"{config.TowerName}: a clip of {config.FramesPerClip} frames; "
                + "mm_local_num_frames must be 1 or more");
        }

        if (config.BuiltLayers < 1 || config.BuiltLayers > config.DeclaredLayers)
        {
            throw new ArgumentException($"{config.TowerName}: select layer {config.SelectLayer} of "
                + $"{config.DeclaredLayers} layers; it counts from the end, -1 being the last");
        }
    }

    private protected void CheckPixels(Tensor pixels)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        var shape = pixels.shape;
        if (shape.Length != 5 || shape[0] < 1 || shape[2] != 3 || shape[3] != Config.ImageSize || shape[4] != Config.ImageSize)
        {
            throw new ArgumentException($"{Config.TowerName} takes pixels [clips, frames, 3, {Config.ImageSize}, "
                + $"{Config.ImageSize}], not [{string.Join(", ", shape)}]; "
                + $"resize frames to {Config.ImageSize} x {Config.ImageSize} first");
        }

        if (shape[1] != 1 && shape[1] != FramesPerClip)
        {
            throw new ArgumentException($"{Config.TowerName} takes clips of {FramesPerClip} frames or single images, not "
                + $"of {shape[1]} frames; cut the video into clips");
        }

        if (pixels.dtype != ComputeType || pixels.device != Device)
        {
            throw new ArgumentException($"pixels are {pixels.dtype.ShortName()} on {pixels.device}, the tower computes in "
                + $"{ComputeType.ShortName()} on {Device}; convert them with to()");
        }
    }
}
