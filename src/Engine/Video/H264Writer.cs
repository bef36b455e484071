using System.Globalization;
using Studio.Engine.Checkpoints;

namespace Studio.Engine.Video;

/// <summary>How a video is written.</summary>
/// <param name="Width">Pixels; even.</param>
/// <param name="Height">Pixels; even.</param>
/// <param name="Rate">Frames a second.</param>
public sealed record H264Settings(int Width, int Height, FrameRate Rate)
{
    /// <summary>Longest side.</summary>
    public const int MaxSide = 4096;

    /// <summary>x264's quality: 0 loses nothing, 51 is the worst.</summary>
    public int Quality { get; init; } = 20;

    /// <summary>Frames from a key frame to the next at most; 1: every frame stands for itself.</summary>
    public int KeyFrames { get; init; } = 32;

    /// <exception cref="ArgumentException">A value cannot be met; the message names it.</exception>
    public void Validate()
    {
        if (Width % 2 != 0 || Height % 2 != 0 || Width is < 2 or > MaxSide || Height is < 2 or > MaxSide)
        {
            throw new ArgumentException($"A video of {Width}x{Height}; H.264 needs even sides of 2 to {MaxSide}.");
        }

        if (Quality is < 0 or > 51)
        {
            throw new ArgumentException($"A quality of {Quality}; x264 knows 0 (best) to 51.");
        }

        if (KeyFrames < 1)
        {
            throw new ArgumentException($"A key frame every {KeyFrames} frames; give 1 or more.");
        }
    }
}

