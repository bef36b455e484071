using Studio.Engine.Video;

namespace Studio.Engine.World;

/// <summary>
/// Frames of scripts for towers, without files: the same sampling rules as for videos on disk, the same frame type, and at most as many frames in
/// memory as the consumer holds. One object serves one thread.
/// </summary>
public sealed class WorldFrames
{
    private readonly WorldRenderer _renderer;
    private readonly FramePool _pool;

    /// <exception cref="ArgumentOutOfRangeException">A side is out of <see cref="WorldRenderer"/>'s range.</exception>
    public WorldFrames(int width, int height)
    {
        _renderer = new WorldRenderer(width, height);
        _pool = new FramePool(_renderer.FrameBytes);
    }

    public int Width => _renderer.Width;

    public int Height => _renderer.Height;

    /// <summary>Buffers ever created; one is enough for a consumer that disposes each frame before the next.</summary>
    internal int BuffersAllocated => _pool.Allocated;

    /// <summary>What a probe of the script's video file would say; for <see cref="FrameSampling.Select"/>.</summary>
    public VideoInfo InfoOf(WorldScript script)
    {
        ArgumentNullException.ThrowIfNull(script);
        return new VideoInfo
        {
            Path = $"world:{script.Split}/{script.Seed}",
            FileSize = 0,
            Container = "world",
            Codec = "none",
            PixelFormat = "rgb24",
            Duration = (double)script.FrameCount / script.Fps,
            AverageFrameRate = script.Fps,
            FrameCount = script.FrameCount,
            FrameCountSource = FrameCountSource.Packets,
            Width = Width,
            Height = Height,
            Rotation = 0,
            SampleAspectRatio = 1,
            HasAudio = false,
            IsVariableFrameRate = false,
            IsStillImage = false,
        };
    }

    /// <summary>The frames that a sampling rule chooses.</summary>
    /// <exception cref="ArgumentException">The settings do not fit the video.</exception>
    public FrameSelection Select(WorldScript script, SamplingSettings settings) => FrameSampling.Select(InfoOf(script), settings);

    /// <summary>Yields the chosen frames in order, as <see cref="FrameReader"/> does for files; the caller disposes each.</summary>
    public IEnumerable<VideoFrame> Read(WorldScript script, FrameSelection selection)
    {
        ArgumentNullException.ThrowIfNull(script);
        ArgumentNullException.ThrowIfNull(selection);
        for (int i = 0; i < selection.Count; i++)
        {
            FrameBuffer buffer = _pool.Rent();
            _renderer.Draw(script, checked((int)selection.Indices[i]), buffer.Bytes.Span);
            var frame = new VideoFrame(i, selection.Indices[i], selection.Times[i], Width, Height, buffer);
            buffer.RemoveUser(); // the frame is the only one left
            yield return frame;
        }
    }

    /// <summary>Draws frames one after the other into a buffer: frames × height × width × 3 bytes.</summary>
    /// <exception cref="ArgumentException">The buffer has another size.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The script has no such frame.</exception>
    public void Fill(WorldScript script, IReadOnlyList<long> frames, Span<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(frames);
        if (destination.Length != (long)frames.Count * _renderer.FrameBytes)
        {
            throw new ArgumentException($"{frames.Count} frames of {Width}x{Height} need {(long)frames.Count * _renderer.FrameBytes} bytes; got {destination.Length}.", nameof(destination));
        }

        for (int i = 0; i < frames.Count; i++)
        {
            _renderer.Draw(script, checked((int)frames[i]), destination.Slice(i * _renderer.FrameBytes, _renderer.FrameBytes));
        }
    }
}
