using System.Globalization;

namespace Studio.Benchmarks.Running;

/// <summary>A part of a run: the samples whose ordinal leaves <see cref="Number"/> - 1 when divided by <see cref="Of"/>.</summary>
public readonly record struct Shard
{
    /// <summary>Most parts of a run.</summary>
    public const int Most = 4096;

    /// <param name="number">1 to <paramref name="of"/>.</param>
    public Shard(int number, int of)
    {
        if (of is < 1 or > Most || number < 1 || number > of) throw new ArgumentException($"shard {number}/{of} does not exist; give k/n with k from 1 to n and n up to {Most}");
        (Number, Of) = (number, of);
    }

    /// <summary>The whole run.</summary>
    public static Shard Whole { get; } = new(1, 1);

    public int Number { get; }

    public int Of { get; }

    /// <summary>Reads "k/n".</summary>
    /// <exception cref="ArgumentException">It is not of this form, or there is no such part.</exception>
    public static Shard Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = text.Split('/');
        return parts.Length == 2 && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var of)
            ? new(number, of) : throw new ArgumentException($"'{text}' is no shard; give k/n, for instance 1/4");
    }

    public bool Holds(int ordinal) => ordinal % Of == Number - 1;

    /// <summary>Samples of the part, of so many in all.</summary>
    public int Count(int samples) => (samples / Of) + (samples % Of >= Number ? 1 : 0);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Number}/{Of}");
}
