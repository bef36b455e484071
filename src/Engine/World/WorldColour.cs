using System.Text.Json.Serialization;

namespace Studio.Engine.World;

/// <summary>The named colours of the world.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<WorldColour>))]
public enum WorldColour
{
    Red,
    Orange,
    Yellow,
    Green,
    Blue,
    Purple,
    Pink,
    Brown,
}

/// <summary>Names and values of the colours.</summary>
public static class WorldColours
{
    private static readonly int[] s_rgb = [0xDC2828, 0xF58A1E, 0xF7D732, 0x32A54B, 0x2D62D7, 0x8C41BE, 0xF582B9, 0x6E4022];

    public static IReadOnlyList<WorldColour> All { get; } = Enum.GetValues<WorldColour>();

    /// <summary>The colour's English name, in lower case.</summary>
    public static string Name(this WorldColour colour) => colour switch
    {
        WorldColour.Red => "red",
        WorldColour.Orange => "orange",
        WorldColour.Yellow => "yellow",
        WorldColour.Green => "green",
        WorldColour.Blue => "blue",
        WorldColour.Purple => "purple",
        WorldColour.Pink => "pink",
        _ => "brown",
    };

    /// <summary>0xRRGGBB.</summary>
    public static int Rgb(this WorldColour colour) => s_rgb[(int)colour];

    /// <summary>The colour from dark to light: 0 is two fifths of it, 128 the colour itself, 255 three quarters of the way to white. 0xRRGGBB each.</summary>
    internal static int[] Ramp(this WorldColour colour)
    {
        int[] ramp = new int[256];
        for (int level = 0; level < ramp.Length; level++)
        {
            ramp[level] = level <= 128 ? Mix(0, Rgb(colour), 102 + (level * 77 / 64)) : Mix(Rgb(colour), 0xFFFFFF, (level - 128) * 3 / 2);
        }

        return ramp;
    }

    /// <summary>Two colours mixed; <paramref name="share"/> of 256 of the second.</summary>
    internal static int Mix(int from, int to, int share)
    {
        int mixed = 0;
        for (int shift = 0; shift <= 16; shift += 8)
        {
            int a = (from >> shift) & 255;
            int b = (to >> shift) & 255;
            mixed |= Math.Clamp(a + ((((b - a) * share) + 128) >> 8), 0, 255) << shift;
        }

        return mixed;
    }
}
