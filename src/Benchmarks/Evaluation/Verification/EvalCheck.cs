using System.Text.Json;

namespace Studio.Benchmarks.Evaluation.Verification;

/// <summary>What a check works with, and the steps that most share.</summary>
internal sealed class EvalCheck(GoldenEval golden, string name)
{
    public GoldenEval Golden => golden;

    public string Name => name;

    public EvalComparison Report { get; } = new();

    public List<string> Notes { get; } = []; // one an annotation file at most

    private IReadOnlyList<JsonElement>? _rows;

    public IReadOnlyList<JsonElement> Rows => _rows ??= golden.Rows($"{name}.jsonl");

    /// <summary>The document of a golden row. Where the row names a row of an annotation file that is there, both must be equal.</summary>
    public EvalDocument Document(EvalTask task, JsonElement row, string part = "")
    {
        var doc = row.TryGetProperty("doc", out var given) ? given : row.GetProperty("official_doc");
        var (file, index) = (row.Text("file"), (int)(row.Number("index") ?? 0));
        if (file is not null && row.TryGetProperty("doc", out _) && golden.Annotation(file, index) is { ValueKind: JsonValueKind.Object } annotated)
        {
            Report.Equal($"{row.Text("id")} row {index} of {file}", JsonElement.DeepEquals(annotated, doc) ? "equal" : annotated.GetRawText(), JsonElement.DeepEquals(annotated, doc) ? "equal" : doc.GetRawText());
        }
        else if (file is not null && golden.AnnotationFolder is null)
        {
            Note("annotation files are not there: documents are taken from the golden rows alone");
        }

        return task.Read(doc, part, index);
    }

    /// <summary>The document of an aggregate's row; null, with a note, where neither golden rows nor annotation file have it.</summary>
    public EvalDocument? Annotated(EvalTask task, string file, int index, string part = "")
    {
        if (golden.Annotation(file, index) is { } row) return task.Read(row, part, index);
        foreach (var candidate in Rows)
        {
            if (candidate.Text("file") == file && candidate.Number("index") == index) return task.Read(candidate.TryGetProperty("doc", out var doc) ? doc : candidate.GetProperty("official_doc"), part, index);
        }

        Note($"not every aggregate is compared: annotation rows of {file.Split('/')[0]} are not there");
        return null;
    }

    public void Note(string text)
    {
        if (!Notes.Contains(text)) Notes.Add(text);
    }

    /// <summary>Prompt, limits and media of a row whose task keeps the model's chat form.</summary>
    public void Common(EvalTask task, JsonElement row, EvalDocument document)
    {
        var id = row.Text("id")!;
        Report.Equal($"{id} prompt", task.Prompt(document).Text, row.Text("prompt"));
        if (row.TryGetProperty("settings", out var settings))
        {
            if (settings.Number("max_num_frames") is { } frames) Report.Equal($"{id} frames", task.Limits.MaxFrames, frames);
            if (settings.TryGetProperty("generation", out var generation) && generation.Number("max_new_tokens") is { } tokens) Report.Equal($"{id} new tokens", task.Limits.MaxNewTokens, tokens);
        }

        if (row.Text("gold_letter") is { } letter) Report.Equal($"{id} gold", document.GoldLetter, letter);
        if (row.TryGetProperty("visual", out var visual) && visual.Text("path") is { } path) Media(id, document, path, visual);
    }

    /// <summary>Every answer of a row: what was read and what it is worth.</summary>
    public void Answers(EvalTask task, JsonElement row, EvalDocument document, Func<EvalScore, string?>? parsed = null)
    {
        foreach (var answer in row.List("answers"))
        {
            var raw = answer.Text("raw")!;
            var score = task.Score(document, raw);
            var what = $"{row.Text("id")} answer '{(raw.Length > 40 ? raw[..40] + "…" : raw)}'";
            if (answer.TryGetProperty("parsed", out var expected)) Report.Equal($"{what} parsed", parsed is null ? score.Parsed : parsed(score), expected.ValueKind == JsonValueKind.Null ? null : expected.ToString());
            Report.Equal($"{what} score", score.Official, answer.Number("score"));
            if (answer.Flag("random")) Report.Equal($"{what} drawn", Letters.At(new Originals.PythonRandom(0).Choice(score.Choices)), answer.Text("seed0"));
        }
    }

    /// <summary>Scores answers in order.</summary>
    public static List<ScoredSample> Scored(EvalTask task, IEnumerable<(EvalDocument Document, string Answer)> answers) =>
        [.. answers.Select(a => new ScoredSample(a.Document, a.Answer, task.Score(a.Document, a.Answer)))];

    public void Official(IReadOnlyList<AggregateRow> rows, string row, string what, double? expected, double scale = 1) =>
        Report.Equal(what, rows.FirstOrDefault(r => r.Name == row)?.Official * scale, expected);

    /// <summary>Below the placeholder root of the originals' settings, paths are equal; clip and reader too.</summary>
    private void Media(string id, EvalDocument document, string path, JsonElement visual)
    {
        Report.Equal($"{id} media", path.EndsWith("/" + document.Media, StringComparison.Ordinal) ? path : document.Media, path);
        if (!visual.TryGetProperty("media", out var media)) return;
        Report.Equal($"{id} reader", document.MediaKind == MediaKind.Frames ? "img" : "decord", media.Text("video_read_type"));
        Report.Equal($"{id} start", document.Clip?.Start, media.Number("start"));
        Report.Equal($"{id} end", document.Clip?.End, media.Number("end"));
    }
}
