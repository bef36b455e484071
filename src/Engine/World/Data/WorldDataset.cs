namespace Studio.Engine.World;

/// <summary>One video of a data set and its questions.</summary>
/// <param name="Index">Its number.</param>
/// <param name="Id">A name that is unique in the data set, for example "test-needle-000012".</param>
/// <param name="Script">The video.</param>
/// <param name="Questions">The question that it was made for first.</param>
/// <param name="Depth">Where its event lies, where the recipe says so.</param>
public sealed record WorldItem(long Index, string Id, WorldScript Script, IReadOnlyList<WorldQuestion> Questions, double? Depth)
{
    /// <summary>The question that the video was made for.</summary>
    public WorldQuestion Question => Questions[0];
}

/// <summary>
/// Videos and questions without end: item n follows from recipe, split, seed and n alone. Within any run of items kinds come by weight, letters,
/// yes and no, lengths and depths equally often.
/// </summary>
public sealed class WorldDataset
{
    /// <summary>Raised whenever the same recipe and seed begin to give other videos or questions.</summary>
    public const int Version = 3;

    private readonly WorldKind[] _cycle;
    private readonly ulong _key;

    /// <exception cref="ArgumentException">The recipe holds a value that cannot be; the message names it.</exception>
    public WorldDataset(WorldRecipe recipe, WorldSplit split, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        recipe.Validate();
        (Recipe, Split, Seed) = (recipe, split, seed);
        _cycle = [.. recipe.Kinds.OrderBy(k => k.Key).SelectMany(k => Enumerable.Repeat(k.Key, k.Value))];
        _key = WorldRandom.Hash(seed, (ulong)split, Version);
    }

    public WorldRecipe Recipe { get; }

    public WorldSplit Split { get; }

    public ulong Seed { get; }

    /// <summary>The item of a number.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public WorldItem Item(long index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        (WorldKind kind, long rank) = KindOf(index);
        var random = new WorldRandom(WorldRandom.Hash(_key, (ulong)index, 0x17E4));

        // Lengths and depths are dealt like cards: each combination once before any comes again.
        int depths = Math.Max(1, Recipe.Depths.Count);
        int dealt = Deal(kind, rank, Recipe.Seconds.Count * depths, 1);
        double? depth = Recipe.Depths.Count == 0 ? null : Recipe.Depths[dealt % depths];
        int hops = random.Between(Recipe.MinHops, Recipe.MaxHops);
        int decoys = random.Between(Recipe.MinDecoys, Recipe.MaxDecoys);
        var request = new WorldRequest
        {
            Kind = kind,
            Split = Split,
            Seed = random.Next() >> 11, // 53 bits: exact in every reader of JSON
            Seconds = Math.Max(Recipe.Seconds[dealt / depths], WorldRequest.MinSeconds(kind, hops, decoys)),
            Fps = Recipe.Fps,
            Objects = Recipe.Objects,
            Depth = depth,
            Hops = hops,
            Decoys = decoys,
            EventSeconds = Recipe.EventSeconds,
            CardSeconds = Recipe.CardSeconds,
        };
        WorldScript script = WorldComposer.Compose(request);
        var balance = new WorldBalance(Deal(kind, rank, WorldQuestions.Options, 2), Deal(kind, rank, 2, 3) == 0);
        IReadOnlyList<WorldQuestion> questions = WorldQuestions.For(script, random.Next(), Recipe.Form, balance);
        return new WorldItem(index, $"{Split.ToString().ToLowerInvariant()}-{kind.Name()}-{index:000000}", script, questions, depth);
    }

    /// <summary>The kind of an item, and how many of its kind come before it.</summary>
    private (WorldKind Kind, long Rank) KindOf(long index)
    {
        (long round, long at) = Math.DivRem(index, _cycle.Length);
        WorldKind[] order = [.. _cycle];
        new WorldRandom(WorldRandom.Hash(_key, (ulong)round, 0xC1C1)).Shuffle<WorldKind>(order);
        WorldKind kind = order[at];
        return (kind, (round * _cycle.Count(k => k == kind)) + order.AsSpan(0, (int)at).Count(kind));
    }

    private int Deal(WorldKind kind, long rank, int cards, ulong deck)
    {
        (long round, long at) = Math.DivRem(rank, cards);
        int[] order = [.. Enumerable.Range(0, cards)];
        new WorldRandom(WorldRandom.Hash(WorldRandom.Hash(_key, (ulong)kind, deck), (ulong)round)).Shuffle<int>(order);
        return order[at];
    }
}
