using Studio.Engine.Tokenization;
using Studio.Engine.Training;
using Studio.Engine.World;
using Xunit;

namespace Studio.Engine.Tests.World;

/// <summary>Albums show what their lists and questions say, a scene a second.</summary>
public sealed class AlbumTests
{
    private const int Albums = 60, Objects = 120;

    private static IEnumerable<WorldScript> Some(int pictures = 12) => Enumerable.Range(0, Albums).Select(i => AlbumMaker.Compose(WorldSplit.Train, (ulong)i, pictures, Objects));

    [Fact]
    public void Compose_EverySecond_IsAnotherSceneAndNoObjectIsInTwo()
    {
        foreach (WorldScript album in Some())
        {
            Assert.Equal((12, 12), (album.Segments.Count, album.FrameCount));
            Assert.Equal(Enumerable.Range(0, 12).Select(i => 1000 * i), album.Segments.Select(s => s.StartMs));
            int[] objects = [.. album.Segments.SelectMany(ObjectsOf)];
            Assert.Equal(objects.Length, objects.Distinct().Count());
            WorldCard[] cards = [.. album.Segments.OfType<WorldCard>()];
            Assert.InRange(cards.Length, 0, AlbumMaker.MaxCards);
            Assert.Equal(cards.Length, cards.Select(c => c.Frame).Distinct().Count());
            Assert.Equal(cards.Length, cards.Select(c => c.Mark).Distinct().Count());
            Assert.InRange(album.Segments.OfType<WorldShot>().Count(s => s.Mark is not null), 0, 1);
        }

        Assert.Equal(AlbumMaker.Compose(WorldSplit.Train, 3, 12, Objects).ToJson(), AlbumMaker.Compose(WorldSplit.Train, 3, 12, Objects).ToJson());
        Assert.Equal(Albums, Some().Select(a => a.Fingerprint()).Distinct().Count());
    }

    [Fact]
    public void Compose_WithLargePictures_ShowsCardsAndSingleLargeObjectsOnly()
    {
        WorldSegment[] pictures = [.. Enumerable.Range(0, Albums).SelectMany(i => AlbumMaker.Compose(WorldSplit.Train, (ulong)i, 6, Objects, new AlbumMix(Large: 100)).Segments)];
        Assert.InRange(pictures.Count(p => p is WorldCard), pictures.Length / 3, pictures.Length * 2 / 3);
        Assert.All(pictures.OfType<WorldShot>(), s => Assert.True(Assert.Single(s.Actors).Size > WorldUnits.One * 32 / 100 && s.Mark is null));
    }

    [Fact]
    public void Compose_OfSeveralSecondsAPicture_ShowsTheSameScenesForLonger()
    {
        WorldScript brief = AlbumMaker.Compose(WorldSplit.Train, 5, 4, Objects), lasting = AlbumMaker.Compose(WorldSplit.Train, 5, 4, Objects, seconds: 4);
        Assert.Equal((4, 16), (brief.FrameCount, lasting.FrameCount));
        Assert.Equal(AlbumQuestions.List(brief).Answer, AlbumQuestions.List(lasting).Answer);
        lasting.Validate();
        Assert.All(lasting.Segments.OfType<WorldShot>().SelectMany(s => s.Actors), a => Assert.True(a.IsSeenAt(3999)));
        Assert.Throws<ArgumentException>(() => AlbumMaker.Compose(WorldSplit.Train, 5, 4, Objects, seconds: AlbumMaker.MaxSeconds + 1));
    }

    [Fact]
    public void Compose_OfCards_ShowsNothingElseUpToFour()
    {
        Assert.All(Enumerable.Range(0, Albums), i => Assert.All(AlbumMaker.Compose(WorldSplit.Train, (ulong)i, AlbumMaker.MaxCards, Objects, new AlbumMix(Cards: 100)).Segments, s => Assert.IsType<WorldCard>(s)));
        Assert.Equal(AlbumMaker.MaxCards, AlbumMaker.Compose(WorldSplit.Train, 1, 8, Objects, new AlbumMix(Cards: 100)).Segments.Count(s => s is WorldCard));
    }

