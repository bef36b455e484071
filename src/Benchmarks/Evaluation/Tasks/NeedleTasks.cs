using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Studio.Benchmarks.Evaluation.Originals;
using Studio.Benchmarks.Evaluation.Scoring;

namespace Studio.Benchmarks.Evaluation.Tasks;

/// <summary>
/// Needle questions: the options stand in the question's text. Grid cells are labels of a document ("frames", "depth"), put there when a
/// grid is laid out (<see cref="NeedleGrid"/>).
/// </summary>
public abstract partial class NeedleTask : EvalTask
{
    private const string ChatMlSystem = "You are a helpful assistant.";

    public override EvalLimits Limits => new(10_000, 16);

    protected static EvalDocument Document(string id, string question, string answer, IReadOnlyList<string> images, string place)
    {
        var gold = Letters.IndexOf(answer);
        var options = OptionsOf(question);
        if (gold < 0 || (options.Count > 0 && gold >= options.Count))
        {
            throw new InvalidDataException($"{place}: the answer '{answer}' is not a letter of one of {options.Count} options.");
        }

        return new EvalDocument { Id = id, Question = question, Options = options, Answer = answer, Gold = gold, Needles = images };
    }

    protected static EvalPrompt Verbatim(string text, string prefill = "") => new(text) { System = ChatMlSystem, Bare = true, Prefill = prefill };

    /// <summary>Rows per cell, frames outermost, and the mean over cells as "overall"; samples without a grid are one cell.</summary>
    internal static IReadOnlyList<AggregateRow> Cells(IReadOnlyList<ScoredSample> samples)
    {
        var cells = samples.GroupBy(s => NeedleGrid.CellOf(s.Document)).Select(g => new AggregateRow(g.Key, g.Average(s => s.Score.Official!.Value),
            Means.Corrected(g, 1), g.Count(), AggregateUnit.Fraction)).ToList();
        return cells.Count == 0 ? [new("overall", 0, 0, 0, AggregateUnit.Fraction)]
            : [new("overall", cells.Average(c => c.Official!.Value), cells.Average(c => c.Corrected), samples.Count, AggregateUnit.Fraction), .. cells];
    }

    /// <summary>The texts behind "(A)", "(B)", … of a question; empty where it has none.</summary>
    internal static IReadOnlyList<string> OptionsOf(string question)
    {
        var match = OptionLines().Match(question);
        return match.Success ? [.. match.Groups[1].Captures.Select(c => c.Value)] : [];
    }

    [GeneratedRegex(@"Options:\s?(?:\([A-Z]\) ([^\n]*)\n)+", RegexOptions.CultureInvariant)]
    private static partial Regex OptionLines();
}

/// <summary>
/// Single-hop needle in a video haystack, as VideoChat-Flash asks it. Official score: the gold letter is forced, and the most likely token
/// in its place, lower case and without brackets, must equal it; a first "(" alone is wrong. The answer scored is that token's text.
/// </summary>
public class NiahSingle : NeedleTask
{
    public override string Name => "niah";

    public override string Title => "NIAH (single hop)";

    public override IReadOnlyList<(string File, string Part)> Files => [("niah/niah-coco-singlehop_20.json", "")];

    public override EvalDocument Read(JsonElement row, string part, int index)
    {
        var place = $"{Name} row {index}";
        var fields = new Row(row, place);
        return Document($"single/{index}", fields.Text("question"), fields.Text("answer"), [fields.Text("image")], place);
    }

    public override EvalPrompt Prompt(EvalDocument document) => Verbatim(document.Question);

    public override EvalScore Score(EvalDocument document, string answer)
    {
        ArgumentNullException.ThrowIfNull(document);
        ArgumentNullException.ThrowIfNull(answer);
        return ChoiceScore.Of(document, answer, answer, Forced(document.Answer, answer));
    }

    public override IReadOnlyList<AggregateRow> Aggregate(IReadOnlyList<ScoredSample> samples, ulong seed = 0) => Cells(samples);

    /// <summary>1 if the predicted text is the gold letter but for case and round brackets; spaces are not forgiven.</summary>
    internal static double Forced(string gold, string predicted) => PythonText.Lower(predicted).Replace("(", "", StringComparison.Ordinal)
        .Replace(")", "", StringComparison.Ordinal) == PythonText.Lower(gold) ? 1 : 0;
}

/// <summary>
/// Multi-hop needle: a chain of images; each row asks for the caption of the final one ("caption") and about it ("qa"). Reported a length:
/// both accuracies, their joint mean, and how many chains have both, one or none right.
/// </summary>
public sealed class NiahMulti : NiahSingle
{
    private const string Caption = "caption", Qa = "qa";

    public override string Name => "mh-niah";

    public override string Title => "MH-NIAH (multi hop)";

    public override IReadOnlyList<(string File, string Part)> Files => [("niah/niah-coco-multihop-100.json", "")];

    public override EvalDocument Read(JsonElement row, string part, int index) => Question(row, index, 1, Caption);

    public override IEnumerable<EvalDocument> ReadAll(JsonElement row, string part, int index) => [Question(row, index, 1, Caption), Question(row, index, 2, Qa)];

