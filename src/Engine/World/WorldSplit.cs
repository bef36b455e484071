using System.Text.Json.Serialization;

namespace Studio.Engine.World;

/// <summary>Which share of the world something belongs to.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<WorldSplit>))]
public enum WorldSplit
{
    Train,
    Validation,
    Test,
}

/// <summary>
/// What of the world belongs to which split: eight tenths train, one validation, one test, of each of these: instances (an object with its
/// colour, tilt, flip and outline), backdrops, places, sizes, pairs of objects in one shot, orders of events, and links of a chain.
/// A script of a split is made only of what belongs to it. Object names are shared, else no model could answer with them.
/// </summary>
public static class WorldSplits
{
    internal const int Shares = 10;

    private const int TestShare = 3;
    private const int ValidationShare = 7;

    private enum Domain : ulong
    {
        Instance = 0x1157,
        Backdrop,
        Pair,
        Order,
        Link,
    }

    /// <summary>Where an instance belongs. Every object has, in every colour, some instances in each split.</summary>
    public static WorldSplit Of(WorldInstance instance)
    {
        ArgumentNullException.ThrowIfNull(instance);
        ulong start = WorldRandom.Hash((ulong)Domain.Instance, (ulong)instance.ObjectId, (ulong)instance.Tint);
        return OfShare(((ulong)instance.Variant + start) % Shares);
    }

    /// <summary>Where a backdrop belongs.</summary>
    public static WorldSplit OfBackdrop(int backdrop) => OfShare(WorldRandom.Hash((ulong)Domain.Backdrop, (ulong)backdrop) % Shares);

    /// <summary>Where a place belongs: column and row of the lattice of <see cref="WorldPlaces"/>. Any part of 4 × 3 points holds places of each split.</summary>
    public static WorldSplit OfPlace(int column, int row) => OfShare((ulong)(column + (4 * row)) % Shares);

    /// <summary>Where a size belongs: its number in <see cref="WorldPlaces"/>.</summary>
    public static WorldSplit OfSize(int size) => OfShare((ulong)size % Shares);

    /// <summary>Where two objects belong that are seen in one shot; their order does not matter.</summary>
    public static WorldSplit OfPair(int a, int b) => OfShare(WorldRandom.Hash((ulong)Domain.Pair, (ulong)Math.Min(a, b), (ulong)Math.Max(a, b)) % Shares);

    /// <summary>Where a chain's step from one picture to the next belongs.</summary>
    public static WorldSplit OfLink(int from, int to) => OfShare(WorldRandom.Hash((ulong)Domain.Link, (ulong)from, (ulong)to) % Shares);

    /// <summary>Where an order of objects belongs.</summary>
    public static WorldSplit OfOrder(IEnumerable<int> objects)
    {
        ArgumentNullException.ThrowIfNull(objects);
        return OfShare(objects.Aggregate((ulong)Domain.Order, (hash, o) => WorldRandom.Hash(hash, (ulong)o)) % Shares);
    }

    private static WorldSplit OfShare(ulong share) => share switch
    {
        TestShare => WorldSplit.Test,
        ValidationShare => WorldSplit.Validation,
        _ => WorldSplit.Train,
    };
}
