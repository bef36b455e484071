using System.Globalization;
using System.Text.Json;
using Studio.Benchmarks.Evaluation.Tasks;
using Studio.Engine.Video;

namespace Studio.Benchmarks.Evaluation.Verification;

/// <summary>Needle tests of both systems, and VNBench.</summary>
internal static class NeedleChecks
{
    public static void Niah(EvalCheck check)
    {
        var (single, multi) = (new NiahSingle(), new NiahMulti());
        var (singles, multis) = (new List<EvalDocument>(), new List<EvalDocument>());
        foreach (var row in check.Rows)
        {
            var id = row.Text("id")!;
            if (row.Text("task") == "niah_single")
            {
                var document = check.Document(single, row);
                singles.Add(document);
                Forced(check, id, single, document, row);
                continue;
            }

            var pair = multi.ReadAll(row.GetProperty("doc"), "", (int)row.Number("index")!).ToList();
            _ = check.Document(multi, row);
            multis.AddRange(pair);
            var questions = row.List("questions").ToList();
            for (var i = 0; i < questions.Count; i++)
            {
                check.Report.Equal($"{id} question {i}", pair[i].Part, questions[i].Text("which"));
                Forced(check, $"{id} {pair[i].Part}", multi, pair[i], questions[i]);
            }

            var frames = row.GetProperty("visual").GetProperty("example_frames").GetInt32();
            var sequence = row.GetProperty("visual").List("sequence").Where(s => s[0].GetString() == "frames").Select(s => s[2].GetInt32()).ToList();
            check.Report.Equal($"{id} images behind frames", [.. NeedleGrid.Chain(pair[0].Needles.Count, frames).Skip(1)], sequence);
        }

        if (check.Golden.Has("niah.scoring.json"))
        {
            foreach (var one in check.Golden.Json("niah.scoring.json").List("cases"))
            {
                check.Report.Equal($"'{one[1].GetString()}' for {one[0].GetString()}", NiahSingle.Forced(one[0].GetString()!, one[1].GetString()!), one[2].GetDouble());
            }
        }

        if (check.Golden.Has("niah.layout.json")) Layout(check, check.Golden.Json("niah.layout.json"));
        if (!check.Golden.Has("niah.aggregate.json")) return;
        var aggregate = check.Golden.Json("niah.aggregate.json");
        Singles(check, single, singles, aggregate.GetProperty("single_hop"));
        Multis(check, multi, multis, aggregate.GetProperty("multi_hop"));
    }

    public static void VideoXl(EvalCheck check)
    {
        var task = new VideoXlNiah();
        var documents = new List<EvalDocument>();
        foreach (var row in check.Rows)
        {
            var id = row.Text("id")!;
            var document = task.Read(row.GetProperty("doc"), "", (int)row.Number("index")!);
            documents.Add(document);
            check.Report.Equal($"{id} prompt", task.Prompt(document).ChatMl("<image>"), row.Text("prompt"));
            check.Report.Equal($"{id} target", document.Answer, row.Text("target"));
            check.Answers(task, row, document);
        }

        if (check.Golden.AnnotationFolder is { } folder && File.Exists(Path.Combine(folder, task.Files[0].File)))
        {
            var all = task.ReadFile(Import.AnnotationFile.Read(Path.Combine(folder, task.Files[0].File)), "");
            check.Report.Equal("annotation file", [.. documents.Select(d => d.Question)], [.. all.Take(documents.Count).Select(d => d.Question)]);
        }
        else
        {
            check.Note("annotation files are not there: documents are taken from the golden rows alone");
        }

        if (check.Golden.Has("videoxl_niah.layout.json"))
        {
            var layout = check.Golden.Json("videoxl_niah.layout.json");
            foreach (var row in layout.List("insertion"))
            {
                check.Report.Equal($"needle at {row[1].GetInt32()} % of {row[0].GetInt32()}", NeedleGrid.VideoXl(row[0].GetInt32(), row[1].GetInt32()), row[2].GetInt32());
            }

            var lengths = layout.Longs("script_arguments_give_lengths");
            check.Report.Equal("lengths", [.. NeedleGrid.Lengths((int)lengths[0], (int)lengths[^1], lengths.Length).Select(l => (long)l)], lengths);
            var sampling = layout.GetProperty("haystack_sampling");
            foreach (var length in sampling.GetProperty("by_length").EnumerateObject())
            {
                var frames = FrameSampling.VideoXlUniform(sampling.GetProperty("video_frames").GetInt64(), int.Parse(length.Name, CultureInfo.InvariantCulture));
                check.Report.Equal($"first frames of {length.Name}", [.. frames.Take(5)], length.Value.Longs("first"));
                check.Report.Equal($"last frames of {length.Name}", frames[^3..], length.Value.Longs("last"));
            }
        }

        if (!check.Golden.Has("videoxl_niah.aggregate.json")) return;
        var aggregate = check.Golden.Json("videoxl_niah.aggregate.json");
        var samples = new List<ScoredSample>();
        foreach (var cell in aggregate.List("cells"))
        {
            var at = documents.Select(d => NeedleGrid.At(d, cell.GetProperty("context_length").GetInt32(), cell.GetProperty("depth_percent").GetDouble() / 100)).ToList();
            var scored = EvalCheck.Scored(task, at.Zip(cell.List("responses").Select(r => r.GetString()!)));
            check.Official(task.Aggregate(scored), "overall", NeedleGrid.CellOf(at[0]), cell.Number("score"));
            samples.AddRange(scored);
        }

        check.Official(task.Aggregate(samples), "overall", "mean of the cells", double.Parse(aggregate.Text("mean_printed_by_plot")!, CultureInfo.InvariantCulture));
    }

