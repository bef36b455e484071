using System.Runtime.CompilerServices;

namespace Studio.Engine.World;

/// <summary>Draws pictures of objects, turned and scaled, into a frame.</summary>
internal static class SpritePainter
{
    // Ramps of the eight colours; level 0 to 255.
    private static readonly int[][] s_ramps = [.. WorldColours.All.Select(c => c.Ramp())];

    /// <summary>Draws an object.</summary>
    /// <param name="rgb">width × height × 3 bytes.</param>
    /// <param name="width">Pixels.</param>
    /// <param name="height">Pixels.</param>
    /// <param name="instance">What to draw.</param>
    /// <param name="pose">Where.</param>
    public static void Draw(Span<byte> rgb, int width, int height, WorldInstance instance, WorldPose pose) =>
        Draw(rgb, width, height, ObjectPicture.Of(instance.ObjectId), pose, instance.Tint == 0 ? null : s_ramps[instance.Tint - 1], instance.Flipped, instance.Outlined);

    /// <summary>Draws the sign that points to the next picture.</summary>
    public static void DrawArrow(Span<byte> rgb, int width, int height, WorldPose pose, WorldColour colour) =>
        Draw(rgb, width, height, ObjectPicture.Arrow, pose, s_ramps[(int)colour], flipped: false, outlined: false);

    private static void Draw(Span<byte> rgb, int width, int height, ObjectPicture picture, WorldPose pose, int[]? ramp, bool flipped, bool outlined)
    {
        int shorter = Math.Min(width, height);
        long size = (long)pose.Size * shorter; // of the 64-pixel art, 16.16 pixels
        if (size < 1 << 16)
        {
            return; // smaller than a pixel
        }

        long cx = (long)pose.Place.X * width;
        long cy = (long)pose.Place.Y * height;
        long half = size * ObjectPicture.Side / 64 * 3 / 4; // half of the canvas' diagonal, rounded up
        int left = (int)Math.Max(0, (cx - half) >> 16);
        int right = (int)Math.Min(width - 1, (cx + half) >> 16);
        int top = (int)Math.Max(0, (cy - half) >> 16);
        int bottom = (int)Math.Min(height - 1, (cy + half) >> 16);
        int level = 0;
        while (level < ObjectPicture.Levels - 1 && (long)(64 << 16) >> level > size * 3 / 2)
        {
            level++;
        }

        int side = ObjectPicture.Side >> level;
        long step = ((64L << 32) >> level) / size; // texels a pixel, 16.16
        long cos = WorldUnits.Cos(pose.Angle) * step >> 16;
        long sin = WorldUnits.Sin(pose.Angle) * step >> 16;
        (long cosX, long sinY) = flipped ? (-cos, -sin) : (cos, sin);
        long middle = ((long)side << 15) - (1 << 15);
        var source = new Source(picture.Art(level), outlined ? picture.OutlineOf(level) : null, side, ramp, picture.Tone);
        for (int y = top; y <= bottom; y++)
        {
            long dx = ((long)left << 16) + (1 << 15) - cx;
            long dy = ((long)y << 16) + (1 << 15) - cy;
            long u = middle + (((dx * cosX) + (dy * sinY)) >> 16);
            long v = middle + (((-dx * sin) + (dy * cos)) >> 16);
            int at = ((y * width) + left) * 3;
            for (int x = left; x <= right; x++)
            {
                source.Blend(rgb, at, (int)u, (int)v);
                u += cosX;
                v -= sin;
                at += 3;
            }
        }
    }

    private readonly struct Source(uint[] art, byte[]? outline, int side, int[]? ramp, byte[] tone)
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Blend(Span<byte> rgb, int at, int u, int v)
        {
            (int x, int y) = (u >> 16, v >> 16);
            if (x < 0 || y < 0 || x >= side - 1 || y >= side - 1)
            {
                return; // the border of the canvas is empty
            }

            uint fx = (uint)(u >> 8) & 255;
            uint fy = (uint)(v >> 8) & 255;
            int i = (y * side) + x;
            int under = 0;
            if (outline is not null)
            {
                uint o = ((((outline[i] * (256 - fx)) + (outline[i + 1] * fx)) * (256 - fy)) + (((outline[i + side] * (256 - fx)) + (outline[i + side + 1] * fx)) * fy)) >> 16;
                if (o == 0)
                {
                    return;
                }

                under = (int)o;
            }

            uint pixel = Mix(Mix(art[i], art[i + 1], fx), Mix(art[i + side], art[i + side + 1], fx), fy);
            int a = (int)(pixel >> 24);
            if (a == 0 && under == 0)
            {
                return;
            }

            (int r, int g, int b) = ((int)pixel & 255, (int)(pixel >> 8) & 255, (int)(pixel >> 16) & 255);
            if (ramp is not null && a > 0)
            {
                int brightness = Math.Min(255, ObjectPicture.Brightness(r, g, b) * 255 / a);
                int colour = ramp[tone[brightness]];
                r = Scale((colour >> 16) & 255, a);
                g = Scale((colour >> 8) & 255, a);
                b = Scale(colour & 255, a);
            }

            // White under the art where there is an outline, then both over the frame.
            int white = Scale(under, 255 - a);
            int rest = 255 - Math.Min(255, a + white);
            rgb[at] = (byte)Math.Min(255, r + white + Scale(rgb[at], rest));
            rgb[at + 1] = (byte)Math.Min(255, g + white + Scale(rgb[at + 1], rest));
            rgb[at + 2] = (byte)Math.Min(255, b + white + Scale(rgb[at + 2], rest));
        }

        private static int Scale(int value, int share) => ((value * share * 257) + 32896) >> 16;

        /// <summary>Four channels at once, two by two.</summary>
        private static uint Mix(uint p, uint q, uint share)
        {
            uint low = ((((p & 0x00FF00FF) * (256 - share)) + ((q & 0x00FF00FF) * share)) >> 8) & 0x00FF00FF;
            uint high = ((((p >> 8) & 0x00FF00FF) * (256 - share)) + (((q >> 8) & 0x00FF00FF) * share)) & 0xFF00FF00;
            return low | high;
        }
    }
}
