namespace Studio.Engine.World;

/// <summary>The patterns of backdrops.</summary>
public enum BackdropStyle
{
    Plain,
    Gradient,
    Clouds,
    Cells,
    Marble,
    Stripes,
    Checks,
    Plaid,
    Dots,
    Rings,
    Waves,
    Bricks,
    Zigzag,
    Hills,
}

/// <summary>What a backdrop looks like; everything follows from its number.</summary>
public sealed class WorldBackdrop
{
    /// <summary>Backdrops are numbered from 0 to this, exclusively.</summary>
    public const int Count = 1 << 20;

    private const int Styles = (int)BackdropStyle.Hills + 1;
    private const int Tries = 4000;

    /// <exception cref="ArgumentOutOfRangeException">No backdrop has this number.</exception>
    public WorldBackdrop(int number)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(number, Count);
        var random = new WorldRandom(WorldRandom.Hash(0xBAC, (ulong)number));
        Number = number;
        Style = (BackdropStyle)random.Below(Styles);
        Colour = random.Pick(WorldColours.All);
        int tone = random.Below(4);
        (Dark, Light) = TonesOf(Colour.Rgb(), tone, random.Below(24));
        Angle = Style == BackdropStyle.Hills ? 0 : Style == BackdropStyle.Bricks ? 0 : random.Below(WorldUnits.Turn);
        Span = random.Between(160, 420);
        (OffsetU, OffsetV) = (random.Below(1 << 16), random.Below(1 << 16));
        int speed = random.Between(9, 30);
        int heading = random.Below(WorldUnits.Turn);
        DriftU = Heading(WorldUnits.Cos(heading), speed);
        DriftV = Heading(WorldUnits.Sin(heading), speed);
    }

    public int Number { get; }

    public BackdropStyle Style { get; }

    /// <summary>The colour it is named after.</summary>
    public WorldColour Colour { get; }

    /// <summary>Its pattern in a word, for example "stripes".</summary>
    public string Pattern => Style.ToString().ToLowerInvariant();

    /// <summary>For example "blue stripes" or "a plain red background".</summary>
    public string Name => Style switch
    {
        BackdropStyle.Plain => $"a plain {Colour.Name()} background",
        BackdropStyle.Gradient => $"{WithArticle(Colour.Name())} gradient",
        BackdropStyle.Marble => $"{Colour.Name()} marble",
        BackdropStyle.Plaid => $"{Colour.Name()} plaid",
        BackdropStyle.Zigzag => $"{WithArticle(Colour.Name())} zigzag",
        _ => $"{Colour.Name()} {Pattern}",
    };

    /// <summary>0xRRGGBB of the pattern's low and high end.</summary>
    internal int Dark { get; }

    internal int Light { get; }

    internal int Angle { get; }

    /// <summary>Texels of the pattern on the frame's shorter side; a stripe is 64 wide.</summary>
    internal int Span { get; }

    internal int OffsetU { get; }

    internal int OffsetV { get; }

    /// <summary>Texels a second; never both zero.</summary>
    internal int DriftU { get; }

    internal int DriftV { get; }

    /// <summary>A random backdrop of a split.</summary>
    /// <param name="random">Where it is drawn from.</param>
    /// <param name="split">The split it belongs to.</param>
    /// <param name="avoid">Colours that it must not have, so that what stands before it can be seen.</param>
    internal static WorldBackdrop Draw(WorldRandom random, WorldSplit split, IReadOnlyCollection<WorldColour>? avoid = null)
    {
        for (int i = 0; i < Tries; i++)
        {
            int number = random.Below(Count);
            if (WorldSplits.OfBackdrop(number) == split)
            {
                var backdrop = new WorldBackdrop(number);
                if (avoid is null || !avoid.Contains(backdrop.Colour))
                {
                    return backdrop;
                }
            }
        }

        throw new InvalidOperationException($"No backdrop of {split} was found without the colours {string.Join(", ", avoid ?? [])}; leave some colour free.");
    }

    private static int Heading(int share, int speed)
    {
        int drift = (int)((long)share * speed >> 16);
        return drift == 0 ? 1 : drift;
    }

    private static string WithArticle(string word) => $"{WorldObject.ArticleOf(word)} {word}";

    // Four ways to make two tones of one hue, all less vivid than what stands before them.
    private static (int Dark, int Light) TonesOf(int rgb, int tone, int shade)
    {
        int muted = WorldColours.Mix(rgb, 0x808080, 40 + shade);
        return tone switch
        {
            0 => (WorldColours.Mix(muted, 0x000000, 150), WorldColours.Mix(muted, 0x000000, 40 + shade)),
            1 => (WorldColours.Mix(muted, 0x000000, 60 + shade), WorldColours.Mix(muted, 0xFFFFFF, 60)),
            2 => (WorldColours.Mix(muted, 0xFFFFFF, 40 + shade), WorldColours.Mix(muted, 0xFFFFFF, 170)),
            _ => (WorldColours.Mix(muted, 0x000000, 100), WorldColours.Mix(muted, 0xFFFFFF, 130 + shade)),
        };
    }
}
