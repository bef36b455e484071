using System.Globalization;
using System.Text.Json;
using Studio.Benchmarks.Evaluation.Originals;
using Studio.Benchmarks.Evaluation.Tasks;

namespace Studio.Benchmarks.Evaluation.Verification;

/// <summary>Video-MME as VideoChat-Flash and as Video-XL run it.</summary>
internal static class VideoMmeChecks
{
    private const string File = "videomme/test-00000-of-00001.parquet";

    public static void Flash(EvalCheck check)
    {
        var (task, subtitled) = (new VideoMme(), new VideoMme(subtitles: true));
        foreach (var row in check.Rows)
        {
            var document = check.Document(task, row);
            var id = row.Text("id")!;
            check.Report.Equal($"{id} id", document.Id, id);
            check.Report.Equal($"{id} target", document.Answer, row.Text("target"));
            check.Common(task, row, document);
            var with = row.GetProperty("with_subtitle");
            check.Report.Equal($"{id} prompt with subtitles", subtitled.Prompt(document with { SubtitleFile = with.Text("srt") }).Text, with.Text("prompt"));
            check.Answers(task, row, document);
        }

        foreach (var one in check.Golden.Cases(check.Name))
        {
            var answers = one.List("answers").Select(a => (Document: check.Annotated(task, File, a[0].GetInt32()), Answer: a[1].GetString()!)).ToList();
            if (answers.Exists(a => a.Document is null)) continue;
            var rows = task.Aggregate(EvalCheck.Scored(task, answers.Select(a => (a.Document!, a.Answer))));
            check.Official(rows, "overall", $"{one.Text("name")} score", one.GetProperty("results").Number("videomme_percetion_score,none"));
            check.Report.Equal($"{one.Text("name")} printed", [.. Printed(rows)], [.. one.List("printed").Select(p => p.GetString()!)]);
        }
    }

    public static void VideoXl(EvalCheck check)
    {
        var (task, subtitled) = (new VideoMmeVideoXl(), new VideoMmeVideoXl(subtitles: true));
        foreach (var row in check.Rows)
        {
            var document = check.Document(task, row);
            var id = row.Text("id")!;
            check.Common(task, row, document);
            check.Report.Equal($"{id} prompt with subtitles", subtitled.Prompt(Probed(document, row)).Text, row.Text("prompt_w_subtitle"));
            check.Report.Equal($"{id} upstream prompt", VideoMmeVideoXl.Upstream(document).Text, row.Text("prompt_upstream"));
            check.Answers(task, row, document);
            foreach (var answer in row.List("answers"))
            {
                var letter = RankedPlaces.Extract(answer.Text("raw")!, "ABCD");
                check.Report.Equal($"{id} upstream '{answer.Text("raw")}'", letter, answer.Text("upstream_parsed"));
                check.Report.Equal($"{id} upstream score", letter == document.Answer ? 1 : 0, answer.Number("upstream_score"));
            }
        }
    }

    /// <summary>The document with its subtitle file and what a probe of the video gives.</summary>
    private static EvalDocument Probed(EvalDocument document, JsonElement row)
    {
        if (row.Text("srt") is not { } file) return document;
        var labels = new SortedDictionary<string, string>(document.Labels.ToDictionary(), StringComparer.Ordinal);
        if (row.TryGetProperty("subtitle_video", out var video) && video.ValueKind == JsonValueKind.Object)
        {
            labels[VideoMmeVideoXl.FramesLabel] = video.GetProperty("frames").GetInt64().ToString(CultureInfo.InvariantCulture);
            labels[VideoMmeVideoXl.FpsLabel] = video.GetProperty("fps").GetDouble().ToString("R", CultureInfo.InvariantCulture);
        }

        return document with { SubtitleFile = file, Labels = labels };
    }

    private static IEnumerable<string> Printed(IReadOnlyList<AggregateRow> rows) => VideoMme.Groups
        .SelectMany(g => g.Values.Select(v => ChoiceChecks.Line($"Evaluation on {g.Heading}: {v}", rows, $"{g.Label}: {v}")))
        .Append(ChoiceChecks.Line("Overall Performance", rows, "overall"));
}
