using System.Globalization;
using System.Text.Json;
using Studio.Benchmarks.Evaluation.Scoring;

namespace Studio.Benchmarks.Evaluation.Tasks;

/// <summary>
/// One's own questions, from CSV or JSON lines. Columns: video, question, answer; options (a list, or texts between "|"), or option_a,
/// option_b, …; start and end in seconds; id and category if wanted. The answer is a letter or the text of an option; without options it is
/// the expected text, compared without case, marks and articles. There is no original: both scores are the corrected one.
/// </summary>
/// <param name="name">Name of the set.</param>
/// <param name="file">File below the annotation folder.</param>
public sealed class CustomSet(string name, string file) : EvalTask
{
    private static readonly string[] s_articles = ["a", "an", "the"];

    public override string Name => name;

    public override string Title => $"Own set '{name}'";

    public override EvalLimits Limits => new(512, 64);

    public override IReadOnlyList<(string File, string Part)> Files => [(file, "")];

    public override EvalDocument Read(JsonElement row, string part, int index)
    {
        var fields = new Row(row, $"{name} row {index}");
        var options = Options(fields);
        var answer = fields.Text("answer").Trim();
        if (answer.Length == 0) throw fields.Problem("'answer' is empty.");
        int? gold = options.Count == 0 ? null : Gold(options, answer)
            ?? throw fields.Problem($"the answer '{answer}' is neither a letter of one of {options.Count} options nor the text of one.");
        if (fields.Has("start") != fields.Has("end")) throw fields.Problem("'start' and 'end' go together.");
        (double Start, double End)? clip = fields.Has("start") ? (fields.Number("start"), fields.Number("end")) : null;
        if (clip is { } c && !(c.Start >= 0 && c.End > c.Start)) throw fields.Problem($"the clip from {c.Start} to {c.End} s is empty.");
        return new EvalDocument
        {
            Id = fields.TextOr("id", index.ToString(CultureInfo.InvariantCulture)),
            Media = fields.Text("video"),
            Clip = clip,
            Question = fields.Text("question"),
            Options = options,
            Answer = answer,
            Gold = gold,
            Labels = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["category"] = fields.TextOr("category", "") },
        };
    }

    public override IReadOnlyList<EvalDocument> Finish(IReadOnlyList<EvalDocument> documents)
    {
        ArgumentNullException.ThrowIfNull(documents);
        var twice = documents.GroupBy(d => d.Id).FirstOrDefault(g => g.Count() > 1);
        return twice is null ? documents : throw new InvalidDataException($"{name}: the id '{twice.Key}' stands in {twice.Count()} rows.");
    }

    public override EvalPrompt Prompt(EvalDocument document) => document.Options.Count == 0 ? new($"Question: {document.Question}\nAnswer with a word or a short phrase.")
        : new($"Question: {document.Question}\nOptions:\n{string.Concat(document.Options.Select((option, i) => $"({Letters.At(i)}) {option}\n"))}Answer with the letter of the right option only.");

    public override EvalScore Score(EvalDocument document, string answer)
    {
        ArgumentNullException.ThrowIfNull(document);
        if (document.Options.Count > 0)
        {
            var score = ChoiceScore.Of(document, answer, null, null);
            return score with { Parsed = score.CorrectedParsed, Official = score.Corrected };
        }

        var plain = Plain(answer);
        var right = plain == Plain(document.Answer) ? 1 : 0;
        return new() { Parsed = plain, Official = right, CorrectedParsed = plain, Corrected = right };
    }

    public override IReadOnlyList<AggregateRow> Aggregate(IReadOnlyList<ScoredSample> samples, ulong seed = 0)
    {
        AggregateRow Row(string title, IReadOnlyCollection<ScoredSample> members) => new(title, Means.Corrected(members), Means.Corrected(members), members.Count);
        return [Row("overall", samples), .. Means.By(samples, "category").Where(g => g.Key.Length > 0).Select(g => Row($"category: {g.Key}", [.. g]))];
    }

    private static IReadOnlyList<string> Options(Row fields)
    {
        if (fields.Has("options")) return fields.IsText("options") ? Checked(fields, [.. fields.Text("options").Split('|').Select(o => o.Trim())]) : fields.Options("options");
        var options = new List<string>();
        foreach (var letter in "abcdefghijklmnopqrstuvwxyz")
        {
            if (!fields.Has($"option_{letter}")) break;
            options.Add(fields.Text($"option_{letter}"));
        }

        return options;
    }

    private static List<string> Checked(Row fields, List<string> options) => options.Count is >= 2 and <= Letters.Max && options.TrueForAll(o => o.Length > 0) ? options
        : throw fields.Problem($"'options' must be 2 to {Letters.Max} texts between '|', none empty.");

    private static int? Gold(IReadOnlyList<string> options, string answer)
    {
        var text = options.ToList().FindIndex(o => string.Equals(o.Trim(), answer, StringComparison.OrdinalIgnoreCase));
        if (text >= 0) return text;
        var letter = Letters.IndexOf(answer.Trim('(', ')', '.').ToUpperInvariant());
        return letter >= 0 && letter < options.Count ? letter : null;
    }

    private static string Plain(string text)
    {
        var words = new string([.. text.ToLowerInvariant().Select(c => char.IsLetterOrDigit(c) ? c : ' ')]).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return string.Join(' ', words.Where(w => !s_articles.Contains(w)));
    }
}
