namespace Studio.Engine.World;

/// <summary>
/// Counter-based random numbers: value n of a stream is a hash of its key and n (SplitMix64), so that any value can be had without
/// the ones before it. Integer arithmetic only: the same on every machine and in every version of .NET.
/// </summary>
public sealed class WorldRandom
{
    private const ulong Step = 0x9E3779B97F4A7C15;

    private readonly ulong _key;
    private ulong _drawn;

    public WorldRandom(ulong key)
    {
        _key = key;
    }

    /// <summary>The next 64 bits.</summary>
    public ulong Next() => Mix(_key + (++_drawn * Step));

    /// <summary>A whole number from 0 to <paramref name="bound"/> - 1, all equally likely up to 2⁻³².</summary>
    /// <exception cref="ArgumentOutOfRangeException">The bound is below 1.</exception>
    public int Below(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bound, 1);
        return (int)(((Next() >> 32) * (ulong)bound) >> 32);
    }

    /// <summary>A whole number from <paramref name="low"/> to <paramref name="high"/>, both included.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Low is above high.</exception>
    public int Between(int low, int high) => low + Below(checked(high - low + 1));

    /// <summary>True <paramref name="percent"/> times in a hundred.</summary>
    public bool Chance(int percent) => Below(100) < percent;

    /// <summary>One of the values.</summary>
    public T Pick<T>(IReadOnlyList<T> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return values[Below(values.Count)];
    }

    /// <summary>True for a share of all draws, to a thousandth.</summary>
    public bool InShare(double share) => Below(1000) < share * 1000;

    /// <summary>Puts the values in a random order.</summary>
    public void Shuffle<T>(Span<T> values)
    {
        for (int i = values.Length - 1; i > 0; i--)
        {
            int j = Below(i + 1);
            (values[i], values[j]) = (values[j], values[i]);
        }
    }

    /// <summary>Different values, in random order.</summary>
    /// <exception cref="ArgumentException">There are fewer than <paramref name="count"/>.</exception>
    public T[] Sample<T>(IReadOnlyList<T> values, int count)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (count > values.Count)
        {
            throw new ArgumentException($"{count} different values were asked for and there are {values.Count}.", nameof(count));
        }

        T[] all = [.. values];
        for (int i = 0; i < count; i++)
        {
            int j = i + Below(all.Length - i);
            (all[i], all[j]) = (all[j], all[i]);
        }

        return all[..count];
    }

    /// <summary>A stream of its own; it does not depend on what was drawn here before.</summary>
    public WorldRandom Fork(ulong label) => new(Hash(_key, label));

    /// <summary>64 bits from two numbers.</summary>
    public static ulong Hash(ulong a, ulong b) => Mix(Mix(a + Step) ^ (b * 0xD1342543DE82EF95 + Step));

    /// <summary>64 bits from three numbers.</summary>
    public static ulong Hash(ulong a, ulong b, ulong c) => Hash(Hash(a, b), c);

    /// <summary>SplitMix64's finaliser.</summary>
    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
