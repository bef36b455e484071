using Studio.Benchmarks.Evaluation;
using Studio.Benchmarks.Records;
using Studio.Benchmarks.Records.Exchange;
using Studio.Benchmarks.Records.Store;
using Xunit;

namespace Studio.Benchmarks.Tests.Records;

public sealed class LmmsEvalTests : IAsyncLifetime
{
    private const string Results = """
        {"results":{"videomme":{"alias":"videomme","videomme_perception_score,none":66.66,"videomme_perception_score_stderr,none":"N/A"}},
         "group_subtasks":{"videomme":[]},"configs":{"videomme":{"task":"videomme","metadata":[{"version":0.0}]}},
         "n-samples":{"videomme":{"original":2700,"effective":3}},
         "config":{"model":"llava_vid","model_args":"pretrained=lmms-lab/LLaVA-Video-7B,max_frames_num=64","device":"cuda:0"},"git_hash":"1a2b3c4","date":1733000000.25}
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("studio-lmms-").FullName;
    private RunStore _store = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _store = await RunStore.ConnectAsync(ResultsTarget.File(Path.Combine(_folder, "r.db")), TimeProvider.System, Ct);

    public ValueTask DisposeAsync()
    {
        _store.Dispose();
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task AFolder_WithObjectsAsScores_IsARunWithSamples()
    {
        Write("logs/model/20241201_000000_results.json", Results);
        Write("logs/model/20241201_000000_samples_videomme.jsonl", """
            {"doc_id":0,"target":"C","filtered_resps":["C"],"resps":[["C."]],"doc_hash":"x","input":"Pick one.","videomme_perception_score":{"question_id":"001-1","duration":"short","pred_answer":"C","answer":"C"}}
            {"doc_id":1,"doc":{"videoID":"v9","question":"What?","options":["A. x","B. y"]},"target":"A","filtered_resps":["B"],"arguments":["Pick.",{}],"videomme_perception_score":{"question_id":"001-2","duration":"long","pred_answer":"B","answer":"A"}}

