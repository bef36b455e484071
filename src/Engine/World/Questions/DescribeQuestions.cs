namespace Studio.Engine.World;

/// <summary>
/// Questions for a description. The four options are all combinations of two values each of two facts about one shot (what it is, its colour,
/// what it does, what is behind it), so that no option has more in common with the others than any other has.
/// </summary>
internal static class DescribeQuestions
{
    public static WorldQuestion Ask(QuestionWriter writer, WorldShot[] shots)
    {
        string truth = Text(shots);
        string text = writer.Word(writer.Lettered ? QuestionText.DescribeLettered : QuestionText.DescribeOpen);
        return writer.Question(WorldKind.Describe, text, truth, () => Wrong(writer, shots), shots);
    }

    private static string[] Wrong(QuestionWriter writer, WorldShot[] shots)
    {
        int at = writer.Random.Below(shots.Length);
        WorldShot shot = shots[at];
        WorldActor actor = shot.Actors.Single(a => a.Role == WorldRole.Main);
        WorldActor changed = actor;
        WorldBackdrop truth = new(shot.Backdrop);

        // A picture in its natural colours has no colour that could be another, and in a single frame nothing moves.
        var open = new List<int> { 0, 3 };
        if (actor.Instance.Tint > 0)
        {
            open.Add(1);
        }

        if (shot.LengthMs >= 2000)
        {
            open.Add(2);
        }

        int[] facts = writer.Random.Sample(open, 2);
        WorldInstance other = Other(writer, actor.Instance, facts, truth.Colour);
        if (facts.Contains(2))
        {
            changed = OtherDeed(writer, actor);
        }

        WorldBackdrop behind = facts.Contains(3) ? OtherBackdrop(writer, truth, actor.Instance.Colour, other.Colour) : truth;
        return
        [
            Variant(shots, at, Mixed(facts[..1])),
            Variant(shots, at, Mixed(facts[1..])),
            Variant(shots, at, Mixed(facts)),
        ];

        WorldShot Mixed(int[] wrong)
        {
            WorldInstance instance = actor.Instance with
            {
                ObjectId = wrong.Contains(0) ? other.ObjectId : actor.Instance.ObjectId,
                Tint = wrong.Contains(1) ? other.Tint : actor.Instance.Tint,
            };
            WorldActor deed = wrong.Contains(2) ? changed : actor;
            return shot with { Actors = [deed with { Instance = instance }], Backdrop = wrong.Contains(3) ? behind.Number : shot.Backdrop };
        }
    }

    private static string Variant(WorldShot[] shots, int at, WorldShot other) => Text([.. shots.Select((s, i) => i == at ? other : s)]);

    private static WorldInstance Other(QuestionWriter writer, WorldInstance truth, int[] facts, WorldColour backdrop)
    {
        // As in composing: shapes always have a colour, pictures have one half of the time.
        int thing = truth.ObjectId;
        if (facts.Contains(0))
        {
            int[] absent = writer.Absent();
            do
            {
                thing = writer.Random.Pick(absent);
            }
            while (WorldObjects.All[thing].Source == ObjectSource.Shape ? truth.Tint == 0 : truth.Tint > 0 && writer.Random.Chance(50));
        }

        WorldColour? colour = truth.Colour;
        while (facts.Contains(1) && (colour == truth.Colour || colour == backdrop))
        {
            colour = writer.Random.Pick(WorldColours.All);
        }

        return truth with { ObjectId = thing, Tint = colour is { } found ? 1 + (int)found : 0 };
    }

    private static WorldActor OtherDeed(QuestionWriter writer, WorldActor truth)
    {
        string said = WorldCaptions.DeedOf(truth.Motion, WorldCaptions.DirectionOf(truth), plural: false);
        while (true)
        {
            int deed = writer.Random.Below(EventMaker.Deeds);
            WorldMotion motion = deed < 4 ? WorldMotion.Line : deed < 8 ? WorldMotion.Hop : (WorldMotion)(WorldMotion.Sway + deed - 8);
            motion = deed == EventMaker.Deeds - 1 ? WorldMotion.Still : motion;
            if (WorldCaptions.DeedOf(motion, deed % 4, plural: false) != said)
            {
                WorldPoint middle = new(WorldUnits.One / 2, WorldUnits.One / 2);
                (int dx, int dy) = (deed % 4) switch { 0 => (-1, 0), 1 => (1, 0), 2 => (0, -1), _ => (0, 1) };
                return truth with { Motion = motion, From = middle, To = new(middle.X + dx, middle.Y + dy) };
            }
        }
    }

    private static WorldBackdrop OtherBackdrop(QuestionWriter writer, WorldBackdrop truth, params WorldColour?[] colours)
    {
        while (true)
        {
            var backdrop = new WorldBackdrop(writer.Random.Below(WorldBackdrop.Count));
            if (backdrop.Name != truth.Name && !colours.Contains(backdrop.Colour))
            {
                return backdrop;
            }
        }
    }

    private static string Text(WorldShot[] shots) =>
        string.Join(" Then ", shots.Select(WorldCaptions.Sentence).Select((s, i) => i == 0 ? s : char.ToLowerInvariant(s[0]) + s[1..]));
}
