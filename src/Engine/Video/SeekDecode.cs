using System.Runtime.CompilerServices;
using System.Text;

namespace Studio.Engine.Video;

/// <summary>
/// Fetches single frames of a long video by seeking, several in one process (stack.md section 9). Each seek opens a window of
/// time that holds exactly the wanted frame, so a seek that lands wrong gives no frame at all, never another one. Such a
/// batch, or one in which the decoder complained, is decoded from the start instead, and so is everything after it.
/// </summary>
internal static class SeekDecode
{
    /// <summary>Bytes of pixels in one batch: 15 frames of 1080p, 3 of 4K.</summary>
    internal const int BatchBytes = 96 * 1024 * 1024;

    /// <summary>Frames of one process: the start of ffmpeg costs as much as a few seeks, further ones add little.</summary>
    internal const int BatchFrames = 16;

    /// <summary>Batches in work or waiting for the consumer.</summary>
    internal const int BatchesInFlight = 2;

    /// <summary>
    /// Frames by which a seek aims early. A key frame may be decoded before pictures that are shown earlier and lean on the
    /// group before it (open groups: up to 16 B-frames and their delay); landing on it would show those damaged.
    /// </summary>
    internal const int RunUpFrames = 20;

    internal static int FramesPerBatch(int frameBytes) => Math.Clamp(BatchBytes / frameBytes, 1, BatchFrames);

    /// <summary>As <see cref="FullDecode.ReadAsync"/>.</summary>
    internal static async IAsyncEnumerable<FrameBuffer> ReadAsync(
        MediaTools tools,
        MediaLimits limits,
        VideoInfo info,
        long[] indices,
        FramePool pool,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        int size = FramesPerBatch(pool.FrameBytes);
        var running = new Queue<Task<FrameBuffer[]>>(BatchesInFlight);
        var ready = new Queue<FrameBuffer>(size);
        int started = 0;
        int delivered = 0;
        try
        {
            while (delivered < indices.Length)
            {
                while (started < indices.Length && running.Count < BatchesInFlight)
                {
                    long[] batch = indices[started..Math.Min(indices.Length, started + size)];
                    started += batch.Length;
                    running.Enqueue(ReadBatchAsync(tools, limits, info, batch, pool, stop.Token));
                }

                foreach (FrameBuffer frame in await running.Peek().ConfigureAwait(false))
                {
                    ready.Enqueue(frame);
                }

                _ = running.Dequeue();
                if (ready.Count == 0)
                {
                    break;
                }

                while (ready.TryDequeue(out FrameBuffer? frame))
                {
                    delivered++;
                    yield return frame;
                }
            }
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            foreach (FrameBuffer frame in ready)
            {
                frame.RemoveUser();
            }

            // The processes must be gone before the enumeration counts as ended.
            foreach (Task<FrameBuffer[]> batch in running)
            {
                await ((Task)batch).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (batch.IsCompletedSuccessfully)
                {
                    Release(await batch.ConfigureAwait(false));
                }
            }
        }

        if (delivered < indices.Length)
        {
            IAsyncEnumerable<FrameBuffer> rest = FullDecode.ReadAsync(tools, limits, info, indices[delivered..], pool, cancellationToken);
            await foreach (FrameBuffer frame in rest.ConfigureAwait(false))
            {
                yield return frame;
            }
        }
    }

    /// <summary>One process for some frames.</summary>
    /// <returns>A buffer for each index, or none when one of the seeks missed its frame.</returns>
    internal static async Task<FrameBuffer[]> ReadBatchAsync(
        MediaTools tools, MediaLimits limits, VideoInfo info, long[] batch, FramePool pool, CancellationToken cancellationToken)
    {
        MediaProcess process = await MediaProcess.StartAsync(
            tools.FfmpegWithin(limits, batch.Length * limits.FrameStall), Arguments(info, batch, limits), info.Path, input: null, cancellationToken).ConfigureAwait(false);
        await using (process.ConfigureAwait(false))
        {
            var frames = new List<FrameBuffer>(batch.Length);
            bool complete = false;
            try
            {
                while (frames.Count < batch.Length)
                {
                    frames.Add(pool.Rent());
                    process.Arm(limits.FrameStall);
                    if (await process.ReadBlockAsync(frames[^1].Bytes).ConfigureAwait(false) < pool.FrameBytes)
                    {
                        return [];
                    }
                }

                // A decoder that starts among pictures it has no reference for (gradual refresh instead of key frames) complains
                // and makes something up. Silence is the proof that it had all it needed.
                complete = await process.WaitForExitAsync().ConfigureAwait(false) == 0
                    && (await process.ErrorTailAsync().ConfigureAwait(false)).Length == 0;
                return complete ? [.. frames] : [];
            }
            finally
            {
                if (!complete)
                {
                    Release(frames);
                }
            }
        }
    }

    private static List<string> Arguments(VideoInfo info, long[] batch, MediaLimits limits)
    {
        var arguments = new List<string> { "-v", "error", "-nostdin" };
        var graph = new StringBuilder();
        var joined = new StringBuilder();
        for (int k = 0; k < batch.Length; k++)
        {
            (double from, double to) = Window(info, batch[k]);
            arguments.AddRange(["-threads", "1"]);
            double seek = Math.Max(0, from - (RunUpFrames / info.AverageFrameRate));
            if (seek > 0)
            {
                arguments.AddRange(["-ss", $"{seek:0.000000}"]);
            }

            arguments.AddRange(["-t", $"{to - seek:0.000000}", .. MediaFile.Input(info.Path, limits)]);
            graph.Append($"[{k}:{info.StreamIndex}]trim=start={from - seek:0.000000},trim=end_frame=1,setpts=PTS-STARTPTS,{FullDecode.ToRgb(info)},setsar=1[f{k}];");
            joined.Append($"[f{k}]");
        }

        graph.Append($"{joined}concat=n={batch.Length}:v=1[out]");
        arguments.AddRange(["-filter_complex", graph.ToString(), "-map", "[out]", "-fps_mode", "passthrough", "-f", "rawvideo", "pipe:1"]);
        return arguments;
    }

    /// <summary>Seconds from the start of the file that hold this frame and no other: half-way to its neighbours.</summary>
    private static (double From, double To) Window(VideoInfo info, long index)
    {
        double time = info.TimeOf(index);
        double before = index == 0 ? -info.StreamOffset : (info.TimeOf(index - 1) + time) / 2;
        double after = index + 1 < info.FrameCount ? (time + info.TimeOf(index + 1)) / 2 : time + (0.5 / info.AverageFrameRate);
        return (Math.Max(0, info.StreamOffset + before), info.StreamOffset + after);
    }

    private static void Release(IReadOnlyList<FrameBuffer> frames)
    {
        foreach (FrameBuffer frame in frames)
        {
            frame.RemoveUser();
        }
    }
}
