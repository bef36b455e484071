using System.Globalization;
using System.Text;

namespace Studio.Engine.Video;

/// <summary>
/// Reads one still image as RGB24 through ffmpeg. The EXIF orientation of JPEG files is applied; that of PNG and WebP files is
/// not, because ffmpeg 5.1 does not report it. Transparency is dropped (the colour under it stays), as Pillow's convert("RGB") does.
/// Of a video or animation it gives the first frame.
/// </summary>
public sealed class ImageReader
{
    // "P6\n<width> <height>\n255\n" with two numbers of at most ten digits.
    private const int MaxHeaderBytes = 32;

    private readonly MediaTools _tools;
    private readonly MediaLimits _limits;
    private readonly VideoProbe _probe;

    public ImageReader(MediaTools tools, MediaLimits? limits = null)
    {
        _tools = tools;
        _limits = limits ?? MediaLimits.Default;
        _probe = new VideoProbe(tools, _limits);
    }

    /// <exception cref="MediaException">As <see cref="VideoProbe.ProbeAsync"/>, or the picture cannot be decoded.</exception>
    public async Task<RgbImage> ReadAsync(string path, CancellationToken cancellationToken = default)
    {
        VideoInfo info = await _probe.ProbeAsync(path, PacketPass.Never, cancellationToken).ConfigureAwait(false);

        // PPM states the size of the picture after it was turned, which the header of a JPEG does not.
        MediaProcess process = await MediaProcess.StartAsync(
            _tools.FfmpegWithin(_limits, _limits.FrameStall),
            [
                "-v", "error", "-nostdin", .. MediaFile.Input(info.Path, _limits), "-map", $"0:{info.StreamIndex}",
                "-frames:v", "1", "-pix_fmt", "rgb24", "-c:v", "ppm", "-f", "image2pipe", "pipe:1",
            ],
            info.Path,
            input: null,
            cancellationToken).ConfigureAwait(false);
        await using (process.ConfigureAwait(false))
        {
            process.Arm(_limits.FrameStall);
            RgbImage? image = await ReadPpmAsync(process).ConfigureAwait(false);
            if (await process.WaitForExitAsync().ConfigureAwait(false) == 0 && image is not null)
            {
                return image;
            }

            string tail = await process.ErrorTailAsync().ConfigureAwait(false);
            string detail = MediaFile.LastLine(tail);
            throw MediaFile.OutOfBounds(info.Path, tail, _limits) ?? new MediaException(
                MediaError.DecodeFailed, info.Path, $"'{info.Path}' could not be decoded; save it again as PNG or JPEG. ffmpeg: {detail}");
        }
    }

    /// <summary>Null when the output ends before a whole picture.</summary>
    private async Task<RgbImage?> ReadPpmAsync(MediaProcess process)
    {
        byte[] header = new byte[MaxHeaderBytes];
        int length = 0;
        int lines = 0;
        while (lines < 3)
        {
            if (length == header.Length || await process.ReadBlockAsync(header.AsMemory(length, 1)).ConfigureAwait(false) == 0)
            {
                return null;
            }

            lines += header[length] == '\n' ? 1 : 0;
            length++;
        }

        if (Encoding.ASCII.GetString(header, 0, length).Split(' ', '\n') is not ["P6", var w, var h, "255", ""]
            || !int.TryParse(w, CultureInfo.InvariantCulture, out int width)
            || !int.TryParse(h, CultureInfo.InvariantCulture, out int height)
            || (long)width * height > _limits.MaxPixels)
        {
            return null;
        }

        byte[] rgb = new byte[checked(width * height * 3)];
        return await process.ReadBlockAsync(rgb).ConfigureAwait(false) == rgb.Length ? new RgbImage(width, height, rgb) : null;
    }
}
