using System.Globalization;
using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Studio.Engine.Video;

/// <summary>Decodes a file once from its start and passes on the chosen frames.</summary>
internal static class FullDecode
{
    /// <summary>Decoded frames that wait for the consumer; the decoder then blocks on its pipe.</summary>
    internal const int PrefetchFrames = 4;

    /// <param name="tools">The tools.</param>
    /// <param name="limits">Time limits.</param>
    /// <param name="info">The probed video.</param>
    /// <param name="indices">Strictly ascending frame numbers.</param>
    /// <param name="pool">Buffers of width × height × 3 bytes.</param>
    /// <param name="cancellationToken">Kills the decoder.</param>
    /// <returns>One buffer for each index, with one user (the caller); fewer when the file ends early.</returns>
    internal static async IAsyncEnumerable<FrameBuffer> ReadAsync(
        MediaTools tools,
        MediaLimits limits,
        VideoInfo info,
        IReadOnlyList<long> indices,
        FramePool pool,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var channel = Channel.CreateBounded<FrameBuffer>(
            new BoundedChannelOptions(PrefetchFrames) { SingleReader = true, SingleWriter = true });
        Task producer = ProduceAsync(tools, limits, info, indices, pool, channel.Writer, stop.Token);
        try
        {
            while (await channel.Reader.WaitToReadAsync(CancellationToken.None).ConfigureAwait(false))
            {
                while (channel.Reader.TryRead(out FrameBuffer? frame))
                {
                    yield return frame;
                }
            }

            await producer.ConfigureAwait(false);
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);

            // The process must be gone before the enumeration counts as ended; its own error was thrown above.
            await producer.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            while (channel.Reader.TryRead(out FrameBuffer? frame))
            {
                frame.RemoveUser();
            }
        }
    }

    /// <summary>Decodes everything to count the frames that are shown.</summary>
    internal static async Task<long> CountAsync(MediaTools tools, MediaLimits limits, VideoInfo info, CancellationToken cancellationToken)
    {
        MediaRun run = await MediaProcess.CaptureAsync(
            tools.FfprobeWithin(limits, limits.FrameLimit(info.FrameCount)),
            ["-v", "error", "-count_frames", "-select_streams", $"{info.StreamIndex}", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", .. MediaFile.Input(info.Path, limits)],
            limits.FrameLimit(info.FrameCount),
            info.Path,
            cancellationToken).ConfigureAwait(false);
        return long.TryParse(run.Output.Trim().TrimEnd(','), CultureInfo.InvariantCulture, out long count) ? count : 0;
    }

    /// <summary>The end of every filter chain: fixes the size even if the stream changes it midway, and converts to RGB.</summary>
    internal static string ToRgb(VideoInfo info) => $"scale={info.Width}:{info.Height},format=rgb24";

    private static async Task ProduceAsync(
        MediaTools tools,
        MediaLimits limits,
        VideoInfo info,
        IReadOnlyList<long> indices,
        FramePool pool,
        ChannelWriter<FrameBuffer> writer,
        CancellationToken cancellationToken)
    {
        try
        {
            await DecodeAsync(tools, limits, info, indices, pool, writer, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            // The reader takes the frames that came before a failure, then awaits this task for the failure itself.
            writer.Complete();
        }
    }

    private static async Task DecodeAsync(
        MediaTools tools,
        MediaLimits limits,
        VideoInfo info,
        IReadOnlyList<long> indices,
        FramePool pool,
        ChannelWriter<FrameBuffer> writer,
        CancellationToken cancellationToken)
    {
        // 50,000 frame numbers are 1.5 MB of filter text, more than one argument may have: it goes through standard input.
        string filter = $"select='{SelectExpression.For(indices)}',{ToRgb(info)}";
        MediaProcess process = await MediaProcess.StartAsync(
            tools.FfmpegWithin(limits, limits.FrameLimit(indices[^1])),
            [
                "-v", "error", "-nostdin", .. MediaFile.Input(info.Path, limits), "-map", $"0:{info.StreamIndex}", "-an", "-sn", "-dn",
                "-filter_script:v", "pipe:0", "-fps_mode", "passthrough", "-frames:v", $"{indices.Count}", "-f", "rawvideo", "pipe:1",
            ],
            info.Path,
            filter,
            cancellationToken).ConfigureAwait(false);
        await using (process.ConfigureAwait(false))
        {
            long previous = -1;
            foreach (long index in indices)
            {
                FrameBuffer frame = pool.Rent();
                try
                {
                    process.Arm(limits.FrameLimit(index - previous - 1));
                    int read = await process.ReadBlockAsync(frame.Bytes).ConfigureAwait(false);
                    process.Disarm();
                    if (read < frame.Bytes.Length)
                    {
                        frame.RemoveUser();
                        break;
                    }

                    previous = index;
                }
                catch
                {
                    frame.RemoveUser();
                    throw;
                }

                try
                {
                    await writer.WriteAsync(frame, cancellationToken).ConfigureAwait(false);
                }
                catch
                {
                    frame.RemoveUser();
                    throw;
                }
            }

            process.Arm(limits.FrameStall);
            int exitCode = await process.WaitForExitAsync().ConfigureAwait(false);
            if (exitCode != 0 && previous != indices[^1])
            {
                string tail = await process.ErrorTailAsync().ConfigureAwait(false);
                string detail = MediaFile.LastLine(tail);
                throw MediaFile.OutOfBounds(info.Path, tail, limits) ?? new MediaException(
                    MediaError.DecodeFailed, info.Path, $"'{info.Path}' could not be decoded after frame {previous}; re-encode it with ffmpeg. ffmpeg: {detail}");
            }
        }
    }
}
