using System.Text.Json;
using Studio.Benchmarks.Evaluation.Originals;
using Studio.Benchmarks.Evaluation.Tasks;

namespace Studio.Benchmarks.Evaluation.Verification;

/// <summary>Charades-STA and VDC.</summary>
internal static class GroundingChecks
{
    private static readonly string[] s_thresholds = ["0.3", "0.5", "0.7"];

    public static void Charades(EvalCheck check)
    {
        var task = new Charades();
        foreach (var row in check.Rows)
        {
            var document = check.Document(task, row);
            check.Common(task, row, document);
            foreach (var answer in row.List("answers"))
            {
                var raw = answer.Text("raw")!;
                var score = task.Score(document, raw);
                var what = $"{row.Text("id")} answer '{raw}'";
                check.Report.Equal($"{what} error", score.OfficialError is null ? null : "ValueError", answer.Text("error"));
                if (score.OfficialError is null) Parsed(check, $"{what} parsed", score, "", answer.GetProperty("parsed"));
                Parsed(check, $"{what} upstream", score, "upstream.", answer.GetProperty("upstream").GetProperty("parsed"));
                check.Report.Equal($"{what} upstream overlap", score.Measures["upstream.iou"], answer.GetProperty("upstream").Number("iou"));
                if (answer.GetProperty("score") is not { ValueKind: JsonValueKind.Object } expected) continue;
                check.Report.Equal($"{what} overlap", score.Official, expected.Number("iou") ?? 0);
                foreach (var threshold in s_thresholds)
                {
                    check.Report.Equal($"{what} at {threshold}", score.Official >= double.Parse(threshold, System.Globalization.CultureInfo.InvariantCulture) ? 1 : 0, expected.Number(threshold));
                }
            }
        }

        foreach (var one in check.Golden.Cases(check.Name))
        {
            var answers = one.List("answers").Select(a => (Document: check.Annotated(task, "charades/temporal_grounding_charades.json", a[0].GetInt32()), Answer: a[1].GetString()!)).ToList();
            if (answers.Exists(a => a.Document is null)) continue;
            var rows = task.Aggregate(EvalCheck.Scored(task, answers.Select(a => (a.Document!, a.Answer))));
            var (results, upstream) = (one.GetProperty("results"), one.GetProperty("upstream"));
            foreach (var threshold in s_thresholds)
            {
                check.Official(rows, $"R@{threshold}", $"{one.Text("name")} {threshold}", results.Number($"IOU {threshold}"));
                check.Official(rows, $"upstream R@{threshold}", $"{one.Text("name")} upstream {threshold}", upstream.Number($"IOU@{threshold[^1]}"));
            }

            check.Official(rows, "upstream mIoU", $"{one.Text("name")} upstream mIoU", upstream.Number("mIOU"));
        }
    }

    public static void Vdc(EvalCheck check)
    {
        var task = new Vdc(Tasks.Vdc.Aspects.First());
        var scored = new List<ScoredSample>();
        foreach (var row in check.Rows)
        {
            var document = check.Document(task, row);
            var id = row.Text("id")!;
            check.Report.Equal($"{id} target", document.Answer, row.Text("target"));
            var (answers, verdicts) = (Texts(row, "judge_answers"), Texts(row, "judge_verdicts"));
            var judge = new ScriptedJudge([.. answers, .. verdicts]);
            var transcript = task.JudgeAsync(document, row.Text("caption")!, judge, CancellationToken.None).GetAwaiter().GetResult();
            // The original stops asking at a verdict that it cannot read.
            var messages = row.List("messages").ToList();
            for (var i = 0; i < messages.Count; i++)
            {
                var turns = messages[i].List("messages").ToList();
                check.Report.Equal($"{id} request {i} system", judge.Requests[i].System, turns[0].Text("content"));
                check.Report.Equal($"{id} request {i} user", judge.Requests[i].User, turns[1].Text("content"));
                check.Report.Equal($"{id} request {i} tokens", judge.Requests[i].MaxTokens, turns[2].GetProperty("gen").Number("max_tokens"));
            }

            var score = task.Score(document, transcript);
            scored.Add(new(document, transcript, score));
            check.Report.Equal($"{id} fails", score.OfficialError is null ? "no" : "yes", row.Text("error") is null ? "no" : "yes");
            if (score.OfficialError is not null) continue;
            check.Report.Equal($"{id} score", score.Measures["score"], row.Number("score"));
            check.Report.Equal($"{id} accuracy", score.Measures["acc"], row.Number("acc"));
        }

        foreach (var one in check.Golden.Cases(check.Name))
        {
            var rows = task.Aggregate([.. one.List("rows").Select(r => scored[r.GetInt32()])]);
            check.Official(rows, "score", $"{one.Text("name")} score", one.GetProperty("results").Number("llmms_eval_score"));
            check.Official(rows, "acc", $"{one.Text("name")} accuracy", one.GetProperty("results").Number("llmms_eval_acc"));
        }

        if (check.Golden.Has("vdc.prompts.json")) Prompts(check);
    }

    private static void Prompts(EvalCheck check)
    {
        foreach (var aspect in check.Golden.Json("vdc.prompts.json").GetProperty("aspects").EnumerateObject())
        {
            var prompts = new Vdc(aspect.Name).Prompts;
            check.Report.Equal($"{aspect.Name} prompts", prompts, Texts(aspect.Value, "prompts"));
            foreach (var seed in aspect.Value.GetProperty("draws_by_seed").EnumerateObject())
            {
                var random = new PythonRandom(ulong.Parse(seed.Name, System.Globalization.CultureInfo.InvariantCulture));
                long[] expected = [.. seed.Value.EnumerateArray().Select(e => e.GetInt64())];
                check.Report.Equal($"{aspect.Name} draws from seed {seed.Name}", [.. expected.Select(_ => (long)random.Choice(prompts.Count))], expected);
            }
        }
    }

    private static void Parsed(EvalCheck check, string what, EvalScore score, string prefix, JsonElement expected)
    {
        double[] actual = score.Measures.TryGetValue(prefix + "start", out var start) ? [start, score.Measures[prefix + "end"]] : [];
        check.Report.Equal(what, actual, [.. expected.EnumerateArray().SelectMany(pair => pair.EnumerateArray()).Select(e => e.GetDouble())]);
    }

    private static string[] Texts(JsonElement row, string name) => [.. row.List(name).Select(e => e.GetString()!)];

    /// <summary>Replies as the golden row has them, in call order.</summary>
    private sealed class ScriptedJudge(IReadOnlyList<string> replies) : IJudge
    {
        public List<JudgeRequest> Requests { get; } = []; // as many as there are replies

        public Task<string> AskAsync(JudgeRequest request, CancellationToken ct)
        {
            if (Requests.Count >= replies.Count) throw new InvalidDataException($"The judge is asked more often than the row has replies ({replies.Count}).");
            Requests.Add(request);
            return Task.FromResult(replies[Requests.Count - 1]);
        }
    }
}
