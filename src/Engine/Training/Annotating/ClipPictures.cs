using Studio.Engine.Video;

namespace Studio.Engine.Training.Annotating;

/// <summary>Frames of a clip as JPEG files: those that a model would see, made smaller.</summary>
internal sealed class ClipPictures(MediaTools tools)
{
    /// <summary>Probes kept: clips of one video come after one another.</summary>
    internal const int ProbesKept = 16;

    /// <summary>Videos whose probe is kept now.</summary>
    internal int Probes => _probes.Count;

    // Of mjpeg: 2 is best, 31 worst.
    private const int Quality = 3;

    private readonly VideoProbe _probe = new(tools);
    private readonly FrameReader _frames = new(tools);
    private readonly Dictionary<string, VideoInfo> _probes = new(StringComparer.Ordinal); // at most ProbesKept
    private readonly Queue<string> _probed = new(); // the same, oldest first

    /// <summary>Evenly spread frames in the order of time; fewer where the clip has not as many.</summary>
    /// <param name="side">Longest side, pixels; smaller videos are not enlarged.</param>
    /// <exception cref="MediaException">They cannot be read.</exception>
    public async Task<IReadOnlyList<byte[]>> ReadAsync(VideoClip clip, int side, CancellationToken cancellationToken)
    {
        VideoInfo info = await ProbeAsync(clip.Path, cancellationToken).ConfigureAwait(false);
        FrameSelection sampled = FrameSampling.Select(info, SamplingSettings.Uniform(clip.Frames) with { ClipLength = 1, StartSeconds = clip.Start, EndSeconds = clip.End });
        var selection = new FrameSelection(info, [.. sampled.Indices.Distinct()]);
        (int width, int height) = ThumbnailReader.Fit(info, side);
        var limits = MediaLimits.Default;
        MediaProcess process = MediaProcess.StartFed(
            tools.FfmpegWithin(limits, limits.FrameLimit(info.FrameCount)),
            [
                "-v", "error", "-protocol_whitelist", "pipe,fd", "-f", "rawvideo", "-pixel_format", "rgb24", "-video_size", $"{info.Width}x{info.Height}", "-i", "pipe:0",
                "-vf", $"scale={width}:{height}:flags=area,setsar=1,format=yuvj420p", "-fps_mode", "passthrough", "-c:v", "mjpeg", "-q:v", $"{Quality}", "-f", "mpjpeg", "pipe:1",
            ],
            clip.Path,
            cancellationToken);
        await using (process.ConfigureAwait(false))
        {
            process.Arm(limits.FrameLimit(info.FrameCount)); // reading a late clip of a file without an index decodes all before it
            Task feeding = FeedAsync(process, info, selection, cancellationToken);
            var pictures = new List<byte[]>(selection.Count);
            var jpegs = new MultipartJpegs(process);
            try
            {
                while (pictures.Count < selection.Count && await jpegs.NextAsync().ConfigureAwait(false) is { } picture)
                {
                    pictures.Add(picture);
                }
            }
            finally
            {
                await feeding.ConfigureAwait(false); // its failure is the cause of ours
            }

            return pictures.Count == selection.Count
                ? pictures
                : throw new MediaException(MediaError.EncodeFailed, clip.Path, $"only {pictures.Count} of {selection.Count} frames of '{clip.Path}' became pictures: {MediaFile.LastLine(await process.ErrorTailAsync().ConfigureAwait(false))}.");
        }
    }

    private async Task FeedAsync(MediaProcess process, VideoInfo info, FrameSelection selection, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (VideoFrame frame in _frames.ReadAsync(info, selection, cancellationToken).ConfigureAwait(false))
            {
                using (frame)
                {
                    if (!await process.FeedAsync(frame.Rgb).ConfigureAwait(false))
                    {
                        return;
                    }
                }
            }
        }
        finally
        {
            process.EndFeed();
        }
    }

    private async Task<VideoInfo> ProbeAsync(string path, CancellationToken cancellationToken)
    {
        lock (_probes)
        {
            if (_probes.TryGetValue(path, out VideoInfo? known))
            {
                return known;
            }
        }

        VideoInfo info = await _probe.ProbeAsync(path, cancellationToken: cancellationToken).ConfigureAwait(false);
        lock (_probes)
        {
            if (_probes.TryAdd(path, info))
            {
                _probed.Enqueue(path);
                if (_probed.Count > ProbesKept)
                {
                    _probes.Remove(_probed.Dequeue());
                }
            }
        }

        return info;
    }
}
