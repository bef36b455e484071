namespace Studio.Engine.World;

/// <summary>Questions about picture cards: single-hop and multi-hop needles.</summary>
internal static class CardQuestions
{
    private enum Facet
    {
        Picture,
        Colour,
        Mark,
    }

    public static WorldQuestion Ask(QuestionWriter writer, WorldKind kind) => kind == WorldKind.Needle ? Needle(writer) : Chain(writer);

    private static WorldQuestion Needle(QuestionWriter writer)
    {
        WorldCard[] cards = [.. writer.Script.Segments.OfType<WorldCard>()];
        return About(writer, cards.Single(c => c.Role == WorldRole.Main), isOnly: cards.Length == 1);
    }

    /// <summary>What is on a card.</summary>
    /// <param name="isOnly">Without other cards nothing has to say which is meant.</param>
    internal static WorldQuestion About(QuestionWriter writer, WorldCard main, bool isOnly)
    {
        Facet asked = Asked(writer);

        // Where there are more cards, one of the two other facets says which is meant.
        var given = (Facet)(((int)asked + 1 + writer.Random.Below(2)) % 3);
        string which = isOnly ? "" : given switch
        {
            Facet.Picture => $" that shows the {QuestionWriter.NameOf(main.Picture.ObjectId)}",
            Facet.Colour => $" with the {main.Frame.Name()} frame",
            _ => $" with the number {main.Mark}",
        };
        return asked switch
        {
            Facet.Picture => writer.Question(
                WorldKind.Needle, writer.Word(QuestionText.CardPicture, which), QuestionWriter.NameOf(main.Picture.ObjectId), () => OtherPictures(writer, main.Picture.ObjectId), [main]),
            Facet.Colour => AskColour(writer, WorldKind.Needle, QuestionText.CardColour, which, main, [main]),
            _ => AskMark(writer, WorldKind.Needle, QuestionText.CardMark, which, main, [main]),
        };
    }

    private static WorldQuestion Chain(QuestionWriter writer)
    {
        WorldCard[] cards = [.. writer.Script.Segments.OfType<WorldCard>()];
        WorldCard[] chain = [.. cards.Where(c => c.Role == WorldRole.Main).OrderBy(c => c.Step)];
        return AboutChain(writer, chain, [.. cards.Where(c => c.Role == WorldRole.Decoy && c.Next is null).Select(c => QuestionWriter.NameOf(c.Picture.ObjectId))]);
    }

    /// <summary>What is on the card that a chain ends with.</summary>
    /// <param name="chain">From the card that is named to the last.</param>
    /// <param name="otherPictures">Wrong options where the picture is asked.</param>
    internal static WorldQuestion AboutChain(QuestionWriter writer, WorldCard[] chain, string[] otherPictures)
    {
        string start = QuestionWriter.NameOf(chain[0].Picture.ObjectId);
        WorldCard last = chain[^1];
        WorldCard[] seen = [.. chain.OrderBy(c => c.StartMs)];
        WorldQuestion question = Asked(writer) switch
        {
            Facet.Picture => writer.Question(
                WorldKind.Chain, writer.Word(QuestionText.ChainPicture, start), QuestionWriter.NameOf(last.Picture.ObjectId), () => otherPictures, seen),
            Facet.Colour => AskColour(writer, WorldKind.Chain, QuestionText.ChainColour, start, last, seen),
            _ => AskMark(writer, WorldKind.Chain, QuestionText.ChainMark, start, last, seen),
        };
        string[] names = [.. chain.Select(c => QuestionWriter.NameOf(c.Picture.ObjectId))];
        return question with { Chain = names, Rationale = Rationales.Row(names) };
    }

    /// <summary>The picture half of the time, else the frame's colour or the number.</summary>
    private static Facet Asked(QuestionWriter writer) => (Facet)Math.Max(0, writer.Random.Below(4) - 1);

    private static WorldQuestion AskColour(QuestionWriter writer, WorldKind kind, string[] wordings, string which, WorldCard card, IEnumerable<WorldCard> seen) =>
        writer.Question(kind, writer.Word(wordings, which), card.Frame.Name(), () => writer.Others([.. WorldColours.All.Select(c => c.Name())], card.Frame.Name()), seen);

    private static WorldQuestion AskMark(QuestionWriter writer, WorldKind kind, string[] wordings, string which, WorldCard card, IEnumerable<WorldCard> seen) =>
        writer.Question(kind, writer.Word(wordings, which), card.Mark!, () => WorldMarks.DrawOthers(writer.Random, 0, WorldQuestions.Options - 1, card.Mark!), seen);

    /// <summary>Any other objects in play, whether the haystack or another card shows them or not.</summary>
    private static string[] OtherPictures(QuestionWriter writer, int but)
    {
        int[] others = [.. WorldObjects.InPlay(writer.Script.Objects).Where(o => o != but)];
        return [.. writer.Random.Sample(others, WorldQuestions.Options - 1).Select(QuestionWriter.NameOf)];
    }
}