    public override IReadOnlyList<AggregateRow> Aggregate(IReadOnlyList<ScoredSample> samples, ulong seed = 0)
    {
        var rows = new List<AggregateRow>();
        foreach (var cell in samples.GroupBy(s => NeedleGrid.CellOf(s.Document)))
        {
            var chains = cell.GroupBy(s => s.Document.Labels["chain"]).ToList();
            double Official(string which) => cell.Where(s => s.Document.Part == which).Select(s => s.Score.Official!.Value).DefaultIfEmpty().Average();
            double Corrected(string which) => Means.Corrected(cell.Where(s => s.Document.Part == which), 1);
            void Add(string name, double official, double corrected, int count) => rows.Add(new($"{cell.Key} {name}", official, corrected, count, AggregateUnit.Fraction));
            Add("score", cell.Average(s => s.Score.Official!.Value), Means.Corrected(cell, 1), cell.Count());
            Add("caption", Official(Caption), Corrected(Caption), cell.Count(s => s.Document.Part == Caption));
            Add("qa", Official(Qa), Corrected(Qa), cell.Count(s => s.Document.Part == Qa));
            foreach (var (name, caption, qa) in new[] { ("both", true, true), ("only caption", true, false), ("only qa", false, true), ("none", false, false) })
            {
                Add(name, Share(chains, caption, qa, s => s.Official!.Value), Share(chains, caption, qa, s => s.Corrected), chains.Count);
            }
        }

        var scores = rows.Where(r => r.Name.EndsWith(" score", StringComparison.Ordinal)).ToList();
        rows.Insert(0, new("overall", scores.Count == 0 ? 0 : scores.Average(r => r.Official!.Value), scores.Count == 0 ? 0 : scores.Average(r => r.Corrected), samples.Count, AggregateUnit.Fraction));
        return rows;
    }

    private static double Share(List<IGrouping<string, ScoredSample>> chains, bool caption, bool qa, Func<EvalScore, double> value)
    {
        bool Right(IEnumerable<ScoredSample> chain, string which) => chain.Any(s => s.Document.Part == which && value(s.Score) > 0);
        return chains.Count == 0 ? 0 : (double)chains.Count(c => Right(c, Caption) == caption && Right(c, Qa) == qa) / chains.Count;
    }

    private EvalDocument Question(JsonElement row, int index, int number, string which)
    {
        var place = $"{Name} row {index}";
        var fields = new Row(row, place);
        var images = fields.Texts("images");
        if (images.Count < 2) throw fields.Problem($"'images' has {images.Count}; a chain has at least 2.");
        var id = index.ToString(CultureInfo.InvariantCulture);
        return Document($"multi/{id}/{which}", fields.Text($"question{number}"), fields.Text($"answer{number}"), images, place) with
        {
            Part = which,
            Labels = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["chain"] = id },
        };
    }
}

/// <summary>
/// Video-XL's needle test: five still images, generated answers. Official score: the gold letter occurs before the first ")" ("A man …" is
/// right for A, "A B C D" for all). The doubled "Question: " is the original's.
/// </summary>
public sealed class VideoXlNiah : NeedleTask
{
    public override string Name => "niah-videoxl";

    public override string Title => "NIAH (Video-XL)";

    public override EvalLimits Limits => new(2048, 1024);

    public override IReadOnlyList<(string File, string Part)> Files => [("niah-videoxl/qa.json", "")];

    /// <summary>A question with its answer and needle; the file is one object of three lists, taken apart by <see cref="ReadFile"/>.</summary>
    public override EvalDocument Read(JsonElement row, string part, int index)
    {
        var place = $"{Name} row {index}";
        var fields = new Row(row, place);
        return Document($"videoxl_niah/{index}", fields.Text("retrieval_question"), fields.Text("answer"), [fields.Text("needle")], place);
    }

    public override IReadOnlyList<EvalDocument> ReadFile(JsonElement file, string part)
    {
        if (file.ValueKind != JsonValueKind.Object) return base.ReadFile(file, part);
        var fields = new Row(file, Name);
        var (questions, answers, needles) = (fields.Texts("retrieval_question"), fields.Texts("answer"), fields.Texts("needle"));
        if (questions.Count != answers.Count || questions.Count != needles.Count)
        {
            throw fields.Problem($"{questions.Count} questions, {answers.Count} answers and {needles.Count} needles do not go together.");
        }

        return [.. questions.Select((question, i) => Document($"videoxl_niah/{i}", question, answers[i], [needles[i]], $"{Name} question {i}"))];
    }

    public override EvalPrompt Prompt(EvalDocument document) => Verbatim($"Question: {document.Question}\nAnswer: ", "Best option:(");

    public override EvalScore Score(EvalDocument document, string answer)
    {
        ArgumentNullException.ThrowIfNull(document);
        var head = PythonText.Strip(answer).Split(')')[0];
        return ChoiceScore.Of(document, answer, head, head.Contains(document.Answer, StringComparison.Ordinal) ? 1 : 0);
    }

    public override IReadOnlyList<AggregateRow> Aggregate(IReadOnlyList<ScoredSample> samples, ulong seed = 0) => Cells(samples);
}
