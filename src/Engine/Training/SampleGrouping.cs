using Studio.Engine.World;

namespace Studio.Engine.Training;

/// <summary>What the samples of an update have in common.</summary>
public enum GroupBy
{
    /// <summary>Nothing: samples come as they are mixed.</summary>
    None,

    /// <summary>All are about a video, all about images, or all text alone.</summary>
    Modality,

    /// <summary>As <see cref="Modality"/>, and within an update the samples of a batch have about as many words (videochat-flash.md 7.1).</summary>
    ModalityAndLength,
}

/// <summary>What a sample is about.</summary>
public enum SampleModality
{
    Text,
    Image,
    Video,
}

/// <summary>Orders an epoch so that each update's samples belong together.</summary>
/// <param name="Batch">Samples that run together.</param>
/// <param name="Accumulation">Batches of an update.</param>
public readonly record struct SampleGrouping(GroupBy By, int Batch, int Accumulation)
{
    private int Update => Batch * Accumulation;

    /// <summary>
    /// Samples of an epoch. Grouped, updates lie one after the other in mixed order; what does not fill an update of its
    /// modality goes into updates of what is left over, and what does not fill one of those waits: another epoch mixes anew.
    /// </summary>
    /// <param name="count">Samples in all.</param>
    /// <param name="modality">Of a sample by its number; asked for only where samples are grouped.</param>
    /// <param name="words">Of a sample by its number; asked for only where they are grouped by length.</param>
    /// <returns>Numbers of samples: all, or grouped as many as fill whole updates. Too few for one update stay as they are mixed.</returns>
    public int[] Order(int count, Func<int, SampleModality> modality, Func<int, int> words, WorldRandom random)
    {
        ArgumentNullException.ThrowIfNull(random);
        int[] mixed = [.. Enumerable.Range(0, count)];
        random.Shuffle<int>(mixed);
        (GroupBy by, int size) = (By, Update);
        if (by == GroupBy.None || count < size)
        {
            return mixed;
        }

        var updates = new List<int[]>(count / size);
        var left = new List<int>(); // bounded by an update of each modality
        foreach (IGrouping<SampleModality, int> alike in mixed.GroupBy(modality).OrderBy(g => g.Key))
        {
            int[] all = [.. alike];
            int full = all.Length / size * size;
            updates.AddRange(all[..full].Chunk(size));
            left.AddRange(all[full..]);
        }

        updates.AddRange(left.Chunk(size).Where(u => u.Length == size));
        // Longest first, so that batches of like length follow.
        int[][] order = [.. updates.Select(u => by == GroupBy.ModalityAndLength ? [.. u.OrderByDescending(words)] : u)];
        random.Shuffle<int[]>(order);
        return [.. order.SelectMany(u => u)];
    }

    /// <summary>How many of so many samples an epoch holds.</summary>
    public int EpochOf(int samples) => By == GroupBy.None || samples < Update ? samples : samples / Update * Update;
}