    public static void VnBench(EvalCheck check)
    {
        var task = new VnBench();
        var rows = check.Rows;
        var documents = task.Finish([.. rows.Select(row => check.Document(task, row))]);
        for (var i = 0; i < rows.Count; i++)
        {
            var (row, document) = (rows[i], documents[i]);
            var id = row.Text("id")!;
            check.Report.Equal($"{id} id", document.Id, id);
            check.Report.Equal($"{id} prompt", task.Prompt(document).ChatMl("<image>"), row.Text("prompt"));
            check.Report.Equal($"{id} target", Tasks.VnBench.Gold(document), row.Text("target"));
            foreach (var answer in row.List("answers"))
            {
                var stored = Tasks.VnBench.Stored(answer.Text("raw")!);
                var letter = Tasks.VnBench.Letter(stored);
                check.Report.Equal($"{id} answer '{answer.Text("raw")}' parsed", stored, answer.Text("parsed"));
                check.Report.Equal($"{id} answer '{answer.Text("raw")}' letter", letter is "A" or "B" or "C" or "D" ? letter : null, answer.Text("letter"));
                check.Report.Equal($"{id} answer '{answer.Text("raw")}' score", task.Score(document, answer.Text("raw")!).Official, answer.Number("score"));
            }
        }

        if (!check.Golden.Has("vnbench.aggregate.json")) return;
        var aggregate = check.Golden.Json("vnbench.aggregate.json");
        foreach (var frames in aggregate.List("frame_selection_1fps"))
        {
            var (count, fps) = (frames.GetProperty("frames").GetInt64(), frames.GetProperty("fps").GetDouble());
            check.Report.Equal($"frames of {count} at {fps}", FrameSampling.VideoXlOnePerSecond(count, fps), frames.Longs("read"));
        }

        foreach (var one in aggregate.List("cases"))
        {
            var records = one.List("records").ToList();
            foreach (var record in records) check.Report.Equal($"{record[0].GetString()} stored", Tasks.VnBench.Stored(record[3].GetString()!), record[4].GetString());
            var types = Tasks.VnBench.OfficialTypes(records.Select(r => (r[0].GetString()!, r[1].GetString()!, Tasks.VnBench.Letter(r[4].GetString()!) == r[5].GetString())));
            foreach (var type in types)
            {
                var expected = one.GetProperty("results").GetProperty(type.Type);
                check.Report.Equal($"{one.Text("name")} {type.Type} right", type.Right, expected.Number("true"));
                check.Report.Equal($"{one.Text("name")} {type.Type} samples", type.Samples, expected.Number("total"));
            }

            check.Report.Equal($"{one.Text("name")} overall", types.Average(t => (double)t.Right / t.Samples), one.GetProperty("results").Number("Overall"));
        }
    }

    private static void Forced(EvalCheck check, string id, NiahSingle task, EvalDocument document, JsonElement row)
    {
        var parts = task.Prompt(document).ChatMl("\0").Split('\0');
        check.Report.Equal($"{id} before the video", parts[0], row.Text("prompt_before_video"));
        check.Report.Equal($"{id} behind the video", parts[1], row.Text("prompt_after_video"));
        check.Report.Equal($"{id} answer", document.Answer, row.Text("forced_answer"));
    }

