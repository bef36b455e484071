namespace Studio.Engine.World;

/// <summary>Questions about an album (<see cref="AlbumMaker"/>), in the words of the other kinds, and its list: everything that its pictures show.</summary>
public static class AlbumQuestions
{
    /// <summary>Most questions of one album.</summary>
    public const int MaxQuestions = 32;

    private const int Tries = 20;

    /// <summary>
    /// Everything that an album shows, a picture a sentence, objects in the order of reading: "red anchor top left, bell middle, blue waves.
    /// 4 dogs, green dots. sign H2, red marble. card orange 47 grapes to bell."
    /// </summary>
    public static WorldQuestion List(WorldScript album)
    {
        ArgumentNullException.ThrowIfNull(album);
        return new WorldQuestion
        {
            Kind = WorldKind.Describe,
            Form = WorldForm.Open,
            Text = "List what each picture shows.",
            Answer = string.Join(' ', album.Segments.Select(Sentence)),
            Evidence = [.. album.Segments.Select(s => new WorldEvidence(s.StartMs / 1000.0, s.EndMs / 1000.0))],
        };
    }

    /// <summary>Questions about an album's pictures in turn; fewer where a picture has nothing that can be asked in this form.</summary>
    /// <param name="seed">Chooses pictures, what is asked and how.</param>
    /// <param name="form">Open or lettered; null for either.</param>
    public static IReadOnlyList<WorldQuestion> Ask(WorldScript album, ulong seed, int count, WorldForm? form = null)
    {
        ArgumentNullException.ThrowIfNull(album);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, MaxQuestions);
        var random = new WorldRandom(WorldRandom.Hash(seed, album.Seed, 0xA1B0));
        var questions = new List<WorldQuestion>();
        for (int tries = 0; questions.Count < count && tries < count + Tries; tries++)
        {
            var writer = QuestionWriter.Draw(album, random, form);
            if (About(writer, album.Segments[random.Below(album.Segments.Count)]) is { } question && !questions.Exists(q => q.Text == question.Text))
            {
                questions.Add(question);
            }
        }

        return questions;
    }

    /// <summary>
    /// Further questions about a video of shots alone, behind those it was made for: what, where, how many, which colour and which way, of the things that only
    /// one shot shows. None where a haystack or a card is in it.
    /// </summary>
    /// <inheritdoc cref="Ask" path="/param"/>
    /// <param name="asked">Questions that were asked before: none comes again in other words.</param>
    public static IReadOnlyList<WorldQuestion> More(WorldScript video, ulong seed, int count, IReadOnlyList<WorldQuestion> asked, WorldForm? form = null)
    {
        ArgumentNullException.ThrowIfNull(video);
        ArgumentNullException.ThrowIfNull(asked);
        bool Again(WorldQuestion q) => asked.Any(a => a.Text == q.Text || (a.Kind == q.Kind && a.Answer == q.Answer && a.Kind != WorldKind.Presence));
        return video.Segments.All(s => s is WorldShot) ? [.. Ask(video, seed, count, form).Where(q => !Again(q))] : [];
    }

    private static WorldQuestion? About(QuestionWriter writer, WorldSegment picture) => picture switch
    {
        WorldCard card => Card(writer, card),
        WorldShot { Mark: not null } shot => ShotQuestions.Mark(writer, shot, variant: char.IsAsciiDigit(shot.Mark.Text[0]) ? 0 : 1),
        WorldShot shot => Shot(writer, shot),
        _ => null,
    };

    private static WorldQuestion? Shot(QuestionWriter writer, WorldShot shot)
    {
        if (writer.Random.Below(6) == 0)
        {
            return Absent(writer);
        }

        WorldActor actor = writer.Random.Pick(shot.Actors);
        WorldObject thing = actor.Instance.Thing;
        WorldActor[] copies = [.. shot.Actors.Where(a => a.Instance.ObjectId == thing.Id)];
        if (writer.Script.Segments.Any(s => s != shot && s is WorldShot other && other.Actors.Any(a => a.Instance.ObjectId == thing.Id)))
        {
            return null; // which of them is meant? Not so in albums
        }

        bool many = copies.Length > 1 || (shot.Actors.Count == 1 && writer.Random.Below(3) == 0);
        switch (writer.Random.Below(6))
        {
            case 0:
                return Present(writer, thing, shot);
            case 1:
                return writer.AsLettered().Question(WorldKind.Appears, writer.Word(QuestionText.AppearsLettered), thing.Name, writer.AbsentNames, [shot]);
            case 2 or 3 when actor.Instance.Colour is { } colour:
                bool plural = thing.IsPlural || copies.Length > 1;
                string text = writer.Word(plural ? QuestionText.ColourPlural : QuestionText.Colour, plural ? thing.Plural : thing.Name);
                return writer.Question(WorldKind.Colour, text, colour.Name(), () => writer.Others([.. WorldColours.All.Select(c => c.Name())], colour.Name()), [shot]);
            case < 4 when many:
                return ShotQuestions.HowMany(writer, shot, copies);
            default:
                if (copies.Length > 1)
                {
                    return null;
                }

                if (actor.Motion is WorldMotion.Line or WorldMotion.Hop)
                {
                    return ShotQuestions.Direction(writer, shot, actor);
                }

                string place = WorldGrid.Names[WorldGrid.CellOf(actor.From)];
                return writer.Question(WorldKind.Where, writer.Word(QuestionText.Where, thing.Name), place, () => writer.Others(WorldGrid.Names, place), [shot]);
        }
    }

    private static WorldQuestion Card(QuestionWriter writer, WorldCard card)
    {
        WorldCard[] cards = [.. writer.Script.Segments.OfType<WorldCard>()];
        return card.Next is { } next && writer.Random.Chance(50)
            ? writer.Question(WorldKind.Needle, $"Which picture does the {card.Picture.Thing.Name} on the card point to?", next.Thing.Name, writer.AbsentNames, [card])
            : CardQuestions.About(writer, card, isOnly: cards.Length == 1);
    }

    private static WorldQuestion Present(QuestionWriter writer, WorldObject thing, WorldShot shot) => YesNo(writer, thing, "yes", [shot]);

    private static WorldQuestion Absent(QuestionWriter writer) => YesNo(writer, WorldObjects.All[writer.Random.Pick(writer.Absent())], "no", []);

    private static WorldQuestion YesNo(QuestionWriter writer, WorldObject thing, string answer, WorldSegment[] seen) => writer.Question(
        WorldKind.Presence, writer.Word(thing.IsPlural ? QuestionText.PresencePlural : QuestionText.Presence, thing.WithArticle), answer, () => [answer == "yes" ? "no" : "yes"], seen);

    private static string Sentence(WorldSegment picture) => picture switch
    {
        WorldCard card => WorldNotes.Card(card),
        WorldShot shot => WorldNotes.Shot(shot, shot.Actors.GroupBy(a => (a.Instance.ObjectId, a.Instance.Tint)).OrderBy(g => WorldGrid.CellOf(g.First().From)).Select(Group)),
        _ => throw new ArgumentException($"An album has shots and cards, no {picture.GetType().Name}.", nameof(picture)),
    };

    private static string Group(IEnumerable<WorldActor> actors)
    {
        WorldActor first = actors.First();
        int count = actors.Count();
        return count == 1 ? $"{first.Instance.Name} {WorldGrid.Names[WorldGrid.CellOf(first.From)]}"
            : $"{count} {(first.Instance.Colour is { } colour ? colour.Name() + " " : "")}{first.Instance.Thing.Plural}";
    }
}
