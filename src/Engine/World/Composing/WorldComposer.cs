namespace Studio.Engine.World;

/// <summary>
/// Composes scripts: first what the question needs (shots or cards), then the rest of the time as haystack around it. Everything the
/// question is about is drawn so that no answer is likelier than another, given the question's words and options.
/// </summary>
public sealed class WorldComposer
{
    /// <summary>Objects that a video's haystack may show.</summary>
    internal const int PoolSize = 20;

    // Draws after which it is looked whether anything is left to draw.
    private const int TakeTries = 10_000;

    private readonly WorldRequest _request;
    private readonly ShotMaker _maker;
    private readonly IReadOnlyList<int> _inPlay;
    private readonly HashSet<int> _taken = [];

    private WorldComposer(WorldRequest request)
    {
        _request = request;
        _maker = new ShotMaker(new WorldRandom(WorldRandom.Hash(request.Seed, (ulong)request.Split, (ulong)request.Kind)), request.Split);
        _inPlay = WorldObjects.InPlay(request.Objects);
    }

    internal WorldRequest Request => _request;

    internal ShotMaker Maker => _maker;

    internal WorldRandom Random => _maker.Random;

    internal WorldSplit Split => _request.Split;

    /// <summary>The objects in play.</summary>
    internal IReadOnlyList<int> InPlay => _inPlay;

    /// <summary>Makes the script of a request; the same request always gives the same one.</summary>
    /// <exception cref="ArgumentException">The request asks for something that cannot be; the message names it.</exception>
    public static WorldScript Compose(WorldRequest request) =>
        Compose(request, composer => composer.Request.Kind is WorldKind.Needle or WorldKind.Chain ? CardMaker.Plan(composer) : EventMaker.Plan(composer));

    internal static WorldScript Compose(WorldRequest request, Func<WorldComposer, WorldPlan> make)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Validate();
        var composer = new WorldComposer(request);
        WorldPlan plan = make(composer);
        var script = new WorldScript
        {
            Seed = request.Seed,
            Split = request.Split,
            Kind = request.Kind,
            Variant = plan.Variant,
            Objects = request.Objects,
            Fps = request.Fps,
            Segments = composer.LayOut(plan),
        };
        script.Validate();
        return script;
    }

    /// <summary>An object that is not in the video yet.</summary>
    internal int Take() => Take(static _ => true);

    /// <summary>An object that is not in the video yet and fits.</summary>
    /// <exception cref="InvalidOperationException">None is left that fits.</exception>
    internal int Take(Func<int, bool> fits)
    {
        for (int tries = 0; ; tries++)
        {
            int thing = Random.Pick(_inPlay);
            if (fits(thing) && _taken.Add(thing))
            {
                return thing;
            }

            if (tries % TakeTries == TakeTries - 1 && !Free().Any(fits))
            {
                throw new InvalidOperationException($"None of the {_inPlay.Count} objects in play that are not in the video yet fits; put more objects in play.");
            }
        }
    }

    internal void Take(int thing) => _taken.Add(thing);

    internal bool IsTaken(int thing) => _taken.Contains(thing);

    /// <summary>Objects that are not in the video yet.</summary>
    internal int[] Free() => [.. _inPlay.Where(o => !_taken.Contains(o))];

    private List<WorldSegment> LayOut(WorldPlan plan)
    {
        int[] gaps = Gaps(plan);
        int[] pool = gaps.Any(g => g > 0) ? Random.Sample(Free(), PoolSize) : [];
        var segments = new List<WorldSegment>();
        int at = 0;
        for (int i = 0; i <= plan.Events.Count; i++)
        {
            if (gaps[i] > 0)
            {
                segments.Add(new WorldHaystack { StartMs = at, LengthMs = gaps[i] * 1000, Seed = Random.Next(), Split = Split, Pool = pool });
                at += gaps[i] * 1000;
            }

            if (i < plan.Events.Count)
            {
                segments.Add(plan.Events[i] with { StartMs = at });
                at += plan.Events[i].LengthMs;
            }
        }

        return segments;
    }

    /// <summary>Seconds of haystack before each event and after the last.</summary>
    private int[] Gaps(WorldPlan plan)
    {
        int events = plan.Events.Count;
        int rest = _request.Seconds - (plan.Events.Sum(e => e.LengthMs) / 1000) - (plan.MinGap * (events - 1));
        if (plan.FirstGap is { } given)
        {
            return [given, .. Enumerable.Repeat(0, events - 1), rest - given];
        }

        int[] cuts = new int[events];
        for (int i = 0; i < events; i++)
        {
            cuts[i] = events == 1 && _request.Depth is { } depth ? (int)Math.Round(depth * rest, MidpointRounding.AwayFromZero) : Random.Between(0, rest);
        }

        Array.Sort(cuts);
        int[] gaps = new int[events + 1];
        for (int i = 0; i <= events; i++)
        {
            gaps[i] = (i == events ? rest : cuts[i]) - (i == 0 ? 0 : cuts[i - 1]) + (i > 0 && i < events ? plan.MinGap : 0);
        }

        return gaps;
    }
}

/// <summary>What a question needs to be seen, in order.</summary>
/// <param name="Events">Shots and cards; where they start is not decided yet. Whole seconds long.</param>
/// <param name="MinGap">Seconds of haystack between two of them at least.</param>
/// <param name="FirstGap">Seconds before the first, where that is decided; only with one event.</param>
/// <param name="Variant">Which form of the question it is for.</param>
internal sealed record WorldPlan(IReadOnlyList<WorldSegment> Events, int MinGap = 0, int? FirstGap = null, int Variant = 0);
