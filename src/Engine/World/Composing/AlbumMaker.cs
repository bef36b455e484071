namespace Studio.Engine.World;

/// <summary>Pictures that an album shows beside the ordinary ones, as percentages of all.</summary>
/// <param name="Cards">Cards only: one or two large pictures on plain paper, the easiest to tell apart.</param>
/// <param name="Large">Easy to see: cards, and single objects of a third of the frame or more.</param>
/// <param name="Crowded">A different object in each of the nine parts of the picture: much to tell apart for one picture.</param>
public readonly record struct AlbumMix(int Large = 0, int Crowded = 0, int Cards = 0);

/// <summary>
/// Makes albums: a second for each picture, each picture another scene, and no object in two of them. Few frames teach much: what,
/// where, how many, which colour, what is written and on which card can be asked about any of them.
/// </summary>
public static class AlbumMaker
{
    /// <summary>Most pictures of an album: their objects must all be different.</summary>
    public const int MaxPictures = 16;

    /// <summary>Most cards, which all differ in frame and number; and one picture with a sign, so that "the sign" is one.</summary>
    internal const int MaxCards = 4;

    private const int PictureMs = 1000;
    private const int PlaceTries = 300;
    private const int MaxObjects = 4;
    private const int CrowdTries = 12;
    private const int CrowdColours = 5;
    private const int MaxGrain = 4;
    private const int Percent = 100;

    /// <summary>An album of a split; the same numbers always give the same one.</summary>
    /// <param name="pictures">1 to <see cref="MaxPictures"/>: as many seconds, of one frame each.</param>
    /// <param name="objects">Objects in play, <see cref="WorldRequest.MinObjects"/> or more.</param>
    /// <exception cref="ArgumentException">A number is out of range; the message names it.</exception>
    public static WorldScript Compose(WorldSplit split, ulong seed, int pictures, int objects, AlbumMix mix = default)
    {
        if (pictures is < 1 or > MaxPictures || pictures * PerPicture(mix) > objects)
        {
            throw new ArgumentException($"An album of {pictures} pictures and {objects} objects; give 1 to {MaxPictures} pictures, and {PerPicture(mix)} objects in play for each.");
        }

        if (mix.Large < 0 || mix.Crowded < 0 || mix.Cards < 0 || mix.Large + mix.Crowded + mix.Cards > Percent)
        {
            throw new ArgumentException($"An album of {mix.Cards} % cards, {mix.Large} % large and {mix.Crowded} % crowded pictures; give percentages of 100 at most together.");
        }

        var request = new WorldRequest { Kind = WorldKind.Describe, Split = split, Seed = WorldRandom.Hash(seed, 0xA1B) >> 11, Seconds = pictures, Fps = 1, Objects = objects };
        return WorldComposer.Compose(request, composer => Plan(composer, pictures, mix));
    }

    private static int PerPicture(AlbumMix mix) => mix.Crowded > 0 ? WorldGrid.Cells : 6;

    private static WorldPlan Plan(WorldComposer composer, int pictures, AlbumMix mix)
    {
        WorldRandom random = composer.Random;
        WorldColour[] frames = random.Sample(WorldColours.All, MaxCards);
        List<string> numbers = WorldMarks.DrawOthers(random, 0, MaxCards, "");
        var made = new List<WorldSegment>();
        (int cards, bool signed) = (0, false);
        while (made.Count < pictures)
        {
            int special = mix == default ? Percent : random.Below(Percent); // without a mix nothing is drawn for it: albums stay as they were
            if (special < mix.Crowded)
            {
                made.Add(Crowd(composer));
                continue;
            }

            if (special < mix.Crowded + mix.Cards && cards < MaxCards)
            {
                made.Add(Card(composer, frames[cards], numbers[cards]));
                cards++;
                continue;
            }

            bool easy = special < mix.Crowded + mix.Cards + mix.Large;
            int draw = random.Below(easy ? 10 : 20);
            if (draw < 5 && cards < MaxCards)
            {
                made.Add(Card(composer, frames[cards], numbers[cards]));
                cards++;
            }
            else if (easy)
            {
                made.Add(Objects(composer, 1, 33));
            }
            else if (draw < 8 && !signed)
            {
                made.Add(Scene(composer, []) with { Mark = new WorldMark(WorldMarks.Draw(random, random.Below(WorldMarks.Forms)), composer.Maker.Place(28, 25, 72, 75), composer.Maker.Size(14, 24)) });
                signed = true;
            }
            else
            {
                made.Add(draw < 12 ? Copies(composer) : Objects(composer, random.Between(1, MaxObjects), 18));
            }
        }

        WorldSegment[] order = [.. made];
        random.Shuffle<WorldSegment>(order);
        return new WorldPlan(order);
    }

