namespace Studio.Engine.World;

/// <summary>The lattice of places and the row of sizes that scripts use; each belongs to a split.</summary>
public static class WorldPlaces
{
    /// <summary>Lattice points a side.</summary>
    public const int Points = 64;

    /// <summary>Sizes from <see cref="SizeOf"/>(0) to SizeOf(<see cref="Sizes"/> - 1).</summary>
    public const int Sizes = 64;

    private const int Tries = 4000;
    private const int Spacing = WorldUnits.One / Points;
    private const int SmallestSize = WorldUnits.One * 12 / 100;
    private const int SizeStep = WorldUnits.One * 6 / 1000;

    /// <summary>The share of the frame's side at which a lattice point lies.</summary>
    public static int PlaceOf(int point) => (point * Spacing) + (Spacing / 2);

    /// <summary>The lattice point of a place that lies on one.</summary>
    public static int PointOf(int place) => place / Spacing;

    /// <summary>A size as a share of the frame's shorter side: 0.12 to 0.498.</summary>
    public static int SizeOf(int number) => SmallestSize + (number * SizeStep);

    /// <summary>The number of a size.</summary>
    public static int SizeNumberOf(int size) => (size - SmallestSize) / SizeStep;

    /// <summary>A random place of a split between two shares of the frame, each way.</summary>
    internal static WorldPoint Draw(WorldRandom random, WorldSplit split, WorldPoint low, WorldPoint high)
    {
        (int left, int right) = (PointAbove(low.X), PointBelow(high.X));
        (int top, int bottom) = (PointAbove(low.Y), PointBelow(high.Y));
        for (int i = 0; i < Tries; i++)
        {
            int column = random.Between(left, right);
            int row = random.Between(top, bottom);
            if (WorldSplits.OfPlace(column, row) == split)
            {
                return new WorldPoint(PlaceOf(column), PlaceOf(row));
            }
        }

        throw new InvalidOperationException($"No place of {split} lies between ({left}, {top}) and ({right}, {bottom}) of the lattice; use a wider part.");
    }

    /// <summary>A random size of a split between two shares of the shorter side.</summary>
    internal static int DrawSize(WorldRandom random, WorldSplit split, int low, int high)
    {
        int first = Math.Clamp((low - SmallestSize + SizeStep - 1) / SizeStep, 0, Sizes - 1);
        int last = Math.Clamp((high - SmallestSize) / SizeStep, first, Sizes - 1);
        for (int i = 0; i < Tries; i++)
        {
            int number = random.Between(first, last);
            if (WorldSplits.OfSize(number) == split)
            {
                return SizeOf(number);
            }
        }

        throw new InvalidOperationException($"No size of {split} lies between numbers {first} and {last}; use a wider range.");
    }

    private static int PointAbove(int share) => Math.Clamp((share - (Spacing / 2) + Spacing - 1) / Spacing, 0, Points - 1);

    private static int PointBelow(int share) => Math.Clamp((share - (Spacing / 2)) / Spacing, 0, Points - 1);
}

/// <summary>A place: shares of the frame's width and height in units of <see cref="WorldUnits.One"/>.</summary>
public readonly record struct WorldPoint(int X, int Y);
