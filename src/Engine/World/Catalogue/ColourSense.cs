namespace Studio.Engine.World;

/// <summary>
/// Which pictures can show a colour. A recoloured picture keeps its highlights and shadows, and its edges blend with what lies behind:
/// a picture made of thin lines, or of little but white and black, looks alike in every colour. Such objects always keep their natural
/// colours: nothing may be asked or said about a colour that nobody can see.
/// </summary>
internal static class ColourSense
{
    /// <summary>Percentage of the pixels a picture touches that must be solid and clearly coloured.</summary>
    internal const int ClearPercent = 50;

    /// <summary>Percentage of the picture's canvas that must be so.</summary>
    internal const int CanvasPercent = 8;

    private const int SolidAlpha = 200;
    private const int LeastChroma = 32; // between the strongest and the weakest of red, green and blue
    private const int Grades = 256;

    private static readonly int[][] s_ramps = [.. WorldColours.All.Select(c => c.Ramp())];

    // Places on the ramps where every one of the colours can be seen.
    private static readonly bool[] s_clear =
        [.. Enumerable.Range(0, Grades).Select(grade => s_ramps.All(ramp => Chroma(ramp[grade]) >= LeastChroma))];

    /// <summary>Whether a picture shows whichever colour it is drawn in.</summary>
    /// <param name="art">Premultiplied pixels, alpha in the highest byte.</param>
    /// <param name="tone">Brightness to a place on a colour's ramp.</param>
    public static bool Shows(ReadOnlySpan<uint> art, ReadOnlySpan<byte> tone)
    {
        (int touched, int clear) = Measure(art, tone);
        return clear * 100 >= touched * ClearPercent && clear * 100 >= art.Length * CanvasPercent;
    }

    /// <summary>Pixels that a picture touches, and those of them that are solid and clearly coloured.</summary>
    internal static (int Touched, int Clear) Measure(ReadOnlySpan<uint> art, ReadOnlySpan<byte> tone)
    {
        (int touched, int clear) = (0, 0);
        foreach (uint pixel in art)
        {
            int alpha = (int)(pixel >> 24);
            touched += alpha > 0 ? 1 : 0;
            if (alpha >= SolidAlpha)
            {
                int brightness = ObjectPicture.Brightness((int)pixel & 255, (int)(pixel >> 8) & 255, (int)(pixel >> 16) & 255) * 255 / alpha;
                clear += s_clear[tone[Math.Min(Grades - 1, brightness)]] ? 1 : 0;
            }
        }

        return (touched, clear);
    }

    private static int Chroma(int rgb)
    {
        (int r, int g, int b) = ((rgb >> 16) & 255, (rgb >> 8) & 255, rgb & 255);
        return Math.Max(r, Math.Max(g, b)) - Math.Min(r, Math.Min(g, b));
    }
}
