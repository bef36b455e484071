namespace Studio.Engine.World;

/// <summary>The nine parts of the picture that questions about places use.</summary>
public static class WorldGrid
{
    /// <summary>Number of parts.</summary>
    public const int Cells = 9;

    // Middles of things lie clearly inside a third of the picture, in percent.
    private static readonly (int Low, int High)[] s_thirds = [(13, 28), (39, 61), (72, 87)];

    private static readonly string[] s_names = ["top left", "top", "top right", "left", "middle", "right", "bottom left", "bottom", "bottom right"];

    /// <summary>Names of the parts, row by row from the top left.</summary>
    public static IReadOnlyList<string> Names => s_names;

    /// <summary>The part that a place lies in.</summary>
    public static int CellOf(WorldPoint place) => (Third(place.Y) * 3) + Third(place.X);

    internal static WorldPoint Draw(ShotMaker maker, int cell)
    {
        ((int left, int right), (int top, int bottom)) = (s_thirds[cell % 3], s_thirds[cell / 3]);
        return maker.Place(left, top, right, bottom);
    }

    private static int Third(int share) => Math.Clamp(share * 3 / WorldUnits.One, 0, 2);
}
