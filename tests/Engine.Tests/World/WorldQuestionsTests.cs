using Studio.Engine.World;
using Xunit;

namespace Studio.Engine.Tests.World;

public sealed class WorldQuestionsTests
{
    private const int Many = 1200;

    public static TheoryData<WorldKind> Kinds => [.. WorldKinds.All];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void For_EveryKindAndSplit_OptionsHoldTheAnswerOnce(WorldKind kind)
    {
        foreach (WorldSplit split in Enum.GetValues<WorldSplit>())
        {
            for (ulong seed = 0; seed < 60; seed++)
            {
                foreach (int seconds in new[] { 1, 16, 100 })
                {
                    WorldScript script = WorldRendererTests.Compose(kind, split, seed, seconds);
                    IReadOnlyList<WorldQuestion> questions = WorldQuestions.For(script, seed);
                    Assert.Equal(kind, questions[0].Kind);
                    foreach (WorldQuestion question in questions)
                    {
                        Check(script, question);
                    }
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Questions_WithoutTheVideo_CannotBeAnsweredBetterThanByChance(WorldKind kind)
    {
        // Strategies that see only the question and its options, the second one learnt from the first half. Validation has a tenth of the
        // world's combinations, so that it would show a bias that these bring.
        var dataset = new WorldDataset(new WorldRecipe { Kinds = One(kind), Seconds = [24, 40], Fps = 1, Form = WorldForm.Lettered, MaxDecoys = 3 }, WorldSplit.Validation, 21);
        WorldQuestion[] questions = [.. Enumerable.Range(0, Many).Select(i => dataset.Item(i).Question)];
        double chance = 1.0 / questions[0].Options!.Count;
        var learnt = new Dictionary<string, (int Right, int Offered)>();
        foreach (WorldQuestion question in questions[..(Many / 2)])
        {
            foreach (string option in question.Options!)
            {
                (int right, int offered) = learnt.GetValueOrDefault(option);
                learnt[option] = (right + (option == question.Answer ? 1 : 0), offered + 1);
            }
        }

        double Rate(string option) => learnt.TryGetValue(option, out (int Right, int Offered) seen) ? (seen.Right + chance) / (seen.Offered + 1) : chance;
        AssertChance(questions[(Many / 2)..], chance, q => q.Options!.MaxBy(Rate)!);
        AssertChance(questions, chance, q => q.Options!.MaxBy(o => o.Length)!);
        AssertChance(questions, chance, q => q.Options!.MinBy(o => o.Length)!);
        AssertChance(questions, chance, q => q.Options!.MaxBy(o => Likeness(o, q.Options!))!);
        AssertChance(questions, chance, q => q.Options!.MinBy(o => Likeness(o, q.Options!))!);
        AssertChance(questions, chance, q => q.Options!.Order(StringComparer.Ordinal).First());
        AssertChance(questions, chance, q => q.Options!.Order(StringComparer.Ordinal).ElementAt(q.Options!.Count / 2));
        for (int place = 0; place < questions[0].Options!.Count; place++)
        {
            Assert.Equal(Many * chance, questions.Count(q => q.Letter == WorldQuestion.LetterOf(place)), 0.0); // dealt, so exact
        }
    }

    [Fact]
    public void Questions_OfATestVideo_ArenotToldByLinksOfTheTrainingVideos()
    {
        // Whoever has learnt which pictures follow which in training finds none of the options ruled out or favoured in test.
        var dataset = new WorldDataset(new WorldRecipe { Kinds = One(WorldKind.Chain), Seconds = [16], Fps = 1, Form = WorldForm.Lettered }, WorldSplit.Test, 5);
        int asked = 0;
        for (int i = 0; i < 60; i++)
        {
            WorldQuestion question = dataset.Item(i).Question;
            if (question.Chain.Contains(question.Answer))
            {
                asked++;
                int start = WorldObjects.Named(question.Chain[0]).Id;
                Assert.All(question.Options!, o => Assert.Equal(WorldSplit.Test, WorldSplits.OfLink(start, WorldObjects.Named(o).Id)));
            }
        }

        Assert.True(asked > 15);
    }

    [Fact]
    public void For_SameSeed_IsTheSame_OtherSeed_IsNot()
    {
        WorldScript script = WorldRendererTests.Compose(WorldKind.Needle, WorldSplit.Train, 1, 60);
        string Ask(ulong seed) => WorldQuestions.Main(script, seed, WorldForm.Lettered).TextWithOptions();
        Assert.Equal(Ask(1), Ask(1));
        Assert.True(Enumerable.Range(0, 20).Select(i => Ask((ulong)i)).Distinct().Count() > 10);
    }

    [Fact]
    public void Main_OpenAndLettered_AskTheSame()
    {
        foreach (WorldKind kind in WorldKinds.All.Where(k => k is not (WorldKind.Order or WorldKind.Describe or WorldKind.Appears)))
        {
            WorldScript script = WorldRendererTests.Compose(kind, WorldSplit.Train, 4, 60);
            WorldQuestion open = WorldQuestions.Main(script, 2, WorldForm.Open, new WorldBalance(3, true));
            WorldQuestion lettered = WorldQuestions.Main(script, 2, WorldForm.Lettered, new WorldBalance(3, true));
            Assert.Equal((open.Text, open.Answer), (lettered.Text, lettered.Answer));
            Assert.Null(open.Options);
            Assert.Null(open.Letter);
            Assert.Equal(lettered.Options!.Count == 2 ? "B" : "D", lettered.Letter);
        }
    }

    [Fact]
    public void Rotated_ByEveryPlace_KeepsAnswerAndOptions()
    {
        WorldQuestion question = WorldQuestions.Main(WorldRendererTests.Compose(WorldKind.Colour, WorldSplit.Train, 4, 4), 2, WorldForm.Lettered);
        WorldQuestion[] tries = [.. Enumerable.Range(0, 4).Select(question.Rotated)];
        Assert.Equal(question.Options, tries[0].Options);
        Assert.Equal(["A", "B", "C", "D"], tries.Select(t => t.Letter!).Order());
        Assert.All(tries, t => Assert.Equal(t.Answer, t.Options![t.Letter![0] - 'A']));
        Assert.Equal(question.Options![3], tries[1].Options![0]);
        Assert.Throws<InvalidOperationException>(() => (question with { Options = null, Form = WorldForm.Open }).Rotated(1));
    }

    [Theory]
    [InlineData("B", true)]
    [InlineData("(b) red ball", true)]
    [InlineData("Answer: B.", true)]
    [InlineData("A red ball", false)] // the article is a letter when written large
    [InlineData("a red ball", true)]
    [InlineData("a", false)]
    [InlineData("C", false)]
    [InlineData("Red ball.", true)]
    [InlineData("", false)]
    public void IsRight_LetteredReply_ReadsLetterOrText(string reply, bool right)
    {
        var question = new WorldQuestion { Kind = WorldKind.Appears, Form = WorldForm.Lettered, Text = "?", Options = ["blue ball", "red ball", "cat", "dog"], Answer = "red ball", Letter = "B", Evidence = [] };
        Assert.Equal(right, question.IsRight(reply));
    }

    [Theory]
    [InlineData("The apple.", true)]
    [InlineData("an APPLE", true)]
    [InlineData("apples", false)]
    [InlineData("apple pie", false)]
    public void IsRight_OpenReply_IgnoresCaseArticlesAndPunctuation(string reply, bool right) =>
        Assert.Equal(right, new WorldQuestion { Kind = WorldKind.Appears, Form = WorldForm.Open, Text = "?", Answer = "apple", Evidence = [] }.IsRight(reply));

    [Fact]
    public void Captions_OfAScript_CoverItWithoutGaps()
    {
        WorldScript script = WorldRendererTests.Compose(WorldKind.Needle, WorldSplit.Train, 4, 120);
        IReadOnlyList<WorldCaption> captions = WorldCaptions.Of(script);
        Assert.Equal(0, captions[0].Start);
        Assert.Equal(120, captions[^1].End);
        Assert.All(captions.Zip(captions.Skip(1)), pair => Assert.Equal(pair.First.End, pair.Second.Start));
        Assert.Contains(captions, c => c.Text.StartsWith("A card with a", StringComparison.Ordinal));
        WorldScript day = WorldRendererTests.Compose(WorldKind.Needle, WorldSplit.Train, 4, WorldScript.MaxSeconds);
        Assert.InRange(WorldCaptions.Of(day).Count, WorldCaptions.MaxCaptions, WorldCaptions.MaxCaptions + 1); // the card may come after the cut
    }

    private static void Check(WorldScript script, WorldQuestion question)
    {
        Assert.EndsWith(question.Kind == WorldKind.Describe || question.Text.Contains("Find the", StringComparison.Ordinal) ? question.Text[^1..] : "?", question.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("{", question.Text, StringComparison.Ordinal);
        Assert.NotEqual("", question.Answer);
        Assert.All(question.Evidence, e => Assert.True(e.Start >= 0 && e.End > e.Start && e.End * 1000 <= script.LengthMs));
        Assert.Equal(question.Answer == "no" && question.Kind == WorldKind.Presence, question.Evidence.Count == 0);
        Assert.Equal(question.Form == WorldForm.Open, question.Options is null);
        if (question.Options is { } options)
        {
            Assert.Equal(question.Kind == WorldKind.Presence ? 2 : 4, options.Count);
            Assert.Equal(options.Count, options.Distinct().Count());
            Assert.Equal(question.Answer, options[question.Letter![0] - 'A']);
            Assert.True(question.IsRight(question.Letter));
            Assert.Contains($"({question.Letter}) {question.Answer}", question.TextWithOptions(), StringComparison.Ordinal);
        }

        Assert.True(question.IsRight(question.Answer) || question.Options is not null);
    }

    private static void AssertChance(WorldQuestion[] questions, double chance, Func<WorldQuestion, string> choose)
    {
        double right = questions.Count(q => choose(q) == q.Answer) / (double)questions.Length;
        double allowed = 3.5 * Math.Sqrt(chance * (1 - chance) / questions.Length);
        Assert.InRange(right, chance - allowed, chance + allowed);
    }

    private static int Likeness(string option, IReadOnlyList<string> options) => options.Where(o => o != option).Sum(o => o.Split(' ').Intersect(option.Split(' ')).Count());

    private static Dictionary<WorldKind, int> One(WorldKind kind) => new() { [kind] = 1 };
}