    [Fact]
    public void Compose_WithCrowdedPictures_ShowsAnotherObjectInEachPart()
    {
        WorldShot[] pictures = [.. Enumerable.Range(0, Albums).SelectMany(i => AlbumMaker.Compose(WorldSplit.Train, (ulong)i, 6, Objects, new AlbumMix(Crowded: 100)).Segments).Cast<WorldShot>()];
        Assert.True(pictures.Average(p => p.Actors.Count) > 6, $"{pictures.Average(p => p.Actors.Count)} objects a picture");
        foreach (WorldShot picture in pictures)
        {
            Assert.Equal(picture.Actors.Count, picture.Actors.Select(a => a.Instance.ObjectId).Distinct().Count());
            Assert.Equal(picture.Actors.Count, picture.Actors.Select(a => WorldGrid.CellOf(a.From)).Distinct().Count());
            Assert.All(picture.Actors, a => Assert.All(picture.Actors.Where(b => b != a), b => Assert.Equal(WorldSplit.Train, WorldSplits.OfPair(a.Instance.ObjectId, b.Instance.ObjectId))));
        }
    }

    [Theory]
    [InlineData(60, 50)]
    [InlineData(-1, 0)]
    public void Compose_SharesThatDoNotFit_AreNamed(int large, int crowded) => Assert.Contains(
        $"{large} % large and {crowded} % crowded", Assert.Throws<ArgumentException>(() => AlbumMaker.Compose(WorldSplit.Train, 1, 6, Objects, new AlbumMix(large, crowded))).Message, StringComparison.Ordinal);

