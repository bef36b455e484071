namespace Studio.Engine.World;

/// <summary>An object as it is drawn: its number, its colour, and which of the drawing variants.</summary>
/// <param name="ObjectId">Position in <see cref="WorldObjects.All"/>.</param>
/// <param name="Tint">0 for natural colours, else 1 + the number of a <see cref="WorldColour"/>.</param>
/// <param name="Variant">0 to <see cref="Variants"/> - 1: flip, outline, tilt.</param>
public sealed record WorldInstance(int ObjectId, int Tint, int Variant)
{
    /// <summary>Drawing variants of one object in one colour: mirrored or not, with a white outline or not, tilted in seven steps.</summary>
    public const int Variants = 2 * 2 * Tilts;

    private const int Tilts = 7;
    private const int TiltStep = WorldUnits.Turn / 64; // 5.6 degrees

    /// <summary>Mirrored left to right.</summary>
    public bool Flipped => (Variant & 1) != 0;

    /// <summary>With a white outline, like a sticker.</summary>
    public bool Outlined => (Variant & 2) != 0;

    /// <summary>Turned clockwise by this much, in 1/1024 turns.</summary>
    public int Tilt => ((Variant >> 2) - (Tilts / 2)) * TiltStep;

    /// <summary>The colour, or null for natural ones.</summary>
    public WorldColour? Colour => Tint == 0 ? null : (WorldColour)(Tint - 1);

    /// <summary>The object.</summary>
    public WorldObject Thing => WorldObjects.All[ObjectId];

    /// <summary>Its name with the colour, for example "blue apple".</summary>
    public string Name => Colour is { } colour ? $"{colour.Name()} {Thing.Name}" : Thing.Name;

    /// <summary>The name with colour and article, for example "a blue apple".</summary>
    public string WithArticle => Thing.IsPlural ? Name : $"{WorldObject.ArticleOf(Name)} {Name}";

    /// <summary>A random instance of an object in a colour that belongs to a split.</summary>
    internal static WorldInstance Draw(WorldRandom random, WorldSplit split, int thing, int tint)
    {
        int first = random.Below(Variants);
        for (int i = 0; i < Variants; i++)
        {
            // A stride that shares no factor with 28 visits every variant once.
            var instance = new WorldInstance(thing, tint, (first + (i * 9)) % Variants);
            if (WorldSplits.Of(instance) == split)
            {
                return instance;
            }
        }

        throw new InvalidOperationException($"Object {thing} in colour {tint} has no instance in {split}; WorldSplits.Of must give each split one.");
    }
}
