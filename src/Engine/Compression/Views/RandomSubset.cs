namespace Studio.Engine.Compression.Views;

/// <summary>Draws subsets from a seed: the same on every machine.</summary>
/// <param name="seed">Any number.</param>
public sealed class RandomSubset(ulong seed)
{
    private ulong _state = seed;

    /// <summary>A subset of a size, in the order of the items; each such subset is equally likely (selection sampling).</summary>
    public int[] Draw(ReadOnlySpan<int> items, int count)
    {
        if (count < 0 || count > items.Length) throw new ArgumentOutOfRangeException(nameof(count), count, $"cannot keep {count} of {items.Length} tokens");
        var chosen = new int[count];
        var at = 0;
        for (var i = 0; i < items.Length && at < count; i++)
        {
            if (Next() * (items.Length - i) < count - at) chosen[at++] = items[i];
        }

        return chosen;
    }

    /// <summary>Uniform in [0, 1): SplitMix64 (Steele, Lea and Flood 2014), 53 bits.</summary>
    private double Next()
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return ((z ^ (z >> 31)) >> 11) * (1.0 / (1UL << 53));
    }
}