    /// <summary>One to four different objects in different parts of the picture, every two of them a pair of the split.</summary>
    /// <param name="wanted">How many, where they find room and pairs.</param>
    /// <param name="least">Smallest size of a single one, in percent.</param>
    private static WorldShot Objects(WorldComposer composer, int wanted, int least)
    {
        var actors = new List<WorldActor>();
        int[] cells = composer.Random.Sample(Enumerable.Range(0, WorldGrid.Cells).ToArray(), WorldGrid.Cells);
        foreach (int cell in cells)
        {
            if (actors.Count == wanted)
            {
                break;
            }

            int size = wanted == 1 ? composer.Maker.Size(least, 48) : composer.Maker.Size(15, 30);
            WorldPoint place = WorldGrid.Draw(composer.Maker, cell);
            if (!actors.TrueForAll(a => ShotMaker.IsApart(a.From, a.Size, place, size)))
            {
                continue;
            }

            if (Take(composer, o => actors.TrueForAll(a => WorldSplits.OfPair(a.Instance.ObjectId, o) == composer.Split)) is not { } thing)
            {
                break; // the small splits have few pairs
            }

            actors.Add(Standing(composer, thing, composer.Maker.Tint(thing), place, size));
        }

        return Scene(composer, actors);
    }

    /// <summary>A different object in each part of the picture, where it finds room and pairs.</summary>
    private static WorldShot Crowd(WorldComposer composer)
    {
        var actors = new List<WorldActor>();
        for (int cell = 0; cell < WorldGrid.Cells; cell++)
        {
            for (int tries = 0; tries < CrowdTries; tries++)
            {
                int size = composer.Maker.Size(20, 29);
                WorldPoint place = WorldGrid.Draw(composer.Maker, cell);
                if (!actors.TrueForAll(a => ShotMaker.IsApart(a.From, a.Size, place, size)))
                {
                    continue;
                }

                if (Take(composer, o => actors.TrueForAll(a => WorldSplits.OfPair(a.Instance.ObjectId, o) == composer.Split)) is { } thing)
                {
                    int tint = composer.Maker.Tint(thing);
                    int[] tints = [.. actors.Select(a => a.Instance.Tint).Where(t => t > 0).Distinct()];
                    actors.Add(Standing(composer, thing, tint > 0 && tints.Length >= CrowdColours ? tints[0] : tint, place, size)); // the backdrop needs one of its own
                }

                break;
            }
        }

        return Scene(composer, actors);
    }

    /// <summary>One to eight of the same.</summary>
    private static WorldShot Copies(WorldComposer composer)
    {
        int thing = composer.Take();
        int tint = composer.Maker.Tint(thing);
        int wanted = composer.Random.Between(1, EventMaker.MaxCopies);
        var actors = new List<WorldActor>();
        for (int tries = 0; actors.Count < wanted && tries < PlaceTries; tries++)
        {
            int size = composer.Maker.Size(13, tries < PlaceTries / 2 ? 22 : 15);
            WorldPoint place = composer.Maker.Place(10, 12, 90, 88);
            if (actors.TrueForAll(a => ShotMaker.IsApart(a.From, a.Size, place, size)))
            {
                actors.Add(Standing(composer, thing, tint, place, size));
            }
        }

        return Scene(composer, actors);
    }

    private static WorldActor Standing(WorldComposer composer, int thing, int tint, WorldPoint place, int size) =>
        ShotMaker.Standing(composer.Maker.Instance(thing, tint), WorldRole.Main, place, size, PictureMs, WorldMotion.Still);

    private static WorldShot Scene(WorldComposer composer, List<WorldActor> actors)
    {
        WorldColour[] colours = [.. actors.Select(a => a.Instance.Colour).OfType<WorldColour>().Distinct()];
        return new WorldShot
        {
            StartMs = 0,
            LengthMs = PictureMs,
            Backdrop = WorldBackdrop.Draw(composer.Random, composer.Split, colours).Number,
            Grain = composer.Random.Between(0, MaxGrain),
            Actors = actors,
        };
    }

    /// <summary>A card; every third points to a second picture, where the split has such a link.</summary>
    private static WorldCard Card(WorldComposer composer, WorldColour frame, string number)
    {
        int thing = composer.Take();
        WorldInstance picture = CardMaker.Picture(composer, thing);
        return composer.Random.Below(3) == 0 && Take(composer, o => WorldSplits.OfLink(thing, o) == composer.Split) is { } next
            ? CardMaker.Pointing(composer, WorldRole.Main, frame, picture, CardMaker.Picture(composer, next), number, seconds: 1)
            : CardMaker.Single(composer, WorldRole.Main, frame, picture, number, seconds: 1);
    }

    /// <summary>An object that is not in the album yet and fits; null where none does.</summary>
    private static int? Take(WorldComposer composer, Func<int, bool> fits)
    {
        int[] fitting = [.. composer.Free().Where(fits)];
        if (fitting.Length == 0)
        {
            return null;
        }

        int thing = composer.Random.Pick(fitting);
        composer.Take(thing);
        return thing;
    }
}
