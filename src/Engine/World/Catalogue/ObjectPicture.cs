using System.Collections.Concurrent;

namespace Studio.Engine.World;

/// <summary>
/// The picture of an object, ready to be drawn: premultiplied pixels in four sizes, each half the one before, and the alpha of a white
/// outline around it.
/// </summary>
internal sealed class ObjectPicture
{
    /// <summary>Side of the largest size: 64 pixels of the picture and 4 around it for the outline.</summary>
    internal const int Side = 72;

    /// <summary>Sizes: 72, 36, 18, 9.</summary>
    internal const int Levels = 4;

    private const int Margin = 4;
    private const int ArtSide = Side - (2 * Margin);
    private const int OutlineRadius = 3;
    private const int RampLow = 40;
    private const int RampHigh = 216;
    private const int FlatSpan = 24;

    // Bounded by the number of objects: 31 kB each.
    private static readonly ConcurrentDictionary<int, ObjectPicture> s_all = new();
    private static readonly Lazy<ObjectPicture> s_arrow = new(() => new ObjectPicture(ShapeArt.Draw(ShapeArt.Arrow, ArtSide), isShape: true));

    private readonly uint[][] _art = new uint[Levels][];
    private readonly byte[][] _outline = new byte[Levels][];

    private ObjectPicture(byte[] rgba, bool isShape)
    {
        uint[] art = new uint[Side * Side];
        for (int y = 0; y < ArtSide; y++)
        {
            for (int x = 0; x < ArtSide; x++)
            {
                art[((y + Margin) * Side) + x + Margin] = Premultiply(rgba.AsSpan(((y * ArtSide) + x) * 4, 4));
            }
        }

        _art[0] = art;
        _outline[0] = Outline(art);
        for (int level = 1; level < Levels; level++)
        {
            _art[level] = Halve(_art[level - 1], Side >> (level - 1));
            _outline[level] = Halve(_outline[level - 1], Side >> (level - 1));
        }

        Tone = ToneOf(rgba, isShape);
        ShowsColour = ColourSense.Shows(art, Tone);
    }

    /// <summary>Brightness 0 to 255 to a place on a colour's ramp, so that dark and light pictures show the colour alike.</summary>
    public byte[] Tone { get; }

    /// <summary>Whether the picture can be recognised by a colour it is drawn in; see <see cref="ColourSense"/>.</summary>
    public bool ShowsColour { get; }

    /// <summary>The sign that points to the next picture.</summary>
    public static ObjectPicture Arrow => s_arrow.Value;

    /// <summary>The picture of an object.</summary>
    public static ObjectPicture Of(int thing) => s_all.GetOrAdd(thing, static id => Load(WorldObjects.All[id]));

    /// <summary>Pixels of a size: alpha in the highest byte, then blue, green, red; premultiplied.</summary>
    public uint[] Art(int level) => _art[level];

    /// <summary>Alpha of the white outline; it covers the art as well.</summary>
    public byte[] OutlineOf(int level) => _outline[level];

    private static ObjectPicture Load(WorldObject thing)
    {
        if (thing.Source == ObjectSource.Shape)
        {
            return new ObjectPicture(ShapeArt.Draw(thing.Code, ArtSide), isShape: true);
        }

        using Stream file = WorldObjects.Resource(thing.Code + ".png");
        byte[] bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        (int width, int height, byte[] rgba) = PngDecoder.Decode(bytes);
        return width == ArtSide && height == ArtSide
            ? new ObjectPicture(rgba, isShape: false)
            : throw new InvalidDataException($"The picture of '{thing.Name}' has {width}x{height} pixels instead of {ArtSide}x{ArtSide}.");
    }

    private static uint Premultiply(ReadOnlySpan<byte> rgba)
    {
        uint a = rgba[3];
        return (a << 24) | (Scaled(rgba[2], a) << 16) | (Scaled(rgba[1], a) << 8) | Scaled(rgba[0], a);
    }

    private static uint Scaled(uint value, uint alpha) => ((value * alpha) + 127) / 255;

    /// <summary>The largest alpha within a small disc.</summary>
    private static byte[] Outline(uint[] art)
    {
        byte[] outline = new byte[art.Length];
        for (int y = 0; y < Side; y++)
        {
            for (int x = 0; x < Side; x++)
            {
                uint most = 0;
                for (int dy = -OutlineRadius; dy <= OutlineRadius; dy++)
                {
                    for (int dx = -OutlineRadius; dx <= OutlineRadius; dx++)
                    {
                        (int px, int py) = (x + dx, y + dy);
                        if ((dx * dx) + (dy * dy) <= OutlineRadius * OutlineRadius && (uint)px < Side && (uint)py < Side)
                        {
                            most = Math.Max(most, art[(py * Side) + px] >> 24);
                        }
                    }
                }

                outline[(y * Side) + x] = (byte)most;
            }
        }

        return outline;
    }

    private static uint[] Halve(uint[] from, int side)
    {
        int half = side / 2;
        uint[] to = new uint[half * half];
        for (int i = 0; i < to.Length; i++)
        {
            int at = ((i / half) * 2 * side) + ((i % half) * 2);
            uint pixel = 0;
            for (int shift = 0; shift < 32; shift += 8)
            {
                uint sum = ((from[at] >> shift) & 255) + ((from[at + 1] >> shift) & 255) + ((from[at + side] >> shift) & 255) + ((from[at + side + 1] >> shift) & 255);
                pixel |= ((sum + 2) / 4) << shift;
            }

            to[i] = pixel;
        }

        return to;
    }

    private static byte[] Halve(byte[] from, int side)
    {
        int half = side / 2;
        byte[] to = new byte[half * half];
        for (int i = 0; i < to.Length; i++)
        {
            int at = ((i / half) * 2 * side) + ((i % half) * 2);
            to[i] = (byte)((from[at] + from[at + 1] + from[at + side] + from[at + side + 1] + 2) / 4);
        }

        return to;
    }

    private static byte[] ToneOf(byte[] rgba, bool isShape)
    {
        byte[] tone = new byte[256];
        int[] counts = new int[256];
        int total = 0;
        for (int i = 0; i < rgba.Length; i += 4)
        {
            if (rgba[i + 3] > 200)
            {
                counts[Brightness(rgba[i], rgba[i + 1], rgba[i + 2])]++;
                total++;
            }
        }

        (int low, int high) = (Percentile(counts, total, 5), Percentile(counts, total, 95));
        for (int level = 0; level < tone.Length; level++)
        {
            int value = isShape ? level
                : high - low < FlatSpan ? 128 + level - ((low + high) / 2)
                : RampLow + ((level - low) * (RampHigh - RampLow) / (high - low));
            tone[level] = (byte)Math.Clamp(value, 0, 255);
        }

        return tone;
    }

    internal static int Brightness(int red, int green, int blue) => ((77 * red) + (150 * green) + (29 * blue)) >> 8;

    private static int Percentile(int[] counts, int total, int percent)
    {
        int seen = 0;
        for (int level = 0; level < counts.Length; level++)
        {
            seen += counts[level];
            if (seen * 100 >= total * percent && seen > 0)
            {
                return level;
            }
        }

        return counts.Length - 1;
    }
}
