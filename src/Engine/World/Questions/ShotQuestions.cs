namespace Studio.Engine.World;

/// <summary>Questions about what shots show.</summary>
internal static class ShotQuestions
{
    public static WorldQuestion Ask(QuestionWriter writer, WorldKind kind)
    {
        WorldShot[] shots = [.. writer.Script.Segments.OfType<WorldShot>()];
        Sight[] sights = [.. shots.SelectMany(s => s.Actors.Where(a => a.Role == WorldRole.Main).Select(a => new Sight(s, a)))];
        return kind switch
        {
            WorldKind.Appears => Appears(writer, sights),
            WorldKind.Where => Where(writer, sights[0]),
            WorldKind.When => When(writer, sights[0]),
            WorldKind.Count => Count(writer, sights),
            WorldKind.Order => Order(writer, sights),
            WorldKind.Direction => Direction(writer, sights[0].Shot, sights[0].Actor),
            WorldKind.Presence => Presence(writer, sights),
            WorldKind.Colour => Colour(writer, sights),
            WorldKind.Mark => Mark(writer, shots.Single(s => s.Mark is not null), writer.Script.Variant),
            WorldKind.Describe => DescribeQuestions.Ask(writer, shots),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Cards are asked about by CardQuestions."),
        };
    }

    private static WorldQuestion Appears(QuestionWriter writer, Sight[] sights)
    {
        // Open only where a single object is seen in the whole video.
        bool open = !writer.Lettered && writer.Script.Cast().Count == 1;
        QuestionWriter asked = open ? writer : writer.AsLettered();
        (string name, IEnumerable<WorldSegment> seen) = Shown(writer, sights);
        return asked.Question(WorldKind.Appears, asked.Word(open ? QuestionText.AppearsOpen : QuestionText.AppearsLettered), name, asked.AbsentNames, seen);
    }

    private static WorldQuestion Presence(QuestionWriter writer, Sight[] sights)
    {
        (string shown, IEnumerable<WorldSegment> seen) = Shown(writer, sights);
        string absent = QuestionWriter.NameOf(writer.Random.Pick(writer.Absent()));
        WorldObject thing = WorldObjects.Named(writer.Yes ? shown : absent);
        string text = writer.Word(thing.IsPlural ? QuestionText.PresencePlural : QuestionText.Presence, thing.WithArticle);
        string answer = writer.Yes ? "yes" : "no";
        return writer.Question(WorldKind.Presence, text, answer, () => [writer.Yes ? "no" : "yes"], writer.Yes ? seen : []);
    }

    /// <summary>One of the objects that the video is about, and where it is seen.</summary>
    private static (string Name, IEnumerable<WorldSegment> Seen) Shown(QuestionWriter writer, Sight[] sights)
    {
        if (sights.Length > 0)
        {
            int thing = writer.Random.Pick(sights).Actor.Instance.ObjectId;
            return (QuestionWriter.NameOf(thing), sights.Where(s => s.Actor.Instance.ObjectId == thing).Select(s => s.Shot).Distinct());
        }

        WorldCard[] cards = [.. writer.Script.Segments.OfType<WorldCard>()];
        int pictured = writer.Random.Pick(cards).Picture.ObjectId;
        return (QuestionWriter.NameOf(pictured), cards.Where(c => c.Picture.ObjectId == pictured || c.Next?.ObjectId == pictured));
    }

    private static WorldQuestion Where(QuestionWriter writer, Sight sight)
    {
        string answer = WorldGrid.Names[WorldGrid.CellOf(sight.Actor.From)];
        return writer.Question(WorldKind.Where, writer.Word(QuestionText.Where, sight.Name), answer, () => writer.Others(WorldGrid.Names, answer), [sight.Shot]);
    }

    private static WorldQuestion When(QuestionWriter writer, Sight sight)
    {
        int seconds = writer.Script.LengthMs / 1000;
        int start = sight.Shot.StartMs / 1000;
        if (writer.Script.Variant == EventMaker.AsQuarter)
        {
            return Quarter(writer, sight.Shot, sight.Name, start * 4 / seconds);
        }

        (int slots, int step) = EventMaker.TimeSlots(seconds, sight.Shot.LengthMs / 1000);
        int[] moments = [.. Enumerable.Range(0, slots).Select(slot => (slot * step) + (start % step))];
        string[] times = [.. moments.Select(QuestionText.Time)];
        string time = QuestionText.Time(start);
        return writer.Question(WorldKind.When, writer.Word(QuestionText.WhenTime, sight.Name), time, () => writer.Others(times, time), [sight.Shot])
            with { Rationale = Rationales.Moments(writer.Script, moments, Array.IndexOf(moments, start), sight.Name) };
    }

    private static WorldQuestion Count(QuestionWriter writer, Sight[] sights)
    {
        if (writer.Script.Variant != EventMaker.OverTime)
        {
            return HowMany(writer, sights[0].Shot, [.. sights.Select(s => s.Actor)]);
        }

        string answer = sights.Length.ToString();
        string[] all = Numbers(EventMaker.MaxReturns);
        return writer.Question(WorldKind.Count, writer.Word(QuestionText.HowOften, sights[0].Name), answer, () => writer.Others(all, answer), sights.Select(s => s.Shot).Distinct());
    }

