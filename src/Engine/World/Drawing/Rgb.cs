using System.Runtime.InteropServices;

namespace Studio.Engine.World;

/// <summary>One pixel of a frame.</summary>
internal struct Rgb
{
    public byte R;
    public byte G;
    public byte B;

    /// <summary>The pixel of a colour 0xRRGGBB.</summary>
    public static Rgb Of(int colour) => new() { R = (byte)(colour >> 16), G = (byte)(colour >> 8), B = (byte)colour };

    /// <summary>A frame's bytes as pixels.</summary>
    public static Span<Rgb> Pixels(Span<byte> rgb) => MemoryMarshal.Cast<byte, Rgb>(rgb);
}
