namespace Studio.Engine.World;

/// <summary>
/// Further questions that relate what several parts of a video show: chains of cards from any start, each card found by what is on it, what comes before and after what, and
/// when. A video is composed for one of them; training asks as many as it holds, which teaches far more for the same frames.
/// </summary>
public static class RelationQuestions
{
    /// <summary>Most questions of one video.</summary>
    public const int MaxQuestions = 32;

    private const int Tries = 20;

    /// <summary>Questions with one certain answer each; fewer where the video has too little to relate.</summary>
    /// <param name="video">Where it has several cards these are asked about, else its shots. What a haystack may show is left out.</param>
    /// <param name="seed">Chooses what is asked and how.</param>
    /// <param name="asked">Questions that were asked before: none comes again, in the same words or in others.</param>
    /// <param name="form">Open or lettered; null for either. Questions about several of many things are always lettered.</param>
    public static IReadOnlyList<WorldQuestion> Ask(WorldScript video, ulong seed, int count, IReadOnlyList<WorldQuestion> asked, WorldForm? form = null)
    {
        ArgumentNullException.ThrowIfNull(video);
        ArgumentNullException.ThrowIfNull(asked);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, MaxQuestions);
        var random = new WorldRandom(WorldRandom.Hash(seed, video.Seed, 0x2E1A));
        var questions = new List<WorldQuestion>();
        var about = new Parts(video);
        for (int tries = 0; questions.Count < count && tries < count + Tries; tries++)
        {
            var writer = QuestionWriter.Draw(video, random, form);
            WorldQuestion? question = about.Cards.Length > 1 ? OfCards(writer, about) : OfShots(writer, about);
            if (question is not null && !questions.Concat(asked).Any(q => IsSame(q, question)))
            {
                questions.Add(question);
            }
        }

