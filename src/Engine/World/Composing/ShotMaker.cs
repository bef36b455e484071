namespace Studio.Engine.World;

/// <summary>Makes the parts of shots out of what belongs to one split.</summary>
internal sealed class ShotMaker(WorldRandom random, WorldSplit split)
{
    /// <summary>Attempts to find company that fits; without luck there is none.</summary>
    private const int Tries = 80;

    private const int Percent = WorldUnits.One / 100;

    public WorldRandom Random => random;

    public WorldSplit Split => split;

    /// <summary>A random colour, or none for half of the pictures and for those that cannot show one; shapes always have one.</summary>
    public int Tint(int thing, WorldColour? avoid = null)
    {
        if (WorldObjects.All[thing].Source == ObjectSource.Picture && (random.Chance(50) || !ObjectPicture.Of(thing).ShowsColour))
        {
            return 0;
        }

        WorldColour colour;
        do
        {
            colour = random.Pick(WorldColours.All);
        }
        while (colour == avoid);

        return 1 + (int)colour;
    }

    public WorldInstance Instance(int thing, int tint) => WorldInstance.Draw(random, split, thing, tint);

    public int Size(int lowPercent, int highPercent) => WorldPlaces.DrawSize(random, split, lowPercent * Percent, highPercent * Percent);

    public WorldPoint Place(int leftPercent, int topPercent, int rightPercent, int bottomPercent) =>
        WorldPlaces.Draw(random, split, new(leftPercent * Percent, topPercent * Percent), new(rightPercent * Percent, bottomPercent * Percent));

    /// <summary>A camera that hardly changes where things are.</summary>
    public WorldCamera GentleCamera(int lengthMs)
    {
        if (random.Chance(50))
        {
            return WorldCamera.Still;
        }

        int most = (int)(3L * Percent * 1000 / Math.Max(1000, lengthMs));
        return new WorldCamera(random.Between(-most, most), random.Between(-most, most), WorldUnits.One, WorldUnits.One);
    }

    /// <summary>A camera that wanders and comes nearer or goes away.</summary>
    public WorldCamera FreeCamera()
    {
        (int from, int to) = (random.Between(100, 125), random.Between(100, 125));
        return new WorldCamera(random.Between(-3 * Percent, 3 * Percent), random.Between(-2 * Percent, 2 * Percent), from * Percent, to * Percent);
    }

    /// <summary>Something that stays about its place for a whole shot.</summary>
    public static WorldActor Standing(WorldInstance instance, WorldRole role, WorldPoint place, int size, int lengthMs, WorldMotion motion) => new()
    {
        Instance = instance,
        Role = role,
        Motion = motion,
        From = place,
        To = place,
        Size = size,
        EnterMs = 0,
        LeaveMs = lengthMs,
    };

    /// <summary>Something that crosses the picture in one of the four directions: 0 left, 1 right, 2 up, 3 down.</summary>
    public WorldActor Crossing(WorldInstance instance, WorldRole role, int size, int lengthMs, int direction, WorldMotion motion)
    {
        bool sideways = direction < 2;
        WorldPoint near = sideways ? Place(12, 20, 26, 80) : Place(20, 14, 80, 26);
        WorldPoint far;
        int across;
        do
        {
            // The way across is much longer than the way aside.
            far = sideways ? Place(74, 20, 88, 80) : Place(20, 74, 80, 86);
            across = sideways ? far.Y - near.Y : far.X - near.X;
        }
        while (Math.Abs(across) > 15 * Percent);

        bool towardsFar = direction is 1 or 3;
        return new WorldActor
        {
            Instance = instance,
            Role = role,
            Motion = motion,
            From = towardsFar ? near : far,
            To = towardsFar ? far : near,
            Size = size,
            EnterMs = 0,
            LeaveMs = lengthMs,
        };
    }

    /// <summary>A motion on the spot, or none.</summary>
    public WorldMotion Stir() => random.Below(6) switch
    {
        0 => WorldMotion.Sway,
        1 => WorldMotion.Spin,
        2 => WorldMotion.Pulse,
        _ => WorldMotion.Still,
    };

    /// <summary>
    /// Adds up to <paramref name="count"/> other objects to a shot, where pairs of this split and free places are found.
    /// </summary>
    /// <param name="actors">Those of the shot; company is put before them, so that it is drawn behind.</param>
    /// <param name="candidates">Objects to choose from.</param>
    /// <param name="count">How many to add.</param>
    /// <param name="lengthMs">Length of the shot.</param>
    /// <param name="avoid">Colour of the backdrop.</param>
    public void AddCompany(List<WorldActor> actors, IReadOnlyList<int> candidates, int count, int lengthMs, WorldColour avoid)
    {
        for (int added = 0, tries = 0; added < count && tries < Tries; tries++)
        {
            int thing = random.Pick(candidates);
            if (actors.Any(a => a.Instance.ObjectId == thing || WorldSplits.OfPair(a.Instance.ObjectId, thing) != split))
            {
                continue;
            }

            int size = Size(14, 28);
            WorldPoint place = Place(12, 14, 88, 86);
            if (!actors.TrueForAll(a => IsApart(a.From, a.Size, place, size) && IsApart(a.To, a.Size, place, size)))
            {
                continue;
            }

            actors.Insert(0, Standing(Instance(thing, Tint(thing, avoid)), WorldRole.Extra, place, size, lengthMs, Stir()));
            added++;
        }
    }

    /// <summary>Whether two pictures leave each other free.</summary>
    public static bool IsApart(WorldPoint a, int sizeA, WorldPoint b, int sizeB)
    {
        long dx = a.X - b.X;
        long dy = a.Y - b.Y;
        long reach = (long)(sizeA + sizeB) * 54 / 100;
        return (dx * dx) + (dy * dy) >= reach * reach;
    }
}
