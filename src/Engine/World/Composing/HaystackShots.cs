namespace Studio.Engine.World;

/// <summary>The shots of a haystack: each follows from the haystack's seed and its number alone.</summary>
internal static class HaystackShots
{
    /// <summary>Shots are six seconds long on average, two to ten.</summary>
    internal const int MeanMs = 6000;

    private const int JitterSteps = 9;
    private const int JitterStepMs = 500;
    private const int MaxActors = 3;

    /// <summary>The shot at a moment.</summary>
    /// <param name="haystack">The stretch.</param>
    /// <param name="ms">Milliseconds from the start of the video.</param>
    public static WorldShot At(WorldHaystack haystack, int ms)
    {
        int since = Math.Clamp(ms - haystack.StartMs, 0, haystack.LengthMs - 1);
        int number = since / MeanMs;
        if (since < BoundaryMs(haystack, number))
        {
            number--;
        }
        else if (since >= BoundaryMs(haystack, number + 1))
        {
            number++;
        }

        int start = BoundaryMs(haystack, number);
        int end = Math.Min(haystack.LengthMs, BoundaryMs(haystack, number + 1));
        return Make(haystack, number, haystack.StartMs + start, end - start);
    }

    /// <summary>Where shot n starts: at n × 6 s, a little earlier or later.</summary>
    internal static int BoundaryMs(WorldHaystack haystack, int number) => number <= 0
        ? 0
        : (number * MeanMs) + (((int)(WorldRandom.Hash(haystack.Seed, (ulong)number, 1) % JitterSteps) - (JitterSteps / 2)) * JitterStepMs);

    private static WorldShot Make(WorldHaystack haystack, int number, int startMs, int lengthMs)
    {
        var random = new WorldRandom(WorldRandom.Hash(haystack.Seed, (ulong)number, 2));
        var maker = new ShotMaker(random, haystack.Split);
        WorldBackdrop backdrop = WorldBackdrop.Draw(random, haystack.Split);
        var actors = new List<WorldActor>();
        int wanted = random.Between(0, MaxActors);
        if (wanted > 0 && haystack.Pool.Count > 0)
        {
            int thing = random.Pick(haystack.Pool);
            WorldInstance first = maker.Instance(thing, maker.Tint(thing, backdrop.Colour));
            int size = maker.Size(18, 42);
            actors.Add(random.Chance(50)
                ? maker.Crossing(first, WorldRole.Extra, size, lengthMs, random.Below(4), random.Chance(70) ? WorldMotion.Line : WorldMotion.Hop)
                : ShotMaker.Standing(first, WorldRole.Extra, maker.Place(15, 18, 85, 82), size, lengthMs, maker.Stir()));
            maker.AddCompany(actors, haystack.Pool, wanted - 1, lengthMs, backdrop.Colour);
        }

        return new WorldShot
        {
            StartMs = startMs,
            LengthMs = lengthMs,
            Backdrop = backdrop.Number,
            Drifts = true,
            Camera = maker.FreeCamera(),
            Grain = random.Between(2, 6),
            Actors = actors,
        };
    }
}