    [Fact]
    public void List_OfAnAlbum_NamesEverythingOnce()
    {
        foreach (WorldScript album in Some(8))
        {
            WorldQuestion list = AlbumQuestions.List(album);
            string[] sentences = list.Answer.Split('.', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            Assert.Equal(8, sentences.Length);
            for (int i = 0; i < sentences.Length; i++)
            {
                foreach (int thing in ObjectsOf(album.Segments[i]))
                {
                    WorldObject named = WorldObjects.All[thing];
                    Assert.True(sentences[i].Contains(named.Name, StringComparison.Ordinal) || sentences[i].Contains(named.Plural, StringComparison.Ordinal), $"{named.Name} is missing in '{sentences[i]}'");
                }

                if (album.Segments[i] is WorldShot { Mark: { } mark })
                {
                    Assert.Contains($"sign {mark.Text}", sentences[i], StringComparison.Ordinal);
                }
            }
        }
    }

    /// <summary>Further questions about shots: of things that one shot shows, once each, and none where cards or haystacks are.</summary>
    [Fact]
    public void More_AboutVideosOfShots_AsksWhatIsCertainAndNothingTwice()
    {
        (int asked, int directions, int places) = (0, 0, 0);
        var recipe = new WorldRecipe { Kinds = Enum.GetValues<WorldKind>().ToDictionary(k => k, _ => 1), Seconds = [8], Fps = 2, Objects = Objects };
        var world = new WorldDataset(recipe, WorldSplit.Train, 4);
        for (int i = 0; i < 120; i++)
        {
            WorldItem item = world.Item(i);
            IReadOnlyList<WorldQuestion> more = AlbumQuestions.More(item.Script, 7, 6, item.Questions);
            Assert.InRange(more.Count, 0, item.Script.Segments.All(s => s is WorldShot) ? 6 : 0);
            asked += more.Count;
            foreach (WorldQuestion question in more)
            {
                Assert.DoesNotContain(item.Questions, q => q.Text == question.Text || (q.Kind == question.Kind && q.Kind != WorldKind.Presence && q.Answer == question.Answer));
                WorldActor[] named = [.. item.Script.Segments.OfType<WorldShot>().SelectMany(s => s.Actors).Where(a => Names(question.Text, a.Instance.Thing))];
                WorldActor[] meant = [.. named.Where(a => a.Instance.Thing.Name.Length == named.Max(n => n.Instance.Thing.Name.Length))];
                switch (question.Kind)
                {
                    case WorldKind.Direction:
                        directions++;
                        Assert.Equal(WorldCaptions.Directions[WorldCaptions.DirectionOf(Assert.Single(meant))], question.Answer);
                        break;
                    case WorldKind.Where:
                        places++;
                        Assert.Equal(Assert.Single(meant).From, meant[0].To);
                        Assert.Equal(WorldGrid.Names[WorldGrid.CellOf(meant[0].From)], question.Answer);
                        break;
                    case WorldKind.Count:
                        Assert.Equal($"{meant.Length}", question.Answer);
                        break;
                    case WorldKind.Colour:
                        Assert.All(meant, m => Assert.Equal(m.Instance.Colour!.Value.Name(), question.Answer));
                        break;
                    case WorldKind.Presence:
                        Assert.Equal(meant.Length > 0 ? "yes" : "no", question.Answer);
                        break;
                }
            }
        }

        Assert.True(asked > 100 && directions > 3 && places > 20, $"{asked} questions, {directions} of directions, {places} of places");
    }

    /// <summary>Read off the script again, by other code: what is asked has the answer that is given, and one right option.</summary>
    [Fact]
    public void Ask_EveryQuestion_HasTheAnswerThatThePicturesShow()
    {
        var kinds = new HashSet<WorldKind>();
        foreach (WorldScript album in Some())
        {
            IReadOnlyList<WorldQuestion> questions = AlbumQuestions.Ask(album, 7, 12);
            Assert.InRange(questions.Count, 1, 12);
            Assert.Equal(questions.Count, questions.Select(q => q.Text).Distinct().Count());
            foreach (WorldQuestion question in questions)
            {
                kinds.Add(question.Kind);
                WorldActor[] actors = [.. album.Segments.OfType<WorldShot>().SelectMany(s => s.Actors)];
                WorldActor[] named = [.. actors.Where(a => Names(question.Text, a.Instance.Thing))];
                WorldActor[] meant = [.. named.Where(a => a.Instance.Thing.Name.Length == named.Max(n => n.Instance.Thing.Name.Length))]; // "satellite" is in "satellite dish"
                switch (question.Kind)
                {
                    case WorldKind.Where:
                        Assert.Equal(WorldGrid.Names[WorldGrid.CellOf(Assert.Single(meant).From)], question.Answer);
                        break;
                    case WorldKind.Count:
                        Assert.Equal($"{meant.Length}", question.Answer);
                        break;
                    case WorldKind.Colour:
                        Assert.Equal(meant[0].Instance.Colour!.Value.Name(), question.Answer);
                        break;
                    case WorldKind.Presence:
                        Assert.Equal(meant.Length > 0 ? "yes" : "no", question.Answer);
                        break;
                    case WorldKind.Appears:
                        Assert.Single(question.Options!, o => actors.Any(a => a.Instance.Thing.Name == o));
                        break;
                    case WorldKind.Mark:
                        Assert.Equal(album.Segments.OfType<WorldShot>().Single(s => s.Mark is not null).Mark!.Text, question.Answer);
                        break;
                    default:
                        Assert.Equal(WorldKind.Needle, question.Kind);
                        Assert.Contains(album.Segments.OfType<WorldCard>(), c => question.Answer == c.Mark || question.Answer == c.Frame.Name() || question.Answer == c.Picture.Thing.Name || question.Answer == c.Next?.Thing.Name);
                        break;
                }

                if (question.Form == WorldForm.Lettered)
                {
                    Assert.Equal(question.Options!.Count, question.Options.Distinct().Count());
                    Assert.Equal(question.Answer, question.Options["ABCD".IndexOf(question.Letter![0], StringComparison.Ordinal)]);
                }
            }
        }

        Assert.Equal(7, kinds.Count);
    }

    [Fact]
    public void WorldSource_WithAlbums_MixesListsQuestionsAndVideosByTheirShares()
    {
        var album = new AlbumData { Pictures = [4, 8], Objects = Objects, Share = 0.5, Lists = 0.5, Questions = 5 };
        var data = new TrainingData { World = new WorldRecipe { Seconds = [4], Fps = 1, Objects = Objects, Kinds = new Dictionary<WorldKind, int> { [WorldKind.Where] = 1 } }, Album = album, WorldSide = 32 };
        TrainingExample[] samples = [.. Enumerable.Range(0, 300).Select(i => new WorldSource(data, 3).Sample(i))];
        TrainingExample[] albums = [.. samples.Where(s => s.Id.Contains("album", StringComparison.Ordinal))];
        Assert.InRange(albums.Length, 110, 190);
        Assert.InRange(albums.Count(s => s.Turns.Count == 2), 45, 105);
        Assert.All(albums, s => Assert.InRange(s.Turns.Count, 2, 10));
        Assert.Equal([4, 8], albums.Select(s => (int)s.Video!.Info.Duration).Distinct().Order());
        Assert.DoesNotContain(new WorldSource(data with { World = null, Album = album with { Share = 1 } }, 3).Sample(0).Id, samples.Select(s => s.Id).Where(i => !i.Contains("album", StringComparison.Ordinal)));
    }

    [Fact]
    public void Sample_Reply_WordsOrLetterFirst()
    {
        var data = new TrainingData { WorldSide = 32, Album = new AlbumData { Pictures = [2], Lists = 0, Form = WorldForm.Lettered } };
        TrainingTurn[] Replies(LetteredReply reply) => [.. new WorldSource(data with { Reply = reply }, 3).Sample(1).Turns.Where(t => t.Role == ChatRole.Assistant)];
        TrainingTurn[] letters = Replies(LetteredReply.LetterFirst), words = Replies(LetteredReply.WordsFirst);
        Assert.All(letters, t => Assert.Matches(@"^\([A-D]\) .+$", t.Text));
        Assert.Equal(letters.Select(t => $"{t.Text[4..]} {t.Text[..3]}"), words.Select(t => t.Text));
        Assert.Equal(letters.Select(t => t.Text[4..]), Replies(LetteredReply.Words).Select(t => t.Text));
    }

    [Theory]
    [InlineData(0, 120, "0 pictures")]
    [InlineData(17, 240, "17 pictures")]
    [InlineData(12, 60, "60 objects")]
    public void Compose_WrongNumbers_AreNamed(int pictures, int objects, string named) =>
        Assert.Contains(named, Assert.Throws<ArgumentException>(() => AlbumMaker.Compose(WorldSplit.Train, 1, pictures, objects)).Message, StringComparison.Ordinal);

    [Fact]
    public void Validate_WrongAlbum_IsRefusedByName()
    {
        static string Refused(AlbumData album) => Assert.Throws<ArgumentException>(new TrainingData { Album = album }.Validate).Message;
        Assert.Contains("pictures is [17]", Refused(new() { Pictures = [17] }), StringComparison.Ordinal);
        Assert.Contains("objects is 3", Refused(new() { Objects = 3 }), StringComparison.Ordinal);
        Assert.Contains("share is 0.5 without a world", Refused(new() { Share = 0.5 }), StringComparison.Ordinal);
        Assert.Contains("lists is 2", Refused(new() { Lists = 2 }), StringComparison.Ordinal);
        Assert.Contains("questions is 33", Refused(new() { Questions = 33 }), StringComparison.Ordinal);
    }

    private static IEnumerable<int> ObjectsOf(WorldSegment picture) => picture switch
    {
        WorldCard card => card.Next is { } next ? [card.Picture.ObjectId, next.ObjectId] : [card.Picture.ObjectId],
        WorldShot shot => shot.Actors.Select(a => a.Instance.ObjectId).Distinct(),
        _ => throw new ArgumentException(picture.GetType().Name, nameof(picture)),
    };

    /// <summary>Whether a text names an object as a whole word, singular or plural.</summary>
    private static bool Names(string text, WorldObject thing) => new[] { thing.Name, thing.Plural }.Any(n =>
        System.Text.RegularExpressions.Regex.IsMatch(text, $@"(?<![\w-]){System.Text.RegularExpressions.Regex.Escape(n)}(?![\w-])"));
}
