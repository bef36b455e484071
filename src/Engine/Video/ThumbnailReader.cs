using System.Text;

namespace Studio.Engine.Video;

/// <summary>Makes small JPEG pictures of a video: a strip of evenly spaced ones, and one to stand for it.</summary>
/// <remarks>
/// Short videos are decoded once from the start. Of longer ones only key frames are decoded, each the last before its time,
/// so that the cost does not grow with their length. Pixels that are not square are stretched, as a player does.
/// </remarks>
public sealed class ThumbnailReader
{
    /// <summary>Frames up to which one pass from the start is quicker than seeks, and gives exact pictures.</summary>
    internal const long FullDecodeFrames = 1500;

    /// <summary>Seeks in one process: each holds a decoder of its own.</summary>
    internal const int BatchSize = 8;

    /// <summary>Most pictures of a strip.</summary>
    public const int MaxCount = 256;

    // Where the picture that stands for a video is taken: films begin black.
    private const double PosterShare = 0.1;

    private readonly MediaTools _tools;
    private readonly MediaLimits _limits;

    public ThumbnailReader(MediaTools tools, MediaLimits? limits = null)
    {
        _tools = tools;
        _limits = limits ?? MediaLimits.Default;
        _limits.Validate();
    }

    /// <summary>Pictures at the middles of <paramref name="count"/> equal parts of the video, in order.</summary>
    /// <param name="info">The probed video.</param>
    /// <param name="count">How many; 1 to <see cref="MaxCount"/>.</param>
    /// <param name="box">Longest side, pixels.</param>
    /// <param name="cancellationToken">Kills the decoder.</param>
    /// <returns>Exactly <paramref name="count"/> JPEG files: where nothing could be decoded the neighbour stands. Fewer than
    /// asked for only when the video has fewer frames.</returns>
    /// <exception cref="MediaException">No picture at all could be decoded.</exception>
    public async Task<IReadOnlyList<byte[]>> ReadStripAsync(VideoInfo info, int count, int box, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(info);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, MaxCount);
        ArgumentOutOfRangeException.ThrowIfLessThan(box, 16);
        count = (int)Math.Min(count, info.FrameCount);
        byte[]?[] strip = info.FrameCount <= FullDecodeFrames
            ? await DecodeAsync(info, count, box, cancellationToken).ConfigureAwait(false)
            : await SeekAsync(info, count, box, cancellationToken).ConfigureAwait(false);
        byte[] standIn = strip.FirstOrDefault(p => p is not null)
            ?? throw new MediaException(MediaError.DecodeFailed, info.Path, $"no picture of '{info.Path}' could be decoded; re-encode it with ffmpeg.");
        for (int i = 0; i < strip.Length; i++)
        {
            standIn = strip[i] ??= standIn;
        }

