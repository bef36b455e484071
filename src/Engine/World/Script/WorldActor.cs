using System.Text.Json.Serialization;

namespace Studio.Engine.World;

/// <summary>How something moves.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<WorldMotion>))]
public enum WorldMotion
{
    Still,

    /// <summary>From one place to another at an even pace.</summary>
    Line,

    /// <summary>The same in hops.</summary>
    Hop,

    /// <summary>To and fro about its place.</summary>
    Sway,

    /// <summary>Turning on its place.</summary>
    Spin,

    /// <summary>Growing and shrinking on its place.</summary>
    Pulse,
}

/// <summary>Where something is at a moment.</summary>
/// <param name="Place">Its middle.</param>
/// <param name="Size">Share of the frame's shorter side.</param>
/// <param name="Angle">Clockwise, 1/1024 turns.</param>
public readonly record struct WorldPose(WorldPoint Place, int Size, int Angle);

/// <summary>Something that a shot shows, and where. Times count from the start of the shot.</summary>
public sealed record WorldActor
{
    private const int HopMs = 1000;
    private const int SwayMs = 3200;
    private const int SpinMs = 5000;
    private const int PulseMs = 2600;
    private const int HopHeight = WorldUnits.One * 7 / 100;
    private const int SwayWidth = WorldUnits.One * 35 / 1000;

    public required WorldInstance Instance { get; init; }

    public required WorldRole Role { get; init; }

    public required WorldMotion Motion { get; init; }

    public required WorldPoint From { get; init; }

    /// <summary>Where a motion along a line ends; otherwise the same as <see cref="From"/>.</summary>
    public required WorldPoint To { get; init; }

    public required int Size { get; init; }

    public required int EnterMs { get; init; }

    /// <summary>Seen before this moment.</summary>
    public required int LeaveMs { get; init; }

    public bool IsSeenAt(int ms) => ms >= EnterMs && ms < LeaveMs;

    /// <summary>Where it is, before the camera.</summary>
    public WorldPose At(int ms)
    {
        int since = ms - EnterMs;
        (int x, int y, int size, int angle) = (From.X, From.Y, Size, Instance.Tilt);
        switch (Motion)
        {
            case WorldMotion.Line or WorldMotion.Hop:
                x = WorldUnits.Between(From.X, To.X, since, LeaveMs - EnterMs);
                y = WorldUnits.Between(From.Y, To.Y, since, LeaveMs - EnterMs);
                y -= Motion == WorldMotion.Hop ? Share(HopHeight, Math.Abs(WorldUnits.Sin(Phase(since, 2 * HopMs)))) : 0;
                break;
            case WorldMotion.Sway:
                x += Share(SwayWidth, WorldUnits.Sin(Phase(since, SwayMs)));
                y += Share(SwayWidth / 2, WorldUnits.Sin(2 * Phase(since, SwayMs)));
                break;
            case WorldMotion.Spin:
                angle += Phase(since, SpinMs);
                break;
            case WorldMotion.Pulse:
                size += Share(size / 6, WorldUnits.Sin(Phase(since, PulseMs)));
                break;
        }

        return new WorldPose(new WorldPoint(x, y), size, angle);
    }

    private static int Phase(int ms, int periodMs) => (int)((long)ms * WorldUnits.Turn / periodMs);

    private static int Share(int of, int share) => (int)((long)of * share >> 16);
}

/// <summary>A camera's way through a shot.</summary>
/// <param name="PanX">Share of the frame it moves to the right in a second.</param>
/// <param name="PanY">The same downwards.</param>
/// <param name="ZoomFrom">Magnification at the start; <see cref="WorldUnits.One"/> is none.</param>
/// <param name="ZoomTo">Magnification at the end.</param>
public sealed record WorldCamera(int PanX, int PanY, int ZoomFrom, int ZoomTo)
{
    public static WorldCamera Still { get; } = new(0, 0, WorldUnits.One, WorldUnits.One);

    /// <summary>Magnification at a moment of a shot.</summary>
    public int ZoomAt(int ms, int lengthMs) => WorldUnits.Between(ZoomFrom, ZoomTo, ms, lengthMs);

    /// <summary>Where and how large something is seen.</summary>
    public WorldPose See(WorldPose pose, int ms, int lengthMs)
    {
        long zoom = ZoomAt(ms, lengthMs);
        int x = Project(pose.Place.X, PanX, ms, zoom);
        int y = Project(pose.Place.Y, PanY, ms, zoom);
        return new WorldPose(new WorldPoint(x, y), (int)(pose.Size * zoom >> 16), pose.Angle);
    }

    private static int Project(int place, int pan, int ms, long zoom)
    {
        long fromCentre = place - (WorldUnits.One / 2) - ((long)pan * ms / 1000);
        return (int)(fromCentre * zoom >> 16) + (WorldUnits.One / 2);
    }
}

/// <summary>A written mark on a plate.</summary>
/// <param name="Text">Digits and capital letters.</param>
/// <param name="Place">Its middle.</param>
/// <param name="Height">Height of the letters as a share of the frame's shorter side.</param>
public sealed record WorldMark(string Text, WorldPoint Place, int Height);
