namespace Studio.Engine.World;

/// <summary>Makes the shots that questions about shots need.</summary>
internal sealed class EventMaker
{
    /// <summary>Most copies of one object in a counting shot.</summary>
    internal const int MaxCopies = 8;

    /// <summary>Most times that an object comes back.</summary>
    internal const int MaxReturns = 6;

    /// <summary>Ways something can move in a described shot: four directions twice, three motions on the spot, none.</summary>
    internal const int Deeds = 12;

    /// <summary>Forms of <see cref="WorldKind.Count"/> and <see cref="WorldKind.When"/>.</summary>
    internal const int AtOnce = 0, OverTime = 1, AsTime = 0, AsQuarter = 1;

    private const int ReturnSeconds = 2;
    private const int OrderTries = 2000;
    private const int PlaceTries = 4000;
    private const int ShortVideo = 16;
    private const int LongVideo = 32;

    private readonly WorldComposer _composer;
    private readonly ShotMaker _maker;
    private readonly WorldRandom _random;
    private readonly int _seconds;

    private EventMaker(WorldComposer composer)
    {
        (_composer, _maker, _random, _seconds) = (composer, composer.Maker, composer.Random, composer.Request.Seconds);
    }

    public static WorldPlan Plan(WorldComposer composer)
    {
        var maker = new EventMaker(composer);
        return composer.Request.Kind switch
        {
            WorldKind.Where => maker.Where(),
            WorldKind.When => maker.When(),
            WorldKind.Count => maker.Count(),
            WorldKind.Order => maker.Order(),
            WorldKind.Direction => maker.Direction(),
            WorldKind.Mark => maker.Mark(),
            WorldKind.Describe => maker.Describe(),
            WorldKind.Colour => new WorldPlan([maker.Sight(maker.EventSeconds(), tinted: true)]),
            _ => new WorldPlan([maker.Sight(maker.EventSeconds(), tinted: false)]), // Appears, Presence
        };
    }

    /// <summary>How long the one shot of a question lasts: a short video it often fills.</summary>
    private int EventSeconds()
    {
        int wanted = Math.Min(_seconds, _composer.Request.EventSeconds);
        return _composer.Request.Depth is null && (_seconds <= 2 * wanted || (_seconds <= ShortVideo && _random.Chance(50))) ? _seconds : wanted;
    }

    /// <summary>A shot of one object and perhaps company.</summary>
    private WorldShot Sight(int seconds, bool tinted)
    {
        int thing = tinted ? _composer.Take(static o => ObjectPicture.Of(o).ShowsColour) : _composer.Take();
        int tint = tinted ? 1 + _random.Below(WorldColours.All.Count) : _maker.Tint(thing);
        WorldInstance instance = _maker.Instance(thing, tint);
        WorldBackdrop backdrop = Backdrop(instance);
        int size = _maker.Size(20, 44);
        WorldActor main = seconds >= 2 && _random.Chance(35)
            ? _maker.Crossing(instance, WorldRole.Main, size, seconds * 1000, _random.Below(4), WorldMotion.Line)
            : ShotMaker.Standing(instance, WorldRole.Main, _maker.Place(22, 22, 78, 78), size, seconds * 1000, _maker.Stir());
        return Shot([main], backdrop, seconds, _random.Below(3));
    }

    private WorldPlan Where()
    {
        int seconds = EventSeconds();
        int thing = _composer.Take();
        WorldInstance instance = _maker.Instance(thing, _maker.Tint(thing));
        WorldPoint place = WorldGrid.Draw(_maker, _random.Below(WorldGrid.Cells));
        WorldActor main = ShotMaker.Standing(instance, WorldRole.Main, place, _maker.Size(18, 28), seconds * 1000, _maker.Stir());
        return new WorldPlan([Shot([main], Backdrop(instance), seconds, _random.Below(3))]);
    }

    private WorldPlan When()
    {
        int length = Math.Clamp(_seconds / 8, 1, _composer.Request.EventSeconds);
        WorldShot shot = Sight(length, tinted: false);
        if (_seconds >= 8 && _random.Chance(50))
        {
            int quarter = _random.Below(4);
            int first = ((quarter * _seconds) + 3) / 4;
            int last = ((quarter + 1) * _seconds / 4) - length;
            return new WorldPlan([shot], FirstGap: _random.Between(first, last), Variant: AsQuarter);
        }

        // Any slot is as likely as any other, and so is any moment within a slot: options are the same moment of other slots.
        (int slots, int step) = TimeSlots(_seconds, length);
        return new WorldPlan([shot], FirstGap: (_random.Below(slots) * step) + _random.Below(step), Variant: AsTime);
    }

    /// <summary>Equal slots of a video, as long as its seconds allow, in which an event of some length can start, and the seconds of one.</summary>
    internal static (int Slots, int Step) TimeSlots(int videoSeconds, int eventSeconds)
    {
        int slots = videoSeconds >= LongVideo ? 8 : 4;
        return (slots, (videoSeconds - eventSeconds + 1) / slots); // the last start of all is a start, too
    }