    private static void Layout(EvalCheck check, JsonElement layout)
    {
        var depths = new Dictionary<double, IReadOnlyList<double>>();
        var places = new Dictionary<(double, int), int>(); // how many depths of a length were seen
        foreach (var row in layout.List("single_hop"))
        {
            var (step, frames) = (row.GetProperty("depth_interval").GetDouble(), row.GetProperty("frames").GetInt32());
            if (!depths.TryGetValue(step, out var all)) depths[step] = all = NeedleGrid.Depths(step);
            var at = places[(step, frames)] = places.GetValueOrDefault((step, frames), -1) + 1;
            if (at >= all.Count)
            {
                check.Report.Fail($"{frames} frames in steps of {step}", $"there are {all.Count} depths, expected more");
                continue;
            }

            check.Report.Equal($"{frames} frames, depth {all[at]} reported", NeedleGrid.ReportedDepth(all[at]), row.Number("reported_depth"));
            check.Report.Equal($"{frames} frames, depth {all[at]}", NeedleGrid.Insertion(all[at], frames), row.Number("needle_after_frames"));
        }

        foreach (var (cell, last) in places) check.Report.Equal($"depths of {cell}", last + 1, depths[cell.Item1].Count);
        foreach (var row in layout.List("multi_hop"))
        {
            var (images, frames) = (row.GetProperty("images").GetInt32(), row.GetProperty("frames").GetInt32());
            check.Report.Equal($"{images} images in {frames} frames", [.. NeedleGrid.Chain(images, frames).Select(f => (long)f)], row.Longs("needle_after_frames"));
        }

        foreach (var row in layout.List("haystack_file")) Haystack(check, row);
    }

    private static void Haystack(EvalCheck check, JsonElement row)
    {
        var (requested, frames, fps) = (row.GetProperty("requested").GetInt32(), row.GetProperty("video_frames").GetInt64(), row.GetProperty("fps").GetDouble());
        var what = $"haystack of {requested} from {frames} at {fps}";
        try
        {
            var (stored, twice) = NeedleGrid.Haystack(requested, frames, fps);
            check.Report.Equal(what, stored.Count * (twice ? 2 : 1), row.Number("rows"));
            check.Report.Equal($"{what} distinct", stored.Count, row.Number("distinct_rows"));
            check.Report.Equal($"{what} first", [.. stored.Take(4)], row.Longs("first_rows"));
            check.Report.Equal($"{what} last", stored[^1], row.Number("last_row_before_repeat"));
        }
        catch (InvalidOperationException)
        {
            check.Report.Equal($"{what} fails", "RuntimeError", row.Text("error"));
        }
    }

    private static void Singles(EvalCheck check, NiahSingle task, List<EvalDocument> documents, JsonElement expected)
    {
        var settings = expected.GetProperty("settings");
        var depths = NeedleGrid.Depths(settings.GetProperty("depth_interval").GetDouble());
        var laid = NeedleGrid.Lay(documents, Steps(settings), depths);
        var samples = EvalCheck.Scored(task, laid.Zip(expected.List("predictions").Select(p => p.GetString()!)));
        var rows = task.Aggregate(samples);
        var cells = expected.List("cells").ToList();
        check.Report.Equal("cells", rows.Count - 1, cells.Count);
        for (var i = 0; i < cells.Count && i + 1 < rows.Count; i++)
        {
            check.Report.Equal(rows[i + 1].Name, rows[i + 1].Official, cells[i].Number("Score"));
            check.Report.Equal($"{rows[i + 1].Name} reported depth", NeedleGrid.ReportedDepth(depths[i % depths.Count]), cells[i].Number("Frame Depth"));
        }

        check.Report.Equal("average", rows[0].Official, double.Parse(expected.Text("average_line")!.Split(": ")[1], CultureInfo.InvariantCulture));
    }

    private static void Multis(EvalCheck check, NiahMulti task, List<EvalDocument> documents, JsonElement expected)
    {
        var laid = NeedleGrid.Lay(documents, Steps(expected.GetProperty("settings")), []);
        var rows = task.Aggregate(EvalCheck.Scored(task, laid.Zip(expected.List("predictions").Select(p => p.GetString()!))));
        foreach (var cell in expected.List("cells"))
        {
            var name = $"{cell.GetProperty("Num. Frame").GetInt32()} frames";
            var pairs = cell.GetProperty("Total question pair").GetDouble();
            foreach (var (row, field, scale) in new[]
            {
                ("score", "Score", 1), ("caption", "Caption Score", 1), ("qa", "QA Score", 1), ("both", "Both correct", pairs), ("only caption", "Only cap correct", pairs),
                ("only qa", "Only qa correct", pairs), ("none", "Both wrong", pairs),
            })
            {
                check.Official(rows, $"{name} {row}", $"{name} {field}", cell.Number(field), scale);
            }
        }
    }

    private static List<int> Steps(JsonElement settings)
    {
        var (first, last, step) = (settings.GetProperty("min_frame_num").GetInt32(), settings.GetProperty("max_frame_num").GetInt32(), settings.GetProperty("frame_interval").GetInt32());
        var steps = new List<int>();
        for (var frames = first; frames <= last && steps.Count < NeedleGrid.MaxCells; frames += step) steps.Add(frames);
        return steps;
    }
}
