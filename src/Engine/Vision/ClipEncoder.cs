using Studio.Engine.Torch;

namespace Studio.Engine.Vision;

/// <param name="Clips">Clips of the micro-batch.</param>
/// <param name="Tower">Time in the tower.</param>
/// <param name="Connector">Time in merging or pooling, and projection.</param>
public readonly record struct EncodeTimes(int Clips, TimeSpan Tower, TimeSpan Connector);

/// <summary>
/// Encodes clips in micro-batches under inference mode: memory depends on the micro-batch, not on the length of the
/// video, and a clip's tokens do not depend on what it shares a batch with.
/// </summary>
/// <param name="tower">Borrowed.</param>
/// <param name="connector">Borrowed.</param>
/// <param name="activationBytes">Bound of the tower's activations at a time, though one clip is always encoded; null takes
/// <see cref="CpuActivationBytes"/> or <see cref="CardActivationBytes"/>.</param>
/// <param name="time">Clock of the reported times.</param>
public sealed class ClipEncoder(
    VisionTower tower, IConnector connector,
    long? activationBytes = null, TimeProvider? time = null)
{
    /// <summary>
    /// One 448-pixel clip of UMT-L in fp32, five of 224 pixels. A clip already keeps a CPU busy; more would only delay
    /// progress and cancellation, which come between micro-batches.
    /// </summary>
    public const long CpuActivationBytes = 128L << 20;

    /// <summary>Four 448-pixel clips of UMT-L in 16 bit: enough rows to fill a card.</summary>
    public const long CardActivationBytes = 1L << 30;

    private readonly long _activationBytes = activationBytes ?? (tower.Device.IsCpu ? CpuActivationBytes : CardActivationBytes);
    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>Clips of so many frames encoded at a time.</summary>
    public int MicroBatch(int frames) => (int)Math.Clamp(_activationBytes / tower.ActivationBytes(frames), 1, int.MaxValue);

    /// <summary>An encoder over the same tower with another bound of activations.</summary>
    /// <param name="bytes">One clip is always encoded, whatever it takes.</param>
    public ClipEncoder WithActivations(long bytes) => new(tower, connector, bytes, time);

    /// <summary>Reads a video's frames as clips, without a copy.</summary>
    /// <param name="frames">[T, 3, H, W], T a multiple of the tower's clip length.</param>
    /// <returns>[T / clip length, clip length, 3, H, W].</returns>
    /// <exception cref="ArgumentException">T is no such multiple.</exception>
    public Tensor ToClips(Tensor frames)
    {
        ArgumentNullException.ThrowIfNull(frames);
        var (count, clip) = (frames.size(0), tower.FramesPerClip);
        return frames.ndim == 4 && count > 0 && count % clip == 0
            ? frames.reshape(count / clip, clip, frames.size(1), frames.size(2), frames.size(3))
            : throw new ArgumentException($"frames of shape [{string.Join(", ", frames.shape)}] do not make clips of "
                + $"{clip} frames; sample a multiple of {clip} frames");
    }

    /// <summary>Encodes video clips that are in memory.</summary>
    /// <param name="clips">[clips, clip length, 3, H, W] in the tower's type on its device.</param>
    /// <param name="onBatch">Called after each micro-batch with its times, e.g. for progress; null skips measuring.</param>
    /// <returns>Tokens of all clips, [clips, tokens of a clip, H]; owned by the current dispose scope.</returns>
    /// <exception cref="ArgumentException">Another shape or type.</exception>
    /// <exception cref="OperationCanceledException">Between two layers of the tower.</exception>
    public VisualTokens Encode(
        Tensor clips, bool recordGroups = false, Action<EncodeTimes>? onBatch = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(clips);
        return EncodeAll(clips, connector.ClipTokens(tower.FramesPerClip), recordGroups, onBatch, cancellation);
    }

    /// <summary>Encodes still images or tiles, [images, 3, H, W], to [images, tokens, H].</summary>
    /// <param name="tokens">Tokens of an image; <see cref="IConnector.ImageTokens"/> by default.</param>
    /// <inheritdoc cref="Encode"/>
    public VisualTokens EncodeImages(
        Tensor images, bool recordGroups = false, Action<EncodeTimes>? onBatch = null, int? tokens = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(images);
        using var scope = torch.NewDisposeScope();
        var encoded = EncodeAll(images.unsqueeze(1), tokens ?? connector.ImageTokens, recordGroups, onBatch, cancellation);
        return MoveToOuter(scope, encoded);
    }

    /// <summary>
    /// Encodes a video as it is decoded: one result per batch of clips from <paramref name="batches"/>, each batch cut
    /// into micro-batches. Each batch is disposed once encoded; each result belongs to whoever takes it.
    /// </summary>
    /// <inheritdoc cref="Encode"/>
    public IEnumerable<VisualTokens> EncodeStream(
        IEnumerable<Tensor> batches, bool recordGroups = false, Action<EncodeTimes>? onBatch = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(batches);
        foreach (var batch in batches)
        {
            VisualTokens tokens;
            using (batch) tokens = Encode(batch, recordGroups, onBatch, cancellation);
            _ = tokens.Tokens.DetachFromDisposeScope();
            _ = tokens.Sizes.DetachFromDisposeScope();
            yield return tokens;
        }
    }

    private VisualTokens EncodeAll(
        Tensor clips, int target, bool recordGroups,
        Action<EncodeTimes>? onBatch, CancellationToken cancellation)
    {
        if (clips.ndim != 5)
        {
            throw new ArgumentException($"clips must be [clips, frames, 3, H, W], not [{string.Join(", ", clips.shape)}]; "
                + $"see {nameof(ToClips)}");
        }

        using var inference = torch.inference_mode();
        using var scope = torch.NewDisposeScope();
        var (count, step) = (clips.size(0), MicroBatch((int)clips.size(1)));
        var parts = new List<VisualTokens>(); // bounded by the clips handed in
        for (long start = 0; start < count; start += step)
        {
            cancellation.ThrowIfCancellationRequested();
            using var part = torch.NewDisposeScope();
            var tokens = EncodeOne(clips.narrow(0, start, Math.Min(step, count - start)), target, recordGroups, onBatch, cancellation);
            parts.Add(MoveToOuter(part, tokens));
        }

        return MoveToOuter(scope, parts.Count == 1 ? parts[0] : Join(parts));
    }

    private VisualTokens EncodeOne(Tensor clips, int target, bool recordGroups, Action<EncodeTimes>? onBatch, CancellationToken cancellation)
    {
        var start = Now(onBatch);
        var features = tower.Forward(clips, cancellation);
        var encoded = Now(onBatch);
        var tokens = connector.Forward(features, target, recordGroups);
        var projected = Now(onBatch);
        onBatch?.Invoke(new((int)clips.size(0), _time.GetElapsedTime(start, encoded), _time.GetElapsedTime(encoded, projected)));
        return tokens;
    }

    /// <summary>A time stamp of the device's work: asking waits for it, so nobody asks without a listener.</summary>
    private long Now(Action<EncodeTimes>? listener)
    {
        if (listener is null) return 0;
        torch.synchronize(tower.Device);
        return _time.GetTimestamp();
    }

    private static VisualTokens Join(List<VisualTokens> parts) => new(
        torch.cat([.. parts.Select(p => p.Tokens)]),
        torch.cat([.. parts.Select(p => p.Sizes)]),
        parts[0].Groups is null ? null : MergeGroups.Join([.. parts.Select(p => p.Groups!)]));

    private static VisualTokens MoveToOuter(DisposeScope scope, VisualTokens tokens)
    {
        _ = scope.MoveToOuter(tokens.Tokens);
        _ = scope.MoveToOuter(tokens.Sizes);
        return tokens;
    }
}
