namespace Studio.Engine.World;

/// <summary>What a script is to be about.</summary>
public sealed record WorldRequest
{
    /// <summary>Fewest objects in play: a cast, a haystack's pool and options that do not occur must all be different.</summary>
    public const int MinObjects = 60;

    public required WorldKind Kind { get; init; }

    public required WorldSplit Split { get; init; }

    public required ulong Seed { get; init; }

    /// <summary>Length of the whole video in seconds.</summary>
    public required int Seconds { get; init; }

    /// <summary>Frames a second.</summary>
    public int Fps { get; init; } = 8;

    /// <summary>Objects in play; the same number always means the same ones.</summary>
    public int Objects { get; init; } = WorldObjects.All.Count;

    /// <summary>Where the needle or other single event lies: 0 at the start, 1 at the end; null for anywhere.</summary>
    public double? Depth { get; init; }

    /// <summary>Steps from the first card of a chain to the last: 1 to 6.</summary>
    public int Hops { get; init; } = 1;

    /// <summary>Other cards in a needle video: 0 to 6.</summary>
    public int Decoys { get; init; }

    /// <summary>Seconds that a shot with something to ask about is seen, where the video is long enough.</summary>
    public int EventSeconds { get; init; } = 4;

    /// <summary>Seconds that a card is seen, where the video is long enough.</summary>
    public int CardSeconds { get; init; } = 4;

    /// <summary>The shortest video that a kind of question needs.</summary>
    public static int MinSeconds(WorldKind kind, int hops = 1, int decoys = 0) => kind switch
    {
        WorldKind.Direction => 2,
        WorldKind.When => 5,
        WorldKind.Order => 4,
        WorldKind.Needle => 1 + decoys,
        WorldKind.Chain => CardMaker.CardsOfChain(hops),
        _ => 1,
    };

    /// <exception cref="ArgumentException">A value cannot be met; the message names it.</exception>
    internal void Validate()
    {
        Require(Fps is >= 1 and <= WorldScript.MaxFps, $"{Fps} frames a second", $"1 to {WorldScript.MaxFps}");
        Require(Objects >= MinObjects && Objects <= WorldObjects.All.Count, $"{Objects} objects", $"{MinObjects} to {WorldObjects.All.Count}");
        Require(Depth is null or (>= 0 and <= 1), $"a depth of {Depth}", "0 to 1");
        Require(Hops is >= 1 and <= CardMaker.MaxHops, $"{Hops} hops", $"1 to {CardMaker.MaxHops}");
        Require(Decoys is >= 0 and <= CardMaker.MaxDecoys, $"{Decoys} decoy cards", $"0 to {CardMaker.MaxDecoys}");
        Require(EventSeconds is >= 1 and <= 60, $"events of {EventSeconds} s", "1 to 60 s");
        Require(CardSeconds is >= 1 and <= 60, $"cards of {CardSeconds} s", "1 to 60 s");
        int least = MinSeconds(Kind, Hops, Decoys);
        Require(Seconds >= least && Seconds <= WorldScript.MaxSeconds, $"a '{Kind.Name()}' video of {Seconds} s", $"{least} to {WorldScript.MaxSeconds} s");
    }

    private static void Require(bool met, string value, string allowed)
    {
        if (!met)
        {
            throw new ArgumentException($"The world cannot make {value}; give {allowed}.");
        }
    }
}
