using System.Buffers;
using System.Text;

namespace Studio.Engine.Video;

/// <summary>When <see cref="VideoProbe"/> walks all packets: exact count, exact times, but the whole file is read.</summary>
public enum PacketPass
{
    /// <summary>When the header has no frame count, contradicts itself, or hints at a variable frame rate.</summary>
    WhenNeeded,

    Never,

    Always,
}

/// <summary>Reads the facts about a media file through ffprobe (stack.md section 9).</summary>
public sealed class VideoProbe
{
    /// <summary>
    /// Containers we open. Play lists (HLS, DASH, concat, SDP) name further files or addresses, so an uploaded one could read
    /// what its sender may not; text formats would turn any text file into a "video".
    /// </summary>
    internal const string Formats =
        "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,gif,mpegts,mpeg,mpegvideo,flv,live_flv,asf,ogg,ivf,yuv4mpegpipe,mjpeg,h264,hevc,m4v,"
        + "av1,obu,nut,rm,mxf,dv,apng,png_pipe,jpeg_pipe,webp_pipe,bmp_pipe,tiff_pipe,ppm_pipe,pgm_pipe,mp3,wav,flac,aac";

    private readonly MediaTools _tools;
    private readonly MediaLimits _limits;

    public VideoProbe(MediaTools tools, MediaLimits? limits = null)
    {
        _tools = tools;
        _limits = limits ?? MediaLimits.Default;
        _limits.Validate();
    }

    /// <summary>Probes a video or still image.</summary>
    /// <exception cref="MediaException">The file is missing, a directory, empty, not media, without pictures, truncated, too
    /// large, or did not answer in time; <see cref="MediaException.Reason"/> says which.</exception>
    public async Task<VideoInfo> ProbeAsync(
        string path, PacketPass packetPass = PacketPass.WhenNeeded, CancellationToken cancellationToken = default)
    {
        path = MediaFile.Check(path, _limits);
        MediaRun run = await MediaProcess.CaptureAsync(
            _tools.FfprobeWithin(_limits, _limits.Probe),
            ["-v", "error", "-print_format", "json", "-show_format", "-show_streams", .. MediaFile.Input(path, _limits)],
            _limits.Probe,
            path,
            cancellationToken).ConfigureAwait(false);
        if (run.ExitCode != 0)
        {
            throw MediaFile.Unusable(path, run.ErrorTail, _limits);
        }

        ProbedHeader header = ProbedHeader.Parse(path, run.Output, () => MediaFile.OutOfBounds(path, run.ErrorTail, _limits));
        if ((long)header.Width * header.Height > _limits.MaxPixels)
        {
            throw MediaFile.TooManyPixels(path, header.Width, header.Height, _limits);
        }

        // Before the packets are walked, which reads the whole file, and again after, when the header says nothing of its length.
        ThrowIfTooLong(path, header.Duration);

        bool walk = packetPass switch
        {
            PacketPass.Always => !header.IsStillImage,
            PacketPass.Never => false,
            _ => !header.IsStillImage && header.NeedsPacketPass,
        };
        PacketTimeline? timeline = walk ? await WalkAsync(path, header.StreamIndex, cancellationToken).ConfigureAwait(false) : null;
        VideoInfo info = header.ToInfo(path, new FileInfo(path).Length, timeline);
        ThrowIfTooLong(path, info.Duration);
        return info;
    }

    private void ThrowIfTooLong(string path, double seconds)
    {
        if (seconds > _limits.MaxDuration.TotalSeconds)
        {
            throw new MediaException(
                MediaError.TooLarge,
                path,
                $"'{path}' lasts {seconds:0} s, above the limit of {_limits.MaxDuration.TotalSeconds:0} s; cut it into parts or raise MediaLimits.MaxDuration.");
        }
    }

    /// <summary>Null when the pass took too long: the count is then an estimate, which <see cref="VideoInfo"/> says.</summary>
    private async Task<PacketTimeline?> WalkAsync(string path, int streamIndex, CancellationToken cancellationToken)
    {
        MediaProcess process = await MediaProcess.StartAsync(
            _tools.FfprobeWithin(_limits, _limits.PacketPass),
            ["-v", "error", "-select_streams", $"{streamIndex}", "-show_entries", "packet=pts_time,flags", "-of", "csv=p=0", .. MediaFile.Input(path, _limits)],
            path,
            input: null,
            cancellationToken).ConfigureAwait(false);
        await using (process.ConfigureAwait(false))
        {
            process.Arm(_limits.PacketPass);
            var builder = new PacketTimeline.Builder();
            try
            {
                await ReadLinesAsync(process, builder).ConfigureAwait(false);
                await process.WaitForExitAsync().ConfigureAwait(false);
            }
            catch (MediaException e) when (e.Reason == MediaError.TimedOut)
            {
                return null;
            }

            PacketTimeline timeline = builder.Build();
            return timeline.Count > 0
                ? timeline
                : throw new MediaException(
                    MediaError.Truncated, path, $"'{path}' has a header but no pictures; it was probably cut off while it was written. Copy or upload it again.");
        }
    }

    private static async Task ReadLinesAsync(MediaProcess process, PacketTimeline.Builder builder)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        try
        {
            int kept = 0;
            int read;
            char[] text = new char[buffer.Length];
            while ((read = await process.ReadAsync(buffer.AsMemory(kept)).ConfigureAwait(false)) > 0)
            {
                int length = kept + read;
                int end = buffer.AsSpan(0, length).LastIndexOf((byte)'\n') + 1;
                int characters = Encoding.ASCII.GetChars(buffer.AsSpan(0, end), text);
                foreach (Range line in text.AsSpan(0, characters).Split('\n'))
                {
                    builder.Add(text.AsSpan(0, characters)[line]);
                }

                buffer.AsSpan(end, length - end).CopyTo(buffer);

                // A packet line is some 20 characters; a full buffer without a line end is not a packet list.
                kept = length - end == buffer.Length ? 0 : length - end;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
