using Studio.Engine.Video;

namespace Studio.Engine.World;

/// <summary>
/// Draws frames of a script. A frame depends on the script and its moment only: neither on frames drawn before nor on the machine.
/// One renderer serves one thread; it keeps no more than the last shot of a haystack and its backdrop.
/// </summary>
public sealed class WorldRenderer
{
    /// <summary>Shortest side: below it nothing can be recognised.</summary>
    public const int MinSide = 16;

    /// <summary>Longest side.</summary>
    public const int MaxSide = 4096;

    private WorldHaystack? _haystack;
    private WorldShot? _haystackShot;
    private WorldBackdrop? _backdrop;

    /// <exception cref="ArgumentOutOfRangeException">A side is below 16 or above 4096 pixels.</exception>
    public WorldRenderer(int width = 224, int height = 224)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, MinSide);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, MinSide);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(width, MaxSide);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(height, MaxSide);
        (Width, Height) = (width, height);
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>Bytes of a frame: width × height × 3.</summary>
    public int FrameBytes => Width * Height * 3;

    /// <summary>One frame as a picture of its own.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The script has no such frame.</exception>
    public RgbImage Frame(WorldScript script, int frame)
    {
        byte[] rgb = new byte[FrameBytes];
        Draw(script, frame, rgb);
        return new RgbImage(Width, Height, rgb);
    }

    /// <summary>Draws one frame into a buffer of <see cref="FrameBytes"/> bytes: rows of red, green, blue.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The script has no such frame.</exception>
    /// <exception cref="ArgumentException">The buffer has another size.</exception>
    public void Draw(WorldScript script, int frame, Span<byte> rgb)
    {
        ArgumentNullException.ThrowIfNull(script);
        if ((uint)frame >= (uint)script.FrameCount)
        {
            throw new ArgumentOutOfRangeException(nameof(frame), frame, $"The script has the frames 0 to {script.FrameCount - 1}.");
        }

        DrawAt(script, script.TimeOf(frame), rgb);
    }

    /// <summary>Draws the picture at a moment.</summary>
    /// <exception cref="ArgumentException">The buffer has another size than <see cref="FrameBytes"/>.</exception>
    public void DrawAt(WorldScript script, int ms, Span<byte> rgb)
    {
        ArgumentNullException.ThrowIfNull(script);
        if (rgb.Length != FrameBytes)
        {
            throw new ArgumentException($"A {Width}x{Height} frame needs {FrameBytes} bytes; got {rgb.Length}.", nameof(rgb));
        }

        switch (script.SegmentAt(ms))
        {
            case WorldCard card:
                CardPainter.Draw(rgb, Width, Height, card);
                AddGrain(rgb, card.Grain, script.Seed, ms);
                break;
            case WorldHaystack haystack:
                DrawShot(HaystackShot(haystack, ms), script.Seed, ms, rgb);
                break;
            case WorldShot shot:
                DrawShot(shot, script.Seed, ms, rgb);
                break;
        }
    }

    private void DrawShot(WorldShot shot, ulong seed, int ms, Span<byte> rgb)
    {
        int since = ms - shot.StartMs;
        if (_backdrop?.Number != shot.Backdrop)
        {
            _backdrop = new WorldBackdrop(shot.Backdrop);
        }

        BackdropPainter.Paint(rgb, Width, Height, _backdrop, since, shot.Drifts, shot.Camera, shot.LengthMs);
        foreach (WorldActor actor in shot.Actors)
        {
            if (actor.IsSeenAt(since))
            {
                SpritePainter.Draw(rgb, Width, Height, actor.Instance, shot.Camera.See(actor.At(since), since, shot.LengthMs));
            }
        }

        if (shot.Mark is { } mark)
        {
            TextPainter.Draw(rgb, Width, Height, mark.Text, mark.Place, mark.Height);
        }

        AddGrain(rgb, shot.Grain, seed, ms);
    }

    private void AddGrain(Span<byte> rgb, int strength, ulong seed, int ms)
    {
        if (strength > 0)
        {
            GrainPainter.Add(rgb, Width, Height, strength, WorldRandom.Hash(seed, (ulong)ms, 0x62A1));
        }
    }

    private WorldShot HaystackShot(WorldHaystack haystack, int ms)
    {
        if (!ReferenceEquals(_haystack, haystack) || _haystackShot is null || ms < _haystackShot.StartMs || ms >= _haystackShot.EndMs)
        {
            (_haystack, _haystackShot) = (haystack, HaystackShots.At(haystack, ms));
        }

        return _haystackShot;
    }
}