    /// <summary>How many copies of a thing one shot shows.</summary>
    internal static WorldQuestion HowMany(QuestionWriter writer, WorldShot shot, IReadOnlyList<WorldActor> copies)
    {
        string answer = copies.Count.ToString();
        string[] all = Numbers(EventMaker.MaxCopies);
        return writer.Question(WorldKind.Count, writer.Word(QuestionText.HowMany, copies[0].Instance.Thing.Plural), answer, () => writer.Others(all, answer), [shot])
            with { Rationale = Rationales.Copies(copies) };
    }

    private static string[] Numbers(int most) => [.. Enumerable.Range(1, most).Select(n => n.ToString())];

    private static WorldQuestion Order(QuestionWriter writer, Sight[] sights)
    {
        // Asked about the first, the last, or the neighbour of another; with five objects one of them is named in the question.
        string[] names = [.. sights.Select(s => s.Name)];
        bool neighbour = names.Length > WorldQuestions.Options;
        bool later = writer.Random.Chance(50);
        int named = !neighbour ? -1 : later ? writer.Random.Below(names.Length - 1) : 1 + writer.Random.Below(names.Length - 1);
        int right = neighbour ? named + (later ? 1 : -1) : later ? names.Length - 1 : 0;
        string[] choice = [.. names.Where((_, i) => i != named)];
        string[] listed = [.. choice];
        writer.Random.Shuffle<string>(listed);
        bool alone = !writer.Script.Segments.Any(s => s is WorldHaystack);
        string list = QuestionText.List([.. listed.Select(n => "the " + n)]);
        string[] wordings = (neighbour, alone, writer.Lettered) switch
        {
            (true, true, _) => later ? QuestionText.After : QuestionText.Before,
            (true, false, true) => later ? QuestionText.AfterOfThese : QuestionText.BeforeOfThese,
            (true, false, false) => later ? QuestionText.AfterOf : QuestionText.BeforeOf,
            (false, true, _) => later ? QuestionText.Last : QuestionText.First,
            (false, false, true) => later ? QuestionText.LastOfThese : QuestionText.FirstOfThese,
            (false, false, false) => later ? QuestionText.LastOf : QuestionText.FirstOf,
        };
        string text = writer.Word(wordings, list, neighbour ? names[named] : "");
        return writer.Question(WorldKind.Order, text, names[right], () => [.. choice.Where(n => n != names[right])], sights.Select(s => s.Shot)) with { Rationale = Rationales.Row(names) };
    }

    /// <summary>In which quarter of the video something is seen.</summary>
    /// <param name="quarter">The right one, from 0.</param>
    internal static WorldQuestion Quarter(QuestionWriter writer, WorldShot shot, string name, int quarter)
    {
        string answer = QuestionText.Quarters[quarter];
        return writer.Question(WorldKind.When, writer.Word(QuestionText.WhenQuarter, name), answer, () => writer.Others(QuestionText.Quarters, answer), [shot])
            with { Rationale = Rationales.Quarters(writer.Script, quarter, name) };
    }

    /// <summary>Which way something goes.</summary>
    internal static WorldQuestion Direction(QuestionWriter writer, WorldShot shot, WorldActor actor)
    {
        string answer = QuestionText.Directions[WorldCaptions.DirectionOf(actor)];
        return writer.Question(WorldKind.Direction, writer.Word(QuestionText.Direction, actor.Instance.Thing.Name), answer, () => writer.Others(QuestionText.Directions, answer), [shot])
            with { Rationale = Rationales.Way(actor) };
    }

    private static WorldQuestion Colour(QuestionWriter writer, Sight[] sights)
    {
        WorldInstance instance = sights[0].Actor.Instance;
        bool plural = instance.Thing.IsPlural || sights.Any(s => s.Shot == sights[0].Shot && s.Actor != sights[0].Actor);
        string answer = instance.Colour!.Value.Name();
        string text = writer.Word(plural ? QuestionText.ColourPlural : QuestionText.Colour, plural ? instance.Thing.Plural : instance.Thing.Name);
        return writer.Question(WorldKind.Colour, text, answer, () => writer.Others([.. WorldColours.All.Select(c => c.Name())], answer), sights.Select(s => s.Shot).Distinct());
    }

    /// <param name="variant">Form of the mark, which the wrong ones have too.</param>
    internal static WorldQuestion Mark(QuestionWriter writer, WorldShot shot, int variant)
    {
        string answer = shot.Mark!.Text;
        return writer.Question(
            WorldKind.Mark, writer.Word(QuestionText.Mark), answer, () => WorldMarks.DrawOthers(writer.Random, variant, WorldQuestions.Options - 1, answer), [shot]);
    }

    private sealed record Sight(WorldShot Shot, WorldActor Actor)
    {
        public string Name => Actor.Instance.Thing.Name;
    }
}
