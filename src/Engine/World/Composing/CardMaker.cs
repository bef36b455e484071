namespace Studio.Engine.World;

/// <summary>Makes the cards of needle and chain videos.</summary>
internal static class CardMaker
{
    internal const int MaxHops = 6;
    internal const int MaxDecoys = 6;

    /// <summary>Chains in a chain video: the one that is asked about, and three whose last pictures are the other options.</summary>
    internal const int Chains = 4;

    private const int ChainTries = 20000;
    private const int MinMoreCards = 2;
    private const int MaxGrain = 4;

    public static WorldPlan Plan(WorldComposer composer) => composer.Request.Kind == WorldKind.Needle ? Needle(composer) : Chain(composer);

    /// <summary>Most cards of a chain video: hops + 1 in each of its chains.</summary>
    internal static int CardsOfChain(int hops) => Chains * (hops + 1);

    private static WorldPlan Needle(WorldComposer composer)
    {
        int cards = 1 + composer.Request.Decoys;
        int seconds = CardSeconds(composer, cards);

        // Frames, pictures and numbers of the cards all differ, so that each names one card.
        WorldColour[] frames = composer.Random.Sample(WorldColours.All, cards);
        var marks = new List<string> { WorldMarks.Draw(composer.Random, 0) };
        marks.AddRange(WorldMarks.DrawOthers(composer.Random, 0, cards - 1, marks[0]));
        var made = new List<WorldSegment>();
        for (int i = 0; i < cards; i++)
        {
            WorldInstance picture = Picture(composer, composer.Take());
            made.Add(Single(composer, i == 0 ? WorldRole.Main : WorldRole.Decoy, frames[i], picture, marks[i], seconds));
        }

        // With decoys the one that is asked about is anywhere among them.
        WorldSegment[] order = [.. made];
        composer.Random.Shuffle<WorldSegment>(order);
        int? first = null;
        if (cards == 1 && composer.Request.Depth is { } depth)
        {
            first = (int)Math.Round(depth * (composer.Request.Seconds - seconds), MidpointRounding.AwayFromZero);
        }

        return new WorldPlan(order, FirstGap: first);
    }

    private static WorldPlan Chain(WorldComposer composer)
    {
        int hops = composer.Request.Hops;
        List<int[]> chains = DrawChains(composer, hops);
        int cards = chains.Sum(c => c.Length);
        int seconds = CardSeconds(composer, cards);
        var made = new List<WorldSegment>();
        for (int c = 0; c < chains.Count; c++)
        {
            WorldInstance[] pictures = [.. chains[c].Select(thing => Picture(composer, thing))];
            for (int step = 0; step < pictures.Length; step++)
            {
                WorldRole role = c == 0 ? WorldRole.Main : WorldRole.Decoy;
                WorldColour frame = composer.Random.Pick(WorldColours.All);
                string mark = WorldMarks.Draw(composer.Random, 0);
                WorldCard card = step == pictures.Length - 1
                    ? Single(composer, role, frame, pictures[step], mark, seconds)
                    : Pointing(composer, role, frame, pictures[step], pictures[step + 1], mark, seconds);
                made.Add(card with { Chain = c, Step = step });
            }
        }

        WorldSegment[] order = [.. made];
        composer.Random.Shuffle<WorldSegment>(order);
        return new WorldPlan(order);
    }

    /// <summary>
    /// Pictures of four chains, all different, every link of this split. Whatever ends one of the other chains could also follow the last
    /// but one of the first: no option is ruled out by which links a split has.
    /// </summary>
    private static List<int[]> DrawChains(WorldComposer composer, int hops)
    {
        WorldRandom random = composer.Random;
        for (int tries = 0; tries < ChainTries; tries++)
        {
            var used = new HashSet<int>();
            int[]? main = Walk(composer, random.Pick(composer.InPlay), hops, used);
            if (main is null)
            {
                continue;
            }

            var chains = new List<int[]> { main };
            while (chains.Count < Chains)
            {
                int length = random.Between(MinMoreCards, hops + 1);
                if (EndingLike(composer, main[^2], length, used) is not { } other)
                {
                    break;
                }

                chains.Add(other);
            }

            if (chains.Count == Chains)
            {
                foreach (int thing in used)
                {
                    composer.Take(thing);
                }

                return chains;
            }
        }

        throw new InvalidOperationException($"No four chains of {hops} hops were found in {composer.Split} with {composer.InPlay.Count} objects; use more objects.");
    }

    /// <summary>A chain forwards from a picture; null where it finds no way.</summary>
    private static int[]? Walk(WorldComposer composer, int start, int hops, HashSet<int> used)
    {
        int[] chain = new int[hops + 1];
        chain[0] = start;
        used.Add(start);
        for (int i = 1; i <= hops; i++)
        {
            if (Next(composer, o => WorldSplits.OfLink(chain[i - 1], o) == composer.Split && !used.Contains(o)) is not { } next)
            {
                return null;
            }

            chain[i] = next;
            used.Add(next);
        }

        return chain;
    }

    /// <summary>A chain whose end could also follow a given picture, built backwards.</summary>
    private static int[]? EndingLike(WorldComposer composer, int before, int length, HashSet<int> used)
    {
        int[] chain = new int[length];
        for (int i = length - 1; i >= 0; i--)
        {
            int at = i;
            int? thing = i == length - 1
                ? Next(composer, o => WorldSplits.OfLink(before, o) == composer.Split && !used.Contains(o))
                : Next(composer, o => WorldSplits.OfLink(o, chain[at + 1]) == composer.Split && !used.Contains(o));
            if (thing is not { } found)
            {
                return null;
            }

            chain[i] = found;
            used.Add(found);
        }

        return chain;
    }

    private static int? Next(WorldComposer composer, Func<int, bool> fits)
    {
        int[] fitting = [.. composer.InPlay.Where(fits)];
        return fitting.Length == 0 ? null : composer.Random.Pick(fitting);
    }

    internal static WorldInstance Picture(WorldComposer composer, int thing) => composer.Maker.Instance(thing, composer.Maker.Tint(thing));

    internal static WorldCard Single(WorldComposer composer, WorldRole role, WorldColour frame, WorldInstance picture, string mark, int seconds) => new()
    {
        StartMs = 0,
        LengthMs = seconds * 1000,
        Role = role,
        Frame = frame,
        Picture = picture,
        Mark = mark,
        Centre = composer.Maker.Place(40, 38, 60, 45),
        Size = composer.Maker.Size(38, 50),
        Grain = composer.Random.Between(0, MaxGrain),
    };

    internal static WorldCard Pointing(WorldComposer composer, WorldRole role, WorldColour frame, WorldInstance picture, WorldInstance next, string mark, int seconds)
    {
        bool downward = composer.Random.Chance(30);
        return new WorldCard
        {
            StartMs = 0,
            LengthMs = seconds * 1000,
            Role = role,
            Frame = frame,
            Picture = picture,
            Next = next,
            Downward = downward,
            Mark = mark,
            Centre = downward ? composer.Maker.Place(32, 47, 42, 53) : composer.Maker.Place(47, 38, 53, 46),
            Size = composer.Maker.Size(30, 36),
            Grain = composer.Random.Between(0, MaxGrain),
        };
    }

    private static int CardSeconds(WorldComposer composer, int cards) => Math.Max(1, Math.Min(composer.Request.CardSeconds, composer.Request.Seconds / cards));
}
