using System.Globalization;
using System.Text.Json;
using Studio.Benchmarks.Evaluation.Originals;
using Studio.Benchmarks.Evaluation.Tasks;

namespace Studio.Benchmarks.Evaluation.Verification;

/// <summary>Multiple-choice benchmarks.</summary>
internal static class ChoiceChecks
{
    /// <summary>MVBench, MLVU and LVBench.</summary>
    public static void Flash(EvalCheck check)
    {
        FlashChoiceTask task = check.Name switch { "mvbench" => new MvBench(), "lvbench" => new LvBench(), _ => new Mlvu() };
        var parts = task.Files.ToDictionary(f => f.File, f => f.Part);
        string Part(string file) => parts.TryGetValue(file, out var part) ? part : throw new InvalidDataException($"No part of {task.Name} is read from {file}.");
        foreach (var row in check.Rows)
        {
            var document = check.Document(task, row, Part(row.Text("file")!));
            check.Report.Equal($"{row.Text("id")} task", $"{check.Name}_{document.Part}", row.Text("task"));
            check.Common(task, row, document);
            check.Answers(task, row, document);
        }

        var group = check.Name switch { "mvbench" => "mvbench_accuracy,none", "lvbench" => "lvbench_mc_accuracy,none", _ => "mlvu_mc_accuracy,none" };
        foreach (var one in check.Golden.Cases(check.Name))
        {
            var answers = one.List("answers").Select(a => (Document: check.Annotated(task, a[0].GetString()!, a[1].GetInt32(), Part(a[0].GetString()!)), Answer: a[2].GetString()!)).ToList();
            if (answers.Exists(a => a.Document is null)) continue;
            var rows = task.Aggregate(EvalCheck.Scored(task, answers.Select(a => (a.Document!, a.Answer))));
            foreach (var result in one.GetProperty("results").EnumerateObject())
            {
                var name = result.Name == check.Name ? "overall" : result.Name[(check.Name.Length + 1)..];
                check.Official(rows, name, $"{one.Text("name")} {result.Name}", result.Value.Number(group));
            }

            check.Official(rows, "mean of parts", $"{one.Text("name")} mean of tasks", one.GetProperty("derived").Number("mean_of_tasks"));
        }
    }

    public static void PerceptionTest(EvalCheck check)
    {
        var task = new PerceptionTest();
        var documents = new List<EvalDocument>();
        foreach (var row in check.Rows)
        {
            var document = check.Document(task, row);
            documents.Add(document);
            check.Common(task, row, document);
            check.Answers(task, row, document, s => Letters.IndexOf(s.Parsed).ToString(CultureInfo.InvariantCulture));
        }

        foreach (var one in check.Golden.Cases(check.Name))
        {
            check.Official(task.Aggregate(ByRow(task, documents, one)), "overall", $"{one.Text("name")} accuracy", one.GetProperty("results").Number("accuracy,none"));
        }
    }

    public static void NextQa(EvalCheck check)
    {
        var task = new NextQa();
        var documents = new List<EvalDocument>();
        foreach (var row in check.Rows)
        {
            var document = check.Document(task, row);
            documents.Add(document);
            check.Common(task, row, document);
            check.Answers(task, row, document);
        }

        foreach (var one in check.Golden.Cases(check.Name))
        {
            var rows = task.Aggregate(ByRow(task, documents, one));
            check.Official(rows, "overall", $"{one.Text("name")} exact match", one.GetProperty("results").Number("exact_match"));
            if (!one.TryGetProperty("derived", out var derived) || !derived.TryGetProperty("by_type", out var types)) continue;
            foreach (var type in types.EnumerateObject()) check.Official(rows, $"type: {type.Name}", $"{one.Text("name")} type {type.Name}", type.Value.GetDouble());
        }
    }

    public static void LongVideoBench(EvalCheck check) => LongVideo(check, new LongVideoBench(), null);