/// <summary>An exact rate: so many frames in so many seconds.</summary>
public readonly record struct FrameRate
{
    // What ffmpeg takes for a rate.
    private const int Most = 1_000_000;

    /// <exception cref="ArgumentOutOfRangeException">A value is out of range.</exception>
    public FrameRate(int frames, int seconds = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(frames, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(seconds, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(frames, Most);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(seconds, Most);
        (Frames, Seconds) = (frames, seconds);
    }

    public int Frames { get; }

    public int Seconds { get; }

    /// <summary>The rate at which so many frames last so long, within a millionth.</summary>
    /// <param name="seconds">Above 0.</param>
    public static FrameRate Of(int frames, double seconds)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(frames, 1);
        if (!(seconds > 0 && double.IsFinite(seconds)))
        {
            throw new ArgumentOutOfRangeException(nameof(seconds), seconds, "Give a length above 0.");
        }

        // The best of all fractions up to the bound, by the continued fraction of frames / seconds.
        (long n, long d, long earlierN, long earlierD) = (1, 0, 0, 1);
        double rest = frames / seconds;
        for (int i = 0; i < 64; i++)
        {
            double whole = Math.Floor(rest);
            if (whole > Most || (whole * n) + earlierN > Most || (whole * d) + earlierD > Most)
            {
                break;
            }

            (n, earlierN) = (((long)whole * n) + earlierN, n);
            (d, earlierD) = (((long)whole * d) + earlierD, d);
            if (rest - whole < 1e-12)
            {
                break;
            }

            rest = 1 / (rest - whole);
        }

        return n is >= 1 and <= Most && d is >= 1 and <= Most ? new FrameRate((int)n, (int)d)
            : throw new ArgumentOutOfRangeException(nameof(seconds), seconds, $"{frames} frames in {seconds} s are no rate that a video can have.");
    }

    public override string ToString() => Seconds == 1 ? Frames.ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{Frames}/{Seconds}");
}

/// <summary>Some frames of a video: from <paramref name="From"/> up to, but not with, <paramref name="To"/>.</summary>
public readonly record struct VideoPart(string Path, int From, int To);

/// <summary>
/// Writes frames as H.264 in MP4 through ffmpeg: one frame in memory, the file seen under its name only when it is whole. The same frames, settings
/// and ffmpeg give the same bytes.
/// </summary>
public sealed class H264Writer
{
    private readonly MediaTools _tools;
    private readonly MediaLimits _limits;

    public H264Writer(MediaTools tools, MediaLimits? limits = null)
    {
        _tools = tools;
        _limits = limits ?? MediaLimits.Default;
        _limits.Validate();
    }

    /// <summary>Writes a video of pictures as RGB24.</summary>
    /// <param name="path">The file to write; one that is there is replaced.</param>
    /// <param name="frames">Height × width × 3 bytes each; a buffer may be used again for the next.</param>
    /// <param name="cancellationToken">Stops and leaves no file behind.</param>
    /// <exception cref="ArgumentException">Settings cannot be met, or a frame has another size.</exception>
    /// <exception cref="MediaException">ffmpeg failed or stalled.</exception>
    public Task WriteAsync(string path, H264Settings settings, IAsyncEnumerable<ReadOnlyMemory<byte>> frames, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(settings);
        settings.Validate();
        int bytes = settings.Width * settings.Height * 3;
        return WriteAsync(path, settings, ["-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", $"{settings.Width}x{settings.Height}"], frames, bytes, cancellationToken);
    }

    /// <summary>Writes a video of picture files, stretched to its size where they have another.</summary>
    /// <param name="format">ffmpeg's name of their format: mjpeg or png.</param>
    /// <param name="files">Whole files.</param>
    /// <exception cref="MediaException">ffmpeg failed or stalled.</exception>
    public Task WritePicturesAsync(string path, H264Settings settings, string format, IAsyncEnumerable<ReadOnlyMemory<byte>> files, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(settings);
        settings.Validate();
        if (format is not ("mjpeg" or "png"))
        {
            throw new ArgumentException($"'{format}' is no format of pictures; give mjpeg or png.", nameof(format));
        }

        return WriteAsync(path, settings, ["-max_pixels", $"{_limits.DecoderPixels}", "-f", "image2pipe", "-c:v", format], files, null, cancellationToken);
    }

    /// <summary>
    /// Puts parts of videos one behind the other without encoding them again. Exact to the frame for videos of this writer with the same
    /// settings and a key frame in every place.
    /// </summary>
    /// <param name="parts">None empty.</param>
    /// <exception cref="MediaException">ffmpeg failed or stalled.</exception>
    public async Task JoinAsync(string path, FrameRate rate, IReadOnlyList<VideoPart> parts, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(parts);
        const long second = 1_000_000;
        if (second * rate.Seconds % rate.Frames != 0)
        {
            throw new ArgumentException($"At {rate} frames a second no cut falls on a whole microsecond, and parts would not be exact; use another rate.", nameof(rate));
        }

        long frameMicroseconds = second * rate.Seconds / rate.Frames;
        var list = new System.Text.StringBuilder("ffconcat version 1.0\n");
        foreach (VideoPart part in parts)
        {
            if (part.From < 0 || part.To <= part.From)
            {
                throw new ArgumentException($"Frames {part.From} to {part.To} of '{part.Path}' are no part of a video.", nameof(parts));
            }

            string quoted = Path.GetFullPath(part.Path).Replace("'", "'\\''", StringComparison.Ordinal);
            _ = list.Append(CultureInfo.InvariantCulture, $"file 'file:{quoted}'\ninpoint {At(part.From)}\noutpoint {At(part.To)}\n");
        }

        string temporary = AtomicFile.TemporaryName(path);
        try
        {
            MediaProcess process = await MediaProcess.StartAsync(
                new MediaCommand(_tools.Ffmpeg),
                [
                    "-v", "error", "-y", "-protocol_whitelist", "file,pipe", "-f", "concat", "-safe", "0", "-i", "pipe:0", "-map", "0:v", "-c", "copy",
                    "-fflags", "+bitexact", "-map_metadata", "-1", "-movflags", "+faststart", "-f", "mp4", temporary,
                ],
                path,
                list.ToString(),
                cancellationToken).ConfigureAwait(false);
            await using (process.ConfigureAwait(false))
            {
                process.Arm(_limits.PacketPass);
                if (await process.WaitForExitAsync().ConfigureAwait(false) != 0)
                {
                    string detail = MediaFile.LastLine(await process.ErrorTailAsync().ConfigureAwait(false));
                    throw new MediaException(MediaError.EncodeFailed, path, $"'{path}' could not be joined from {parts.Count} parts; see that the disk has room. ffmpeg: {detail}");
                }
            }

            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }

        string At(int frame) => string.Create(CultureInfo.InvariantCulture, $"{frame * frameMicroseconds}us");
    }

    private async Task WriteAsync(
        string path, H264Settings settings, string[] input, IAsyncEnumerable<ReadOnlyMemory<byte>> frames, int? bytes, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(frames);
        string temporary = AtomicFile.TemporaryName(path);
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && !Directory.Exists(folder))
        {
            throw new MediaException(MediaError.NotFound, path, $"'{path}' cannot be written: there is no folder '{folder}'; make it first.");
        }

        try
        {
            // Without the limits for files of others: it has to write, and what it decodes are single pictures.
            MediaProcess process = MediaProcess.StartFed(new MediaCommand(_tools.Ffmpeg), [.. Arguments(settings, input), temporary], path, cancellationToken);
            await using (process.ConfigureAwait(false))
            {
                await FeedAsync(process, path, frames, bytes, cancellationToken).ConfigureAwait(false);
            }

            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private async Task FeedAsync(MediaProcess process, string path, IAsyncEnumerable<ReadOnlyMemory<byte>> frames, int? bytes, CancellationToken cancellationToken)
    {
        bool fed = true;
        process.Disarm();
        await foreach (ReadOnlyMemory<byte> frame in frames.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            if (bytes is { } wanted && frame.Length != wanted)
            {
                throw new ArgumentException($"A frame of {frame.Length} bytes; the video's have {wanted}.", nameof(frames));
            }

            process.Arm(_limits.FrameStall);
            fed = await process.FeedAsync(frame).ConfigureAwait(false);
            process.Disarm();
            if (!fed)
            {
                break;
            }
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

    private static string[] Arguments(H264Settings settings, string[] input) =>
    [
        "-v", "error", "-y", .. input, "-framerate", settings.Rate.ToString(), "-i", "pipe:0", "-an",
        .. input.Contains("rawvideo") ? (string[])[] : ["-vf", $"scale={settings.Width}:{settings.Height},setsar=1"],
        "-c:v", "libx264", "-preset", "veryfast", "-crf", settings.Quality.ToString(CultureInfo.InvariantCulture), "-pix_fmt", "yuv420p",

        // One thread and no time stamps of writing: the same bytes again.
        "-threads", "1", "-g", settings.KeyFrames.ToString(CultureInfo.InvariantCulture), "-fflags", "+bitexact", "-flags:v", "+bitexact", "-map_metadata", "-1",
        "-movflags", "+faststart", "-f", "mp4",
    ];
}
