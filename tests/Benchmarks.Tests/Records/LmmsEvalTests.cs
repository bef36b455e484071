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
    public async Task AResultsFile_WithTooManyTasks_IsRefused_AndAFieldOfAnotherKindIsTold()
    {
        Write("many/results.json", $"{{\"results\":{{{string.Join(',', Enumerable.Range(0, 1001).Select(i => $"\"t{i}\":{{\"acc\":1}}"))}}}}}");
        var many = await Assert.ThrowsAsync<InvalidDataException>(() => RunImport.FromAsync(_store, Path.Combine(_folder, "many"), TimeProvider.System, Ct));
        Assert.Contains("1001 tasks; at most 1000", many.Message, StringComparison.Ordinal);
        Write("odd/videomme.json", """{"args":{},"model_configs":{"task":"videomme"},"logs":[5]}""");
        var odd = await Assert.ThrowsAsync<InvalidDataException>(() => RunImport.FromAsync(_store, Path.Combine(_folder, "odd"), TimeProvider.System, Ct));
        Assert.Contains("videomme.json", odd.Message, StringComparison.Ordinal);
        Assert.Equal(0, (await _store.ListAsync(new RunFilter { Take = 1 }, Ct)).Total);
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

    /// <summary>Video-XL-2's published results: those of Video-MME were put together from three runs, whose samples lie beside them under the names of the runs.</summary>
    [Fact]
    public async Task ResultsPutTogetherByHand_KeepTheSamplesOfTheirParts()
    {
        Write("0629_1341_model/results.json", """
            {"results":{"videomme":{"alias":"videomme","videomme_percetion_score,none":66.37,"videomme_percetion_score_stderr,none":"N/A"},
                        "videomme_w_subtitle":{"videomme_percetion_score,none":70.0}},
             "group_subtasks":{"videomme":[]},"n-samples":{"videomme":{"original":2700,"effective":3}},
             "config":{"model":"xl","model_args":"pretrained=/models/XL-2,max_frames_num=400,retrieve=8;3;8,"},"git_hash":"21bf182","date":"0629_1233"}
            """);
        foreach (var (part, id, answer) in new[] { ("short", "001-1", "A"), ("mid", "301-1", "B"), ("long", "601-1", "A") })
        {
            Write($"0629_1341_model/videomme_{part}.json", Logs($"videomme_{part}", $$"""
                {"doc_id":0,"doc":{"videoID":"v{{id}}","question_id":"{{id}}","question":"What?","options":["A. x","B. y"],"answer":"A"},"target":"A","arguments":["Pick.",{},0,"videomme_{{part}}","test"],
                 "resps":[["{{answer}}"]],"filtered_resps":["{{answer}}"],"videomme_percetion_score":{"question_id":"{{id}}","pred_answer":"{{answer}}","answer":"A"} }
                """));
        }

        Write("0629_1341_model/videomme_w_subtitle_long.json", Logs("videomme_w_subtitle_long", """{"doc_id":0,"target":"A","filtered_resps":["A"],"videomme_percetion_score":{"pred_answer":"A","answer":"A"}}"""));
        Write("0629_1341_model/videomme_notes.json", """{"by":"hand"}""");
        var runs = (await RunImport.FromAsync(_store, _folder, TimeProvider.System, Ct)).Select(i => i.Run).ToDictionary(r => r.Task);
        var samples = await _store.SamplesAsync(runs["videomme"].Id, Ct).ToListAsync(Ct);
        Assert.Equal([("601-1", "videomme_long", 1.0), ("301-1", "videomme_mid", 0), ("001-1", "videomme_short", 1)], samples.Select(s => (s.DocumentId, s.Part, s.Corrected)));
        var summary = RecordJson.Read<RunSummary>(runs["videomme"].Summary!);
        Assert.Equal((3, 2.0 / 3, 66.37), (summary.Scored, summary.Accuracy, Assert.Single(summary.Rows).Corrected));
        Assert.Contains("0629_1233", runs["videomme"].Given, StringComparison.Ordinal); // without a year it is no date, but what is known of it
        Assert.Equal("videomme_w_subtitle_long", Assert.Single(await _store.SamplesAsync(runs["videomme_w_subtitle"].Id, Ct).ToListAsync(Ct)).Part);
    }

    /// <summary>VideoChat-Flash publishes such a file for Video-MME; Video-XL-2 a folder each for LVBench's parts.</summary>
    [Fact]
    public async Task AFileOfSamplesAlone_IsARun()
    {
        Write("logs/cartoon/lvbench_cartoon.json", Logs("lvbench_cartoon", """
            {"doc_id":0,"doc":{"video":"v1","type":"cartoon","question_type":["summarization","reasoning"],"candidates":["(A) 1","(B) 2"],"question":"How many?"},"target":"(B) 2","arguments":["How many?",{}],
             "filtered_resps":["A"],"lvbench_mc_accuracy":{"pred_answer":"A","gt_answer":"B","score":0}},
            {"doc_id":1,"doc":{"video":"v1","type":"cartoon","question_type":["reasoning"]},"target":"(B) 2","arguments":["And now?",{}],"filtered_resps":["B"],"lvbench_mc_accuracy":{"pred_answer":"B","gt_answer":"B","score":1}}
            """, "lvbench_mc_accuracy"));
        Write("logs/cartoon/other.json", """{"global":{"total":2}}""");
        Write("logs/cartoon/list.json", "[1]");
        Write("logs/cartoon/empty.json", "");
        var run = Assert.Single(await RunImport.FromAsync(_store, Path.Combine(_folder, "logs"), TimeProvider.System, Ct)).Run;
        Assert.Equal(("lmms-eval", "lvbench_cartoon", "/models/XL-2", "max_frames_num=400", 2), (run.Source, run.Task, run.Model, run.Frames, run.Samples));
        Assert.Equal(0.5, RecordJson.Read<RunSummary>(run.Summary!).Accuracy);
        Assert.Contains("lvbench_mc_accuracy", run.Resolved, StringComparison.Ordinal);
        var samples = await _store.SamplesAsync(run.Id, Ct).ToListAsync(Ct);
        Assert.Equal([("0", "v1", 0.0, "A"), ("1", "v1", 1, "B")], samples.Select(s => (s.DocumentId, s.Cluster, s.Corrected, s.Parsed)));
        Assert.Equal("""{"question_type":"summarization, reasoning","type":"cartoon"}""", samples[0].Labels);
        Assert.True(Assert.Single(await RunImport.FromAsync(_store, Path.Combine(_folder, "logs/cartoon/lvbench_cartoon.json"), TimeProvider.System, Ct)).WasThere);
    }

    [Fact]
    public async Task WithoutSamples_TheReportedNumberAndItsErrorStand()
    {
        Write("1_results.json", """{"results":{"mlvu_dev":{"acc,none":60.0,"acc_stderr,none":2.0}},"n-samples":{"mlvu_dev":{"original":100,"effective":50}}}""");
        var run = Assert.Single(await RunImport.FromAsync(_store, _folder, TimeProvider.System, Ct)).Run;
        var summary = RecordJson.Read<RunSummary>(run.Summary!);
        Assert.Equal(("mlvu", 50, 50, 0.6, 0.02), (run.Task, run.Samples, summary.Scored, summary.Accuracy, summary.ClusteredError));
        Assert.Equal(0.6 - (0.02 * 1.959964), summary.Low, 6);
    }

    /// <summary>Without an error the interval is Wilson's: 60.209 % of 1,337 are 805. A part whose samples were left out does not make the rest the whole.</summary>
    [Fact]
    public async Task WithFewerSamplesThanReported_TheReportedNumberStands()
    {
        Write("1_results.json", """
            {"results":{"lvb":{"alias":"lvb","lvb_acc,none":0.60209,"lvb_acc_stderr,none":"N/A","submission,none":[]},"lvb_a":{"lvb_acc,none":0.5},"lvb_b":{"lvb_acc,none":0.62}},
             "group_subtasks":{"lvb":["lvb_a","lvb_b"]},"n-samples":{"lvb_a":{"original":37,"effective":37},"lvb_b":{"original":1300,"effective":1300}}}
            """);
        Write("1_samples_lvb_a.jsonl", """{"doc_id":0,"doc":{"option0":"red","option1":"blue"},"target":"A","filtered_resps":["B"],"lvb_acc":0}""");
        var run = Assert.Single(await RunImport.FromAsync(_store, _folder, TimeProvider.System, Ct)).Run;
        var summary = RecordJson.Read<RunSummary>(run.Summary!);
        Assert.Equal((1337, 1337, 0, 0.60209, 0.5), (run.Samples, summary.Scored, summary.Failed, summary.Accuracy, summary.Chance));
        Assert.Equal(0.575601, summary.Low, 6);
        Assert.Equal(0.628002, summary.High, 6);
        Assert.Equal([1337, 37, 1300], summary.Rows.Select(r => r.Count));
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

    private static string Logs(string task, string rows, string metric = "videomme_percetion_score") => $$"""
        {"args":{"model":"xl","tasks":"{{task}}","model_args":"pretrained=/models/XL-2,max_frames_num=400"},
         "model_configs":{"task":"{{task}}","metric_list":[{"metric":"{{metric}}","higher_is_better":true}]},"logs":[{{rows}}]}
        """;

    private void Write(string file, string text)
    {
        var path = Path.Combine(_folder, file);
        _ = Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
