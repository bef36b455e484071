namespace Studio.Engine.World;

/// <summary>Adds film grain. It follows from a key, so that no two moments have the same.</summary>
internal static class GrainPainter
{
    /// <summary>Strongest grain, in levels of 255.</summary>
    internal const int MaxStrength = 32;

    /// <summary>Adds grain to all three channels alike.</summary>
    public static void Add(Span<byte> rgb, int width, int height, int strength, ulong key)
    {
        sbyte[] grain = Textures.Grain;
        for (int y = 0; y < height; y++)
        {
            int at = (int)(WorldRandom.Hash(key, (ulong)y) & 8191);
            foreach (ref Rgb pixel in Rgb.Pixels(rgb.Slice(y * width * 3, width * 3)))
            {
                int add = grain[at] * strength >> 7;
                at = (at + 1) & 8191;
                pixel.R = (byte)FieldMath.Clamp(pixel.R + add);
                pixel.G = (byte)FieldMath.Clamp(pixel.G + add);
                pixel.B = (byte)FieldMath.Clamp(pixel.B + add);
            }
        }
    }
}
