using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;
using Studio.Engine.Video;
using Studio.Engine.Vision;

namespace Studio.Engine.Chat;

/// <summary>
/// From decoded frames to visual tokens, micro-batch by micro-batch, each written where it belongs: memory is the tokens and
/// one micro-batch, whatever the length of the video.
/// </summary>
/// <param name="encoder">One with another bound of memory; the model's own by default.</param>
internal sealed class FrameEncoder(VideoModel model, CostLedger costs, ClipEncoder? encoder = null)
{
    private readonly ClipEncoder _encoder = encoder ?? model.Encoder;

    private VisionConfig Vision => model.Config.Vision;

    /// <summary>Visual tokens of a clip, its separator included.</summary>
    public int TokensPerClip => TokensPerClipOf(model);

    public static int TokensPerClipOf(VideoModel model) =>
        model.Connector.ClipTokens(model.Config.Vision.FramesPerClip) + (model.Config.Connector.NewlinePosition == NewlinePosition.Frame ? 1 : 0);

    /// <summary>All frames of a video.</summary>
    /// <param name="frames">In order; each is disposed here.</param>
    /// <returns>Visual tokens as rows [n, hidden], and where each patch went.</returns>
    /// <exception cref="ArgumentException">The frames do not make whole clips.</exception>
    public (Tensor Tokens, byte[] Owners) EncodeAll(IEnumerable<VideoFrame> frames, int count, Action<int>? onFrames, CancellationToken ct)
    {
        if (count == 0 || count % Vision.FramesPerClip != 0) throw new ArgumentException($"{count} frames do not make clips of {Vision.FramesPerClip}; sample a multiple of {Vision.FramesPerClip} frames");
        var tokens = torch.empty([(long)count / Vision.FramesPerClip * TokensPerClip, model.Connector.Width], model.Dtype, model.Device).DetachFromDisposeScope();
        var owners = new byte[checked(count * model.Tower.PatchesPerFrame)];
        try
        {
            using var source = frames.GetEnumerator();
            Encode(source, count, tokens, owners, onFrames, ct);
            return (tokens, owners);
        }
        catch
        {
            tokens.Dispose();
            throw;
        }
    }

    /// <summary>The next frames of a video that somebody reads piece by piece.</summary>
    /// <param name="count">Whole clips.</param>
    /// <param name="destination">[count / clip length · tokens per clip, hidden].</param>
    /// <param name="owners">A byte a patch, or empty where nobody asks.</param>
    /// <param name="onFrames">Called with the frames done of these.</param>
    public void Encode(IEnumerator<VideoFrame> source, int count, Tensor destination, Span<byte> owners, Action<int>? onFrames, CancellationToken ct)
    {
        var (clipFrames, clips) = (Vision.FramesPerClip, count / Vision.FramesPerClip);
        var batch = Math.Min(_encoder.MicroBatch(clipFrames), clips);
        using var pixels = torch.empty([batch, clipFrames, 3, Vision.ImageSize, Vision.ImageSize]).DetachFromDisposeScope();
        for (var done = 0; done < clips;)
        {
            ct.ThrowIfCancellationRequested();
            var now = Math.Min(batch, clips - done);
            Fill(source, pixels, now * clipFrames, count, done * clipFrames);
            var share = owners.IsEmpty ? owners : owners.Slice(done * clipFrames * model.Tower.PatchesPerFrame, now * clipFrames * model.Tower.PatchesPerFrame);
            using var rows = destination.narrow(0, (long)done * TokensPerClip, (long)now * TokensPerClip).DetachFromDisposeScope();
            EncodeBatch(pixels, now, rows, share, ct);
            done += now;
            onFrames?.Invoke(done * clipFrames);
        }
    }

    /// <summary>The class tokens of a video's frames, [count, width] in fp32 on the CPU: what content-aware windows compare.</summary>
    public Tensor ClassTokens(IEnumerable<VideoFrame> frames, int count, Action<int>? onFrames, CancellationToken ct)
    {
        var tower = model.Tower as ClipTower ?? throw new NotSupportedException($"{Vision.TowerName} has no class token for a frame; only CLIP towers have");
        var tokens = torch.empty([count, tower.Width]).DetachFromDisposeScope();
        try
        {
            using var source = frames.GetEnumerator();
            var batch = Math.Min(_encoder.MicroBatch(1), count);
            using var pixels = torch.empty([batch, 1, 3, Vision.ImageSize, Vision.ImageSize]).DetachFromDisposeScope();
            for (var done = 0; done < count;)
            {
                ct.ThrowIfCancellationRequested();
                var now = Math.Min(batch, count - done);
                Fill(source, pixels, now, count, done);
                using var mode = torch.inference_mode();
                using var scope = torch.NewDisposeScope();
                var start = costs.Now();
                var seen = tower.ClassTokens(pixels.narrow(0, 0, now).to(model.Device, model.Dtype), ct);
                _ = tokens.narrow(0, done, now).copy_(seen);
                costs.Add("tower", costs.Since(start), now, 0, now * StageFlops.Tower(Vision, 1));
                done += now;
                onFrames?.Invoke(done);
            }

            return tokens;
        }
        catch
        {
            tokens.Dispose();
            throw;
        }
    }

    private void Fill(IEnumerator<VideoFrame> source, Tensor pixels, int want, int promised, int had)
    {
        var start = costs.Now();
        var size = 3 * Vision.ImageSize * Vision.ImageSize;
        for (var filled = 0; filled < want; filled++)
        {
            if (!source.MoveNext()) throw new InvalidOperationException($"{promised} frames were promised, {had + filled} came");
            using var frame = source.Current;
            model.WritePixels(frame, pixels.data<float>().Slice(filled * size, size));
        }

        costs.Add("frames", costs.Since(start), want, (long)want * size);
    }

    private void EncodeBatch(Tensor pixels, int clips, Tensor destination, Span<byte> owners, CancellationToken ct)
    {
        using var mode = torch.inference_mode();
        using var scope = torch.NewDisposeScope();
        var encoded = _encoder.Encode(pixels.narrow(0, 0, clips).to(model.Device, model.Dtype), recordGroups: !owners.IsEmpty, t => Count(t, Vision.FramesPerClip), ct);
        var rows = VisualOrder.VideoRows(encoded.Tokens, model.Config.Connector.NewlinePosition, model.Weights.TryGet(TensorLayout.FrameNewline)?.to(model.Device, model.Dtype));
        _ = destination.copy_(rows);
        if (encoded.Groups is not { } groups) return;
        for (var clip = 0; clip < clips; clip++)
        {
            for (var patch = 0; patch < groups.Patches; patch++) owners[(clip * groups.Patches) + patch] = (byte)groups.TokenOf(clip, patch);
        }
    }

    /// <summary>Adds the times of one micro-batch to the ledger.</summary>
    public void Count(EncodeTimes times, int framesPerClip)
    {
        costs.Add("tower", times.Tower, times.Clips, 0, times.Clips * StageFlops.Tower(Vision, framesPerClip));
        costs.Add("connector", times.Connector, times.Clips);
    }
}
