namespace Studio.Engine.World;

/// <summary>
/// Places, sizes and angles of the world are whole numbers, so that a picture is the same on every machine. A place is a share of
/// the frame's width or height, a size a share of its shorter side; <see cref="One"/> is the whole. Times are milliseconds.
/// </summary>
public static class WorldUnits
{
    /// <summary>The whole side of a frame.</summary>
    public const int One = 1 << 16;

    /// <summary>A full turn.</summary>
    public const int Turn = 1024;

    private const int QuarterSteps = Turn / 4;

    private static readonly int[] s_quarterSine = BuildQuarterSine();

    /// <summary>Sine of an angle in 1/1024 turns, times 65,536.</summary>
    public static int Sin(int angle)
    {
        int a = angle & (Turn - 1);
        int step = a & (QuarterSteps - 1);
        return (a / QuarterSteps) switch
        {
            0 => s_quarterSine[step],
            1 => s_quarterSine[QuarterSteps - step],
            2 => -s_quarterSine[step],
            _ => -s_quarterSine[QuarterSteps - step],
        };
    }

    /// <summary>Cosine of an angle in 1/1024 turns, times 65,536.</summary>
    public static int Cos(int angle) => Sin(angle + QuarterSteps);

    /// <summary>The way from <paramref name="from"/> to <paramref name="to"/> after <paramref name="part"/> of <paramref name="whole"/>.</summary>
    public static int Between(int from, int to, int part, int whole) => whole <= 0 ? from : from + (int)((long)(to - from) * part / whole);

    // The turning recurrence in 62-bit fixed point: no library sine, whose last digit differs between machines.
    private static int[] BuildQuarterSine()
    {
        // cos and sin of 2π/1024, times 2^60.
        const long CosStep = 1152899801185339687;
        const long SinStep = 7074193361797233;
        Int128 cos = Int128.One << 60;
        Int128 sin = 0;
        int[] table = new int[QuarterSteps + 1];
        for (int i = 0; i <= QuarterSteps; i++)
        {
            table[i] = (int)((sin + (Int128.One << 43)) >> 44);
            (cos, sin) = (((cos * CosStep) - (sin * SinStep)) >> 60, ((sin * CosStep) + (cos * SinStep)) >> 60);
        }

        return table;
    }
}
