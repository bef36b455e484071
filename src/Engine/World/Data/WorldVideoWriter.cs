using System.Globalization;
using Studio.Engine.Checkpoints;
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

/// <summary>
/// Writes scripts as H.264 in MP4 through ffmpeg: one frame in memory, the file seen under its name only when it is whole. The same script, settings
/// and ffmpeg give the same bytes.
/// </summary>
public sealed class WorldVideoWriter
{
    private readonly MediaTools _tools;
    private readonly MediaLimits _limits;

    public WorldVideoWriter(MediaTools tools, MediaLimits? limits = null)
    {
        _tools = tools;
        _limits = limits ?? MediaLimits.Default;
        _limits.Validate();
    }

    /// <summary>Draws and writes a video.</summary>
    /// <param name="script">What to draw.</param>
    /// <param name="path">The file to write; one that is there is replaced.</param>
    /// <param name="settings">Size and quality.</param>
    /// <param name="onFrame">Called after each frame with the number of frames written.</param>
    /// <param name="cancellationToken">Stops and leaves no file behind.</param>
    /// <exception cref="ArgumentException">Settings or script cannot be met.</exception>
    /// <exception cref="MediaException">ffmpeg failed or stalled.</exception>
    public async Task WriteAsync(WorldScript script, string path, WorldVideoSettings settings, Action<int>? onFrame = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(script);
        ArgumentNullException.ThrowIfNull(settings);
        settings.Validate();
        script.Validate();
        string temporary = AtomicFile.TemporaryName(path);
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && !Directory.Exists(folder))
        {
            throw new MediaException(MediaError.NotFound, path, $"'{path}' cannot be written: there is no folder '{folder}'; make it first.");
        }

        try
        {
            await EncodeAsync(script, path, temporary, settings, onFrame, cancellationToken).ConfigureAwait(false);
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private async Task EncodeAsync(WorldScript script, string path, string temporary, WorldVideoSettings settings, Action<int>? onFrame, CancellationToken cancellationToken)
    {
        var renderer = new WorldRenderer(settings.Width, settings.Height);
        byte[] frame = new byte[renderer.FrameBytes];
        // Without the limits for files of others: what it reads is drawn here, and it has to write.
        MediaProcess process = MediaProcess.StartFed(new MediaCommand(_tools.Ffmpeg), Arguments(script, temporary, settings), path, cancellationToken);
        await using (process.ConfigureAwait(false))
        {
            bool fed = true;
            for (int i = 0; i < script.FrameCount && fed; i++)
            {
                renderer.Draw(script, i, frame);
                process.Arm(_limits.FrameStall);
                fed = await process.FeedAsync(frame).ConfigureAwait(false);
                onFrame?.Invoke(i + 1);
            }

            process.EndFeed();
            process.Arm(_limits.FrameStall);
            if (await process.WaitForExitAsync().ConfigureAwait(false) != 0 || !fed)
            {
                string detail = MediaFile.LastLine(await process.ErrorTailAsync().ConfigureAwait(false));
                throw new MediaException(
                    MediaError.EncodeFailed, path, $"'{path}' could not be written; see that the disk has room and that ffmpeg has libx264. ffmpeg: {detail}");
            }
        }
    }

    private static string[] Arguments(WorldScript script, string temporary, WorldVideoSettings settings)
    {
        string rate = script.Fps.ToString(CultureInfo.InvariantCulture);
        return
        [
            "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", $"{settings.Width}x{settings.Height}", "-framerate", rate, "-i", "pipe:0",
            "-an", "-c:v", "libx264", "-preset", "veryfast", "-crf", settings.Quality.ToString(CultureInfo.InvariantCulture), "-pix_fmt", "yuv420p",

            // One thread and no time stamps of writing: the same bytes again. A key frame every four seconds keeps seeking cheap.
            "-threads", "1", "-g", (4 * script.Fps).ToString(CultureInfo.InvariantCulture), "-fflags", "+bitexact", "-flags:v", "+bitexact", "-map_metadata", "-1",
            "-movflags", "+faststart", "-f", "mp4", temporary,
        ];
    }
}
