namespace Studio.Engine.World;

/// <summary>Two seamless pictures of 256 × 256 bytes that patterns are made of.</summary>
internal static class Textures
{
    internal const int Side = 256;

    private const int CellPoints = 44;

    /// <summary>Smooth noise of four sizes, stretched to 0..255.</summary>
    public static byte[] Clouds { get; } = Stretch(BuildClouds());

    /// <summary>Distance to the nearest of 44 points, stretched to 0..255.</summary>
    public static byte[] Cells { get; } = Stretch(BuildCells());

    /// <summary>8192 numbers from -127 to 127 with a peak at 0: film grain.</summary>
    public static sbyte[] Grain { get; } = BuildGrain();

    private static int[] BuildClouds()
    {
        int[] sum = new int[Side * Side];
        for (int octave = 0; octave < 4; octave++)
        {
            int cell = 64 >> octave;
            int cells = Side / cell;
            for (int y = 0; y < Side; y++)
            {
                for (int x = 0; x < Side; x++)
                {
                    (int cx, int cy) = (x / cell, y / cell);
                    int fx = Smooth((x % cell) * 256 / cell);
                    int fy = Smooth((y % cell) * 256 / cell);
                    int top = Lerp(Value(octave, cx, cy, cells), Value(octave, cx + 1, cy, cells), fx);
                    int bottom = Lerp(Value(octave, cx, cy + 1, cells), Value(octave, cx + 1, cy + 1, cells), fx);
                    sum[(y * Side) + x] += Lerp(top, bottom, fy) >> octave;
                }
            }
        }

        return sum;
    }

    private static int[] BuildCells()
    {
        var random = new WorldRandom(0xCE11);
        var points = new (int X, int Y)[CellPoints];
        for (int i = 0; i < points.Length; i++)
        {
            points[i] = (random.Below(Side), random.Below(Side));
        }

        int[] distance = new int[Side * Side];
        for (int i = 0; i < distance.Length; i++)
        {
            int nearest = int.MaxValue;
            foreach ((int px, int py) in points)
            {
                int dx = Wrapped((i % Side) - px);
                int dy = Wrapped((i / Side) - py);
                nearest = Math.Min(nearest, (dx * dx) + (dy * dy));
            }

            distance[i] = Math.Min(nearest, 900);
        }

        return distance;
    }

    private static sbyte[] BuildGrain()
    {
        var random = new WorldRandom(0x62A1);
        sbyte[] grain = new sbyte[8192];
        for (int i = 0; i < grain.Length; i++)
        {
            grain[i] = (sbyte)((random.Between(-254, 254) + random.Between(-254, 254)) / 4);
        }

        return grain;
    }

    private static byte[] Stretch(int[] values)
    {
        (int low, int high) = (values.Min(), values.Max());
        return [.. values.Select(v => (byte)((v - low) * 255 / (high - low)))];
    }

    private static int Wrapped(int difference) => ((difference + (3 * Side / 2)) & (Side - 1)) - (Side / 2);

    private static int Value(int octave, int x, int y, int cells) => (int)(WorldRandom.Hash((ulong)octave, (ulong)(x & (cells - 1)), (ulong)(y & (cells - 1))) & 1023);

    private static int Lerp(int a, int b, int share) => a + (((b - a) * share) >> 8);

    private static int Smooth(int t) => t * t * (768 - (2 * t)) >> 16;
}
