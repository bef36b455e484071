using Studio.Benchmarks.Evaluation;
using Studio.Benchmarks.Evaluation.Originals;
using Studio.Benchmarks.Evaluation.Tasks;
using Studio.Benchmarks.Records;
using Studio.Benchmarks.Running;
using Studio.Benchmarks.Tests.Records;
using Studio.Engine.Tests.Training.Annotating;
using Studio.Engine.Training.Annotating;
using Xunit;

namespace Studio.Benchmarks.Tests.Evaluation;

public sealed class MlvuGenerationTests
{
    private const string Caption = """{"video":"v.mp4","duration":600.5,"question":"How does the cup fall?","answer":"It slides.","question_type":"subPlot","scoring_points":["It slides","It breaks"]}""";

    private const string Summary = """{"video":"w.mp4","duration":480,"question":"Sum it up.","answer":"A cup falls.","question_type":"summary"}""";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static string Marks(double accuracy, double relevance) =>
        FormattableString.Invariant($"It is fair.\n{{'score_accuracy': {accuracy}, 'score_relevance': {relevance}, 'total_score': {accuracy + relevance}}}");

    private static string SummaryMarks(double completeness, double reliability) =>
        FormattableString.Invariant($"{{\"score_completeness\": {completeness}, \"score_reliability\": {reliability}, \"total_score\": {completeness + reliability}}}");

    private static ScoredSample Of(MlvuGeneration task, string part, int index, string reply)
    {
        var document = task.Document(part == "summary" ? Summary : Caption, part, index);
        return new(document, reply, task.Score(document, reply));
    }

