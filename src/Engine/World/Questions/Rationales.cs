namespace Studio.Engine.World;

/// <summary>
/// What leads to an answer, said before it: a small decoder that has to name the first of four things in one word must put them in order in its head, one that
/// lists them first only has to repeat one. Every rationale says what is seen and nothing that the video does not show.
/// </summary>
internal static class Rationales
{
    /// <summary>Longest video that is walked through part by part; in a longer one the parts hold too much to say.</summary>
    internal const int LongestWalkMs = 16_000;

    /// <summary>Things one after the other, for example "kite, bell, tent.": what an order or a chain is read from.</summary>
    public static string Row(IEnumerable<string> names) => string.Join(", ", names) + ".";

    /// <summary>Each copy with its number and where it is, in the order of reading: "1 top left, 2 top left, 3 bottom."</summary>
    public static string Copies(IEnumerable<WorldActor> actors) =>
        Row(actors.Select(a => WorldGrid.CellOf(a.From)).Order().Select((cell, i) => $"{i + 1} {WorldGrid.Names[cell]}"));

    /// <summary>Where something that goes comes from and where it ends: "from top left to top right."</summary>
    public static string Way(WorldActor actor) => $"from {WorldGrid.Names[WorldGrid.CellOf(actor.From)]} to {WorldGrid.Names[WorldGrid.CellOf(actor.To)]}.";

    /// <summary>
    /// What is seen in the middle of each quarter, and what is asked for once more with its own: "anchor first, blue waves second, kite third, anchor last. kite third."
    /// A walk that stopped at what is asked for would leave to chance where to stop; what follows a name can be found by it, what precedes it much less so.
    /// </summary>
    /// <param name="right">Quarter that shows it, from 0.</param>
    /// <param name="name">What is asked for.</param>
    /// <returns>Null where the video is too long for that.</returns>
    public static string? Quarters(WorldScript script, int right, string name)
    {
        int quarters = QuestionText.Quarters.Length;
        return Walk(script, Enumerable.Range(0, quarters).Select(q => (QuestionText.Quarters[q].Split(' ')[1], ((2 * q) + 1) * script.LengthMs / (2 * quarters))), right, name);
    }

    /// <summary>The same with moments: "anchor 00:00, kite 00:02, anchor 00:04, anchor 00:06. kite 00:02."</summary>
    /// <param name="seconds">Moments in order.</param>
    /// <param name="right">Which of them shows it, from 0.</param>
    /// <param name="name">What is asked for.</param>
    public static string? Moments(WorldScript script, IEnumerable<int> seconds, int right, string name) =>
        Walk(script, seconds.Select(s => (QuestionText.Time(s), (s * 1000) + 500)), right, name);

    private static string? Walk(WorldScript script, IEnumerable<(string When, int Ms)> stops, int right, string name)
    {
        if (script.LengthMs > LongestWalkMs)
        {
            return null;
        }

        string[] seen = [.. stops.Select((stop, i) => $"{(i == right ? name : SeenAt(script, stop.Ms))} {stop.When}")];
        return $"{Row(seen)} {seen[right]}.";
    }

    /// <summary>The largest thing at a moment, a card's picture, or what is behind where nothing stands.</summary>
    private static string SeenAt(WorldScript script, int ms)
    {
        WorldSegment segment = script.SegmentAt(ms);
        if (segment is WorldCard card)
        {
            return card.Picture.Thing.Name;
        }

        WorldShot shot = segment is WorldHaystack haystack ? HaystackShots.At(haystack, ms) : (WorldShot)segment;
        return shot.Actors.Where(a => a.IsSeenAt(ms - shot.StartMs)).MaxBy(a => a.Size)?.Instance.Thing.Name ?? new WorldBackdrop(shot.Backdrop).Name;
    }
}
