namespace Studio.Engine.World;

/// <summary>
/// A video as notes: a sentence for each of equal stretches, that says what its middle frame shows and where, thing by thing, and one for each shot or
/// card that lies between those middles. Nothing is counted, compared or summed up, and no motion is named: who reads the notes has to find out
/// as much as who looks.
/// </summary>
public static class WorldNotes
{
    /// <summary>Most stretches of a video; those of a longer one are longer.</summary>
    public const int MaxStretches = 16;

    private const int ShortestMs = 1000;

    /// <summary>For example "red anchor top left, bell middle, blue waves. card orange 47 grapes to bell." Things stand in the order of reading.</summary>
    public static string Of(WorldScript script)
    {
        ArgumentNullException.ThrowIfNull(script);
        int stretch = Math.Max(ShortestMs, (script.LengthMs + MaxStretches - 1) / MaxStretches);
        int[] middles = [.. Enumerable.Range(0, (script.LengthMs + stretch - 1) / stretch).Select(i => Math.Min((i * stretch) + (stretch / 2), script.LengthMs - 1))];

        // What a question is about must be told, however short it is in a long video.
        IEnumerable<int> missed = script.Segments.Where(s => s is not WorldHaystack && !Array.Exists(middles, ms => ms >= s.StartMs && ms < s.EndMs)).Select(s => (s.StartMs + s.EndMs) / 2);
        return string.Join(' ', middles.Concat(missed).Order().Select(ms => Note(script, ms)));
    }

    private static string Note(WorldScript script, int ms)
    {
        WorldSegment segment = script.SegmentAt(ms);
        if (segment is WorldCard card)
        {
            return Card(card);
        }

        WorldShot shot = segment is WorldHaystack haystack ? HaystackShots.At(haystack, ms) : (WorldShot)segment;
        int since = ms - shot.StartMs;
        IEnumerable<string> things = shot.Actors.Where(a => a.IsSeenAt(since)).Select(a => (a.Instance, shot.Camera.See(a.At(since), since, shot.LengthMs).Place))
            .Where(seen => seen.Place.X is >= 0 and < WorldUnits.One && seen.Place.Y is >= 0 and < WorldUnits.One)
            .OrderBy(seen => WorldGrid.CellOf(seen.Place)).Select(seen => $"{seen.Instance.Name} {WorldGrid.Names[WorldGrid.CellOf(seen.Place)]}");
        return Shot(shot, things);
    }

    /// <summary>A card as a note.</summary>
    internal static string Card(WorldCard card) => $"card {card.Frame.Name()} {card.Mark} {card.Picture.Name}{(card.Next is { } next ? " to " + next.Name : "")}.";

    /// <summary>A shot as a note.</summary>
    /// <param name="things">What is said of each thing, in the order of reading.</param>
    internal static string Shot(WorldShot shot, IEnumerable<string> things) =>
        $"{(shot.Mark is { } mark ? $"sign {mark.Text}, " : "")}{string.Concat(things.Select(t => t + ", "))}{new WorldBackdrop(shot.Backdrop).Name}.";
}