            {"doc_id":2,"target":"A","filtered_resps":[["A"]],"videomme_perception_score":{"question_id":"001-3","odd":7}}
            """);
        var imported = Assert.Single(await RunImport.FromAsync(_store, Path.Combine(_folder, "logs"), TimeProvider.System, Ct));
        var run = await _store.GetAsync(imported.Run.Id, Ct);
        Assert.Equal(("lmms-eval", "videomme", "lmms-lab/LLaVA-Video-7B", "max_frames_num=64", RunState.Finished, 3), (run.Source, run.Task, run.Model, run.Frames, run.State, run.Samples));
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1733000000), run.CreatedAt);
        Assert.Equal("1a2b3c4", RecordJson.Read<Provenance>(run.Provenance).Commit);
        var summary = RecordJson.Read<RunSummary>(run.Summary!);
        Assert.Equal((2, 1, 0.5), (summary.Scored, summary.Failed, summary.Accuracy));
        Assert.Equal(new AggregateRow("videomme_perception_score", 66.66, 66.66, 3), Assert.Single(summary.Rows));
        var samples = await _store.SamplesAsync(run.Id, Ct).ToListAsync(Ct);
        Assert.Equal([("001-1", 1.0, "C", "Pick one."), ("001-2", 0, "B", "Pick."), ("001-3", null, "A", "")], samples.Select(s => (s.DocumentId, s.Corrected, s.Answer, s.Prompt)));
        Assert.Equal(("v9", "What?", """["A. x","B. y"]""", """{"duration":"long"}"""), (samples[1].Cluster, samples[1].Question, samples[1].Options, samples[1].Labels));
        Assert.Contains("videomme_perception_score", samples[2].Error, StringComparison.Ordinal);
        Assert.True(Assert.Single(await RunImport.FromAsync(_store, Path.Combine(_folder, "logs"), TimeProvider.System, Ct)).WasThere);
        Assert.Equal(1, (await _store.ListAsync(new RunFilter(), Ct)).Total);
    }

    [Fact]
    public async Task AGroup_IsOneRunWithParts()
    {
        Write("results_2024-05-01T00-00-00.json", """
            {"results":{"mvbench":{"alias":"mvbench","mvbench_accuracy,none":0.5,"mvbench_accuracy_stderr,none":0.1},"mvbench_a":{"mvbench_accuracy,none":1.0},"mvbench_b":{"mvbench_accuracy,none":0.0}},
             "group_subtasks":{"mvbench":["mvbench_a","mvbench_b"]},"model_name":"m"}
            """);
        foreach (var (part, score) in new[] { ("mvbench_a", "1"), ("mvbench_b", "false") })
        {
            Write($"samples_{part}_2024-05-01T00-00-00.jsonl", $$"""{"doc_id":0,"target":"(A)","filtered_resps":["(A)"],"mvbench_accuracy":{{score}}}""");
        }

        var run = Assert.Single(await RunImport.FromAsync(_store, Path.Combine(_folder, "results_2024-05-01T00-00-00.json"), TimeProvider.System, Ct)).Run;
        var samples = await _store.SamplesAsync(run.Id, Ct).ToListAsync(Ct);
        Assert.Equal([("mvbench_a/0", "mvbench_a", 1.0), ("mvbench_b/1", "mvbench_b", 0)], samples.Select(s => (s.DocumentId, s.Part, s.Corrected)));
        Assert.Equal(["mvbench_accuracy", "mvbench_a mvbench_accuracy", "mvbench_b mvbench_accuracy"], RecordJson.Read<RunSummary>(run.Summary!).Rows.Select(r => r.Name));
    }

    [Fact]
    public async Task TheOldLayout_WithLogs_IsRead()
    {
        Write("results.json", """{"results":{"nextqa_mc_test":{"accuracy":1.0,"accuracy_stderr":0.0}},"config":{"model":"old"}}""");
        Write("nextqa_mc_test.json", """{"args":{},"logs":[{"doc_id":5,"doc":{"video":"77","qid":"3"},"target":"A","resps":[["A"]],"filtered_resps":["A"],"accuracy":1.0}]}""");
        var run = Assert.Single(await RunImport.FromAsync(_store, _folder, TimeProvider.System, Ct)).Run;
        Assert.Equal(("nextqa", "old"), (run.Task, run.Model));
        Assert.Equal(("3", "77"), await _store.SamplesAsync(run.Id, Ct).Select(s => (s.DocumentId, s.Cluster)).SingleAsync(Ct));
    }

    [Fact]
    public async Task WithoutSamples_TheReportedNumberAndItsErrorStand()
    {
        Write("1_results.json", """{"results":{"mlvu_dev":{"acc,none":60.0,"acc_stderr,none":2.0}},"n-samples":{"mlvu_dev":{"original":100,"effective":50}}}""");
        var run = Assert.Single(await RunImport.FromAsync(_store, _folder, TimeProvider.System, Ct)).Run;
        var summary = RecordJson.Read<RunSummary>(run.Summary!);
        Assert.Equal(("mlvu", 50, 0.6, 0.02), (run.Task, run.Samples, summary.Accuracy, summary.ClusteredError));
        Assert.Equal(0.6 - (0.02 * 1.959964), summary.Low, 6);
    }

    /// <summary>What versions 0.6 and 0.7 write: no document, the media beside the prompt, the answer as plain text, three kinds of errors, a model read from its download.</summary>
    [Fact]
    public async Task AFolderOfANewerVersion_KeepsMediaModelDateAndTheBestError()
    {
        Write("20260923_172512_results.json", """
            {"results":{"seen":{"alias":"seen","points,none":162.5,"points_stderr,none":"N/A","points_stderr_clt,none":0.125,"points_stderr_clustered,none":"N/A"},
                        "told":{"alias":"told","told_acc,none":0.8,"told_acc_stderr,none":"N/A","told_acc_stderr_clt,none":0.01,"told_acc_stderr_clustered,none":0.02},
                        "only":{"alias":"only","points,none":162.5}},
             "group_subtasks":{"seen":[],"told":[],"only":[]},"n-samples":{"told":{"original":9,"effective":9}},
             "config":{"model":"some_vl","model_args":"pretrained=/cache/hub/models--Owner--Some-VL-3B/snapshots/66285546,attn_implementation=sdpa","device":null},
             "git_hash":"v0.6-239","date":"20260923_172511"}
            """);
        Write("20260923_172512_samples_seen.jsonl", """
            {"doc_id":0,"target":"Yes","filtered_resps":"Yes","token_counts":[{"output_tokens":2}],"doc_hash":"x","input_media":["code/1.mp4"],"points":{"question_id":"code/1.mp4","category":"code","score":1.0},"input":"Is it?"}
            {"doc_id":1,"target":"No","filtered_resps":"Yes","input_media":["code/1.mp4"],"points":{"question_id":"code/1.mp4","category":"code","score":0.0},"input":"Is it not?"}
            {"doc_id":2,"doc":{"video_path":"l.mp4","option0":"red","option1":"blue","option2":"N/A","question":"Which?"},"target":"A","filtered_resps":["A"],"input":"Which?","points":{"pred_answer":"A","gt_answer":"A"}}
            """);
        var runs = (await RunImport.FromAsync(_store, _folder, TimeProvider.System, Ct)).Select(i => i.Run).ToDictionary(r => r.Task);
        Assert.All(runs.Values, r => Assert.Equal(("Owner/Some-VL-3B", new DateTimeOffset(2026, 9, 23, 17, 25, 11, TimeSpan.Zero)), (r.Model, r.CreatedAt)));
        var samples = await _store.SamplesAsync(runs["seen"].Id, Ct).ToListAsync(Ct);
        Assert.Equal([("code/1.mp4", "Yes", 1.0), ("code/1.mp4", "Yes", 0), ("l.mp4", "A", 1)], samples.Select(s => (s.Cluster, s.Answer, s.Corrected)));
        Assert.Equal(("""["red","blue"]""", "A"), (samples[2].Options, samples[2].Parsed));
        var (seen, told, only) = (Summary("seen"), Summary("told"), Summary("only"));
        Assert.Equal((2.0 / 3, "points"), (seen.Accuracy, Assert.Single(seen.Rows).Name));
        Assert.Equal((0.8, 0.02, "told_acc"), (told.Accuracy, told.ClusteredError, Assert.Single(told.Rows).Name));
        Assert.True(double.IsNaN(only.Accuracy), "162.5 points are no accuracy");
        Assert.Equal(162.5, Assert.Single(only.Rows).Corrected);

        RunSummary Summary(string task) => RecordJson.Read<RunSummary>(runs[task].Summary!);
    }

    [Theory]
    [InlineData("""{"results":{"t":{"acc,none":1}}}""", """{"doc_id":1}""", "filtered_resps")]
    [InlineData("""{"results":{"t":{"acc,none":1}}}""", "{", "line 1")]
    [InlineData("""{"results":{"t":7}}""", null, "no results file")]
    public async Task AnotherLayout_IsRefused(string results, string? samples, string named)
    {
        Write("1_results.json", results);
        if (samples is not null) Write("1_samples_t.jsonl", samples);
        var problem = await Assert.ThrowsAsync<InvalidDataException>(() => RunImport.FromAsync(_store, _folder, TimeProvider.System, Ct));
        Assert.Contains(named, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AFolderWithoutResults_OrWithTooMany_IsRefused()
    {
        Assert.Contains("no results file", (await Assert.ThrowsAsync<InvalidDataException>(() => RunImport.FromAsync(_store, _folder, TimeProvider.System, Ct))).Message, StringComparison.Ordinal);
        for (var i = 0; i <= LmmsEvalFolder.MaxFiles; i++) Write($"many/{i}_results.json", """{"results":{}}""");
        Assert.Contains("more than", (await Assert.ThrowsAsync<InvalidDataException>(() => RunImport.FromAsync(_store, Path.Combine(_folder, "many"), TimeProvider.System, Ct))).Message, StringComparison.Ordinal);
        _ = await Assert.ThrowsAsync<FileNotFoundException>(() => RunImport.FromAsync(_store, Path.Combine(_folder, "nowhere"), TimeProvider.System, Ct));
    }

    private void Write(string file, string text)
    {
        var path = Path.Combine(_folder, file);
        _ = Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
