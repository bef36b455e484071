namespace Studio.Engine.Video;

/// <summary>The frames chosen from one video, in the order in which a model sees them.</summary>
public sealed class FrameSelection
{
    /// <summary>Makes a selection from explicit frame numbers, for example one needle or a thumbnail.</summary>
    /// <param name="info">The probed video.</param>
    /// <param name="indices">0-based frame numbers, ascending; repeats are allowed.</param>
    /// <param name="duration">Seconds that the selection stands for; null for the whole video.</param>
    /// <param name="paddedFrames">How many entries at the end only repeat the one before.</param>
    /// <exception cref="ArgumentException">There are none or too many, one is outside the video, or they do not ascend.</exception>
    public FrameSelection(VideoInfo info, IReadOnlyList<long> indices, double? duration = null, int paddedFrames = 0)
    {
        ArgumentNullException.ThrowIfNull(info);
        ArgumentNullException.ThrowIfNull(indices);
        if (indices.Count is 0 or > SamplingSettings.MaxSelectedFrames)
        {
            throw new ArgumentException($"A selection of {indices.Count} frames; give 1 to {SamplingSettings.MaxSelectedFrames}.", nameof(indices));
        }

        long[] copy = [.. indices];
        for (int i = 0; i < copy.Length; i++)
        {
            if (copy[i] < 0 || copy[i] >= info.FrameCount)
            {
                throw new ArgumentException($"Frame {copy[i]} is not in '{info.Path}'; give 0 to {info.FrameCount - 1}.", nameof(indices));
            }

            if (i > 0 && copy[i] < copy[i - 1])
            {
                throw new ArgumentException($"Frame {copy[i]} follows frame {copy[i - 1]}; sort the frame numbers.", nameof(indices));
            }
        }

        Indices = copy;
        Times = [.. copy.Select(info.TimeOf)];
        Duration = duration ?? (info.FrameCount / info.AverageFrameRate);
        PaddedFrames = paddedFrames;
    }

    /// <summary>0-based frame numbers in decoding-for-display order, ascending, repeats included.</summary>
    public IReadOnlyList<long> Indices { get; }

    /// <summary>Seconds from the first frame of the video, one for each index.</summary>
    public IReadOnlyList<double> Times { get; }

    /// <summary>Seconds the selection stands for: frames / rate, or the length of the clip when one was given.</summary>
    public double Duration { get; }

    /// <summary>Entries at the end that repeat the last frame only to fill a clip; reported to the user.</summary>
    public int PaddedFrames { get; }

    public int Count => Indices.Count;

    /// <summary>The sentence a prompt starts with; see <see cref="DurationMessage.Short"/>.</summary>
    public string Message => DurationMessage.Short(Duration, Count);
}
