using System.Runtime.CompilerServices;

namespace Studio.Engine.World;

/// <summary>A pattern: a brightness of 0 to 255 at a place in texels (16.16 fixed point, wrapping).</summary>
internal interface IField
{
    int At(int u, int v);
}

/// <summary>Building blocks of the patterns. A period is 64 texels.</summary>
internal static class FieldMath
{
    internal const int PeriodBits = 22;

    /// <summary>0 up to 254 and back to 0 once a period.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Wave(int u)
    {
        int phase = (u >> (PeriodBits - 8)) & 255;
        return phase < 128 ? 2 * phase : 510 - (2 * phase);
    }

    /// <summary>A wave with steep flanks: <paramref name="gain"/> is chosen so that a flank is about a pixel and a half wide.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Steep(int wave, int gain) => Clamp((((wave - 128) * gain) >> 4) + 128);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Clamp(int value) => (uint)value <= 255 ? value : value < 0 ? 0 : 255;

    /// <summary>A texture between its texels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Sample(byte[] texture, int u, int v)
    {
        (int x, int y) = ((u >> 16) & 255, (v >> 16) & 255);
        (int fx, int fy) = ((u >> 8) & 255, (v >> 8) & 255);
        int next = (x + 1) & 255;
        int row = y << 8;
        int below = ((y + 1) & 255) << 8;
        int top = (texture[row | x] << 8) + ((texture[row | next] - texture[row | x]) * fx);
        int bottom = (texture[below | x] << 8) + ((texture[below | next] - texture[below | x]) * fx);
        return (int)(((long)top << 8) + ((long)(bottom - top) * fy) >> 16);
    }
}

internal readonly struct PlainField(byte[] clouds) : IField
{
    public int At(int u, int v) => 112 + (FieldMath.Sample(clouds, u, v) >> 3);
}

internal readonly struct GradientField : IField
{
    public int At(int u, int v) => FieldMath.Wave(u >> 3);
}

internal readonly struct TextureField(byte[] texture) : IField
{
    public int At(int u, int v) => FieldMath.Sample(texture, u, v);
}

internal readonly struct MarbleField(byte[] clouds) : IField
{
    public int At(int u, int v) => FieldMath.Wave((u >> 1) + (FieldMath.Sample(clouds, u, v) << 14));
}

internal readonly struct StripesField(int gain) : IField
{
    public int At(int u, int v) => FieldMath.Steep(FieldMath.Wave(u), gain);
}

internal readonly struct ChecksField(int gain) : IField
{
    public int At(int u, int v)
    {
        int a = FieldMath.Steep(FieldMath.Wave(u), gain);
        int b = FieldMath.Steep(FieldMath.Wave(v), gain);
        return ((a * b) + ((255 - a) * (255 - b))) >> 8;
    }
}

internal readonly struct PlaidField(int gain) : IField
{
    public int At(int u, int v) =>
        ((2 * FieldMath.Steep(FieldMath.Wave(u), gain)) + FieldMath.Steep(FieldMath.Wave(v), gain) + FieldMath.Steep(FieldMath.Wave(2 * v), gain)) >> 2;
}

internal readonly struct DotsField(int gain) : IField
{
    private const int Radius = 19 * 16;

    public int At(int u, int v)
    {
        int du = ((u >> 12) & 1023) - 512;
        int dv = ((v >> 12) & 1023) - 512;
        return FieldMath.Clamp(128 + ((((Radius * Radius) - (du * du) - (dv * dv)) / (4 * Radius) * gain) >> 4));
    }
}

/// <summary>Rings about a point of the picture; <paramref name="growth"/> moves them outwards. Square roots of IEEE 754 are exact.</summary>
internal readonly struct RingsField(int gain, int growth) : IField
{
    public int At(int u, int v)
    {
        double du = u >> 8;
        double dv = v >> 8;
        return FieldMath.Steep(FieldMath.Wave(((int)Math.Sqrt((du * du) + (dv * dv)) << 8) - growth), gain);
    }
}

internal readonly struct WavesField(int gain) : IField
{
    public int At(int u, int v) => FieldMath.Steep(FieldMath.Wave(v + (WorldUnits.Sin(u >> 13) * 13)), gain);
}

internal readonly struct ZigzagField(int gain) : IField
{
    public int At(int u, int v) => FieldMath.Steep(FieldMath.Wave(v + (FieldMath.Wave(u) << 13)), gain);
}

internal readonly struct BricksField : IField
{
    private const int Mortar = 4 << 16;

    public int At(int u, int v)
    {
        int row = v >> 21;
        int shifted = u + ((row & 1) << 21);
        return (v & 0x1FFFFF) < Mortar || (shifted & 0x3FFFFF) < Mortar ? 250 : 30 + (int)(((uint)((shifted >> 22) * 73856093) ^ (uint)(row * 19349663)) % 97);
    }
}

/// <summary>A sky over three ranges of hills that pass at different speeds. Not wrapped downwards: v is 0 at the middle of the frame.</summary>
internal readonly struct HillsField(byte[] clouds) : IField
{
    public int At(int u, int v)
    {
        int height = v >> 16;
        if (height > 58 - (Ridge(u, 2 << 14) >> 2))
        {
            return 20;
        }

        if (height > 22 - (Ridge(u >> 1, 9 << 16) >> 2))
        {
            return 80;
        }

        return height > -16 - (Ridge(u >> 2, 90 << 16) >> 2) ? 135 : FieldMath.Clamp(255 + (height >> 1));
    }

    private int Ridge(int u, int v) => FieldMath.Sample(clouds, u, v) - 96;
}
