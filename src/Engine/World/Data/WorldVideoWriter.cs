using Studio.Engine.Video;

namespace Studio.Engine.World;

/// <summary>How video files are written.</summary>
public sealed record WorldVideoSettings
{
    /// <summary>Pixels; even.</summary>
    public int Width { get; init; } = 224;

    /// <summary>Pixels; even.</summary>
    public int Height { get; init; } = 224;

    /// <summary>x264's quality: 0 loses nothing, 51 is the worst.</summary>
    public int Quality { get; init; } = 20;

    /// <exception cref="ArgumentException">A value cannot be met; the message names it.</exception>
    public void Validate()
    {
        if (Width % 2 != 0 || Height % 2 != 0 || Width < WorldRenderer.MinSide || Height < WorldRenderer.MinSide || Width > WorldRenderer.MaxSide || Height > WorldRenderer.MaxSide)
        {
            throw new ArgumentException($"A video of {Width}x{Height}; H.264 needs even sides, and the world draws {WorldRenderer.MinSide} to {WorldRenderer.MaxSide}.");
        }

        if (Quality is < 0 or > 51)
        {
            throw new ArgumentException($"A quality of {Quality}; x264 knows 0 (best) to 51.");
        }
    }
}

/// <summary>Draws scripts into H.264 files (<see cref="H264Writer"/>): one frame in memory. The same script, settings and ffmpeg give the same bytes.</summary>
public sealed class WorldVideoWriter(MediaTools tools, MediaLimits? limits = null)
{
    private readonly H264Writer _writer = new(tools, limits);

    /// <summary>Draws and writes a video.</summary>
    /// <param name="script">What to draw.</param>
    /// <param name="path">The file to write; one that is there is replaced.</param>
    /// <param name="settings">Size and quality.</param>
    /// <param name="onFrame">Called after each frame with the number of frames written.</param>
    /// <param name="cancellationToken">Stops and leaves no file behind.</param>
    /// <exception cref="ArgumentException">Settings or script cannot be met.</exception>
    /// <exception cref="MediaException">ffmpeg failed or stalled.</exception>
    public Task WriteAsync(WorldScript script, string path, WorldVideoSettings settings, Action<int>? onFrame = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(script);
        ArgumentNullException.ThrowIfNull(settings);
        settings.Validate();
        script.Validate();

        // A key frame every four seconds keeps seeking cheap.
        var how = new H264Settings(settings.Width, settings.Height, new FrameRate(script.Fps)) { Quality = settings.Quality, KeyFrames = 4 * script.Fps };
        return _writer.WriteAsync(path, how, Frames(script, settings, onFrame), cancellationToken);
    }

#pragma warning disable CS1998 // drawing waits for nothing
    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Frames(WorldScript script, WorldVideoSettings settings, Action<int>? onFrame)
    {
        var renderer = new WorldRenderer(settings.Width, settings.Height);
        byte[] frame = new byte[renderer.FrameBytes];
        for (int i = 0; i < script.FrameCount; i++)
        {
            renderer.Draw(script, i, frame);
            yield return frame;
            onFrame?.Invoke(i + 1);
        }
    }
#pragma warning restore CS1998
}
