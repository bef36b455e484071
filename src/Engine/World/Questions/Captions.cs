namespace Studio.Engine.World;

/// <summary>A sentence about a stretch of a video.</summary>
/// <param name="Start">Seconds.</param>
/// <param name="End">Seconds.</param>
/// <param name="Text">For example "A blue apple moves to the right in front of green stripes."</param>
public sealed record WorldCaption(double Start, double End, string Text);

/// <summary>Says in words what a script shows: training text for captions, and the answers of <see cref="WorldKind.Describe"/>.</summary>
public static class WorldCaptions
{
    /// <summary>Most captions of one video; of a longer one the rest of a haystack is left out.</summary>
    public const int MaxCaptions = 4096;

    /// <summary>Where something goes: left, right, up, down.</summary>
    public static IReadOnlyList<string> Directions => QuestionText.Directions;

    /// <summary>One caption a shot or card, in order of time; haystacks shot by shot.</summary>
    public static IReadOnlyList<WorldCaption> Of(WorldScript script)
    {
        ArgumentNullException.ThrowIfNull(script);
        var captions = new List<WorldCaption>();
        foreach (WorldSegment segment in script.Segments)
        {
            switch (segment)
            {
                case WorldCard card:
                    captions.Add(new WorldCaption(card.StartMs / 1000.0, card.EndMs / 1000.0, Sentence(card)));
                    break;
                case WorldShot shot:
                    captions.Add(new WorldCaption(shot.StartMs / 1000.0, shot.EndMs / 1000.0, Sentence(shot)));
                    break;
                case WorldHaystack haystack:
                    for (int at = haystack.StartMs; at < haystack.EndMs && captions.Count < MaxCaptions;)
                    {
                        WorldShot shot = HaystackShots.At(haystack, at);
                        captions.Add(new WorldCaption(shot.StartMs / 1000.0, shot.EndMs / 1000.0, Sentence(shot)));
                        at = shot.EndMs;
                    }

                    break;
            }
        }

        return captions;
    }

    /// <summary>The captions of the whole video as one text.</summary>
    public static string Text(WorldScript script) => string.Join(" Then ", Of(script).Select((c, i) => i == 0 ? c.Text : char.ToLowerInvariant(c.Text[0]) + c.Text[1..]));

    internal static string Sentence(WorldShot shot)
    {
        string backdrop = new WorldBackdrop(shot.Backdrop).Name;
        var parts = new List<string>();
        foreach (IGrouping<(int, int), WorldActor> group in shot.Actors.Reverse().GroupBy(a => (a.Instance.ObjectId, a.Instance.Tint)))
        {
            WorldActor first = group.First();
            parts.Add(group.Count() == 1
                ? $"{first.Instance.WithArticle} {Deed(first)}"
                : $"{group.Count()} {Coloured(first.Instance)} {DeedOf(WorldMotion.Still, 0, plural: true)}");
        }

        if (shot.Mark is { } mark)
        {
            parts.Add($"the sign {mark.Text} stands");
        }

        string what = parts.Count == 0 ? "nothing is seen" : parts.Count == 1 ? parts[0] : QuestionText.List(parts);
        return char.ToUpperInvariant(what[0]) + what[1..] + $" in front of {backdrop}.";
    }

    /// <summary>What something does, for example "hops to the left".</summary>
    internal static string Deed(WorldActor actor) => DeedOf(actor.Motion, DirectionOf(actor), actor.Instance.Thing.IsPlural);

    internal static string DeedOf(WorldMotion motion, int direction, bool plural)
    {
        string towards = direction < 2 ? $"to the {QuestionText.Directions[direction]}" : QuestionText.Directions[direction];
        string s = plural ? "" : "s";
        return motion switch
        {
            WorldMotion.Line => $"move{s} {towards}",
            WorldMotion.Hop => $"hop{s} {towards}",
            WorldMotion.Sway => $"sway{s} to and fro",
            WorldMotion.Spin => $"spin{s} round",
            WorldMotion.Pulse => plural ? "grow and shrink" : "grows and shrinks",
            _ => $"stand{s} still",
        };
    }

    /// <summary>What one thing that moves does, in a word: "hops", "spins".</summary>
    internal static string Verb(WorldMotion motion) => DeedOf(motion, 0, plural: false).Split(' ')[0];

    /// <summary>A number of <see cref="Directions"/>: the longer part of the way.</summary>
    internal static int DirectionOf(WorldActor actor)
    {
        (int dx, int dy) = (actor.To.X - actor.From.X, actor.To.Y - actor.From.Y);
        return Math.Abs(dx) >= Math.Abs(dy) ? (dx < 0 ? 0 : 1) : dy < 0 ? 2 : 3;
    }

    private static string Coloured(WorldInstance instance) => instance.Colour is { } colour ? $"{colour.Name()} {instance.Thing.Plural}" : instance.Thing.Plural;

    private static string Sentence(WorldCard card)
    {
        string frame = $"{WorldObject.ArticleOf(card.Frame.Name())} {card.Frame.Name()} frame";
        string number = card.Mark is null ? "" : $" and the number {card.Mark}";
        return card.Next is { } next
            ? $"A card with {frame}{number} shows {card.Picture.WithArticle} that points to {next.WithArticle}."
            : $"A card with {frame}{number} shows {card.Picture.WithArticle}.";
    }
}