    public static void LongVideoBenchUpstream(EvalCheck check) => LongVideo(check, new LongVideoBenchUpstream(), new(interleaved: true));

    public static void MlvuVideoXl(EvalCheck check)
    {
        var task = new MlvuVideoXl();
        var documents = new List<EvalDocument>();
        foreach (var row in check.Rows)
        {
            var document = check.Document(task, row);
            documents.Add(document);
            check.Common(task, row, document);
            check.Report.Equal($"{row.Text("id")} target", document.Answer, row.Text("target"));
            check.Answers(task, row, document);
        }

        foreach (var one in check.Golden.Cases(check.Name))
        {
            var rows = task.Aggregate(ByRow(task, documents, one));
            check.Official(rows, "overall", $"{one.Text("name")} overall", one.GetProperty("results").Number("overall"));
            var printed = Tasks.MlvuVideoXl.Types.Select(t => Line($"Evaluation on Task Categories: {t}", rows, $"task_type: {t}")).Append(Line("Overall Performance", rows, "overall"));
            check.Report.Equal($"{one.Text("name")} printed", [.. printed], [.. one.List("printed").Select(p => p.GetString()!)]);
        }
    }

    /// <summary>A line of a report in per cent, as Python prints it.</summary>
    internal static string Line(string heading, IReadOnlyList<AggregateRow> rows, string name) => $"{heading}:  {PythonText.Fixed(rows.First(r => r.Name == name).Official!.Value, 1)}%";

    /// <summary>Answers of an aggregate that name rows of the golden file.</summary>
    internal static List<ScoredSample> ByRow(EvalTask task, List<EvalDocument> documents, JsonElement one) =>
        EvalCheck.Scored(task, one.List("answers").Select(a => (documents[a[0].GetInt32()], a[1].GetString()!)));

    private static void LongVideo(EvalCheck check, LongVideoBench task, LongVideoBenchUpstream? interleaved)
    {
        foreach (var row in check.Rows)
        {
            var id = row.Text("id")!;
            var document = check.Document(task, row) with { Subtitles = Tasks.LongVideoBench.ReadSubtitles(row.GetProperty("subtitles"), id) };
            var exported = task.Read(row.GetProperty("official_doc"), "", 0);
            check.Report.Equal($"{id} options of the export", exported.Options, document.Options);
            check.Report.Equal($"{id} labels of the export", [.. exported.Labels], [.. document.Labels]);
            check.Report.Equal($"{id} id", document.Id, id);
            check.Common(task, row, document);
            if (interleaved is not null) check.Report.Equal($"{id} interleaved prompt", interleaved.Prompt(document).Text, row.Text("prompt_val_i"));
            check.Answers(task, row, document);
        }

        foreach (var one in check.Golden.Cases(check.Name))
        {
            var answers = one.List("answers").Select(a => (Document: check.Annotated(task, "longvideobench/lvb_val.json", a[0].GetInt32()), Answer: a[1].GetString()!)).ToList();
            if (answers.Exists(a => a.Document is null)) continue;
            var rows = task.Aggregate(EvalCheck.Scored(task, answers.Select(a => (a.Document!, a.Answer))));
            var results = one.GetProperty("results");
            check.Official(rows, "overall", $"{one.Text("name")} accuracy", results.Number("lvb_acc,none") ?? results.Number("lvb_acc"));
            foreach (var printed in one.GetProperty("printed").EnumerateObject())
            {
                var name = printed.Name == "Overall" ? "overall" : rows.FirstOrDefault(r => r.Name.EndsWith(": " + printed.Name, StringComparison.Ordinal))?.Name ?? printed.Name;
                check.Official(rows, name, $"{one.Text("name")} {printed.Name}", printed.Value.Number("acc"));
                check.Report.Equal($"{one.Text("name")} {printed.Name} documents", rows.FirstOrDefault(r => r.Name == name)?.Count, printed.Value.Number("num"));
            }
        }
    }
}
