namespace Studio.Engine.Video;

/// <summary>One decoded frame. Its bytes are valid until it is disposed; then its buffer is used again.</summary>
public sealed class VideoFrame : IDisposable
{
    private FrameBuffer? _buffer;

    internal VideoFrame(int position, long frameIndex, double time, int width, int height, FrameBuffer buffer)
    {
        (Position, FrameIndex, Time, Width, Height) = (position, frameIndex, time, width, height);
        _buffer = buffer;
        buffer.AddUser();
    }

    /// <summary>0-based place in the selection.</summary>
    public int Position { get; }

    /// <summary>0-based number of the frame in the video.</summary>
    public long FrameIndex { get; }

    /// <summary>Seconds from the first frame of the video.</summary>
    public double Time { get; }

    public int Width { get; }

    public int Height { get; }

    /// <summary>Height × Width × 3 bytes, row by row, RGB.</summary>
    /// <exception cref="ObjectDisposedException">The frame was disposed.</exception>
    public ReadOnlyMemory<byte> Rgb => (_buffer ?? throw new ObjectDisposedException(nameof(VideoFrame))).Bytes;

    public void Dispose() => Interlocked.Exchange(ref _buffer, null)?.RemoveUser();
}
