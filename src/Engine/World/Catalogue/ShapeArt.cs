namespace Studio.Engine.World;

/// <summary>The shapes that our own code draws, as tests of whether a point lies inside. Points are in thousandths of the half side, y down.</summary>
internal static class ShapeArt
{
    /// <summary>The sign on a card that points to the next picture; not an object.</summary>
    internal const string Arrow = "arrow";

    private const int Samples = 4;
    private const int BodyLevel = 128; // the middle of a colour's ramp: the colour itself
    private const int RimLevel = 84;

    // The body is the shape drawn at this share of its size, in percent; the rest is a darker rim.
    private const int BodyPercent = 86;

    private const int SpiralPoints = 160;

    private static readonly (int X, int Y)[] s_star = Rays(5, 960, 400);
    private static readonly (int X, int Y)[] s_hexagon = Rays(3, 930, 930);
    private static readonly (int X, int Y)[] s_triangle = [(0, -900), (920, 760), (-920, 760)];
    private static readonly (int X, int Y)[] s_heartTip = [(-868, -170), (868, -170), (0, 900)];
    private static readonly (int X, int Y)[] s_arrow = [(-900, -230), (80, -230), (80, -680), (920, 0), (80, 680), (80, 230), (-900, 230)];
    private static readonly (int X, int Y)[] s_spiral = Spiral();

    /// <summary>Draws a shape: side × side × 4 bytes, grey on transparent, not premultiplied.</summary>
    /// <exception cref="ArgumentException">No shape has this name.</exception>
    public static byte[] Draw(string shape, int side)
    {
        Func<int, int, bool> inside = Inside(shape);
        byte[] rgba = new byte[side * side * 4];
        for (int y = 0; y < side; y++)
        {
            for (int x = 0; x < side; x++)
            {
                int covered = 0;
                int body = 0;
                for (int s = 0; s < Samples * Samples; s++)
                {
                    int px = Coordinate((x * Samples) + (s % Samples), side);
                    int py = Coordinate((y * Samples) + (s / Samples), side);
                    covered += inside(px, py) ? 1 : 0;
                    body += inside(px * 100 / BodyPercent, py * 100 / BodyPercent) ? 1 : 0;
                }

                body = Math.Min(body, covered);
                int at = ((y * side) + x) * 4;
                int level = covered == 0 ? 0 : ((body * BodyLevel) + ((covered - body) * RimLevel)) / covered;
                rgba.AsSpan(at, 3).Fill((byte)level);
                rgba[at + 3] = (byte)(covered * 255 / (Samples * Samples));
            }
        }

        return rgba;
    }

    private static int Coordinate(int sample, int side) => (((2 * sample) + 1) * 1000 / (side * Samples)) - 1000;

    private static Func<int, int, bool> Inside(string shape) => shape switch
    {
        "circle" => (x, y) => Disc(x, y, 920),
        "square" => (x, y) => Math.Abs(x) <= 800 && Math.Abs(y) <= 800,
        "triangle" => (x, y) => Polygon(s_triangle, x, y),
        "star" => (x, y) => Polygon(s_star, x, y),
        "heart" => (x, y) => Disc(x - 430, y + 370, 480) || Disc(x + 430, y + 370, 480) || Polygon(s_heartTip, x, y),
        "moon" => (x, y) => Disc(x, y, 920) && !Disc(x - 420, y + 200, 740),
        "cross" => (x, y) => (Math.Abs(x) <= 290 && Math.Abs(y) <= 920) || (Math.Abs(y) <= 290 && Math.Abs(x) <= 920),
        "ring" => (x, y) => Disc(x, y, 920) && !Disc(x, y, 500),
        "diamond" => (x, y) => (Math.Abs(x) * 950) + (Math.Abs(y) * 650) <= 950 * 650,
        "hexagon" => (x, y) => Polygon(s_hexagon, x, y),
        "spiral" => (x, y) => s_spiral.Any(p => Disc(x - p.X, y - p.Y, 130)),
        Arrow => (x, y) => Polygon(s_arrow, x, y),
        _ => throw new ArgumentException($"There is no shape '{shape}'.", nameof(shape)),
    };

    private static bool Disc(int x, int y, int radius) => (x * x) + (y * y) <= radius * radius;

    private static bool Polygon((int X, int Y)[] corners, int x, int y)
    {
        bool inside = false;
        for (int i = 0, j = corners.Length - 1; i < corners.Length; j = i++)
        {
            ((int xi, int yi), (int xj, int yj)) = (corners[i], corners[j]);
            if (yi > y != yj > y && x < ((xj - xi) * (y - yi) / (yj - yi)) + xi)
            {
                inside = !inside;
            }
        }

        return inside;
    }

    /// <summary>Corners that lie far and near by turns, the first at the top.</summary>
    private static (int X, int Y)[] Rays(int rays, int far, int near) =>
        [.. Enumerable.Range(0, 2 * rays).Select(i => Polar((i * WorldUnits.Turn / (2 * rays)) - (WorldUnits.Turn / 4), i % 2 == 0 ? far : near))];

    private static (int X, int Y)[] Spiral() => [.. Enumerable.Range(0, SpiralPoints).Select(i => Polar(i * WorldUnits.Turn * 9 / (4 * SpiralPoints), 40 + (i * 780 / SpiralPoints)))];

    private static (int X, int Y) Polar(int angle, int radius) =>
        ((int)((long)WorldUnits.Cos(angle) * radius >> 16), (int)((long)WorldUnits.Sin(angle) * radius >> 16));
}
