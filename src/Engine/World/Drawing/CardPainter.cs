namespace Studio.Engine.World;

/// <summary>Draws picture cards.</summary>
internal static class CardPainter
{
    private const int Paper = 0xF6F2E6;

    // Shares of the shorter side.
    private const int FrameWidth = WorldUnits.One / 10;
    private const int NextOffset = WorldUnits.One * 22 / 100;
    private const int ArrowSize = WorldUnits.One * 12 / 100;
    private const int MarkHeight = WorldUnits.One * 12 / 100;

    // A number stands at the lower edge of the card, or to the right of pictures that stand one above the other.
    private static readonly WorldPoint s_markBelow = new(WorldUnits.One / 2, WorldUnits.One * 81 / 100);
    private static readonly WorldPoint s_markBeside = new(WorldUnits.One * 74 / 100, WorldUnits.One / 2);

    public static void Draw(Span<byte> rgb, int width, int height, WorldCard card)
    {
        int border = (int)((long)FrameWidth * Math.Min(width, height) >> 16);
        Span<Rgb> pixels = Rgb.Pixels(rgb);
        pixels.Fill(Rgb.Of(card.Frame.Rgb()));
        for (int y = border; y < height - border; y++)
        {
            pixels.Slice((y * width) + border, width - (2 * border)).Fill(Rgb.Of(Paper));
        }

        foreach ((WorldInstance picture, WorldPose pose) in Pictures(card, width, height))
        {
            SpritePainter.Draw(rgb, width, height, picture, pose);
        }

        if (card.Next is not null)
        {
            SpritePainter.DrawArrow(rgb, width, height, new WorldPose(card.Centre, ArrowSize, card.Downward ? WorldUnits.Turn / 4 : 0), WorldColour.Brown);
        }

        if (MarkOf(card) is { } mark)
        {
            TextPainter.Draw(rgb, width, height, mark.Text, mark.Place, mark.Height);
        }
    }

    /// <summary>The pictures of a card and where they are, on a frame of these proportions.</summary>
    internal static IReadOnlyList<(WorldInstance Picture, WorldPose Pose)> Pictures(WorldCard card, int width = 1, int height = 1)
    {
        if (card.Next is null)
        {
            return [(card.Picture, new WorldPose(card.Centre, card.Size, card.Picture.Tilt))];
        }

        // Offsets are shares of the shorter side, places of their own side.
        int shorter = Math.Min(width, height);
        int dx = card.Downward ? 0 : (int)((long)NextOffset * shorter / width);
        int dy = card.Downward ? (int)((long)NextOffset * shorter / height) : 0;
        WorldPoint first = new(card.Centre.X - dx, card.Centre.Y - dy);
        WorldPoint second = new(card.Centre.X + dx, card.Centre.Y + dy);
        return [(card.Picture, new WorldPose(first, card.Size, card.Picture.Tilt)), (card.Next, new WorldPose(second, card.Size, card.Next.Tilt))];
    }

    /// <summary>The card's number and where it stands; null where it has none.</summary>
    internal static WorldMark? MarkOf(WorldCard card) =>
        card.Mark is { } mark ? new WorldMark(mark, card is { Next: not null, Downward: true } ? s_markBeside : s_markBelow, MarkHeight) : null;
}
