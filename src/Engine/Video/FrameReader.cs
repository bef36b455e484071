using System.Runtime.CompilerServices;

namespace Studio.Engine.Video;

/// <summary>How the chosen frames are fetched. Both ways give the same bytes.</summary>
internal enum ReadStrategy
{
    /// <summary>Decode once from the start, keep the chosen frames.</summary>
    FullDecode,

    /// <summary>Jump close to each frame, some frames in one process.</summary>
    Seek,
}

/// <summary>
/// Reads chosen frames as RGB24 in display orientation. Memory does not depend on the length of the video: at most
/// <see cref="FullDecode.PrefetchFrames"/> frames, or two batches of <see cref="SeekDecode.BatchBytes"/>, wait for the consumer.
/// </summary>
/// <remarks>
/// Frames are numbered as a decoder shows them, also at a variable frame rate (as decord does). Non-square pixels are not
/// stretched. If the decoder shows fewer frames than were counted: when the count was an estimate and at most
/// max(<see cref="EstimateSlackFrames"/>, <see cref="EstimateSlackShare"/> × count) are missing, the last frame that exists
/// takes the place of the missing ones; otherwise a <see cref="MediaException"/> with <see cref="MediaError.Truncated"/> is thrown
/// after the frames that exist.
/// </remarks>
public sealed class FrameReader
{
    /// <summary>Frames an estimated count may exceed the real one by.</summary>
    internal const int EstimateSlackFrames = 3;

    /// <summary>The same as a share of the count.</summary>
    internal const double EstimateSlackShare = 0.05;

    // Key frames are at most this far apart in x264's and x265's default settings; used when the real distance is unknown.
    private const double AssumedKeyFrameDistance = 250;

    // Decoding work of opening a file and filling the decoder, in frames (measured, stack.md section 9).
    private const double SeekOverheadFrames = 30;

    // Above this rate half a frame is no longer clearly longer than the time stamps' rounding in Matroska (1 ms).
    private const double MaxSeekFrameRate = 240;

    private readonly MediaTools _tools;
    private readonly MediaLimits _limits;

    public FrameReader(MediaTools tools, MediaLimits? limits = null)
    {
        _tools = tools;
        _limits = limits ?? MediaLimits.Default;
        _limits.Validate();
    }

    /// <summary>Yields the frames of a selection in order; a repeated index yields the same picture again.</summary>
    /// <param name="info">The probed video.</param>
    /// <param name="selection">The frames to read.</param>
    /// <param name="cancellationToken">Stops and kills the decoder.</param>
    /// <returns>Frames that the caller disposes; an undisposed one costs memory, never correctness.</returns>
    /// <exception cref="MediaException">The file cannot be decoded, ends early or stalls.</exception>
    public IAsyncEnumerable<VideoFrame> ReadAsync(VideoInfo info, FrameSelection selection, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(info);
        ArgumentNullException.ThrowIfNull(selection);
        return ReadAsync(info, selection, Choose(info, [.. selection.Indices.Distinct()]), new FramePool(FrameBytes(info)), cancellationToken);
    }

    internal static int FrameBytes(VideoInfo info) => checked(info.Width * info.Height * 3);

    /// <summary>Seeking wins while it decodes fewer frames than reading up to the last chosen one.</summary>
    internal static ReadStrategy Choose(VideoInfo info, IReadOnlyList<long> distinct)
    {
        bool indexed = info.Container.Contains("mp4", StringComparison.Ordinal) || info.Container.Contains("matroska", StringComparison.Ordinal);
        bool timed = info.FrameTimes is not null || !info.IsVariableFrameRate;
        if (!indexed || !timed || !info.IsFrameCountExact || info.IsStillImage || info.AverageFrameRate > MaxSeekFrameRate)
        {
            return ReadStrategy.FullDecode;
        }

        double keyDistance = info.Timeline?.MeanKeyFrameDistance ?? AssumedKeyFrameDistance;
        double seekCost = distinct.Count * ((keyDistance / 2) + SeekOverheadFrames + SeekDecode.RunUpFrames);
        return seekCost < distinct[^1] ? ReadStrategy.Seek : ReadStrategy.FullDecode;
    }

    internal async IAsyncEnumerable<VideoFrame> ReadAsync(
        VideoInfo info,
        FrameSelection selection,
        ReadStrategy strategy,
        FramePool pool,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        long[] distinct = [.. selection.Indices.Distinct()];
        IAsyncEnumerable<FrameBuffer> decoded = strategy == ReadStrategy.Seek
            ? SeekDecode.ReadAsync(_tools, _limits, info, distinct, pool, cancellationToken)
            : FullDecode.ReadAsync(_tools, _limits, info, distinct, pool, cancellationToken);
        IAsyncEnumerator<FrameBuffer> frames = decoded.GetAsyncEnumerator(cancellationToken);
        FrameBuffer? current = null;
        long currentIndex = -1;
        try
        {
            int received = 0;
            bool ended = false;
            for (int position = 0; position < selection.Count; position++)
            {
                long index = selection.Indices[position];
                if (index != currentIndex && !ended)
                {
                    if (await frames.MoveNextAsync().ConfigureAwait(false))
                    {
                        current?.RemoveUser();
                        current = frames.Current;
                        currentIndex = index;
                        received++;
                    }
                    else
                    {
                        ended = true;
                        current = await FillAsync(info, current, currentIndex, index, pool, cancellationToken).ConfigureAwait(false);
                    }
                }

                yield return new VideoFrame(position, index, selection.Times[position], info.Width, info.Height, current!);
            }
        }
        finally
        {
            current?.RemoveUser();
            await frames.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Decides what stands for frames that the decoder did not show: the last frame that exists, or an error.</summary>
    private async Task<FrameBuffer> FillAsync(
        VideoInfo info, FrameBuffer? last, long lastIndex, long missing, FramePool pool, CancellationToken cancellationToken)
    {
        long slack = Math.Max(EstimateSlackFrames, (long)(info.FrameCount * EstimateSlackShare));
        long existing = info.IsFrameCountExact
            ? lastIndex + 1
            : await FullDecode.CountAsync(_tools, _limits, info, cancellationToken).ConfigureAwait(false);
        if (info.IsFrameCountExact || existing == 0 || info.FrameCount - existing > slack)
        {
            string seen = info.IsFrameCountExact ? $"nothing after frame {lastIndex} could be decoded" : $"only {existing} could be decoded";
            throw new MediaException(
                MediaError.Truncated,
                info.Path,
                $"'{info.Path}' should have {info.FrameCount} frames, but {seen} (frame {missing} was wanted); copy or upload it again, or repair it with `ffmpeg -i FILE -c:v libx264 out.mp4`.");
        }

        if (last is not null && lastIndex == existing - 1)
        {
            return last;
        }

        // The last existing frame lies between the chosen ones: fetch it.
        last?.RemoveUser();
        await foreach (FrameBuffer frame in FullDecode.ReadAsync(_tools, _limits, info, [existing - 1], pool, cancellationToken).ConfigureAwait(false))
        {
            return frame;
        }

        throw new MediaException(MediaError.DecodeFailed, info.Path, $"'{info.Path}' decodes differently each time; re-encode it with ffmpeg.");
    }
}
