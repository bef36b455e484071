using Studio.Benchmarks.Evaluation;
using Studio.Benchmarks.Evaluation.Statistics;
using Studio.Benchmarks.Evaluation.Tasks;
using Studio.Benchmarks.Records;
using Studio.Benchmarks.Records.Reports;
using Studio.Benchmarks.Running;
using Xunit;

namespace Studio.Benchmarks.Tests.Records;

public sealed class RunSummariesTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public void Of_RightAndWrong_HasWilsonsInterval_AndFailedSamplesCountNowhere()
    {
        List<Sample> samples = [Sample(0, 1), Sample(1, 1), Sample(2, 0), Sample(3, 1), Sample(4, null)];
        var summary = RunSummaries.Of(null, samples);
        // 3 of 4: Wilson's 95 % interval is 30.06 % to 95.44 %.
        Assert.Equal((4, 1, 0.75), (summary.Scored, summary.Failed, summary.Accuracy));
        Assert.Equal(0.3006, summary.Low, 4);
        Assert.Equal(0.9544, summary.High, 4);
        Assert.Equal(0.5, summary.Chance);
        // Deviations a video: 0.25 + 0.25 and -0.75 + 0.25: the root of 0.25 + 0.25, over 4.
        Assert.Equal(Math.Sqrt(0.5) / 4, summary.ClusteredError, 12);
    }

    [Fact]
    public void Of_SharesOfAPoint_HasTheClusteredInterval()
    {
        List<Sample> samples = [Sample(0, 0.5), Sample(1, 0.25), Sample(2, 0.75), Sample(3, 1)];
        var summary = RunSummaries.Of(null, samples);
        var error = Math.Sqrt(2 * 0.5 * 0.5) / 4; // deviations of the two videos: -0.5 and 0.5
        Assert.Equal(0.625, summary.Accuracy, 12);
        Assert.Equal(error, summary.ClusteredError, 12);
        Assert.Equal(0.625 - (Wilson.Z95 * error), summary.Low, 9);
        Assert.Equal(0.625 + (Wilson.Z95 * error), summary.High, 9);
    }

    /// <summary>Single tries are 7 of 8 right, questions 1 of 2: the headline is the circular score.</summary>
    [Fact]
    public void Of_FourTries_CountsQuestions()
    {
        var task = new VnBench();
        var rows = Rows(task, Enumerable.Range(0, 8).Select(i => (new EvalDocument
        {
            Id = $"v{i / 4}_{i % 4}", Media = $"v{i / 4}.mp4", Question = "q", Options = ["1", "2", "3", "4"], Gold = 1, Answer = "2",
            Labels = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["type"] = "ret", ["try"] = $"{i % 4}" },
        }, i == 5 ? "A" : "B")));
        var summary = RunSummaries.Of(task, rows);
        Assert.Equal((0.5, 8, 2, IntervalMethod.Wilson), (summary.Accuracy, summary.Scored, summary.Units, summary.Interval));
        Assert.Equal((Estimates.Share(1, 2).Low, Estimates.Share(1, 2).High), (summary.Low, summary.High));
        Assert.Equal(Math.Pow(0.25, 4), summary.Chance!.Value, 12);
        Assert.Equal(Math.Sqrt(0.5) / 2, summary.ClusteredError, 12);
        Assert.Equal(summary.Accuracy, summary.Rows[0].Corrected);
        // No question has all of its tries: no headline.
        summary = RunSummaries.Of(task, rows[..3]);
        Assert.Equal((double.NaN, 0.0, 1.0, 3, 0, null, IntervalMethod.None), (summary.Accuracy, summary.Low, summary.High, summary.Scored, summary.Units, summary.Chance, summary.Interval));
    }

    /// <summary>A part of four documents and one of two count the same.</summary>
    [Fact]
    public void Of_Parts_IsTheMeanOfTheirMeans()
    {
        var task = new Mlvu();
        var rows = Rows(task, new[] { ("ego", "B"), ("ego", "B"), ("ego", "B"), ("ego", "A"), ("count", "A"), ("count", "B") }.Select((s, i) =>
            (new EvalDocument { Id = $"{i}", Part = s.Item1, Media = $"v{i}.mp4", Question = "q", Options = ["cup", "key"], Gold = 1, Answer = "key" }, s.Item2)));
        var summary = RunSummaries.Of(task, rows);
        Assert.Equal((0.625, IntervalMethod.GroupedWilson, null, 0.5), (summary.Accuracy, summary.Interval, summary.Units, summary.Chance));
        Assert.Equal(62.5, summary.Rows.Single(r => r.Name == "mean of parts").Corrected, 12);
        // Errors of the parts' means are root(0.75 x 0.25 / 4) and root(0.5 x 0.5 / 2).
        Assert.Equal(Math.Sqrt((0.75 * 0.25 / 4) + (0.5 * 0.5 / 2)) / 2, summary.ClusteredError, 12);
        Assert.Equal(Grouped.Share([1, 1, 1, 0, 0, 1], ["a", "a", "a", "a", "b", "b"]), new(summary.Accuracy, summary.Low, summary.High));
    }

    [Fact]
    public void Of_MeansThatAreNoShares_SaysWhatTheyAre_AndHowTheIntervalWasFound()
    {
        var task = new Charades();
        var rows = Rows(task, Enumerable.Range(0, 4).Select(i => (new EvalDocument { Id = $"{i}", Media = $"v{i}.mp4", Question = "q", Interval = (0, 10), Answer = "0 - 10" }, $"0 - {i + 2}")));
        var summary = RunSummaries.Of(task, rows);
        Assert.Equal(("mean IoU", IntervalMethod.Clustered, null), (summary.Measure, summary.Interval, summary.Units));
        Assert.Null(RunSummaries.Of(new Mlvu(), []).Measure);
        Assert.Equal(IntervalMethod.None, RunSummaries.Of(task, rows[..1]).Interval); // one video: nothing is known of the spread
        var back = RecordJson.Read<RunSummary>(RecordJson.Text(summary));
        Assert.Equal((summary.Measure, summary.Interval), (back.Measure, back.Interval));
    }

    [Fact]
    public void Of_Nothing_SaysNothing()
    {
        var summary = RunSummaries.Of(new NiahSingle(), []);
        Assert.Equal((0, 0, double.NaN, 0.0, 1.0), (summary.Scored, summary.Failed, summary.Accuracy, summary.Low, summary.High));
        Assert.Equal(summary.Rows, RecordJson.Read<RunSummary>(RecordJson.Text(summary)).Rows);
    }

    [Fact]
    public void Json_WritesWhatIsNoNumberAsNull_AndReadsWhatEarlierVersionsWrote()
    {
        var summary = RunSummaries.Of(null, []);
        var text = RecordJson.Text(summary);
        Assert.Contains("\"clusteredError\":null", text, StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", text, StringComparison.Ordinal);
        foreach (var stored in new[] { text, text.Replace("null", "\"NaN\"", StringComparison.Ordinal) })
        {
            var back = RecordJson.Read<RunSummary>(stored);
            Assert.Equal((double.NaN, double.NaN, 0.0), (back.Accuracy, back.ClusteredError, back.Low));
        }

        Assert.Equal([1.5, 2, double.NaN], RecordJson.Read<List<double>>("""[1.5,"2",null]"""));
        Assert.Throws<System.Text.Json.JsonException>(() => RecordJson.Read<List<double>>("[true]"));
    }

    [Fact]
    public void Told_LeavesOutRowsWithoutSamples_ButNotImportedNumbersWithoutACount()
    {
        var summary = Make.Summary() with { Rows = [new("overall", 50, 50, 4), new("empty", 0, 0, 0), new("none", null, double.NaN, 0), new("imported", 61.2, 61.2, 0), new("wrong", 0, 0, 3)] };
        Assert.Equal(["overall", "imported", "wrong"], RunSummaries.Told(summary).Select(r => r.Name));
        Assert.Equal("4", RunSummaries.CountText(summary));
        Assert.Equal("1 (4 samples)", RunSummaries.CountText(summary with { Units = 1 }));
    }

    [Fact]
    public void Text_OfARun_SaysNothingWhereNothingWasScored()
    {
        var run = Make.Run(task: "charades");
        var text = EvalText.Run(run, RunSummaries.Of(new Charades(), [Sample(0, null)]));
        Assert.Contains(": –, n = 0, 1 failed", text, StringComparison.Ordinal);
        Assert.Contains("median –", text, StringComparison.Ordinal);
        Assert.DoesNotContain("0.0 %", text, StringComparison.Ordinal);
        Assert.DoesNotContain("| row |", text, StringComparison.Ordinal);
        run.Summary = RecordJson.Text(RunSummaries.Of(null, [Sample(0, null)]));
        Assert.Contains("| – | – | 0 (+ 1 failed) | – | – | – | – | – |", EvalText.Sweep(SweepRow.Of([run])), StringComparison.Ordinal);
        Assert.Contains("60.0 % mean IoU, 95 % interval", EvalText.Run(run, Make.Summary(0.6) with { Measure = "mean IoU" }), StringComparison.Ordinal);
    }

    /// <summary>The originals' chains have no depth, and their steps differ within a length.</summary>
    [Fact]
    public void Text_OfCellsWithoutDepthAndSteps_SaysAll() =>
        Assert.Equal("| hops | 64 frames |\n|--:|--:|\n| all | 1/2 (9 to 91 %) |\n", EvalText.Needles([new(64, null, null, 2, 1, 0.094, 0.906, null)]).ReplaceLineEndings("\n"));

    [Fact]
    public async Task Lengths_AreInOrderOfTheirNumbers()
    {
        EvalDocument Document(int i, string length) => new() { Id = $"{i}", Question = "q", Labels = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["length"] = length, ["kind"] = $"k{9 - i}" } };
        string[] lengths = ["64 s", "8 s", "16 s", "8 s"];
        var scored = lengths.Select((l, i) => new ScoredSample(Document(i, l), "", new EvalScore { Corrected = 1 })).ToList();
        Assert.Equal(["length: 8 s", "length: 16 s", "length: 64 s"], new WorldSet().Aggregate(scored).Select(r => r.Name).Where(n => n.StartsWith("length", StringComparison.Ordinal)));
        Assert.Equal(["kind: k9", "kind: k8", "kind: k7", "kind: k6"], new WorldSet().Aggregate(scored).Select(r => r.Name).Where(n => n.StartsWith("kind", StringComparison.Ordinal)));
        var rows = scored.Select((s, i) =>
        {
            var row = SampleDocuments.Of("run", i, s.Document);
            SampleDocuments.Score(row, s.Score);
            return row;
        });
        var groups = await RunGroups.OfAsync(rows.ToAsyncEnumerable(), Ct);
        Assert.Equal(["8 s", "16 s", "64 s"], groups.Where(g => g.Label == "length").Select(g => g.Value));
    }

    [Fact]
    public void Of_AGrid_HasCellsWithSurvival()
    {
        List<Sample> samples =
        [
            Needle(0, 64, "0", 1, 0.5), Needle(1, 64, "0", 0, 0.25), Needle(2, 64, "0.5", 1, null), Needle(3, 128, "0", 1, 1),
        ];
        var summary = RunSummaries.Of(new NiahSingle(), samples);
        Assert.Equal([(64, 0.0, 2, 1, 0.375), (64, 0.5, 1, 1, null), (128, 0.0, 1, 1, 1.0)], summary.Cells.Select(c => (c.Frames, c.Depth!.Value, c.Count, c.Right, c.Survival)));
        Assert.Equal(Estimates.Share(1, 2).Low, summary.Cells[0].Low);
        Assert.Equal(["overall", "64 frames, depth 0", "64 frames, depth 0.5", "128 frames, depth 0"], summary.Rows.Select(r => r.Name));
    }

    [Fact]
    public void Of_FromRowsAlone_EqualsTheTasksOwnAggregate()
    {
        var task = new Charades();
        EvalDocument Document(int i) => new() { Id = $"{i}", Media = $"v{i / 2}.mp4", Question = $"event {i}", Interval = (i, i + 4), Answer = $"{i} - {i + 4}" };
        var scored = Enumerable.Range(0, 6).Select(i => (Document: Document(i), Answer: $"The event happens in {i + (i % 3)} - {i + 4} seconds.")).Select(s => new ScoredSample(s.Document, s.Answer, task.Score(s.Document, s.Answer))).ToList();
        var rows = Rows(task, scored.Select(s => (s.Document, s.Answer)));
        rows.Reverse();
        Assert.Equal(task.Aggregate(scored), RunSummaries.Of(task, rows).Rows);
    }

    [Fact]
    public void Documents_ToRowsAndBack_KeepWhatNumbersAreMadeOf()
    {
        var document = new EvalDocument
        {
            Id = "d", Part = "p", Media = "m.mp4", Question = "q", Options = ["x", "y"], Gold = 1, Answer = "y", Interval = (0.1, 2), Labels = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["b"] = "2", ["a"] = "1" },
        };
        var row = SampleDocuments.Of("run", 3, document);
        Assert.Equal(("B", "m.mp4", """{"a":"1","b":"2"}""", "[0.1,2]"), (row.Expected, row.Cluster, row.Labels, row.Interval));
        var back = SampleDocuments.Document(row);
        Assert.Equal((document.Id, document.Part, document.Media, document.Question, document.Gold, document.Interval), (back.Id, back.Part, back.Media, back.Question, back.Gold, back.Interval));
        Assert.Equal(document.Options, back.Options);
        Assert.Equal(document.Labels, back.Labels);
        row.Labels = "{";
        Assert.Contains("run", Assert.Throws<InvalidDataException>(() => SampleDocuments.Document(row)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Groups_LeaveOutLabelsThatTellDocumentsApart()
    {
        var samples = Enumerable.Range(0, RunGroups.MaxValues + 1).Select(i =>
        {
            var sample = Sample(i, i % 2);
            sample.Labels = $$"""{"kind":"{{(i < 5 ? "short" : "long")}}","number":"{{i}}"}""";
            return sample;
        }).ToList();
        var groups = await RunGroups.OfAsync(samples.ToAsyncEnumerable(), Ct);
        Assert.Equal([("kind", "short", 5), ("kind", "long", RunGroups.MaxValues - 4)], groups.Select(g => (g.Label, g.Value, g.Count)));
        Assert.Equal(Estimates.Share(2, 5), groups[0].Score);
    }

    private static List<Sample> Rows(EvalTask task, IEnumerable<(EvalDocument Document, string Answer)> answers) =>
    [
        .. answers.Select((a, i) =>
        {
            var row = SampleDocuments.Of("run", i, a.Document);
            row.Answer = a.Answer;
            SampleDocuments.Score(row, task.Score(a.Document, a.Answer));
            return row;
        }),
    ];

    private static Sample Sample(int ordinal, double? score) => Make.Sample("run", ordinal, score);

    private static Sample Needle(int ordinal, int frames, string depth, double score, double? alive)
    {
        var sample = Sample(ordinal, score);
        sample.Labels = $$"""{"depth":"{{depth}}","frames":"{{frames}}"}""";
        sample.Survival = alive is { } share ? RecordJson.Text(new NeedleSurvival(16, [new(1, 1, 1), new(2, share, 0.1)])) : null;
        return sample;
    }
}