        return questions;
    }

    /// <summary>Whether one could be answered by repeating the other's answer.</summary>
    private static bool IsSame(WorldQuestion a, WorldQuestion b) => a.Text == b.Text || (a.Kind == b.Kind && a.Answer == b.Answer && a.Evidence.SequenceEqual(b.Evidence));

    private static WorldQuestion? OfCards(QuestionWriter writer, Parts parts)
    {
        WorldCard card = writer.Random.Pick(parts.Cards);
        if (parts.Cards.Count(c => c.Picture.ObjectId == card.Picture.ObjectId) > 1)
        {
            return null; // which of them is meant?
        }

        if (writer.Random.Chance(30))
        {
            bool isApart = parts.Cards.All(c => c == card || (c.Frame != card.Frame && c.Mark != card.Mark));
            return isApart && card.Mark is not null ? CardQuestions.About(writer, card, isOnly: false) : null;
        }

        return Chain(parts.Cards, card) is { } chain ? CardQuestions.AboutChain(writer, chain, OtherPictures(writer, parts.Cards, chain[^1])) : null;
    }

    /// <summary>The cards from a start to the end that its arrows lead to; null where they lead to no card, to two, or in a circle.</summary>
    private static WorldCard[]? Chain(WorldCard[] cards, WorldCard start)
    {
        var chain = new List<WorldCard> { start }; // bounded by the cards: none comes twice
        while (chain[^1].Next is { } next)
        {
            WorldCard[] found = [.. cards.Where(c => c.Picture.ObjectId == next.ObjectId)];
            if (found.Length != 1 || chain.Contains(found[0]))
            {
                return null;
            }

            chain.Add(found[0]);
        }

        return chain.Count > 1 && chain[^1].Mark is not null ? [.. chain] : null;
    }

    /// <summary>Pictures of other cards first, since telling those apart takes following the arrows.</summary>
    private static string[] OtherPictures(QuestionWriter writer, WorldCard[] cards, WorldCard but)
    {
        int[] shown = [.. cards.Select(c => c.Picture.ObjectId).Where(o => o != but.Picture.ObjectId).Distinct()];
        int[] some = writer.Random.Sample(shown, Math.Min(shown.Length, WorldQuestions.Options - 1));
        int[] rest = writer.Random.Sample(writer.Absent(), WorldQuestions.Options - 1 - some.Length);
        return [.. some.Concat(rest).Select(QuestionWriter.NameOf)];
    }

    private static WorldQuestion? OfShots(QuestionWriter writer, Parts parts)
    {
        if (parts.Seen.Length == 0)
        {
            return null;
        }

        return writer.Random.Below(3) switch
        {
            0 => When(writer, writer.Random.Pick(parts.Seen)),
            1 => Neighbour(writer.AsLettered(), parts),
            _ => Extreme(writer.AsLettered(), parts),
        };
    }

    private static WorldQuestion? When(QuestionWriter writer, Sight sight)
    {
        int length = writer.Script.LengthMs, quarters = QuestionText.Quarters.Length;
        int first = sight.Shot.StartMs * quarters / length, last = (sight.Shot.EndMs - 1) * quarters / length;
        return first == last ? ShotQuestions.Quarter(writer, sight.Shot, sight.Name, first) : null;
    }

    /// <summary>Which of four things comes right before or after another: of shots next to each other, or with a haystack between, that each show one thing only.</summary>
    private static WorldQuestion? Neighbour(QuestionWriter writer, Parts parts)
    {
        bool later = writer.Random.Chance(50);
        Sight named = writer.Random.Pick(parts.Seen);
        int at = parts.Shots.IndexOf(named.Shot), beside = at + (later ? 1 : -1);
        if (beside < 0 || beside >= parts.Shots.Count || parts.Alone(named.Shot) is null || parts.Alone(parts.Shots[beside]) is not { } right)
        {
            return null;
        }

        string[] others = [.. parts.Seen.Where(s => s != named && s != right).Select(s => s.Name)];
        if (others.Length < WorldQuestions.Options - 1)
        {
            return null;
        }

        WorldQuestion question = writer.Question(
            WorldKind.Order, writer.Word(later ? QuestionText.AfterOfThese : QuestionText.BeforeOfThese, "", named.Name), right.Name,
            () => writer.Random.Sample(others, WorldQuestions.Options - 1), [named.Shot, right.Shot]);
        return question with { Rationale = Rationales.Row(parts.Seen.Where(s => s == named || question.Options!.Contains(s.Name)).OrderBy(s => s.Shot.StartMs).Select(s => s.Name)) };
    }

    /// <summary>Which of four things is seen first or last: of things in different shots.</summary>
    private static WorldQuestion? Extreme(QuestionWriter writer, Parts parts)
    {
        Sight[] apart = [.. parts.Seen.GroupBy(s => s.Shot).Select(g => g.ElementAt(writer.Random.Below(g.Count())))];
        if (apart.Length < WorldQuestions.Options)
        {
            return null;
        }

        bool last = writer.Random.Chance(50);
        Sight[] some = [.. writer.Random.Sample(apart, WorldQuestions.Options).OrderBy(s => s.Shot.StartMs)];
        Sight right = last ? some[^1] : some[0];
        return writer.Question(
            WorldKind.Order, writer.Word(last ? QuestionText.LastOfThese : QuestionText.FirstOfThese), right.Name, () => [.. some.Where(s => s != right).Select(s => s.Name)], some.Select(s => s.Shot))
            with { Rationale = Rationales.Row(some.Select(s => s.Name)) };
    }

    /// <summary>A thing that one shot alone shows.</summary>
    private sealed record Sight(WorldShot Shot, int ObjectId)
    {
        public string Name => QuestionWriter.NameOf(ObjectId);
    }

    /// <summary>What of a video can be related.</summary>
    private sealed class Parts
    {
        public Parts(WorldScript video)
        {
            Cards = [.. video.Segments.OfType<WorldCard>()];
            Shots = [.. video.Segments.OfType<WorldShot>()];
            HashSet<int> elsewhere = [.. video.Segments.OfType<WorldHaystack>().SelectMany(h => h.Pool)];
            Seen = [.. Shots.SelectMany(s => s.Actors.Select(a => new Sight(s, a.Instance.ObjectId)).Distinct()).Where(s => !elsewhere.Contains(s.ObjectId))
                .GroupBy(s => s.ObjectId).Where(g => g.Count() == 1).Select(g => g.First())];
        }

        public WorldCard[] Cards { get; }

        public List<WorldShot> Shots { get; }

        public Sight[] Seen { get; }

        /// <summary>The one thing of a shot that shows nothing else, if it is seen nowhere else.</summary>
        public Sight? Alone(WorldShot shot) => shot.Actors.Select(a => a.Instance.ObjectId).Distinct().Count() == 1 ? Array.Find(Seen, s => s.Shot == shot) : null;
    }
}
