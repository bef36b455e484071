using Studio.Benchmarks.Evaluation;
using Studio.Benchmarks.Evaluation.Tasks;
using Xunit;

namespace Studio.Benchmarks.Tests.Evaluation;

public sealed class TaskTests
{
    private static ScoredSample Sample(EvalTask task, EvalDocument document, string answer) => new(document, answer, task.Score(document, answer));

    private static EvalDocument Choice(EvalTask task, string part, int index) =>
        task.Document("""{"video":"v.mp4","question":"q","candidates":["cup","key"],"answer":"key"}""", part, index);

    [Fact]
    public void Catalog_EveryTask_HasItsOwnNameAndFiles()
    {
        Assert.Equal(TaskCatalog.All.Count, TaskCatalog.All.Select(t => t.Name).Distinct().Count());
        Assert.All(TaskCatalog.All, t => Assert.NotEmpty(t.Files));
        Assert.Same(TaskCatalog.All[0], TaskCatalog.Get("NIAH"));
        Assert.Contains("videomme", Assert.Throws<ArgumentException>(() => TaskCatalog.Get("video-mme")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Flash_EmptyAnswers_LeaveTheOfficialDenominatorOnly()
    {
        var task = new Mlvu();
        var samples = new[] { Sample(task, Choice(task, "ego", 0), "B"), Sample(task, Choice(task, "ego", 1), ""), Sample(task, Choice(task, "count", 0), "A") };
        var rows = task.Aggregate(samples).ToDictionary(r => r.Name);
        Assert.Equal((100, 50, 2), (rows["ego"].Official, rows["ego"].Corrected, rows["ego"].Count));
        Assert.Equal(200.0 / 3, rows["overall"].Official!.Value, 9); // (100 × 2 + 0 × 1) / 3
        Assert.Equal((50, 25), (rows["mean of parts"].Official, rows["mean of parts"].Corrected));
    }

    [Fact]
    public void Flash_BothNumbers_OfficialDefectAndItsCorrection()
    {
        var task = new MvBench();
        var document = Choice(task, "action_count", 0);
        var score = task.Score(document, "答案是B。");
        Assert.Equal((0, 1, "B"), (score.Official, score.Corrected, score.CorrectedParsed));
        score = task.Score(document, "not B");
        Assert.Equal(1, score.Official);
        var lost = task.Document("""{"video":"v","question":"q","candidates":["cup"],"answer":"pen"}""", "action_count");
        Assert.Null(lost.Gold);
        Assert.Equal((null, 0, 0), (task.Score(lost, "A").Parsed, task.Score(lost, "A").Official, task.Score(lost, "A").Corrected));
        var twins = task.Document("""{"video":"v","question":"q","candidates":["cup","cup"],"answer":"cup"}""", "action_count");
        Assert.Equal((0, 1), (task.Score(twins, "B").Official, task.Score(twins, "B").Corrected));
    }

    [Fact]
    public void Drawn_Unreadable_DrawsOfficiallyAndIsWrongWhenCorrected()
    {
        var task = new NextQa();
        var document = task.Document("""{"video":"1","qid":0,"type":"CW","question":"q","a0":"cup","a1":"key","a2":"pen","a3":"box","a4":"hat","answer":3}""");
        var score = task.Score(document, "no idea");
        Assert.Equal((null, 5, 0), (score.Official, score.Choices, score.Corrected));
        // Seed 0 draws D first, then D, A: what Python's random.choice("ABCDE") gives.
        var rows = task.Aggregate([Sample(task, document, "no idea"), Sample(task, document, "no idea"), Sample(task, document, "no idea")], seed: 0);
        Assert.Equal(2.0 / 3, rows[0].Official!.Value, 12);
        Assert.Equal(0, rows[0].Corrected);
        Assert.Equal(rows[0].Official, task.Aggregate([Sample(task, document, "no idea"), Sample(task, document, "no idea"), Sample(task, document, "no idea")], seed: 0)[0].Official);
    }

    [Fact]
    public void Charades_Aggregate_OfficialKeysAndFailures()
    {
        var task = new Charades();
        var document = task.Document("""{"video":"v.mp4","caption":"c.","timestamp":[10,20]}""");
        var rows = task.Aggregate([Sample(task, document, "0 - 1"), Sample(task, document, "10 - 18")]).ToDictionary(r => r.Name);
        Assert.Equal((80, 40), (rows["mIoU"].Official!.Value, rows["mIoU"].Corrected)); // one key, the last answer; two documents
        Assert.Equal((100, 50), (rows["R@0.7"].Official, rows["R@0.7"].Corrected));
        rows = task.Aggregate([Sample(task, document, "1..5 - 2")]).ToDictionary(r => r.Name);
        Assert.Null(rows["mIoU"].Official);
        Assert.NotNull(rows["upstream mIoU"].Official);
        Assert.Contains("ends at 1 before", Assert.Throws<InvalidDataException>(() => task.Document("""{"video":"v","caption":"c","timestamp":[2,1]}""")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void VnBench_FourTries_CountAsOne()
    {
        var task = new VnBench();
        EvalDocument[] documents = [.. task.Finish([.. Enumerable.Range(0, 8).Select(i => task.Document(
            $$"""{"video":"{{(i < 4 ? "one" : "two")}}.mp4","question":"q","options":["1","2","3","4"],"gt":"2","type":"ret_edit1","try":{{i % 4}}}""", index: i))])];
        Assert.Equal("two_3", documents[7].Id);
        var rows = task.Aggregate([.. documents.Select((d, i) => Sample(task, d, i == 5 ? "A" : "(B)"))]);
        Assert.Equal((0.5, 0.5, 2), (rows[0].Official, rows[0].Corrected, rows[0].Count));
        Assert.Equal("@", VnBench.Gold(task.Document("""{"video":"v","question":"q","options":["1"],"gt":"9","type":"t","try":0}""")));
    }

    [Fact]
    public void VnBench_Headline_IsOfWholeQuestions_AndOfTypesMeans()
    {
        var task = new VnBench();
        // Two questions of one type, of which one is wholly right, one question of another that is, and one whose last try failed.
        EvalDocument[] documents = [.. task.Finish([.. Enumerable.Range(0, 15).Select(i => task.Document(
            $$"""{"video":"v{{i / 4}}.mp4","question":"q","options":["1","2","3","4"],"gt":"2","type":"{{(i < 8 ? "ret" : "ord")}}","try":{{i % 4}}}""", index: i))])];
        ScoredSample[] samples = [.. documents.Select((d, i) => Sample(task, d, i == 5 ? "A" : "B"))];
        var units = task.Units(samples);
        Assert.Equal([(1, "v0.mp4", "ret"), (0, "v1.mp4", "ret"), (1, "v2.mp4", "ord")], units.Select(u => (u.Score, u.Cluster, u.Group)));
        Assert.All(units, u => Assert.Equal(1 / 256.0, u.Chance, 12)); // right four times of four options
        var rows = task.Aggregate(samples).ToDictionary(r => r.Name);
        Assert.Equal((0.75, 3), (rows["overall"].Corrected, rows["overall"].Count));
        Assert.Equal((1, 1), (rows["type: ord"].Corrected, rows["type: ord"].Count));
    }

    [Fact]
    public void Units_AreSamples_ButForMeansOfParts()
    {
        ScoredSample[] Samples(EvalTask task, params string[] parts) => [.. parts.Select((part, i) => Sample(task, Choice(task, part, i), i == 0 ? "B" : "A"))];
        Assert.Equal(["ego", "ego", "count"], new Mlvu().Units(Samples(new Mlvu(), "ego", "ego", "count")).Select(u => u.Group));
        Assert.Equal(["action_count", "state_change"], new MvBench().Units(Samples(new MvBench(), "action_count", "state_change")).Select(u => u.Group));
        Assert.All(new LvBench().Units(Samples(new LvBench(), "tv", "live")), u => Assert.Equal(("", 0.5), (u.Group, u.Chance)));
        Assert.Equal("right", new LvBench().Measure);
        Assert.Equal("mean IoU", new Charades().Measure);
    }

    [Fact]
    public void NeedleGrid_Bounds_AreHeld()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => NeedleGrid.Depths(1e-6));
        var task = new NiahSingle();
        EvalDocument[] one = [task.Document("""{"question":"q\nOptions: (A) x\n(B) y\n","answer":"A","image":"i"}""")];
        int[] lengths = [.. Enumerable.Range(1, (NeedleGrid.MaxCells / 2) + 1)];
        Assert.Contains("at most 10000", Assert.Throws<ArgumentException>(() => NeedleGrid.Lay(one, lengths, [0, 1])).Message, StringComparison.Ordinal);
        var cells = NeedleGrid.Lay(one, [8, 16], [0, 0.5]).ToList();
        Assert.Equal(["single/0@8 frames, depth 0", "single/0@8 frames, depth 0.5", "single/0@16 frames, depth 0", "single/0@16 frames, depth 0.5"], cells.Select(c => c.Id));
        var rows = task.Aggregate([.. cells.Select((c, i) => Sample(task, c, i == 0 ? "(" : "(a)"))]);
        Assert.Equal((0.75, 5), (rows[0].Official, rows.Count));
        Assert.Contains("batch", Assert.Throws<InvalidOperationException>(() => NeedleGrid.Haystack(64, 1500, 30)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Vdc_BadVerdict_StopsTheOriginalOnly()
    {
        var task = new Vdc("short");
        var document = task.Document("""{"video_name":"v","caption":"c","qa_list":[{"question":"q1","answer":"a1"},{"question":"q2","answer":"a2"}]}""");
        var good = await task.JudgeAsync(document, "caption", new Replies("x", "y", "{'pred': 'Yes', 'score': 9}", "{'pred': 'no', 'score': 1}"), TestContext.Current.CancellationToken);
        var score = task.Score(document, good);
        Assert.Equal((5, 0, 3, 0.5), (score.Measures["score"], score.Measures["acc"], score.Measures["corrected.score"], score.Measures["corrected.acc"]));
        var bad = await task.JudgeAsync(document, "caption", new Replies("x", "y", "I think yes", "```{'pred': true, 'score': '4'}```"), TestContext.Current.CancellationToken);
        score = task.Score(document, bad);
        Assert.Null(score.Official);
        Assert.NotNull(score.OfficialError);
        Assert.Equal((2, 0.5), (score.Measures["corrected.score"], score.Measures["corrected.acc"]));
        Assert.Equal(2, task.Aggregate([new(document, bad, score)])[0].Corrected);
        Assert.Throws<ArgumentException>(() => task.Score(document, """{"Answers":[],"Verdicts":[]}"""));
        await Assert.ThrowsAsync<NotSupportedException>(() => new Mlvu().JudgeAsync(document, "", new Replies(), CancellationToken.None));
    }

    [Fact]
    public void Variants_Shuffled_KeepsTheRightOptionWhateverTheForm()
    {
        EvalDocument[] documents =
        [
            new VideoMme().Document("""{"question_id":"x","videoID":"v","question":"q","options":["A. one","B. two","C. three","D. four"],"answer":"B","duration":"short","domain":"d","sub_category":"s","task_type":"t"}"""),
            new LvBench().Document("""{"video":"1","question":"q","candidates":["(A) one","(B) two","(C) three","(D) four"],"answer":"(B) two"}""", "tv"),
            new NiahSingle().Document("""{"question":"q\nOptions: (A) one\n(B) two\n(C) three\n(D) four\nOnly give the best option. Best option: (","answer":"B","image":"i"}"""),
            new Mlvu().Document("""{"video":"v","question":"q","candidates":["one","two","three","four"],"answer":"two"}""", "ego"),
        ];
        foreach (var document in documents)
        {
            var orders = new HashSet<string>();
            for (ulong seed = 0; seed < 40; seed++)
            {
                var shuffled = Variants.Shuffled(document, seed);
                Assert.Equivalent(shuffled, Variants.Shuffled(document, seed));
                Assert.EndsWith("two", shuffled.Options[shuffled.Gold!.Value], StringComparison.Ordinal);
                if (document.Answer == "B") Assert.Equal(shuffled.GoldLetter, shuffled.Answer);
                else Assert.Equal(shuffled.Options[shuffled.Gold.Value], shuffled.Answer);
                if (document.Needles.Count > 0) Assert.Contains($"({shuffled.GoldLetter}) two\n", shuffled.Question, StringComparison.Ordinal);
                orders.Add(string.Join(',', shuffled.Options));
            }

            Assert.True(orders.Count > 12, $"{orders.Count} of 24 orders in 40 seeds");
        }

        Assert.StartsWith("A. ", Variants.Shuffled(documents[0], 3).Options[0], StringComparison.Ordinal);
        var open = new Charades().Document("""{"video":"v","caption":"c","timestamp":[1,2]}""");
        Assert.Same(open, Variants.Shuffled(open, 1));
    }

    [Fact]
    public void Variants_BlindAndRandom()
    {
        var task = new MvBench();
        EvalDocument[] documents = [.. Enumerable.Range(0, 2000).Select(i => Choice(task, "action_count", i))];
        Assert.False(Variants.Blind(task.Prompt(documents[0])).ShowsVideo);
        Assert.DoesNotContain("<v>", Variants.Blind(new NiahSingle().Prompt(documents[0])).ChatMl("<v>"), StringComparison.Ordinal);
        var right = documents.Count(d => task.Score(d, Variants.RandomAnswer(d, 5)).Official > 0);
        Assert.InRange(right, 900, 1100); // 1,000 expected, 22 the standard deviation
        Assert.Equal(Variants.RandomAnswer(documents[7], 5), Variants.RandomAnswer(documents[7], 5));
        Assert.Equal(0.5, documents.Average(Variants.Chance));
    }

    [Theory]
    [InlineData("""{"video":"v"}""", "no field 'candidates'")]
    [InlineData("""{"video":"v","candidates":[],"answer":"x","question":"q"}""", "0 options")]
    [InlineData("""{"video":"v","candidates":"x","answer":"x","question":"q"}""", "must be a list")]
    [InlineData("""{"video":["v"],"candidates":["x"],"answer":"x","question":"q"}""", "must be a text")]
    [InlineData("5", "no field")]
    public void Read_BadRow_NamesRowAndField(string row, string message)
    {
        var e = Assert.Throws<InvalidDataException>(() => new MvBench().Document(row, "action_count", 12));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
        Assert.Contains("row 12", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_TooManyOptions_AreRefused()
    {
        string Row(int count) => $$"""{"video":"v","question":"q","answer":"0","candidates":[{{string.Join(',', Enumerable.Range(0, count).Select(i => $"\"{i}\""))}}]}""";
        Assert.Equal(Letters.Max, new Mlvu().Document(Row(Letters.Max), "ego").Options.Count);
        Assert.Contains("1 to 26", Assert.Throws<InvalidDataException>(() => new Mlvu().Document(Row(Letters.Max + 1), "ego")).Message, StringComparison.Ordinal);
    }

    private sealed class Replies(params string[] replies) : IJudge
    {
        private int _next;

        public Task<string> AskAsync(JudgeRequest request, CancellationToken ct) => Task.FromResult(replies[_next++]);
    }
}