        return strip!;
    }

    /// <summary>One picture from near the beginning; of a still image the image.</summary>
    /// <param name="info">The probed video.</param>
    /// <param name="box">Longest side, pixels; a smaller video is not enlarged.</param>
    /// <param name="cancellationToken">Kills the decoder.</param>
    /// <exception cref="MediaException">No picture could be decoded.</exception>
    public async Task<byte[]> ReadPosterAsync(VideoInfo info, int box, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(info);
        double time = info.Duration * PosterShare;
        byte[]? poster = time > 0 ? (await SeekBatchAsync(info, [time], box, keyFramesOnly: true, cancellationToken).ConfigureAwait(false))[0] : null;
        poster ??= (await SeekBatchAsync(info, [0], box, keyFramesOnly: false, cancellationToken).ConfigureAwait(false))[0];
        return poster ?? throw new MediaException(MediaError.DecodeFailed, info.Path, $"no picture of '{info.Path}' could be decoded; re-encode it with ffmpeg.");
    }

    /// <summary>Width and height that fit into the box, even, with the proportions a player shows; never larger than the video.</summary>
    internal static (int Width, int Height) Fit(VideoInfo info, int box)
    {
        // The ratio is of stored pixels: turned by a quarter, it widens the other side.
        bool quarter = info.Rotation is 90 or 270;
        double width = info.Width * (quarter ? 1 : info.SampleAspectRatio);
        double height = info.Height * (quarter ? info.SampleAspectRatio : 1);
        double scale = Math.Min(1, box / Math.Max(width, height));
        return (Even(width * scale), Even(height * scale));

        static int Even(double side) => Math.Max(2, (int)Math.Round(side / 2) * 2);
    }

    private static string Picture(VideoInfo info, int box)
    {
        (int width, int height) = Fit(info, box);
        return $"scale={width}:{height}:flags=area,setsar=1,format=yuvj420p";
    }

    private async Task<byte[]?[]> DecodeAsync(VideoInfo info, int count, int box, CancellationToken cancellationToken)
    {
        long[] indices = [.. Enumerable.Range(0, count).Select(i => (long)((i + 0.5) * info.FrameCount / count))];
        List<string> arguments =
        [
            "-v", "error", "-nostdin", .. MediaFile.Input(info.Path, _limits), "-map", $"0:{info.StreamIndex}", "-an", "-sn", "-dn",
            "-vf", $"select='{SelectExpression.For(indices)}',{Picture(info, box)}", "-fps_mode", "passthrough", "-frames:v", $"{count}",
        ];
        return await RunAsync(info, arguments, count, _limits.FrameLimit(info.FrameCount), cancellationToken).ConfigureAwait(false);
    }

    private async Task<byte[]?[]> SeekAsync(VideoInfo info, int count, int box, CancellationToken cancellationToken)
    {
        var strip = new List<byte[]?>(count);
        double[] times = [.. Enumerable.Range(0, count).Select(i => (i + 0.5) * info.Duration / count)];
        foreach (double[] batch in times.Chunk(BatchSize))
        {
            byte[]?[] pictures = await SeekBatchAsync(info, batch, box, keyFramesOnly: true, cancellationToken).ConfigureAwait(false);
            if (Array.Exists(pictures, p => p is null))
            {
                // Some seek gave nothing, and the joined output does not tell which.
                for (int i = 0; i < batch.Length; i++)
                {
                    pictures[i] = (await SeekBatchAsync(info, [batch[i]], box, keyFramesOnly: true, cancellationToken).ConfigureAwait(false))[0]
                        ?? (await SeekBatchAsync(info, [batch[i]], box, keyFramesOnly: false, cancellationToken).ConfigureAwait(false))[0];
                }
            }

            strip.AddRange(pictures);
        }

        return [.. strip];
    }

    private async Task<byte[]?[]> SeekBatchAsync(VideoInfo info, double[] times, int box, bool keyFramesOnly, CancellationToken cancellationToken)
    {
        var arguments = new List<string> { "-v", "error", "-nostdin" };
        var graph = new StringBuilder();
        var joined = new StringBuilder();
        for (int k = 0; k < times.Length; k++)
        {
            arguments.AddRange(["-threads", "1"]);
            if (keyFramesOnly)
            {
                arguments.AddRange(["-skip_frame", "nokey"]);
            }

            if (times[k] > 0)
            {
                arguments.AddRange(["-noaccurate_seek", "-ss", $"{info.StreamOffset + times[k]:0.000000}"]);
            }

            arguments.AddRange(MediaFile.Input(info.Path, _limits));
            graph.Append($"[{k}:{info.StreamIndex}]trim=end_frame=1,setpts=PTS-STARTPTS,{Picture(info, box)}[p{k}];");
            joined.Append($"[p{k}]");
        }

        graph.Append($"{joined}concat=n={times.Length}:v=1[out]");
        arguments.AddRange(["-filter_complex", graph.ToString(), "-map", "[out]", "-fps_mode", "passthrough"]);
        return await RunAsync(info, arguments, times.Length, times.Length * _limits.FrameStall, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The pictures that came, in front; null for those that did not.</summary>
    private async Task<byte[]?[]> RunAsync(VideoInfo info, List<string> arguments, int count, TimeSpan limit, CancellationToken cancellationToken)
    {
        arguments.AddRange(["-c:v", "mjpeg", "-q:v", "5", "-f", "mpjpeg", "pipe:1"]);
        var pictures = new byte[]?[count];
        MediaProcess process = await MediaProcess.StartAsync(
            _tools.FfmpegWithin(_limits, limit), arguments, info.Path, input: null, cancellationToken).ConfigureAwait(false);
        await using (process.ConfigureAwait(false))
        {
            process.Arm(limit);
            var jpegs = new MultipartJpegs(process);
            for (int i = 0; i < count && await jpegs.NextAsync().ConfigureAwait(false) is { } picture; i++)
            {
                pictures[i] = picture;
            }
        }

        return pictures;
    }
}
