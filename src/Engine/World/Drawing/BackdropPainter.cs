namespace Studio.Engine.World;

/// <summary>Fills a frame with a backdrop.</summary>
internal static class BackdropPainter
{
    private const int RampLevels = 256;

    /// <summary>Fills a frame.</summary>
    /// <param name="rgb">width × height × 3 bytes.</param>
    /// <param name="width">Pixels.</param>
    /// <param name="height">Pixels.</param>
    /// <param name="backdrop">What to draw.</param>
    /// <param name="ms">Moment of the shot; moves the pattern where it drifts.</param>
    /// <param name="drifts">Whether it drifts.</param>
    /// <param name="camera">Camera of the shot.</param>
    /// <param name="lengthMs">Length of the shot.</param>
    public static void Paint(Span<byte> rgb, int width, int height, WorldBackdrop backdrop, int ms, bool drifts, WorldCamera camera, int lengthMs)
    {
        int shorter = Math.Min(width, height);
        long texelsPerPixel = ((long)backdrop.Span << 32) / shorter / camera.ZoomAt(ms, lengthMs); // 16.16
        int gain = (int)Math.Clamp((long)(22 << 20) / Math.Max(1, texelsPerPixel), 16, 1024); // in sixteenths
        long driftU = drifts ? ((long)backdrop.DriftU << 16) * ms / 1000 : 0;
        long driftV = drifts ? ((long)backdrop.DriftV << 16) * ms / 1000 : 0;
        long panU = (long)camera.PanX * ms / 1000 * backdrop.Span * width / shorter; // One of a frame is 65,536, as 16.16 needs it
        long panV = (long)camera.PanY * ms / 1000 * backdrop.Span * height / shorter;
        Span<Rgb> ramp = stackalloc Rgb[RampLevels];
        for (int level = 0; level < RampLevels; level++)
        {
            ramp[level] = Rgb.Of(WorldColours.Mix(backdrop.Dark, backdrop.Light, level + (level >> 7)));
        }

        var place = new Mapping(width, height, texelsPerPixel, backdrop.Angle, panU, panV)
        {
            OffsetU = ((long)backdrop.OffsetU << 8) + driftU,
            OffsetV = ((long)backdrop.OffsetV << 8) + driftV,
        };
        byte[] clouds = Textures.Clouds;
        switch (backdrop.Style)
        {
            case BackdropStyle.Plain: Fill(rgb, place, ramp, new PlainField(clouds)); break;
            case BackdropStyle.Gradient: Fill(rgb, place, ramp, default(GradientField)); break;
            case BackdropStyle.Clouds: Fill(rgb, place, ramp, new TextureField(clouds)); break;
            case BackdropStyle.Cells: Fill(rgb, place, ramp, new TextureField(Textures.Cells)); break;
            case BackdropStyle.Marble: Fill(rgb, place, ramp, new MarbleField(clouds)); break;
            case BackdropStyle.Stripes: Fill(rgb, place, ramp, new StripesField(gain)); break;
            case BackdropStyle.Checks: Fill(rgb, place, ramp, new ChecksField(gain)); break;
            case BackdropStyle.Plaid: Fill(rgb, place, ramp, new PlaidField(gain)); break;
            case BackdropStyle.Dots: Fill(rgb, place, ramp, new DotsField(gain)); break;
            case BackdropStyle.Waves: Fill(rgb, place, ramp, new WavesField(gain)); break;
            case BackdropStyle.Bricks: Fill(rgb, place, ramp, default(BricksField)); break;
            case BackdropStyle.Zigzag: Fill(rgb, place, ramp, new ZigzagField(gain)); break;
            case BackdropStyle.Rings:
                int growth = (int)(driftU + driftV == 0 ? driftU : driftU + driftV);
                Fill(rgb, place with { OffsetU = ((long)backdrop.OffsetU - 32768) << 7, OffsetV = ((long)backdrop.OffsetV - 32768) << 7 }, ramp, new RingsField(gain, growth));
                break;
            default:
                Fill(rgb, place with { OffsetV = 0, PanV = 0 }, ramp, new HillsField(clouds));
                break;
        }
    }

    private static void Fill<T>(Span<byte> rgb, Mapping place, ReadOnlySpan<Rgb> ramp, T field)
        where T : struct, IField
    {
        (int width, int height) = (place.Width, place.Height);
        long cos = WorldUnits.Cos(place.Angle) * place.TexelsPerPixel >> 16;
        long sin = WorldUnits.Sin(place.Angle) * place.TexelsPerPixel >> 16;
        Span<Rgb> pixels = Rgb.Pixels(rgb);
        for (int y = 0; y < height; y++)
        {
            // Doubled: the middle of a frame of even size lies between pixels.
            long left = 1 - width;
            long down = (2 * y) + 1 - height;
            long panU = ((WorldUnits.Cos(place.Angle) * place.PanU) - (WorldUnits.Sin(place.Angle) * place.PanV)) >> 16;
            long panV = ((WorldUnits.Sin(place.Angle) * place.PanU) + (WorldUnits.Cos(place.Angle) * place.PanV)) >> 16;
            int u = (int)((((left * cos) - (down * sin)) >> 1) + place.OffsetU + panU);
            int v = (int)((((left * sin) + (down * cos)) >> 1) + place.OffsetV + panV);
            foreach (ref Rgb pixel in pixels.Slice(y * width, width))
            {
                pixel = ramp[field.At(u, v)];
                u = unchecked(u + (int)cos);
                v = unchecked(v + (int)sin);
            }
        }
    }

    /// <summary>How pixels lie on the pattern.</summary>
    private readonly record struct Mapping(int Width, int Height, long TexelsPerPixel, int Angle, long PanU, long PanV)
    {
        public long OffsetU { get; init; }

        public long OffsetV { get; init; }
    }
}
