using Studio.Engine.World;
using Xunit;

namespace Studio.Engine.Tests.World;

/// <summary>Questions that relate parts of a video are read off the script again here, by other code.</summary>
public sealed class RelationQuestionsTests
{
    private const int Objects = 120;

    private static IEnumerable<WorldScript> Videos()
    {
        var recipe = new WorldRecipe { Kinds = Enum.GetValues<WorldKind>().ToDictionary(k => k, _ => 1), Seconds = [8, 16], Fps = 2, Objects = Objects, MaxHops = 2 };
        var world = new WorldDataset(recipe, WorldSplit.Train, 4);
        return Enumerable.Range(0, 150).Select(i => world.Item(i).Script).Concat(Enumerable.Range(0, 60).Select(i => AlbumMaker.Compose(WorldSplit.Train, (ulong)i, 6, Objects, new AlbumMix(Cards: i % 2 * 60))));
    }

    [Fact]
    public void Ask_Anything_HasTheAnswerThatTheScriptGives()
    {
        var counts = new Dictionary<WorldKind, int>();
        int longest = 0;
        foreach (WorldScript video in Videos())
        {
            foreach (WorldQuestion question in RelationQuestions.Ask(video, 7, 8, []))
            {
                counts[question.Kind] = counts.GetValueOrDefault(question.Kind) + 1;
                longest = Math.Max(longest, question.Hops);
                WorldCard[] cards = [.. video.Segments.OfType<WorldCard>()];
                switch (question.Kind)
                {
                    case WorldKind.Chain:
                        WorldCard end = cards.Single(c => NameOf(c.Picture) == question.Chain[0]);
                        foreach (string next in question.Chain.Skip(1))
                        {
                            Assert.Equal(next, NameOf(end.Next!));
                            end = cards.Single(c => NameOf(c.Picture) == next);
                        }

                        Assert.Null(end.Next);
                        Assert.Contains(question.Chain[0], question.Text, StringComparison.Ordinal);
                        Assert.Contains(question.Answer, (string?[])[NameOf(end.Picture), end.Frame.Name(), end.Mark]);
                        break;
                    case WorldKind.Needle:
                        WorldCard card = cards.Single(c => c.StartMs == Ms(question.Evidence.Single().Start));
                        Assert.Contains(question.Answer, (string?[])[NameOf(card.Picture), card.Frame.Name(), card.Mark]);
                        Assert.Single(cards, c => ((string[])[$"the {NameOf(c.Picture)}", $"the {c.Frame.Name()} frame", $"number {c.Mark}"]).Any(w => question.Text.Contains(w, StringComparison.Ordinal)));
                        break;
                    case WorldKind.When:
                        (int start, int stop) = (Ms(question.Evidence.Single().Start), Ms(question.Evidence.Single().End));
                        int quarter = Array.IndexOf(["the first quarter", "the second quarter", "the third quarter", "the last quarter"], question.Answer);
                        Assert.True(start * 4 >= quarter * video.LengthMs && stop * 4 <= (quarter + 1) * video.LengthMs, $"{start} to {stop} of {video.LengthMs}: {question.Answer}");
                        break;
                    default:
                        Assert.Equal(WorldKind.Order, question.Kind);
                        Order(video, question);
                        break;
                }
            }
        }

        Assert.True(counts[WorldKind.Chain] > 40 && counts[WorldKind.Needle] > 20 && counts[WorldKind.When] > 100 && counts[WorldKind.Order] > 100 && longest > 1, $"{string.Join(", ", counts)}; {longest} hops");
    }

    [Fact]
    public void Ask_Again_IsTheSameAndNothingComesTwice()
    {
        foreach (WorldScript video in Videos().Take(60))
        {
            IReadOnlyList<WorldQuestion> questions = RelationQuestions.Ask(video, 7, 8, []), again = RelationQuestions.Ask(video, 7, 8, []);
            Assert.Equal(questions.Select(q => q.TextWithOptions()), again.Select(q => q.TextWithOptions()));
            Assert.InRange(questions.Count, 0, 8);
            Assert.Equal(questions.Count, questions.DistinctBy(q => (q.Kind, q.Answer, string.Join(' ', q.Evidence))).Count());
            Assert.All(questions.Where(q => q.Options is not null), q =>
            {
                Assert.Equal(4, q.Options!.Distinct().Count());
                Assert.Contains(q.Answer, q.Options!);
            });
            Assert.Empty(RelationQuestions.Ask(video, 7, 8, questions).Select(q => q.Text).Intersect(questions.Select(q => q.Text)));
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => RelationQuestions.Ask(Videos().First(), 7, RelationQuestions.MaxQuestions + 1, []));
    }

    /// <summary>Of the options, each seen in one shot alone and in no haystack: the first, the last, or the one beside what the question names.</summary>
    private static void Order(WorldScript video, WorldQuestion question)
    {
        (string Name, int Start)[] seen = [.. video.Segments.OfType<WorldShot>().SelectMany(s => s.Actors.Select(a => (Name: a.Instance.Thing.Name, s.StartMs)).Distinct())];
        int At(string name) => seen.Single(s => s.Name == name).Start;
        int[] options = [.. question.Options!.Select(At)];
        int answer = At(question.Answer);
        Assert.DoesNotContain(question.Options!, o => video.Segments.OfType<WorldHaystack>().Any(h => h.Pool.Contains(WorldObjects.Named(o).Id)));
        if (question.Text.Contains("first", StringComparison.Ordinal) || question.Text.Contains("last", StringComparison.Ordinal))
        {
            Assert.Equal(question.Text.Contains("first", StringComparison.Ordinal) ? options.Min() : options.Max(), answer);
            Assert.Single(options, o => o == answer);
            return;
        }

        bool later = question.Text.Contains("after", StringComparison.Ordinal);
        string named = seen.Where(s => question.Text.EndsWith($"the {s.Name}?", StringComparison.Ordinal)).Single().Name;
        Assert.Equal(later ? options.Where(o => o > At(named)).Min() : options.Where(o => o < At(named)).Max(), answer);
    }

    private static string NameOf(WorldInstance picture) => picture.Thing.Name;

    private static int Ms(double seconds) => (int)Math.Round(seconds * 1000);
}