    [Fact]
    public void Tasks_EachPartAndBoth()
    {
        Assert.Equal(["mlvu_sub_scene mlvu/8_sub_scene.json", "mlvu_summary mlvu/9_summary.json", "mlvu_generation mlvu/8_sub_scene.json mlvu/9_summary.json"],
            TaskCatalog.All.OfType<MlvuGeneration>().Select(t => $"{t.Name} {string.Join(' ', t.Files.Select(f => f.File))}"));
        Assert.All(TaskCatalog.All.OfType<MlvuGeneration>(), t => Assert.True(t.NeedsJudge));
        Assert.Contains("parts are sub_scene, summary", Assert.Throws<ArgumentException>(() => new MlvuGeneration("plotqa")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_OfficialRows()
    {
        var caption = new MlvuGeneration().Document(Caption, "sub_scene", 3);
        Assert.Equal(("sub_scene/3", "sub_scene", "8_sub_scene/v.mp4", "It slides."), (caption.Id, caption.Part, caption.Media, caption.Answer));
        Assert.Equal(["It slides", "It breaks"], caption.Points);
        var summary = new MlvuGeneration("summary").Document(Summary, "summary");
        Assert.Equal(("summary/0", "9_summary/w.mp4"), (summary.Id, summary.Media));
        Assert.Empty(summary.Points);
    }

    [Theory]
    [InlineData("sub_scene", """{"video":"v","question":"q","answer":"a","question_type":"subPlot"}""", "no field 'scoring_points'")]
    [InlineData("sub_scene", """{"video":"v","question":"q","answer":"a","question_type":"subPlot","scoring_points":"x"}""", "must be a list")]
    [InlineData("sub_scene", """{"video":"v","question":"q","answer":"a","question_type":"subPlot","scoring_points":[null]}""", "no text")]
    [InlineData("sub_scene", """{"video":"v","question":"q","answer":"a","question_type":"subPlot","scoring_points":[]}""", "0 points")]
    [InlineData("sub_scene", Summary, "'question_type' is 'summary', not 'subPlot'")]
    [InlineData("summary", Caption, "'question_type' is 'subPlot', not 'summary'")]
    [InlineData("summary", """{"video":"v","question":"q"}""", "no field 'answer'")]
    [InlineData("summary", """{"video":["v"],"question":"q","answer":"a"}""", "must be a text")]
    [InlineData("summary", "7", "no field")]
    [InlineData("plotqa", Summary, "is no part of mlvu_generation")]
    public void Read_BadRow_NamesRowAndField(string part, string row, string message)
    {
        var e = Assert.Throws<InvalidDataException>(() => new MlvuGeneration().Document(row, part, 12));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
        Assert.Contains("row 12", e.Message, StringComparison.Ordinal);
    }

    /// <summary>Official: accuracy and relevance as Python has them by the same steps, or null where it raises or has no finite number.</summary>
    [Theory]
    [InlineData("{'score_accuracy': 3.5, 'score_relevance': 4, 'total_score': 7.5}", 3.5, 4.0, 3.5, 4.0)]
    [InlineData("{'score_accuracy': 3, 'score_relevance': 4}", 3.0, 4.0, 3.0, 4.0)] // no comma: the reply's last character ends the mark
    [InlineData("```json\n{\"score_accuracy\": 3, \"score_relevance\": 4}\n```", null, null, 3.0, 4.0)] // … and here that is no bracket
    [InlineData("{\"score_accuracy\":3, \"score_relevance\":4.5, \"total_score\":7.5}", null, null, 3.0, 4.5)] // no space: "" is no number
    [InlineData("{'score_accuracy': 3, 'score_relevance':4.5, 'total_score': 7.5}", 3.0, 0.5, 3.0, 4.5)] // no space: 4.5 is .5
    [InlineData("{'score_relevance': 4, 'total_score': 7}", 4.0, 0.0, 1.0, 4.0)] // the only mark counts as the first
    [InlineData("I cannot judge this.", 0.0, 0.0, 1.0, 1.0)]
    [InlineData("{'score_accuracy': 9, 'score_relevance': 0, 'total_score': 9}", 9.0, 0.0, 5.0, 1.0)]
    [InlineData("score_accuracy is low.\n**score_accuracy**: 2\nscore_relevance: 5, all in all", null, null, 2.0, 5.0)]
    [InlineData("First score_accuracy: 2, then again.\n{'score_accuracy': 3, 'score_relevance': 5, 'total_score': 8}", 2.0, 5.0, 3.0, 5.0)] // officially the first mention
    [InlineData("{'score_accuracy': nan, 'score_relevance': 5, 'total_score': 8}", null, null, 1.0, 5.0)]
    [InlineData("{'score_accuracy': '4', 'score_relevance': '5', 'total_score': '9'}", null, null, 4.0, 5.0)]
    [InlineData("score_accuracy", null, null, 1.0, 1.0)]
    [InlineData("5, score_accuracy, score_relevance", null, null, 1.0, 1.0)] // no colon: from the second character on
    [InlineData("", 0.0, 0.0, 1.0, 1.0)]
    public void Score_OfficialDefectsAndTheirCorrection(string reply, double? accuracy, double? relevance, double correctedAccuracy, double correctedRelevance)
    {
        var task = new MlvuGeneration("sub_scene");
        var score = task.Score(task.Document(Caption, "sub_scene"), reply);
        Assert.Equal((correctedAccuracy, correctedRelevance), (score.Measures["corrected.accuracy"], score.Measures["corrected.relevance"]));
        Assert.Equal((correctedAccuracy + correctedRelevance) / 10, score.Corrected, 12);
        Assert.Equal(accuracy is null, score.OfficialError is not null);
        Assert.Equal((accuracy + relevance) / 10, score.Official);
        if (accuracy is not null) Assert.Equal((accuracy, relevance), (score.Measures["accuracy"], score.Measures["relevance"]));
    }

    [Fact]
    public void Score_SaysWhatWasRead()
    {
        var task = new MlvuGeneration("summary");
        var document = task.Document(Summary, "summary");
        var score = task.Score(document, "{'score_completeness': 2, 'total': 2}");
        Assert.Equal(("2", "2 + ?"), (score.Parsed, score.CorrectedParsed));
        score = task.Score(document, "no");
        Assert.Equal((null, null), (score.Parsed, score.CorrectedParsed));
        Assert.Throws<ArgumentException>(() => task.Score(document with { Part = "sub_scene" }, "no"));
    }

    [Theory]
    [InlineData(" 4\n", 4.0)]
    [InlineData("+1_0.5e-1", 1.05)]
    [InlineData("5.", 5.0)]
    [InlineData(".5", 0.5)]
    [InlineData("٣", 3.0)]
    [InlineData("-Infinity", double.NegativeInfinity)]
    [InlineData("NaN", double.NaN)]
    [InlineData("1__0", null)]
    [InlineData("4/5", null)]
    [InlineData(".", null)]
    [InlineData("", null)]
    [InlineData("0x4", null)]
    public void Float_AsPython(string text, double? expected)
    {
        if (expected is { } number) Assert.Equal(number, MarkText.Float(text));
        else Assert.Throws<FormatException>(() => MarkText.Float(text));
    }

    [Fact]
    public void Aggregate_PartsAndTheirMean()
    {
        var captions = new MlvuGeneration("sub_scene");
        var rows = captions.Aggregate([Of(captions, "sub_scene", 0, Marks(3, 4)), Of(captions, "sub_scene", 1, Marks(2, 5)), Of(captions, "sub_scene", 2, "no")]);
        // Without marks: 0 officially, the lowest marks when corrected.
        Assert.Equal([("total", AggregateUnit.MarksOfTen), ("accuracy", AggregateUnit.Marks), ("relevance", AggregateUnit.Marks)], rows.Select(r => (r.Name, r.Unit)));
        foreach (var (row, official, corrected) in rows.Zip([14.0 / 3, 5.0 / 3, 3], [16.0 / 3, 2, 10.0 / 3]))
        {
            Assert.Equal(official, row.Official!.Value, 12);
            Assert.Equal(corrected, row.Corrected, 12);
        }

        Assert.Equal((null, 0, 0), (captions.Aggregate([])[0].Official, captions.Aggregate([])[0].Corrected, captions.Aggregate([])[0].Count));

        var both = new MlvuGeneration();
        ScoredSample[] samples = [Of(both, "sub_scene", 0, Marks(3, 4)), Of(both, "sub_scene", 1, Marks(4, 5)), Of(both, "sub_scene", 2, Marks(4, 4)), Of(both, "summary", 0, SummaryMarks(2, 2))];
        var all = both.Aggregate(samples);
        Assert.Equal(["G-Avg", "sub_scene", "sub_scene accuracy", "sub_scene relevance", "summary", "summary completeness", "summary reliability"], all.Select(r => r.Name));
        Assert.Equal((6.0, 8.0, 4.0), (all[0].Official, all[1].Official, all[4].Official)); // (8 + 4) / 2: the parts, not the documents
        Assert.Equal((6.0, 4, AggregateUnit.MarksOfTen), (all[0].Corrected, all[0].Count, all[0].Unit));
        var stopped = both.Aggregate([.. samples, Of(both, "summary", 1, "{\"score_completeness\":2, \"score_reliability\":2}")]);
        Assert.Equal((null, 8.0, null, 4.0), (stopped[0].Official, stopped[1].Official, stopped[4].Official, stopped[4].Corrected));
        Assert.Equal(6.0, stopped[0].Corrected);
        Assert.Equal((null, 0), (both.Aggregate([])[0].Official, both.Aggregate([]).Count - 1));
    }

    [Fact]
    public void Summary_HeadlineIsOfTenMarks_WithItsInterval()
    {
        var task = new MlvuGeneration();
        var samples = new[] { ("sub_scene", Marks(3, 4)), ("sub_scene", Marks(4, 5)), ("summary", SummaryMarks(2, 2)), ("summary", SummaryMarks(1, 3)), ("summary", SummaryMarks(2, 5)) }.Select((s, i) =>
        {
            var document = task.Document(s.Item1 == "summary" ? Summary : Caption, s.Item1, i) with { Media = $"v{i}.mp4" };
            var row = SampleDocuments.Of("run", i, document);
            (row.Answer, row.Judgement) = ("An answer.", s.Item2);
            SampleDocuments.Score(row, task.Score(document, s.Item2));
            return row;
        }).ToList();
        var summary = RunSummaries.Of(task, samples);
        Assert.Equal((0.65, "of 10 marks", IntervalMethod.Clustered, null), (Math.Round(summary.Accuracy, 12), summary.Measure, summary.Interval, summary.Chance));
        Assert.Equal(10 * summary.Accuracy, summary.Rows[0].Corrected, 12);
        Assert.InRange(summary.Low, 0.4, 0.64);
        Assert.InRange(summary.High, 0.66, 0.9);
        Assert.Equal(summary.Rows, RecordJson.Read<RunSummary>(RecordJson.Text(summary)).Rows);
        var run = Make.Run(task: task.Name);
        var text = EvalText.Run(run, summary);
        Assert.Contains("65.0 % of 10 marks, 95 % interval", text, StringComparison.Ordinal);
        Assert.Contains("| G-Avg | 6.50 | 6.50 | 5 |", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Judge_IsAskedOnceOverTheEndpoint()
    {
        await using var server = new ScriptedEndpoint(_ => EndpointReply.Say(Marks(4, 5)));
        using var judge = new HttpJudge(new EndpointOptions { BaseAddress = server.Address, Model = "m", MaxAttempts = 1 });
        var task = new MlvuGeneration("sub_scene");
        var document = task.Document(Caption, "sub_scene");
        var reply = await task.JudgeAsync(document, "The cup slides.", judge, Ct);
        Assert.Equal(0.9, task.Score(document, reply).Corrected, 12);
        var body = Assert.Single(server.Requests).Body;
        Assert.Equal((0, 4096), (body.GetProperty("temperature").GetInt32(), body.GetProperty("max_tokens").GetInt32()));
        Assert.Equal([task.Request(document, "The cup slides.").System, task.Request(document, "The cup slides.").User], body.GetProperty("messages").EnumerateArray().Select(m => m.GetProperty("content").GetString()));
    }
}