    private WorldPlan Count()
    {
        int thing = _composer.Take();
        int tint = _maker.Tint(thing);
        if (_seconds >= (MaxReturns * (ReturnSeconds + 1)) && _random.Chance(50))
        {
            int times = _random.Between(1, MaxReturns);
            return new WorldPlan([.. Enumerable.Range(0, times).Select(_ => Alone(thing, tint, ReturnSeconds))], MinGap: 1, Variant: OverTime);
        }

        int seconds = EventSeconds();
        int copies = _random.Between(1, MaxCopies);
        var actors = new List<WorldActor>();
        for (int tries = 0; actors.Count < copies; tries++)
        {
            int size = tries < PlaceTries / 2 ? _maker.Size(13, 22) : _maker.Size(12, 15);
            WorldPoint place = _maker.Place(10, 12, 90, 88);
            if (actors.TrueForAll(a => ShotMaker.IsApart(a.From, a.Size, place, size)))
            {
                actors.Add(ShotMaker.Standing(_maker.Instance(thing, tint), WorldRole.Main, place, size, seconds * 1000, _random.Chance(20) ? WorldMotion.Spin : WorldMotion.Still));
            }
            else if (tries > PlaceTries)
            {
                throw new InvalidOperationException($"No free places were found for {copies} copies in {_composer.Split}.");
            }
        }

        return new WorldPlan([Shot(actors, Backdrop(actors[0].Instance), seconds, _random.Below(3))], Variant: AtOnce);
    }

    /// <summary>A shot with one given object and nothing else.</summary>
    private WorldShot Alone(int thing, int tint, int seconds)
    {
        WorldInstance instance = _maker.Instance(thing, tint);
        WorldActor main = ShotMaker.Standing(instance, WorldRole.Main, _maker.Place(25, 25, 75, 75), _maker.Size(26, 46), seconds * 1000, _maker.Stir());
        return Shot([main], Backdrop(instance), seconds, company: 0);
    }

    private WorldPlan Order()
    {
        int events = _seconds >= 8 && _random.Chance(50) ? 5 : 4;
        int[] order;
        int tries = 0;
        do
        {
            order = _random.Sample(_composer.InPlay, events);
        }
        while (WorldSplits.OfOrder(order) != _composer.Split && ++tries < OrderTries);

        int seconds = Math.Max(1, Math.Min(_composer.Request.EventSeconds, _seconds / events));
        foreach (int thing in order)
        {
            _composer.Take(thing);
        }

        return new WorldPlan([.. order.Select(thing => Alone(thing, _maker.Tint(thing), seconds))]);
    }

    private WorldPlan Direction()
    {
        int seconds = EventSeconds();
        int thing = _composer.Take();
        WorldInstance instance = _maker.Instance(thing, _maker.Tint(thing));
        WorldMotion motion = _random.Chance(70) ? WorldMotion.Line : WorldMotion.Hop;
        WorldActor main = _maker.Crossing(instance, WorldRole.Main, _maker.Size(18, 34), seconds * 1000, _random.Below(4), motion);
        return new WorldPlan([Shot([main], Backdrop(instance), seconds, _random.Below(3))]);
    }

    private WorldPlan Mark()
    {
        int seconds = EventSeconds();
        int variant = _random.Below(WorldMarks.Forms);
        var shot = Shot([], WorldBackdrop.Draw(_random, _composer.Split), seconds, _random.Below(3));
        return new WorldPlan([shot with { Mark = new WorldMark(WorldMarks.Draw(_random, variant), _maker.Place(28, 25, 72, 75), _maker.Size(14, 24)) }], Variant: variant);
    }

    private WorldPlan Describe()
    {
        int shots = _seconds < 6 ? 1 : _random.Between(1, _seconds < 12 ? 2 : 3);
        var events = new List<WorldSegment>();
        for (int i = 0; i < shots; i++)
        {
            int seconds = ((i + 1) * _seconds / shots) - (i * _seconds / shots);
            int thing = _composer.Take();
            WorldInstance instance = _maker.Instance(thing, _maker.Tint(thing));
            events.Add(Shot([Doing(instance, seconds)], Backdrop(instance), seconds, company: 0));
        }

        return new WorldPlan(events);
    }

    /// <summary>Something that does one of twelve things, all equally likely; in a single frame it can only stand.</summary>
    private WorldActor Doing(WorldInstance instance, int seconds)
    {
        int deed = seconds < 2 ? Deeds - 1 : _random.Below(Deeds);
        return deed < 8
            ? _maker.Crossing(instance, WorldRole.Main, _maker.Size(20, 34), seconds * 1000, deed % 4, deed < 4 ? WorldMotion.Line : WorldMotion.Hop)
            : ShotMaker.Standing(instance, WorldRole.Main, _maker.Place(30, 30, 70, 70), _maker.Size(24, 46), seconds * 1000, deed switch
            {
                8 => WorldMotion.Sway,
                9 => WorldMotion.Spin,
                10 => WorldMotion.Pulse,
                _ => WorldMotion.Still,
            });
    }

    private WorldBackdrop Backdrop(WorldInstance before) => WorldBackdrop.Draw(_random, _composer.Split, before.Colour is { } colour ? [colour] : null);

    /// <summary>A shot; one whose actors all stand may be a still picture.</summary>
    private WorldShot Shot(List<WorldActor> actors, WorldBackdrop backdrop, int seconds, int company)
    {
        foreach (WorldActor actor in actors)
        {
            _composer.Take(actor.Instance.ObjectId);
        }

        _maker.AddCompany(actors, _composer.Free(), company, seconds * 1000, backdrop.Colour);
        bool still = actors.TrueForAll(a => a.Motion == WorldMotion.Still) && _random.Chance(20);
        return new WorldShot
        {
            StartMs = 0,
            LengthMs = seconds * 1000,
            Backdrop = backdrop.Number,
            Drifts = !still && _random.Chance(80),
            Camera = still ? WorldCamera.Still : _maker.GentleCamera(seconds * 1000),
            Grain = still ? 0 : _random.Between(0, 5),
            Actors = actors,
        };
    }
}
